"""The warehouse: the database that users query, open for moments only.

A DuckDB file that one process has open for writing cannot be opened by any other, even to
read. So nothing here keeps it open: `Warehouse.write` and `Warehouse.read` open it, waiting
patiently while somebody else has it, and close it again. Threads of one process take turns
(`pack_sync.warehouse.duckdb_sharing`).
"""

import warnings
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import duckdb

from pack_sync.warehouse.database import Database, database_at
from pack_sync.warehouse.duckdb_handles import (
    FOR_FEW_ROWS,
    OF_THE_WAREHOUSE,
    Instance,
    borrow_instance,
)
from pack_sync.warehouse.duckdb_sharing import OpenDatabase, shared_database
from pack_sync.warehouse.identifiers import quote_identifier
from pack_sync.warehouse.served_file import Server, find_server, served_connection
from pack_sync.warehouse.storage_errors import ServedError, explained_failures

if TYPE_CHECKING:
    import pandas

SYSTEM_SCHEMA = "_sync"
"""The DuckDB schema that holds everything of ours: cursors, ledger, rejected rows."""


@dataclass(frozen=True, kw_only=True)
class Warehouse:
    """A database and how to open it.

    `lock_wait_seconds` is how long to wait for another process, or for a Postgres that is away,
    once for all that wait for it here; `memory_limit` is DuckDB's setting, such as "500MB", None
    for its default. A `dry_run` rolls every transaction back, so that whoever writes sees what
    would be, and nothing changes.
    """

    database: Database
    lock_wait_seconds: float = 60.0
    memory_limit: str | None = None
    dry_run: bool = False

    @classmethod
    def at(cls, address: str | Path, *, data_path: str | None = None, **options: Any) -> Self:
        """The warehouse at an address, see `pack_sync.warehouse.database.database_at`.

        `options` are the other fields. Raises `AddressError`.
        """
        return cls(database=database_at(address, Path.cwd(), data_path=data_path), **options)

    @property
    def path(self) -> Path:
        """The database's file, or what else of it is on this machine."""
        return self.database.path

    @property
    def busy(self) -> bool:
        """Whether another thread of this process has the database, or waits for it."""
        return shared_database(self.database).busy

    @property
    def joins_stages(self) -> bool:
        """Whether it is attached to the instance that has a stage, rather than the stage to its."""
        return not self.database.extensions and not self.served

    @property
    def served(self) -> bool:
        """Whether a server has the file open, for this process as for others."""
        return self._server is not None

    def exists(self) -> bool:
        """Whether there is something to read. Raises `StorageError`."""
        with explained_failures(self.path):
            return self.database.exists(self.lock_wait_seconds)

    @contextmanager
    def write(
        self, within: Instance | None = None, *, table: str | None = None
    ) -> Generator[duckdb.DuckDBPyConnection]:
        """Open for writing, with one transaction around the block.

        The transaction is committed when the block ends and rolled back when it raises. The
        database is opened `within` an instance, if one is given, beside what is attached there.
        With a `table` other processes may write to other tables meanwhile, where the database
        keeps them apart; nobody else writes to that one.
        Raises `WarehouseLockedError` when another process keeps it, `ConflictError` when one that
        wrote to another table changed the same lines of the ledger, or the same schema, and
        another `StorageError` when it cannot be opened or written.
        """
        with (
            self._opened(read_only=False, within=within) as connection,
            self.database.turn_to_write(self.lock_wait_seconds, table) as still_ours,
        ):
            connection.begin()
            try:
                yield connection
                if not self.dry_run:
                    still_ours()
                    connection.commit()
            except BaseException:
                with suppress(duckdb.Error):  # the transaction may be gone: what raised says more
                    connection.rollback()
                raise
            if self.dry_run:
                connection.rollback()

    @contextmanager
    def read(self, within: Instance | None = None) -> Generator[duckdb.DuckDBPyConnection]:
        """Open for reading; a warehouse that does not exist yet reads as an empty one.

        `within` is an instance as for `write`. Raises as `write` does.
        """
        if not self.exists():
            with duckdb.connect() as connection:
                yield connection
            return
        with self._opened(read_only=True, within=within) as connection:
            yield connection

    def frame(self, pack: str, table: str) -> "pandas.DataFrame":
        """A synced table as a pandas frame, with the hidden columns left in.

        Raises `ModuleNotFoundError` where pandas is not installed.
        """
        if find_spec("pandas") is None:
            raise ModuleNotFoundError(
                'frames need pandas, which is not installed: pip install "pack-sync[pandas]"'
            )
        with self.read() as connection:
            # With the database's name before it: a file `acme.duckdb` may hold a schema `acme`.
            ((database,),) = connection.execute("SELECT current_database()").fetchall()
            name = f"{quote_identifier(database)}.{table_name(pack, table)}"
            with warnings.catch_warnings():  # DuckDB 2.0 uses what pandas 3.1 deprecates
                warnings.filterwarnings("ignore", "The inplace keyword", DeprecationWarning)
                return connection.sql(f"FROM {name}").df()

    @contextmanager
    def _opened(
        self, *, read_only: bool, within: Instance | None = None
    ) -> Generator[duckdb.DuckDBPyConnection]:
        def open_database() -> OpenDatabase:
            return self._open(read_only=read_only, within=within)

        shared, anew = shared_database(self.database), within is not None
        with self.database.explained_failures(), ExitStack() as opened:
            connection = self._in_server(opened, read_only=read_only, within=within)
            try:
                connection = connection or opened.enter_context(
                    shared.connection(open_database, read_only=read_only, anew=anew)
                )
            except ServedError:  # it began to serve while this process waited for the file
                connection = self._in_server(opened, read_only=read_only, within=within)
                if connection is None:
                    raise
            yield connection

    def _in_server(
        self, opened: ExitStack, *, read_only: bool, within: Instance | None
    ) -> duckdb.DuckDBPyConnection | None:
        """A connection in the server of the file, until the stack ends; None if it has none."""
        server = self._server
        if server is None:
            return None
        if within is not None:
            raise ServedError(
                f"`packsync serve` has {self.path} open, which can then not be opened beside "
                "another database: stop the server for this"
            )
        wait = self.lock_wait_seconds
        return opened.enter_context(
            served_connection(self.path, server, read_only=read_only, wait_seconds=wait)
        )

    @property
    def _server(self) -> Server | None:
        return find_server(self.path) if self.database.is_file else None

    def _open(self, *, read_only: bool, within: Instance | None) -> OpenDatabase:
        database = self.database
        # Until somebody finds that they are many: see `prepare_for_many_rows`.
        few = not read_only and database.is_file
        instance = within or borrow_instance(
            database.extensions,
            temp_directory=f"{self.path}.tmp",
            memory_limit=self.memory_limit,
            **OF_THE_WAREHOUSE,
            **(FOR_FEW_ROWS if few else {}),
        )
        try:
            database.attach(instance, read_only=read_only, wait_seconds=self.lock_wait_seconds)
        except BaseException:
            if within is None:  # another's has more in it
                instance.close()
            raise
        return OpenDatabase(instance, database.name, read_only=read_only, guest=within is not None)


def table_name(pack: str, table: str) -> str:
    """The quoted name of a synced table: DuckDB schema = pack, table = sync table."""
    return f"{quote_identifier(pack)}.{quote_identifier(table)}"
