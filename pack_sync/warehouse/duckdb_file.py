"""The warehouse: the DuckDB file that users query, open for moments only.

A DuckDB file that one process has open for writing cannot be opened by any other, even to
read. So nothing here keeps it open: `Warehouse.write` and `Warehouse.read` open it, waiting
patiently while somebody else has it, and close it again. Threads of one process take turns
(`pack_sync.warehouse.duckdb_sharing`).
"""

import re
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import tenacity

from pack_sync.warehouse.duckdb_handles import (
    OF_THE_WAREHOUSE,
    Instance,
    borrow_instance,
    database_name,
)
from pack_sync.warehouse.duckdb_sharing import LEAST_WAIT_SECONDS, OpenDatabase, shared_file
from pack_sync.warehouse.identifiers import quote_identifier
from pack_sync.warehouse.storage_errors import WarehouseLockedError, explained_failures

if TYPE_CHECKING:
    import pandas

SYSTEM_SCHEMA = "_sync"
"""The DuckDB schema that holds everything of ours: cursors, ledger, rejected rows."""


@dataclass(frozen=True, kw_only=True)
class Warehouse:
    """A DuckDB file and how to open it.

    `lock_wait_seconds` is how long to wait for another process, once for all that wait for it
    here; `memory_limit` is DuckDB's setting, such as "500MB", None for its default. A `dry_run`
    rolls every transaction back, so that whoever writes sees what would be, and nothing changes.
    """

    path: Path
    lock_wait_seconds: float = 60.0
    memory_limit: str | None = None
    dry_run: bool = False

    @property
    def busy(self) -> bool:
        """Whether another thread of this process has the file, or waits for it."""
        return shared_file(self.path).busy

    @contextmanager
    def write(self, within: Instance | None = None) -> Generator[duckdb.DuckDBPyConnection]:
        """Open for writing, with one transaction around the block.

        The transaction is committed when the block ends and rolled back when it raises. The file
        is opened `within` an instance, if one is given, beside what is attached there.
        Raises `WarehouseLockedError` when another process keeps the file, and another
        `StorageError` when it cannot be opened or written.
        """
        with explained_failures(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._opened(read_only=False, within=within) as connection:
            connection.begin()
            try:
                yield connection
            except BaseException:
                with suppress(duckdb.Error):  # the transaction may be gone: what raised says more
                    connection.rollback()
                raise
            if self.dry_run:
                connection.rollback()
            else:
                connection.commit()

    @contextmanager
    def read(self) -> Generator[duckdb.DuckDBPyConnection]:
        """Open for reading; a warehouse that does not exist yet reads as an empty one.

        Raises as `write` does.
        """
        with explained_failures(self.path):
            exists = self.path.exists()
        if not exists:
            with duckdb.connect() as connection:
                yield connection
            return
        with self._opened(read_only=True) as connection:
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

        shared, anew = shared_file(self.path), within is not None
        with (
            explained_failures(self.path, of_system=False),
            shared.connection(open_database, read_only=read_only, anew=anew) as connection,
        ):
            yield connection

    def _open(self, *, read_only: bool, within: Instance | None) -> OpenDatabase:
        instance = within or borrow_instance(
            temp_directory=f"{self.path}.tmp", memory_limit=self.memory_limit, **OF_THE_WAREHOUSE
        )
        name = database_name(self.path)
        try:
            self._attach(instance, name, read_only=read_only)
        except BaseException:
            instance.close()
            raise
        return OpenDatabase(instance, name, read_only=read_only, guest=within is not None)

    def _attach(self, instance: Instance, name: str, *, read_only: bool) -> None:
        other = shared_file(self.path).other
        least = min(LEAST_WAIT_SECONDS, self.lock_wait_seconds)

        def waited(state: tenacity.RetryCallState) -> bool:
            enough = other.has_it() >= self.lock_wait_seconds
            return enough and (state.seconds_since_start or 0) >= least

        waiting = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_lock_conflict),
            wait=tenacity.wait_random_exponential(multiplier=0.02, max=0.5),
            stop=waited,
            reraise=True,
        )
        try:
            waiting(instance.attach, self.path, name, "(READ_ONLY)" if read_only else "")
        except duckdb.Error as error:
            if not _is_lock_conflict(error):
                raise
            raise WarehouseLockedError(self._locked(str(error))) from error
        other.is_gone()

    def _locked(self, reason: str) -> str:
        """Who has the file, and what to do."""
        waited = f"was not free within {self.lock_wait_seconds:g} s"
        if _IN_THIS_PROCESS in reason:
            return (
                f"{self.path} is open in this process by a connection that is not ours and {waited}"
                ". Close that connection (duckdb.connect in a notebook or an asset), or read the "
                f"file with `Warehouse.read` there. {reason}"
            )
        holder = _command_of_holder(reason)
        return (
            f"{self.path} is kept by another process{holder} and {waited}. Close the program that "
            "has it open (an SQL shell, a notebook), or open it there with read_only for short "
            f"moments.{'' if holder else f' {reason}'}"
        )


_IN_THIS_PROCESS = "Unique file handle conflict"
"""DuckDB's words for a file that another connection of the process has open."""


def _is_lock_conflict(error: BaseException) -> bool:
    """Whether another process has the file, or something else in this one."""
    text = str(error)
    return isinstance(error, duckdb.Error) and (
        "Could not set lock" in text or _IN_THIS_PROCESS in text
    )


def _command_of_holder(message: str) -> str:
    """What the process that DuckDB names by its number was started as, where Linux tells.

    Only up to the program's file or module: what follows may be a password.
    """
    found = re.search(r"\(PID (\d+)\)", message)
    if found is None:
        return ""
    try:
        words = Path("/proc", found[1], "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    shown = words[: 3 if words[1:2] == ["-m"] else 2]
    if shown[1:2] == ["-c"] or "=" in shown[-1]:
        shown = shown[:1]
    return f" ({' '.join(word for word in shown if word)[:200]}, process {found[1]})"


def table_name(pack: str, table: str) -> str:
    """The quoted name of a synced table: DuckDB schema = pack, table = sync table."""
    return f"{quote_identifier(pack)}.{quote_identifier(table)}"
