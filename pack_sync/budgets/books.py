"""Where the books of accounts are kept: one place for all who use an account.

That is an SQLite file beside the project, or the Postgres of a lake. Both survive any process.
"""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

from pack_sdk.errors import ConnectionFailedError, RequestRefusedError
from pack_sync.project import current_project
from pack_sync.state.postgres import SCHEMA, connect, shared_postgres
from pack_sync.warehouse.database import Database
from pack_sync.warehouse.postgres_catalogue import PostgresCatalogue, close
from pack_sync.warehouse.storage_errors import CatalogueError

_PATIENCE_SECONDS = 60.0


@dataclass
class Turn:
    """One look at a book, at `now` (seconds since 1970, by the clock of all who share it).

    What `document` is at the end is kept. None where the account has no book yet.
    """

    now: float
    document: Mapping[str, Any] | None


class Books(Protocol):
    """The books of many accounts."""

    def turn(self, account: str) -> AbstractContextManager[Turn]:
        """Be the only one to look at the account's book, for moments.

        Raises `RequestRefusedError`, or `ConnectionFailedError` where a Postgres does not answer.
        """
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


def books_for(database: Database) -> Books:
    """The books of those who sync into this database."""
    postgres = shared_postgres(database)
    if postgres is not None:
        return PostgresBooks(postgres)
    project = current_project()
    return FileBooks(project.path(project.state_folder / "budgets.sqlite"))


class FileBooks:
    """Books in an SQLite file, for all processes of this machine. Safe to use from threads.

    Nothing is lost with a process. Should the machine lose its power, the last moments may be.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None

    @contextmanager
    def turn(self, account: str) -> Generator[Turn]:
        """One transaction that nobody else's overlaps."""
        with self._lock, self._explained():
            file = self._opened = self._opened or self._open()
            file.execute("BEGIN IMMEDIATE")
            try:
                found = file.execute("SELECT book FROM books WHERE account = ?", [account])
                row = found.fetchone()
                turn = Turn(self._clock(), orjson.loads(row[0]) if row else None)
                yield turn
                file.execute(
                    "INSERT OR REPLACE INTO books VALUES (?, ?)",
                    [account, orjson.dumps(turn.document)],
                )
                file.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    file.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = sqlite3.connect(
            self._path, timeout=_PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
        )
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = NORMAL")
        file.execute("CREATE TABLE IF NOT EXISTS books (account TEXT PRIMARY KEY, book BLOB)")
        return file

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, orjson.JSONDecodeError) as error:
            raise RequestRefusedError(
                f"The request is refused: what is used of the account's `rate` is kept in "
                f"{self._path}, which cannot be used ({error}). If the file is damaged, remove it, "
                "and the files beside it: the budget then counts from nothing."
            ) from error


class PostgresBooks:
    """Books in the Postgres of a lake, for all machines. Safe to use from threads."""

    def __init__(
        self, catalogue: PostgresCatalogue, patience_seconds: float = _PATIENCE_SECONDS
    ) -> None:
        """With so much patience for a Postgres that is away."""
        self._catalogue = catalogue
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._postgres: Any = None

    @contextmanager
    def turn(self, account: str) -> Generator[Turn]:
        """One transaction with the lock of the account's row."""
        with self._lock:
            try:
                with self._catalogue.explained_failures():
                    self._postgres = self._postgres or connect(
                        self._catalogue, self._patience_seconds
                    )
                    with self._postgres.transaction():
                        turn = self._read(account)
                        yield turn
                        self._postgres.execute(
                            f"UPDATE {SCHEMA}.budgets SET book = %s WHERE account = %s",
                            [orjson.dumps(turn.document).decode(), account],
                        )
            except CatalogueError as error:
                close(self._postgres)
                self._postgres = None
                raise ConnectionFailedError(
                    f"What is used of the account's `rate` cannot be read: {error}"
                ) from error

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            close(self._postgres)
            self._postgres = None

    def _read(self, account: str) -> Turn:
        table = f"{SCHEMA}.budgets"
        insert = f"INSERT INTO {table} (account) VALUES (%s) ON CONFLICT DO NOTHING"
        self._postgres.execute(insert, [account])
        self._postgres.execute(f"SELECT 1 FROM {table} WHERE account = %s FOR UPDATE", [account])
        ((now, book),) = self._postgres.execute(
            "SELECT extract(epoch FROM clock_timestamp())::float8, book "
            f"FROM {table} WHERE account = %s",
            [account],
        ).fetchall()
        return Turn(now, None if book is None else orjson.loads(book))
