"""From configuration to the engine: a configured sync of an open pack, as a job."""

from typing import Protocol

from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.warehouse_resource import WarehouseResource
from pack_sync.engine.sync_job import SyncJob
from pack_sync.engine.sync_tables import TableRuns
from pack_sync.http.connection import Connection
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.runtimes.runtime import PackRuntime
from pack_sync.settings import SyncSettings
from pack_sync.warehouse.database import Database
from pack_sync.warehouse.identifiers import folder_name


class OpenPack(Protocol):
    """What a run needs of a pack: its code, its connections and its settings.

    `pack_sync.dagster.pack_resource.PackResource` is one.
    """

    def code_version(self) -> str:
        """What changes with the pack's code."""
        ...

    def runtime(self) -> PackRuntime:
        """What runs the pack's code."""
        ...

    def settings(self) -> SyncSettings:
        """How the pack's syncs behave."""
        ...

    def connection(self, name: str, database: Database) -> Connection:
        """The connection of that name, opened on first use, for syncs into this database."""
        ...


def sync_job_of(
    definition: PackTables,
    key: SyncKey,
    pack: OpenPack,
    warehouse: WarehouseResource,
    runs: TableRuns,
    dagster_run_id: str | None,
) -> SyncJob:
    """One configured sync, as a part of `runs`."""
    syncs, configured = definition.syncs_of(key.table), definition.configured_tables[key.table]
    return SyncJob(
        key=key,
        table=definition.table_of(key.table),
        runtime=pack.runtime(),
        connection=pack.connection(syncs[key.sync].connection, warehouse.database),
        parameters=definition.parameters_of(key.table, key.sync),
        configured_syncs=tuple(syncs),
        by_sync=definition.is_partitioned(key.table),
        crawl=definition.crawl_of(key.table, key.sync),
        dynamic_url=configured.dynamic_url,
        confirm_deletes=configured.confirm_deletes,
        bad_values=definition.bad_values_of(key.table),
        ignore_next_link=configured.ignore_next_link,
        code_version=pack.code_version(),
        spool_folder=warehouse.spool.joinpath(*map(folder_name, [key.pack, key.table, key.sync])),
        answers_folder=warehouse.answers if configured.conditional_requests else None,
        log=runs.log,
        settings=pack.settings(),
        dagster_run_id=dagster_run_id,
        cancelled=runs.cancelled,
    )
