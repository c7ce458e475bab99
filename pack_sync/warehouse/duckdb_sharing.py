"""One open database file for many threads: each hands it on instead of closing it.

Opening a DuckDB file reads its catalogue and closing it writes a checkpoint, several times for
each table of a run. So whoever is done leaves it open for the next thread that is already
waiting, if there is one, but not for long: other processes want their turn too.
"""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import duckdb

from pack_sync.warehouse.database import Database
from pack_sync.warehouse.duckdb_handles import ALWAYS_ATTACHED, STAGE, Instance, return_instance
from pack_sync.warehouse.identifiers import quote_identifier
from pack_sync.warehouse.openings import note_opening, opening_of

LONGEST_HOLD_SECONDS = 1.0
"""After so long the file is closed even if more threads wait."""

PAUSE_SECONDS = 0.05
"""For how long it then stays closed, so that another process can have it."""

_shared: dict[Database, "SharedDatabase"] = {}
_shared_lock = threading.Lock()


def shared_database(database: Database) -> "SharedDatabase":
    """The database as all threads of this process share it."""
    with _shared_lock:
        return _shared.setdefault(database, SharedDatabase())


class OpenDatabase:
    """The database as it is open: attached by this name to an instance, and since when.

    `guest` says that the instance is that of a stage, which goes on with it.
    """

    def __init__(
        self, instance: Instance, name: str, *, read_only: bool, guest: bool = False
    ) -> None:
        self.instance = instance
        self.name = name
        self.read_only = read_only
        self.guest = guest
        self.opened_at = time.monotonic()

    def detach_stage(self) -> None:
        """Detach what a block attached: the file of a stage, which is then removed."""
        if not self.guest:
            self.instance.connection.execute(f"DETACH DATABASE IF EXISTS {STAGE}")

    def close(self) -> None:
        """Close the file, and whatever else a block attached.

        When the checkpoint fails, what is committed stays in the .wal beside the file.
        """
        try:
            if not self.guest:
                self._detach_others()
            self.instance.detach(self.name)
        except BaseException as error:
            self.instance.close()  # or nobody could open the file until this process ends
            if not isinstance(error, duckdb.Error):
                raise
        else:
            if not self.guest:
                return_instance(self.instance)

    def _detach_others(self) -> None:
        attached = self.instance.connection.execute(
            "SELECT database_name FROM duckdb_databases()"
        ).fetchall()
        for (name,) in attached:
            if name not in (*ALWAYS_ATTACHED, self.name):
                self.instance.detach(name)


class SharedDatabase:
    """A file that one thread at a time may use: who has it now, and how many wait for it."""

    def __init__(self) -> None:
        # Reentrant, so that a thread which opens the file twice does not wait for itself.
        self._lock = threading.RLock()
        self._waiting = 0
        self._waiting_lock = threading.Lock()
        self._kept: OpenDatabase | None = None
        self._used: OpenDatabase | None = None

    @property
    def busy(self) -> bool:
        """Whether somebody has the file, or waits for it."""
        return bool(self._used or self._kept or self._waiting)

    @contextmanager
    def connection(
        self, open_database: Callable[[], OpenDatabase], *, read_only: bool, anew: bool = False
    ) -> Generator[duckdb.DuckDBPyConnection]:
        """A connection of one's own to the file: handed on by the thread before, or opened.

        Opened it is where `anew` asks for it. It may be one that can write although only reading
        was asked for. A block that raises leaves nothing open.
        """
        with self._exclusive_use():
            if self._used is not None:
                with _cursor(self._used) as connection:
                    yield connection
                return
            self._used = used = self._take(read_only=read_only, anew=anew) or open_database()
            try:
                with _cursor(used) as connection:
                    yield connection
                used.detach_stage()
            except BaseException as error:
                # DuckDB may refuse all further work there. With Ctrl-C it raises a RuntimeError.
                refuses = isinstance(error, duckdb.Error | RuntimeError)
                if refuses or not isinstance(error, Exception):
                    used.instance.close()
                else:
                    used.close()
                raise
            finally:
                self._used = None
            self._hand_on(used)

    @contextmanager
    def _exclusive_use(self) -> Generator[None]:
        with self._waiting_lock:
            self._waiting += 1
        try:
            self._lock.acquire()
        finally:
            with self._waiting_lock:
                self._waiting -= 1
        try:
            yield
        finally:
            self._lock.release()

    def _take(self, *, read_only: bool, anew: bool) -> OpenDatabase | None:
        kept, self._kept = self._kept, None
        if kept is None or (not anew and (read_only or not kept.read_only)):
            return kept
        kept.close()
        return None

    def _hand_on(self, used: OpenDatabase) -> None:
        brief = time.monotonic() - used.opened_at < LONGEST_HOLD_SECONDS
        if self._waiting and brief and not used.guest:
            self._kept = used
            return
        used.close()
        if self._waiting and not brief:
            time.sleep(PAUSE_SECONDS)


def prepare_for_many_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Have what was opened to write few rows work with many, until it is closed."""
    opening = opening_of(connection)
    if isinstance(opening, OpenDatabase):
        opening.instance.prepare_for_many_rows()


@contextmanager
def _cursor(database: OpenDatabase) -> Generator[duckdb.DuckDBPyConnection]:
    """A connection with transactions and temporary tables of its own."""
    with database.instance.connection.cursor() as connection:
        note_opening(connection, database)
        connection.execute(f"USE {quote_identifier(database.name)}")
        yield connection
