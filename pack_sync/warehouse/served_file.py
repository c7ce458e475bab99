"""A DuckDB file that a server has: finding the server, and working through it.

The server (`pack_sync.warehouse.serving`) alone has the file open. Beside the file it leaves a
note of where it listens, on this machine only, and of a key that proves each to the other; who may
read the note may write the file. A session is one connection of DuckDB's in the server: what is
called on a `ServedConnection` is called there. Its end, however it comes, rolls back what is not
committed.
"""

import contextlib
import json
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, answer_challenge, deliver_challenge
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import duckdb
import psutil

from pack_sync.warehouse.storage_errors import ServerLostError, explained_failures

if TYPE_CHECKING:
    import pandas

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Server:
    """A process that serves a file, since when, and how to reach it; the note beside the file.

    `file` is the file's number on its disk: a copy of both, and of the note, has another.
    """

    file: int
    port: int
    key: str
    process: int
    started: float

    @property
    def runs(self) -> bool:
        """Whether the process is there, and not another one of the same number."""
        try:
            return abs(psutil.Process(self.process).create_time() - self.started) < 1
        except psutil.NoSuchProcess:
            return False


def note_of(path: Path) -> Path:
    """The file in which the server of a database says where it is."""
    return path.with_name(f"{path.name}.served")


def find_server(path: Path) -> Server | None:
    """The server that has this file, if there is one. Raises `NotWritableError`."""
    note = note_of(path)
    try:
        with explained_failures(note):
            server = Server(**json.loads(note.read_bytes()))
    except FileNotFoundError:
        return None
    return server if server.runs and path.exists() and path.stat().st_ino == server.file else None


def leave_note(path: Path, server: Server) -> None:
    """Say beside the file that it is served; only its owner may read that. Raises `OSError`."""
    note = note_of(path)
    part = note.with_name(f"{note.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        json.dump(asdict(server), file)
    part.replace(note)


@contextmanager
def served_connection(
    path: Path, server: Server, *, read_only: bool, wait_seconds: float
) -> Generator[duckdb.DuckDBPyConnection | None]:
    """A connection to the file in the server, None where it does not answer any more.

    One that is not `read_only` is the only one of its kind; others wait for it so many seconds,
    or raise `WarehouseLockedError`.
    """
    try:
        line = _connected(server)
    except (OSError, EOFError, AuthenticationError):  # it has ended, or is ending
        yield None
        return
    connection = ServedConnection(path, line)
    with contextlib.closing(line):
        connection.call("open", read_only, wait_seconds)
        try:
            yield cast("duckdb.DuckDBPyConnection", connection)
        finally:
            connection.close()


def _connected(server: Server) -> Connection:
    line = Client((LOOPBACK, server.port))
    try:
        answer_challenge(line, bytes.fromhex(server.key))
        deliver_challenge(line, bytes.fromhex(server.key))
    except BaseException:
        line.close()
        raise
    return line


class ServedConnection:
    """What our code uses of a `duckdb.DuckDBPyConnection`, done in the server."""

    def __init__(self, path: Path, line: Connection) -> None:
        self._path = path
        self._line = line
        self._in_step = True
        self.description: list[tuple[str, str]] = []

    def call(self, name: str, *arguments: Any) -> Any:
        """Have it done in the server; returns, or raises, what it did there.

        Raises `ServerLostError` where there is no answer.
        """
        if not self._in_step:
            raise self._lost()
        self._in_step = False  # until it has answered
        try:
            self._line.send((name, arguments))
            succeeded, result = self._line.recv()
        except (OSError, EOFError) as error:
            raise self._lost() from error
        self._in_step = True
        if not succeeded:
            raise result
        return result

    def execute(self, sql: str, parameters: object = None) -> Self:
        """Run SQL; what it returns is fetched afterwards."""
        self.description = self.call("execute", sql, parameters)
        return self

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        return list(self.call("fetchall"))

    def fetchone(self) -> Any:
        """The next row, None after the last."""
        return self.call("fetchone")

    def fetchmany(self, size: int = 1) -> list[Any]:
        """The next rows, at most so many."""
        return list(self.call("fetchmany", size))

    def begin(self) -> None:
        """Begin a transaction."""
        self.call("begin")

    def commit(self) -> None:
        """Commit it."""
        self.call("commit")

    def rollback(self) -> None:
        """Take it back; where the server does not answer any more, that is done."""
        if self._in_step:
            self.call("rollback")

    def close(self) -> None:
        """Roll back what is not committed, and let go of all that was attached."""
        if self._in_step:
            self.call("close")

    def table(self, name: str) -> None:
        """Raise `duckdb.CatalogException` if there is no such table."""
        self.call("table", name)

    def sql(self, sql: str, *, params: Sequence[Any] | None = None) -> "ServedRelation | None":
        """What a query returns, None for another statement."""
        types = self.call("sql", sql, params)
        return None if types is None else ServedRelation(self, types)

    def _lost(self) -> ServerLostError:
        return ServerLostError(
            f"`packsync serve`, which has {self._path} open, ended or does not answer. A commit is "
            "applied whole or not at all, and nothing that was committed is lost: start it again, "
            "or go on without it; the next sync continues"
        )


class ServedRelation:
    """What our code uses of a `duckdb.DuckDBPyRelation`: the last one of its connection."""

    def __init__(self, connection: ServedConnection, types: Sequence[str]) -> None:
        self._connection = connection
        self.types = [duckdb.type(name) for name in types]

    def fetchall(self) -> list[Any]:
        """Its rows."""
        return list(self._connection.call("rows_of_relation"))

    def df(self) -> "pandas.DataFrame":
        """Its rows as a frame."""
        return self._connection.call("frame_of_relation")

    def show(self) -> None:
        """Print some of its rows."""
        print(self._connection.call("text_of_relation"))  # noqa: T201
