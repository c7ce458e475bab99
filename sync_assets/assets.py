"""One Dagster asset per sync table.

All tables of a pack are one op, which runs them side by side: a run over 200 tables then
pays for one step instead of 200. Each table is still an asset with its own materialization,
in the order in which they finish; one that fails is named in the step's failure.
"""

from collections.abc import Generator, Sequence
from typing import Any, cast

import dagster as dg
from pydantic import Field

from pack_sdk.pack import SyncTable
from resources.columns import columns_of
from resources.ledger import SyncKey
from sync_assets.fingerprint import fingerprint_of
from sync_assets.metadata import column_schema, materialization_metadata
from sync_assets.mode import ModeRequest, RequestedMode
from sync_assets.pack_assets import PackAssets, table_sync_of
from sync_assets.resources import PackResource, WarehouseResource
from sync_assets.table_runs import LogLine, TableFailed, TableFinished, TableRuns

SYNC_TAG = "sync/table"
"""A tag of every asset that is a sync table, for selections."""

WAREHOUSE = "warehouse"
"""The key of the `WarehouseResource`."""


class SyncConfig(dg.Config):
    """What the launchpad offers for a run."""

    mode: RequestedMode = Field(
        default="auto",
        description="auto: incremental where there is a cursor and no full sync is due; "
        "full: all rows anew; incremental: only changes, even if a full sync is due.",
    )


def build_pack_assets(definition: PackAssets) -> list[dg.AssetsDefinition]:
    """The assets of a pack's sync tables, keys `[pack, table]`.

    Tables with named syncs (contract C18) are partitioned by sync, each with an op of its
    own; all others share one op. They require the resources `warehouse` (a
    `WarehouseResource`) and `<name>_pack` (a `PackResource`). Raises `ConfigurationError` for
    tables or parameters that the pack does not have, naming the choices.
    """
    definition.check()
    partitioned = [name for name in definition.configured_tables if definition.is_partitioned(name)]
    plain = [name for name in definition.configured_tables if name not in partitioned]
    groups = [[name] for name in partitioned]
    return [_build_op(definition, tables) for tables in ([plain] if plain else []) + groups]


def _build_op(definition: PackAssets, tables: Sequence[str]) -> dg.AssetsDefinition:
    """The op that syncs some tables: all that are not partitioned, or one that is."""
    by_sync = definition.is_partitioned(tables[0])
    suffix = f"_{tables[0]}" if by_sync else ""

    @dg.multi_asset(
        specs=[_spec(definition, definition.pack.sync_tables[name]) for name in tables],
        name=f"sync_{definition.name}{suffix}",
        can_subset=True,
        required_resource_keys={WAREHOUSE, definition.resource_key},
        description=f"Syncs tables of the pack {definition.name}: {', '.join(tables)}.",
        partitions_def=_partitions(definition, tables[0]) if by_sync else None,
        backfill_policy=dg.BackfillPolicy.single_run() if by_sync else None,
    )
    def sync_tables(
        context: dg.AssetExecutionContext, config: SyncConfig
    ) -> Generator[dg.MaterializeResult[Any]]:
        pack = cast("PackResource", getattr(context.resources, definition.resource_key))
        warehouse = cast("WarehouseResource", getattr(context.resources, WAREHOUSE))
        runs = TableRuns(max_parallel=pack.max_parallel_tables)
        syncs = [
            table_sync_of(definition, key, pack, warehouse, runs, context.run.run_id)
            for key in _selected(definition, tables, context)
        ]
        failures: list[TableFailed] = []
        for event in runs.run(syncs, warehouse.open(), _mode_request(context, config)):
            if isinstance(event, LogLine):
                getattr(context.log, event.level)(event.message)
            elif isinstance(event, TableFailed):
                context.log.error(f"{event.message}\n{event.details}")
                failures.append(event)
            elif by_sync:
                context.log_event(_partition_materialization(definition, event))
            else:
                yield dg.MaterializeResult(
                    asset_key=definition.key_of(event.key.table),
                    metadata=materialization_metadata(event.outcome),
                )
        if failures:
            raise _failure(failures, len(syncs))

    return sync_tables


def _partitions(definition: PackAssets, table: str) -> dg.StaticPartitionsDefinition:
    return dg.StaticPartitionsDefinition(list(definition.syncs_of(table)))


def _selected(
    definition: PackAssets, tables: Sequence[str], context: dg.AssetExecutionContext
) -> list[SyncKey]:
    """The syncs that this run is about: those of the selected tables and partitions.

    A run of a partitioned table without any partition, such as a schedule's, takes all.
    """
    chosen = set(context.partition_keys) if _has_partitions(context) else None
    return [
        SyncKey(pack=definition.name, table=table, sync=sync)
        for table in tables
        if definition.key_of(table) in context.selected_asset_keys
        for sync in definition.syncs_of(table)
        if chosen is None or not definition.is_partitioned(table) or sync in chosen
    ]


def _has_partitions(context: dg.AssetExecutionContext) -> bool:
    return context.has_partition_key or context.has_partition_key_range


def _partition_materialization(
    definition: PackAssets, event: TableFinished
) -> dg.AssetMaterialization:
    # An event of our own, because a run may sync several partitions and each has its own
    # figures; a MaterializeResult would write the same metadata to all of them.
    return dg.AssetMaterialization(
        asset_key=definition.key_of(event.key.table),
        partition=event.key.sync,
        metadata=materialization_metadata(event.outcome),
    )


def _spec(definition: PackAssets, table: SyncTable) -> dg.AssetSpec:
    columns = columns_of(table.schema)
    return dg.AssetSpec(
        key=definition.key_of(table.name),
        group_name=definition.name,
        description=table.description or None,
        kinds={"duckdb", "python"},
        owners=list(definition.owners),
        tags={SYNC_TAG: "true"},
        code_version=fingerprint_of(table.schema, {}, "", None)["schema"],
        metadata={
            "dagster/table_name": f"{definition.name}.{table.name}",
            "dagster/column_schema": column_schema(columns),
        },
        skippable=True,  # a failing table must not stop the others
    )


def _mode_request(context: dg.AssetExecutionContext, config: SyncConfig) -> ModeRequest:
    run = context.run
    root = context.instance.get_run_by_id(run.root_run_id) if run.root_run_id else None
    return ModeRequest(
        configured=config.mode,
        run_tags=run.tags,
        root_run_tags=root.tags if root else {},
    )


def _failure(failures: Sequence[TableFailed], selected: int) -> dg.Failure:
    lines = "\n".join(f"- {failure.message}" for failure in failures)
    return dg.Failure(
        description=f"{len(failures)} of {selected} tables failed; the others are synced. "
        f"Nothing of a failed table was applied, and its cursor is where it was.\n{lines}",
        metadata={str(failure.key): failure.message for failure in failures},
    )
