"""The Dagster resources: the warehouse, and each pack with its connections."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
from pydantic import Field, PrivateAttr

from pack_sdk.pack import Pack
from pack_sync.commit.delete_guard import DeleteGuard
from pack_sync.dagster.pack_tables import PackAssets
from pack_sync.dagster.sync_op import PackEvent, PackRun, definition_of
from pack_sync.engine.sync_job import SyncSettings
from pack_sync.http.connection import Connection, ConnectionSettings
from pack_sync.ledger.ledger_versions import upgrade_ledger
from pack_sync.project import current_project
from pack_sync.runtimes.loader import code_version_of, load_pack, load_runtime
from pack_sync.runtimes.runtime import PackRuntime
from pack_sync.warehouse.duckdb_file import Warehouse

WAREHOUSE = "warehouse"
"""The key of the `WarehouseResource`."""


class WarehouseResource(dg.ConfigurableResource["WarehouseResource"]):
    """The DuckDB file that holds the synced tables."""

    path: str = Field(
        description="The DuckDB file; a relative path starts at the project's folder. It is made "
        "by the first sync."
    )
    spool_folder: str = Field(
        default=".dagster/spool",
        description="Where the pages of running syncs are kept; see `path`.",
    )
    lock_wait_seconds: float = Field(
        default=60, description="How long to wait while another process has the file."
    )
    memory_limit: str | None = Field(
        default=None,
        description='DuckDB\'s memory limit, such as "2GB", for the warehouse and for each table '
        "that is being typed; without one DuckDB takes up to 80 % of the machine's.",
    )

    @property
    def spool(self) -> Path:
        """The folder of running syncs' pages."""
        return current_project().path(self.spool_folder)

    def open(self) -> Warehouse:
        """The warehouse; it holds nothing open between its `read` and `write` blocks."""
        warehouse = Warehouse(
            path=current_project().path(self.path),
            lock_wait_seconds=self.lock_wait_seconds,
            memory_limit=self.memory_limit,
        )
        upgrade_ledger(warehouse)
        return warehouse


class ConnectionConfig(dg.Config):
    """A connection as a run's resource; credentials are `dg.EnvVar`s."""

    endpoint: str | None = None
    credentials: dict[str, str] = Field(default_factory=dict, repr=False)
    variables: dict[str, str] = Field(default_factory=dict, description="Named in errors.")
    credentials_folder: str | None = None
    allow_http_localhost: bool = False
    allow_private_addresses: bool = False
    max_response_bytes: int = 25 * 1024 * 1024
    max_concurrent_requests: int = 8
    request_timeout_seconds: float = 30


class PackResource(dg.ConfigurableResource["PackResource"]):
    """A pack: its code, its connections, and how its syncs behave.

    Connections are opened when a table first needs them and closed with the run; all
    tables of a run share them, and with them the limit on requests at once (contract F5).
    """

    pack: str = Field(description="A folder of packs/, or the path of a folder or a module.")
    connections: dict[str, ConnectionConfig] = Field(default_factory=dict)
    page_timeout_seconds: float = Field(default=60, description="Contract C14.")
    attempts: int = Field(default=3, description="How often a failing sync is tried (C17).")
    retry_wait_seconds: float = Field(default=5, description="Before the second try; doubles.")
    full_every_days: float = Field(default=7, description="How old a full sync may get (C12).")
    resume_within_minutes: float = Field(
        default=60, description="How old pages of a sync that died may be to go on with (D9)."
    )
    max_parallel_tables: int = Field(default=4, description="Tables synced at once in a run.")
    show_changed_rows: bool = Field(default=True, description="A sample of them in the metadata.")
    max_rejected_rows: int | None = Field(
        default=None, description="A sync with more rejected rows fails (S4)."
    )
    max_rejected_share: float | None = Field(
        default=None, description="A sync with a larger share of rejected rows fails, 0 to 1 (S4)."
    )

    max_deleted_share: float = Field(
        default=0.5,
        description="A full sync that deletes a larger share of the rows, 0 to 1, and more than "
        "max_deleted_rows, is held for approval (D8).",
    )
    max_deleted_rows: int = Field(default=100, description="See max_deleted_share (D8).")
    hold_empty: bool = Field(
        default=True, description="A full sync without rows, where there are some, is held (D8)."
    )

    _open: dict[str, Connection] = PrivateAttr(default_factory=dict[str, Connection])

    def run(
        self, context: dg.AssetExecutionContext, definition: PackAssets | None = None
    ) -> Iterator[PackEvent]:
        """Sync the tables that the run has selected, in an op that `build_pack_assets` made.

        Yields a `dg.MaterializeResult` for each table as soon as it is synced (for partitioned
        tables the event is logged instead, one for each partition) and `dg.AssetCheckResult`s.
        Raises `dg.Failure` at the end, naming the tables that failed. In an op of your own,
        give the `definition` whose assets it has.
        """
        warehouse: WarehouseResource = getattr(context.resources, WAREHOUSE)
        known = definition or definition_of(context)
        run = PackRun(context=context, definition=known, pack=self, warehouse=warehouse)
        yield from run.events()

    def load(self) -> Pack:
        """The pack's definition."""
        return load_pack(self.pack)

    def code_version(self) -> str:
        """What changes with the pack's code (see `pack_sync.runtimes.loader`)."""
        return code_version_of(self.pack)

    def runtime(self) -> PackRuntime:
        """What runs the pack's code."""
        return load_runtime(self.pack)

    def settings(self) -> SyncSettings:
        """How the pack's syncs behave."""
        return SyncSettings(
            page_timeout_seconds=self.page_timeout_seconds,
            attempts=self.attempts,
            retry_wait_seconds=self.retry_wait_seconds,
            full_every=timedelta(days=self.full_every_days),
            resume_within=timedelta(minutes=self.resume_within_minutes),
            show_rows=self.show_changed_rows,
            max_rejected_rows=self.max_rejected_rows,
            max_rejected_share=self.max_rejected_share,
            delete_guard=DeleteGuard(
                share=self.max_deleted_share, rows=self.max_deleted_rows, empty=self.hold_empty
            ),
        )

    def connection(self, name: str) -> Connection:
        """The connection of that name, opened on first use."""
        if name not in self._open:
            config = self.connections.get(name) or ConnectionConfig()
            pack = self.load()
            project = current_project()
            folder = project.path(config.credentials_folder or project.state_folder / "credentials")
            self._open[name] = Connection(
                ConnectionSettings(
                    name=name,
                    credentials_folder=folder,
                    **config.model_dump(exclude={"credentials_folder"}),
                ),
                pack.authentication,
                pack.network_domains,
            )
        return self._open[name]

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Close the connections."""
        del context
        while self._open:
            self._open.popitem()[1].close()
