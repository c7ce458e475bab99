"""One Dagster asset per sync table.

All tables of a connection are one op, which runs them side by side: a run over 200 tables
then pays for one step instead of 200. Each table is still an asset with its own
materialization, in the order in which they finish; one that fails is named in the step's
failure.
"""

import re
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, TypeAlias

import dagster as dg

from pack_sync.dagster.account_check import account_check_specs
from pack_sync.dagster.checks import check_specs
from pack_sync.dagster.internals.pool_slots import watch_claims
from pack_sync.dagster.pack_resource import PackResource
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.sync_op import PackEvent, SyncConfig, definitions_by_op
from pack_sync.dagster.warehouse_resource import WAREHOUSE
from pack_sync.project import ConfigurationError

Execute: TypeAlias = Callable[[dg.AssetExecutionContext, PackResource], Iterable[PackEvent]]

_AFTER_A_LOSS = dg.RetryPolicy(max_retries=3, delay=1)
"""For an op whose worker was lost. One that fails is not tried again: its syncs were, already."""

_NAMED = 12
"""How many tables an op's description names."""


def run_pack(context: dg.AssetExecutionContext, pack: PackResource) -> Iterable[PackEvent]:
    """What the ops of a pack do unless they are given something else."""
    return pack.run(context)


def build_pack_assets(
    definition: PackTables, *, execute: Execute = run_pack
) -> list[dg.AssetsDefinition]:
    """The assets of a pack's sync tables; `definition.translator` makes their specs.

    Tables with named syncs (contract C18) are partitioned by sync, each with an op of its
    own; those of a connection share one op, unless `op_per_table` is set. `execute` is what
    an op does; wrap `PackResource.run` to do more. The ops require the resources `warehouse`
    (a `WarehouseResource`) and `<name>_pack` (a `PackResource`). Raises `ConfigurationError`
    for tables or parameters that the pack does not have, naming the choices.
    """
    definition.check()
    watch_claims()
    return [
        _build_op(definition, op_name, tables, execute)
        for op_name, tables in _ops(definition).items()
    ]


def _ops(definition: PackTables) -> dict[str, list[str]]:
    """The tables by the name of their op."""
    ops: dict[str, list[str]] = {}
    for table in definition.configured_tables:
        alone = definition.has_own_op(table)
        connection = definition.connection_of(table)
        suffix = table if alone else "" if connection == "default" else connection
        name = f"sync_{definition.name}" + re.sub(r"[^A-Za-z0-9_]", "_", f"_{suffix}".rstrip("_"))
        together = ops.setdefault(name, [])
        if together and (alone or definition.is_partitioned(together[0])):
            raise ConfigurationError(
                f"{definition.where}: {table!r} and {together[0]!r} would both have the op "
                f"{name}; rename a table or a connection"
            )
        together.append(table)
    return ops


def _build_op(
    definition: PackTables, name: str, tables: Sequence[str], execute: Execute
) -> dg.AssetsDefinition:
    """The op that syncs some tables: those of a connection, or one that has an op of its own."""
    by_sync = definition.is_partitioned(tables[0])

    @dg.multi_asset(
        specs=[definition.specs[table] for table in tables],
        check_specs=[
            *(spec for table in tables for spec in check_specs(definition.key_of(table))),
            *account_check_specs(definition, tables),
        ],
        name=name,
        can_subset=True,
        required_resource_keys={WAREHOUSE, definition.resource_key},
        description=_description(definition.name, tables),
        partitions_def=_partitions(definition, tables[0]) if by_sync else None,
        backfill_policy=dg.BackfillPolicy.single_run() if by_sync else None,
        op_tags=definition.op_tags_of(tables[0]),
        retry_policy=_AFTER_A_LOSS if definition.op_per_table else None,
        pool=definition.pool_of(tables[0]),
    )
    def sync_tables(
        context: dg.AssetExecutionContext,
        config: SyncConfig,  # noqa: ARG001 - read by PackResource.run; here it declares the schema
    ) -> Generator[Any]:
        yield from execute(context, getattr(context.resources, definition.resource_key))

    definitions_by_op[sync_tables.op] = definition
    return sync_tables


def _description(pack: str, tables: Sequence[str]) -> str:
    """What the op does; it names some tables only, as Dagster keeps a copy with each of them."""
    further = len(tables) - _NAMED
    named = ", ".join(tables[:_NAMED]) + (f" and {further:,} more" if further > 0 else "")
    return f"Syncs tables of the pack {pack}: {named}."


def _partitions(definition: PackTables, table: str) -> dg.StaticPartitionsDefinition:
    return dg.StaticPartitionsDefinition(list(definition.syncs_of(table)))
