"""One Dagster asset per sync table.

All tables of a pack are one op, which runs them side by side: a run over 200 tables then
pays for one step instead of 200. Each table is still an asset with its own materialization,
in the order in which they finish; one that fails is named in the step's failure.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import dagster as dg
from pydantic import Field

from pack_sdk.pack import Pack, SyncTable
from resources.columns import columns_of
from resources.ledger import SyncKey
from sync_assets.configuration import TableConfiguration, choose, resolve_parameters
from sync_assets.fingerprint import fingerprint_of
from sync_assets.metadata import column_schema, materialization_metadata
from sync_assets.mode import ModeRequest, RequestedMode
from sync_assets.resources import PackResource, WarehouseResource
from sync_assets.table_runs import LogLine, TableFailed, TableFinished, TableRuns
from sync_assets.table_sync import TableSync

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


@dataclass(frozen=True, kw_only=True)
class PackAssets:
    """A pack and what the configuration says of it.

    `tables` limits which of the pack's tables become assets; None means all of them, with
    their defaults. `where` is named in errors, such as the path of a defs.yaml.
    """

    name: str
    pack: Pack
    tables: Mapping[str, TableConfiguration] | None = None
    owners: Sequence[str] = ()
    where: str = ""

    @property
    def resource_key(self) -> str:
        """The key of the pack's `PackResource`."""
        return f"{self.name}_pack"

    @cached_property
    def configured_tables(self) -> Mapping[str, TableConfiguration]:
        """The tables to sync. Raises `ConfigurationError` for one that the pack lacks."""
        available = self.pack.sync_tables
        if self.tables is None:
            return {name: TableConfiguration() for name in available}
        choose(self.tables, available, where=f"{self.where}.tables", what="table")
        return self.tables

    def parameters_of(self, table: str) -> dict[str, Any]:
        """The table's parameter values. Raises `ConfigurationError` (contract C19, P)."""
        return resolve_parameters(
            self.pack.sync_tables[table].parameters,
            self.configured_tables[table].parameters,
            where=f"{self.where}.tables.{table}.parameters",
        )

    def key_of(self, table: str) -> dg.AssetKey:
        """The asset key of a table."""
        return dg.AssetKey([self.name, table])


def build_pack_assets(definition: PackAssets) -> dg.AssetsDefinition:
    """The assets of a pack's sync tables, keys `[pack, table]`.

    They require the resources `warehouse` (a `WarehouseResource`) and `<name>_pack` (a
    `PackResource`). Raises `ConfigurationError` for tables or parameters that the pack does
    not have, naming the choices.
    """
    tables = definition.configured_tables
    for name in tables:
        definition.parameters_of(name)  # so that a wrong one fails the load, not the run

    @dg.multi_asset(
        specs=[_spec(definition, definition.pack.sync_tables[name]) for name in tables],
        name=f"sync_{definition.name}",
        can_subset=True,
        required_resource_keys={WAREHOUSE, definition.resource_key},
        description=f"Syncs the tables of the pack {definition.name}.",
    )
    def sync_pack(
        context: dg.AssetExecutionContext, config: SyncConfig
    ) -> Generator[dg.MaterializeResult[Any]]:
        pack = cast("PackResource", getattr(context.resources, definition.resource_key))
        warehouse = cast("WarehouseResource", getattr(context.resources, WAREHOUSE))
        runs = TableRuns(max_parallel=pack.max_parallel_tables)
        syncs = [
            table_sync_of(definition, name, pack, warehouse, runs, context.run_id)
            for name in tables
            if definition.key_of(name) in context.selected_asset_keys
        ]
        failures: list[TableFailed] = []
        for event in runs.run(syncs, warehouse.open(), _mode_request(context, config)):
            if isinstance(event, LogLine):
                getattr(context.log, event.level)(event.message)
            elif isinstance(event, TableFinished):
                yield dg.MaterializeResult(
                    asset_key=definition.key_of(event.key.table),
                    metadata=materialization_metadata(event.outcome),
                )
            else:
                context.log.error(f"{event.message}\n{event.details}")
                failures.append(event)
        if failures:
            raise _failure(failures, len(syncs))

    return sync_pack


def table_sync_of(
    definition: PackAssets,
    table: str,
    pack: PackResource,
    warehouse: WarehouseResource,
    runs: TableRuns,
    dagster_run_id: str | None,
) -> TableSync:
    """The sync of a configured table, as a part of `runs`."""
    return TableSync(
        key=SyncKey(pack=definition.name, table=table),
        table=definition.pack.sync_tables[table],
        runtime=pack.runtime(),
        connection=pack.connection(definition.configured_tables[table].connection),
        parameters=definition.parameters_of(table),
        spool_folder=Path(warehouse.spool_folder) / definition.name / table / "default",
        log=runs.log,
        settings=pack.settings(),
        dagster_run_id=dagster_run_id,
        cancelled=runs.cancelled,
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
