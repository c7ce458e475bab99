"""Sessions in the server of a DuckDB file: those of syncs, and of all else of ours.

Each is a connection of DuckDB's on which another process has things done, and that ends with it
(`pack_sync.warehouse.served_file`). Of those that write there is one at a time.
"""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path
from typing import Any, cast

import duckdb
import psutil

from pack_sync.warehouse.duckdb_handles import ALWAYS_ATTACHED
from pack_sync.warehouse.identifiers import quote_identifier
from pack_sync.warehouse.served_file import LOOPBACK, Server, leave_note, note_of
from pack_sync.warehouse.storage_errors import WarehouseLockedError

READERS = "_readers"
"""A database in memory beside the file, with what readers may do."""

_LAST_COMMIT_SECONDS = 30.0
"""How long who stops the server waits for sessions to end."""


class Sessions:
    """The sessions of syncs, and of all else of ours that works with the file."""

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self._path = path
        self._connection = connection
        self._key = secrets.token_bytes(32)
        self._turn_to_write = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._ending = False
        self._listener = Listener((LOOPBACK, 0), backlog=128)

    def begin(self) -> None:
        """Let sessions begin, and say beside the file that they may. Raises `OSError`."""
        threading.Thread(target=self._accept, daemon=True, name="sessions").start()
        process = psutil.Process()
        server = Server(
            file=self._path.stat().st_ino,
            port=cast("tuple[str, int]", self._listener.address)[1],
            key=self._key.hex(),
            process=process.pid,
            started=process.create_time(),
        )
        leave_note(self._path, server)

    def end(self) -> None:
        """Let no session begin any more, and those that there are end, if they do so soon."""
        self._ending = True
        note_of(self._path).unlink(missing_ok=True)
        deadline = time.monotonic() + _LAST_COMMIT_SECONDS
        for thread in list(self._threads):
            thread.join(max(0, deadline - time.monotonic()))
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                line = self._listener.accept()
            except OSError:
                return
            if self._ending:
                line.close()
                continue
            thread = threading.Thread(target=self._work_for, args=[line], daemon=True)
            self._threads.add(thread)
            thread.start()

    def _work_for(self, line: Connection) -> None:
        try:
            with contextlib.closing(line), suppress(OSError, EOFError, AuthenticationError):
                deliver_challenge(line, self._key)
                answer_challenge(line, self._key)
                with Session(self._path, self._connection, self._turn_to_write) as session:
                    while not session.closed:
                        name, arguments = line.recv()
                        line.send(_outcome(session.calls[name], arguments))
        finally:
            self._threads.discard(threading.current_thread())


def _outcome(call: Callable[..., Any], arguments: Sequence[Any]) -> tuple[bool, Any]:
    try:
        return True, call(*arguments)
    except Exception as error:  # is raised where it was called
        return False, error


class Session:
    """One connection of DuckDB's, and what may be called on it from another process."""

    def __init__(
        self, path: Path, connection: duckdb.DuckDBPyConnection, turn_to_write: threading.Lock
    ) -> None:
        self._path = path
        self._connection = connection.cursor()
        self._turn_to_write = turn_to_write
        self._writes = False
        self._relation: Any = None
        self.closed = False
        own = self._connection
        self.calls: dict[str, Callable[..., Any]] = {
            "open": self._open,
            "close": self.close,
            "execute": self._execute,
            "fetchall": own.fetchall,
            "fetchone": own.fetchone,
            "fetchmany": own.fetchmany,
            "begin": lambda: own.begin() and None,
            "commit": lambda: own.commit() and None,
            "rollback": lambda: own.rollback() and None,
            "table": self._table,
            "sql": self._sql,
            "rows_of_relation": lambda: self._relation.fetchall(),
            "frame_of_relation": lambda: self._relation.df(),
            "text_of_relation": lambda: str(self._relation),
        }

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Roll back what is not committed, and let the next one write."""
        if self.closed:
            return
        self.closed = True
        self._relation = None
        with suppress(duckdb.Error):
            self._connection.rollback()
        if self._writes:
            with suppress(duckdb.Error):
                self._detach_stages()
            self._turn_to_write.release()
        self._connection.close()

    def _open(self, read_only: bool, wait_seconds: float) -> None:
        if read_only:
            # One state of the database for all that is read, and nothing that writes.
            self._connection.execute("BEGIN TRANSACTION READ ONLY")
            return
        if not self._turn_to_write.acquire(timeout=wait_seconds):
            raise WarehouseLockedError(
                f"other syncs write to {self._path}, and it was not this one's turn within "
                f"{wait_seconds:g} s"
            )
        self._writes = True

    def _execute(self, sql: str, parameters: object) -> list[tuple[str, str]]:
        self._connection.execute(sql, parameters)
        return [(column[0], str(column[1])) for column in self._connection.description or ()]

    def _table(self, name: str) -> None:
        self._connection.table(name)

    def _sql(self, sql: str, parameters: object) -> list[str] | None:
        self._relation = self._connection.sql(sql, params=parameters)
        return None if self._relation is None else [str(kind) for kind in self._relation.types]

    def _detach_stages(self) -> None:
        ((own,),) = self._connection.execute("SELECT current_database()").fetchall()
        keep = {*ALWAYS_ATTACHED, own, READERS}
        found = self._connection.execute("SELECT database_name FROM duckdb_databases()").fetchall()
        for (name,) in found:
            if name not in keep:
                self._connection.execute(f"DETACH {quote_identifier(name)}")
