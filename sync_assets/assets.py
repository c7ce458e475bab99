"""One Dagster asset per sync table.

All tables of a pack are one op, which runs them side by side: a run over 200 tables then
pays for one step instead of 200. Each table is still an asset with its own materialization,
in the order in which they finish; one that fails is named in the step's failure.
"""

import re
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any, cast

import dagster as dg
from pydantic import Field

from pack_sdk.sync_table import SyncTable
from resources.warehouse.columns import columns_of
from resources.warehouse.ledger import SyncKey
from sync_assets.checks import Checks, no_rejected_rows_spec
from sync_assets.engine.fingerprint import fingerprint_of
from sync_assets.engine.mode import ModeRequest, RequestedMode
from sync_assets.engine.table_runs import LogLine, TableFailed, TableFinished, TableRuns
from sync_assets.metadata import column_schema, materialization_metadata
from sync_assets.pack_assets import PackAssets, table_sync_of
from sync_assets.resources import PackResource, WarehouseResource

SYNC_TAG = "sync/table"
"""A tag of every asset that is a sync table, for selections."""

_MOST_FAILURES = 50

WAREHOUSE = "warehouse"
"""The key of the `WarehouseResource`."""


class SyncConfig(dg.Config):
    """What the launchpad offers for a run."""

    mode: RequestedMode = Field(
        default="auto",
        description="auto: incremental where there is a cursor and no full sync is due; "
        "full: all rows anew; incremental: only changes, even if a full sync is due.",
    )
    row_limit: int | None = Field(
        default=None,
        description="For a look: stop each table at about so many rows. They are applied "
        "without deletes, and the cursor stays as it was.",
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
    suffix = "_" + re.sub(r"[^A-Za-z0-9_]", "_", tables[0]) if by_sync else ""

    @dg.multi_asset(
        specs=[_spec(definition, name) for name in tables],
        check_specs=[no_rejected_rows_spec(definition.key_of(name)) for name in tables],
        name=f"sync_{definition.name}{suffix}",
        can_subset=True,
        required_resource_keys={WAREHOUSE, definition.resource_key},
        description=f"Syncs tables of the pack {definition.name}: {', '.join(tables)}.",
        partitions_def=_partitions(definition, tables[0]) if by_sync else None,
        backfill_policy=dg.BackfillPolicy.single_run() if by_sync else None,
    )
    def sync_tables(
        context: dg.AssetExecutionContext, config: SyncConfig
    ) -> Generator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        pack = cast("PackResource", getattr(context.resources, definition.resource_key))
        warehouse = cast("WarehouseResource", getattr(context.resources, WAREHOUSE))
        runs = TableRuns(max_parallel=pack.max_parallel_tables)
        syncs = [
            replace(
                table_sync_of(definition, key, pack, warehouse, runs, context.run.run_id),
                row_limit=config.row_limit,
            )
            for key in _selected(definition, tables, context)
        ]
        checks = Checks(context.selected_asset_check_keys)
        failures: list[TableFailed] = []
        for event in runs.run(syncs, warehouse.open(), _mode_request(context, config)):
            if isinstance(event, LogLine):
                getattr(context.log, event.level)(event.message)
                continue
            for failed in _failures_of(event):
                context.log.error(f"{failed.message}\n{failed.details}")
                failures.append(failed)
            if isinstance(event, TableFailed):
                continue
            asset = definition.key_of(event.key.table)
            if by_sync:
                context.log_event(_partition_materialization(definition, event))
                checks.remember(asset, event.outcome)
            else:
                yield dg.MaterializeResult(
                    asset_key=asset,
                    metadata=materialization_metadata(event.outcome),
                    check_results=checks.of(asset, event.outcome),
                )
        yield from checks.remembered()
        yield from checks.without_sync(context.selected_asset_keys, warehouse.open())
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


def _spec(definition: PackAssets, name: str) -> dg.AssetSpec:
    table = definition.table_of(name)
    parent = definition.parent_of(name)
    return dg.AssetSpec(
        key=definition.key_of(name),
        group_name=definition.name,
        description=table.description or None,
        kinds={"duckdb", "python"},
        owners=list(definition.owners),
        tags={SYNC_TAG: "true"},
        code_version=_code_version(table),
        metadata=_metadata(definition, name, table),
        deps=[definition.key_of(parent)] if parent else None,
        skippable=True,  # a failing table must not stop the others
    )


def _code_version(table: SyncTable) -> str | None:
    return None if table.dynamic else fingerprint_of(table.schema, {}, "", None)["schema"]


def _metadata(definition: PackAssets, name: str, table: SyncTable) -> dict[str, Any]:
    """What is known of a table before it is synced; of a schema that is asked for, nothing."""
    metadata: dict[str, Any] = {"dagster/table_name": f"{definition.name}.{name}"}
    if table.dynamic is None:
        metadata["dagster/column_schema"] = column_schema(columns_of(table.schema))
    if url := definition.configured_tables[name].dynamic_url:
        metadata["sync/dynamic_url"] = url
    return metadata


def _mode_request(context: dg.AssetExecutionContext, config: SyncConfig) -> ModeRequest:
    run = context.run
    root = context.instance.get_run_by_id(run.root_run_id) if run.root_run_id else None
    return ModeRequest(
        configured=config.mode,
        run_tags=run.tags,
        root_run_tags=root.tags if root else {},
    )


def _failures_of(event: TableFinished | TableFailed) -> list[TableFailed]:
    """A table that failed, or the children that failed of a crawled one that did not."""
    if isinstance(event, TableFailed):
        return [event]
    return [
        TableFailed(
            key=replace(event.key, sync=child.sync), message=child.message, details=child.details
        )
        for child in event.outcome.failures
    ]


def _failure(failures: Sequence[TableFailed], selected: int) -> dg.Failure:
    children = any("/" in failure.key.sync for failure in failures)
    what = "tables or parents" if children else f"of {selected} tables"
    lines = "\n".join(f"- {failure.message}" for failure in failures[:_MOST_FAILURES])
    if len(failures) > _MOST_FAILURES:
        lines += f"\n- and {len(failures) - _MOST_FAILURES:,} more; see the log and _sync.runs"
    return dg.Failure(
        description=f"{len(failures):,} {what} failed; the others are synced. Nothing of what "
        f"failed was applied, and its cursor is where it was.\n{lines}",
        metadata={str(f.key): f.message for f in failures[:_MOST_FAILURES]},
    )
