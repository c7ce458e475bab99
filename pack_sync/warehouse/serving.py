"""The server of a DuckDB file: the one process that has it open, for readers and for syncs.

Readers ask it by DuckDB's own remote protocol, whose server is the extension `quack`; they may only
read. Syncs do not write by that protocol: in DuckDB 1.5.5 what it inserts is committed at once, in
a transaction too. They work in sessions of our own (`pack_sync.warehouse.served_file`), each a
connection of DuckDB's that ends with its process. Of those that write there is one at a time.
"""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path
from typing import Any, cast

import duckdb
import psutil

from pack_sync.warehouse.duckdb_handles import ALWAYS_ATTACHED
from pack_sync.warehouse.extensions import load_into
from pack_sync.warehouse.identifiers import quote_identifier, quote_literal
from pack_sync.warehouse.locked_files import wait_for_file
from pack_sync.warehouse.served_file import LOOPBACK, Server, find_server, leave_note, note_of
from pack_sync.warehouse.storage_errors import (
    ServeError,
    WarehouseLockedError,
    explained_failures,
)

_EXTENSIONS = ("httpfs", "quack")
"""Quack's, and what it takes its random numbers from."""

_READERS_ONLY_READ = "_readers.main.only_read"
"""A macro in a database in memory, beside the file."""

_NOT_FOR_READERS = "quack_|query|checkpoint|force_checkpoint"
"""How the names of functions begin that do something, or run what is not seen beforehand."""

_LAST_COMMIT_SECONDS = 30.0
"""How long who stops the server waits for sessions to end."""


@dataclass(frozen=True)
class ReadersAddress:
    """Where readers reach the server, and the token that they show."""

    host: str
    port: int
    token: str = field(repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"quack:{host}:{self.port}"


@contextmanager
def serve_file(
    path: Path,
    readers: ReadersAddress | None,
    *,
    stages: Path,
    wait_seconds: float,
    memory_limit: str | None = None,
) -> Generator[None]:
    """Serve the DuckDB file while the block runs; it is made if it does not exist.

    `stages` is the folder in which syncs stage rows. Nothing else of this machine's can be read
    through the server. Without `readers` it is there for our own processes only. Raises
    `ServeError`, and another `StorageError` when the file cannot be opened.
    """
    if (other := find_server(path)) is not None:
        raise ServeError(f"{path} is served already, by process {other.process}")
    with explained_failures(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    with explained_failures(path), _opened(path, wait_seconds, memory_limit) as connection:
        if readers is not None:
            _let_only_read(connection)
        _shut_out_the_rest(connection, stages)
        if readers is not None:
            _let_readers_in(connection, readers)
        sessions = Sessions(path, connection)
        try:
            sessions.begin()
            yield
        finally:
            sessions.end()
            if readers is not None:
                with suppress(duckdb.Error):
                    connection.execute(f"CALL quack_stop({quote_literal(str(readers))})")
            with suppress(duckdb.Error):  # what is committed is in the .wal otherwise
                connection.execute("CHECKPOINT")


@contextmanager
def _opened(
    path: Path, wait_seconds: float, memory_limit: str | None
) -> Generator[duckdb.DuckDBPyConnection]:
    config: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": f"{path}.tmp",
        **({"memory_limit": memory_limit} if memory_limit else {}),
    }
    with wait_for_file(path, wait_seconds, lambda: duckdb.connect(path, config=config)) as opened:
        opened.execute("SET GLOBAL TimeZone = 'UTC'")
        yield opened


def _shut_out_the_rest(connection: duckdb.DuckDBPyConnection, stages: Path) -> None:
    """Let no query read other files of this machine."""
    connection.execute(
        f"""
        SET GLOBAL allowed_directories = [{quote_literal(str(stages.absolute()))}];
        SET GLOBAL enable_external_access = false;
        """
    )


def _let_only_read(connection: duckdb.DuckDBPyConnection) -> None:
    """Let no query of a reader change anything."""
    for extension in _EXTENSIONS:
        load_into(connection, extension)
    connection.execute(
        f"""
        ATTACH ':memory:' AS _readers;
        -- Only of what is a query, and one alone, DuckDB tells how it understands it.
        CREATE MACRO {_READERS_ONLY_READ}(session, query) AS (
            SELECT json_extract_string(tree, '$.error') = 'false'
                AND NOT regexp_matches(tree::VARCHAR, '"function_name":"({_NOT_FOR_READERS})', 'i')
            FROM (SELECT json_serialize_sql(query::VARCHAR) AS tree)
        );
        SET GLOBAL quack_authorization_function = '{_READERS_ONLY_READ}';
        """
    )


def _let_readers_in(connection: duckdb.DuckDBPyConnection, readers: ReadersAddress) -> None:
    others = ", allow_other_hostname => true" if readers.host not in (LOOPBACK, "localhost") else ""
    try:
        connection.execute(
            f"CALL quack_serve({quote_literal(str(readers))}, "
            f"token => {quote_literal(readers.token)}{others})"
        )
    except duckdb.Error as error:  # without its text, which may have the statement's
        raise ServeError(
            f"{readers} cannot be served: the port is taken by another program, or {readers.host} "
            "is no address of this machine, or the token has less than 4 characters. "
            "`packsync serve --port` takes another port"
        ) from error


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
        keep = {*ALWAYS_ATTACHED, own, _READERS_ONLY_READ.partition(".")[0]}
        found = self._connection.execute("SELECT database_name FROM duckdb_databases()").fetchall()
        for (name,) in found:
            if name not in keep:
                self._connection.execute(f"DETACH {quote_identifier(name)}")
