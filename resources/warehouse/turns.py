"""Turns at the database file: threads of one process hand it on instead of opening it anew.

Opening a DuckDB file costs some 20 ms of processor time and closing it a checkpoint, several
times for each table of a run. So whoever is done leaves it open for the next thread that is
already waiting, if there is one, but not for long: other processes want their turn too.
"""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import duckdb

LONGEST_HOLD_SECONDS = 1.0
"""After so long the file is closed even if more threads wait."""

PAUSE_SECONDS = 0.05
"""For how long it then stays closed, so that another process can have it."""

_turns: dict[Path, "Turns"] = {}
_turns_guard = threading.Lock()


def turns_at(path: Path) -> "Turns":
    """The turns at a file, the same for all threads of this process."""
    with _turns_guard:
        return _turns.setdefault(path.absolute(), Turns())


class Turns:
    """Who has the file now, and how many wait for it. Two threads never have it at once."""

    def __init__(self) -> None:
        # Reentrant, so that a thread which opens the file twice does not wait for itself.
        self._lock = threading.RLock()
        self._waiting = 0
        self._waiting_guard = threading.Lock()
        self._kept: _Kept | None = None

    @contextmanager
    def connection(
        self, connect: Callable[[], duckdb.DuckDBPyConnection], *, read_only: bool
    ) -> Generator[duckdb.DuckDBPyConnection]:
        """A connection of one's own to the file: handed on by the thread before, or opened.

        It may be one that can write although only reading was asked for. A block that raises
        leaves nothing open.
        """
        with self._turn():
            kept = self._take(read_only=read_only) or _Kept(connect(), read_only=read_only)
            try:
                with kept.connection.cursor() as connection:
                    yield connection
                kept.detach_all()
            except BaseException:
                kept.connection.close()
                raise
            self._hand_on(kept)

    @contextmanager
    def _turn(self) -> Generator[None]:
        with self._waiting_guard:
            self._waiting += 1
        try:
            self._lock.acquire()
        finally:
            with self._waiting_guard:
                self._waiting -= 1
        try:
            yield
        finally:
            self._lock.release()

    def _take(self, *, read_only: bool) -> "_Kept | None":
        kept, self._kept = self._kept, None
        if kept is None or not kept.read_only or read_only:
            return kept
        kept.connection.close()
        return None

    def _hand_on(self, kept: "_Kept") -> None:
        if self._waiting and time.monotonic() - kept.opened_at < LONGEST_HOLD_SECONDS:
            self._kept = kept
            return
        kept.connection.close()
        if self._waiting:
            time.sleep(PAUSE_SECONDS)


class _Kept:
    """The database as it is open, and since when."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, *, read_only: bool) -> None:
        self.connection = connection
        self.read_only = read_only
        self.opened_at = time.monotonic()

    def detach_all(self) -> None:
        """Detach what the block attached: the file of a stage, which is then removed."""
        attached = self.connection.execute(
            "SELECT database_name FROM duckdb_databases() "
            "WHERE NOT internal AND database_name <> current_database()"
        ).fetchall()
        for (name,) in attached:
            self.connection.execute(f'DETACH "{name}"')
