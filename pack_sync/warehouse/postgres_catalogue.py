"""A catalogue of a lake in Postgres, for many machines, and connections to it."""

import hashlib
import importlib
import time
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self, TypeVar

import duckdb

from pack_sync.warehouse.addresses import LAKE, POSTGRES
from pack_sync.warehouse.duckdb_handles import Instance
from pack_sync.warehouse.identifiers import quote_identifier, quote_literal
from pack_sync.warehouse.storage_errors import (
    AddressError,
    CatalogueError,
    MissingExtensionError,
    WarehouseLockedError,
)
from pack_sync.warehouse.turns import StillOurs

T = TypeVar("T")

_WRITERS = 7_042_617_951_063_155
"""The advisory lock in Postgres of all who write; any number that nobody else is likely to use."""

_SNAPSHOTS = "public.ducklake_snapshot"
"""DuckLake makes its tables in `public`, whatever the user's search path is."""

_ANSWERS_WITHIN = 10
"""Seconds that a Postgres which is there may take to let somebody in."""

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 2.0


@dataclass(frozen=True)
class PostgresCatalogue:
    """A Postgres database, for many machines.

    `connection` is what libpq takes, words or a URI; what it leaves out is in the environment
    (`PGPASSWORD`, `PGHOST`). Raises `AddressError` when it is neither.
    """

    connection: str = field(repr=False)

    def __post_init__(self) -> None:
        self._parameters()

    def __str__(self) -> str:
        shown = {k: v for k, v in self._parameters().items() if k != "password"}
        return f"{POSTGRES}{_psycopg().conninfo.make_conninfo(**shown)}"

    @property
    def path(self) -> Path | None:
        """It has none."""
        return None

    @property
    def extensions(self) -> Collection[str]:
        """The extensions of DuckDB that it needs."""
        return ("postgres_scanner",)

    def below(self, folder: Path) -> Self:
        """It has no path."""
        del folder
        return self

    def exists(self, wait_seconds: float) -> bool:
        """Whether there is a lake in the database. Raises `CatalogueError`."""
        with self._connected(wait_seconds) as postgres, self.explained_failures():
            found = postgres.execute("SELECT to_regclass(%s)", [_SNAPSHOTS]).fetchone()
        return found is not None and found[0] is not None

    def attach(
        self, instance: Instance, name: str, options: Sequence[str], wait_seconds: float
    ) -> None:
        """Attach it; its password is given apart, so that no message of DuckDB's has it."""
        password = self._parameters().get("password")
        if password is not None:
            secret = f"password of {name}"
            instance.connection.execute(
                f"CREATE OR REPLACE TEMPORARY SECRET {quote_identifier(secret)} "
                f"(TYPE postgres, PASSWORD {quote_literal(str(password))})"
            )
            options = [*options, f"META_SECRET {quote_literal(secret)}"]

        def attach() -> None:
            try:
                instance.attach(f"{LAKE}{self}", name, *options)
            except duckdb.IOException as error:
                raise self._unreachable(error) from error

        self.again_when_back(wait_seconds, attach)

    @contextmanager
    def turn_to_write(self, wait_seconds: float, table: str | None) -> Generator[StillOurs]:
        """Have Postgres' advisory locks, which end with the connection that holds them.

        Who writes to one table shares the first with others that do, and has the table's alone.
        """
        with self._connected(wait_seconds) as postgres:
            with self.explained_failures():
                self._lock(postgres, wait_seconds, table)

            def still_ours() -> None:
                with self.explained_failures():  # with the connection the lock was lost
                    postgres.execute("SELECT 1")

            yield still_ours

    def _lock(self, postgres: Any, wait_seconds: float, table: str | None) -> None:
        milliseconds = max(1, int(wait_seconds * 1000))  # 0 would be for ever
        postgres.execute(f"SET lock_timeout = {milliseconds}")
        try:
            if table is None:
                postgres.execute("SELECT pg_advisory_lock(%s)", [_WRITERS])
            else:
                postgres.execute("SELECT pg_advisory_lock_shared(%s)", [_WRITERS])
                postgres.execute("SELECT pg_advisory_lock(%s)", [advisory_lock(table)])
            self._let_commits_end(postgres)
        except _psycopg().errors.LockNotAvailable as error:
            raise WarehouseLockedError(
                f"other processes write to the lake of {self}, and it was not this one's turn "
                f"within {wait_seconds:g} s"
            ) from error

    def connect(self, wait_seconds: float, **options: int) -> Any:
        """A connection of psycopg's, to be closed; `options` are libpq's, where it has none.

        Waits while Postgres is away or starts, as when it is restarted. Raises `CatalogueError`
        when it has not answered within so many seconds, or refuses.
        """
        psycopg = _psycopg()
        patience, refused = time.monotonic() + wait_seconds, False
        pause = _FIRST_PAUSE_SECONDS
        while True:
            left = patience - time.monotonic()
            timeout = max(_ANSWERS_WITHIN, int(left))
            given = {**options, "connect_timeout": timeout, **self._parameters()}
            try:
                return psycopg.connect(psycopg.conninfo.make_conninfo(**given), autocommit=True)
            except psycopg.Error as error:
                refused_before, refused = refused, self._answers(error)
                # Twice: the first time it may just have come back.
                if left <= 0 or (refused and refused_before):
                    raise self._unreachable(error) from error
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def again_when_back(self, wait_seconds: float, work: Callable[[], T]) -> T:
        """Do something; once more when Postgres is back, where it failed because that was away.

        Raises as `connect` does.
        """
        try:
            return work()
        except CatalogueError:
            close(self.connect(wait_seconds))
            return work()

    def _answers(self, error: Exception) -> bool:
        """Whether Postgres is there, though it has not let us in."""
        psycopg = _psycopg()
        if isinstance(error, psycopg.errors.ConnectionTimeout):
            return False
        given = psycopg.conninfo.make_conninfo(**{"connect_timeout": 2, **self._parameters()})
        pq = psycopg.pq
        return pq.PGconn.ping(given.encode()) in (pq.Ping.OK, pq.Ping.NO_ATTEMPT)

    @contextmanager
    def explained_failures(self) -> Generator[None]:
        """Raise a `CatalogueError` for what Postgres, or the way to it, says in the block."""
        try:
            yield
        except _psycopg().Error as error:
            raise self._unreachable(error) from error

    def _let_commits_end(self, postgres: Any) -> None:
        """Wait for commits that Postgres is making, though who sent them may be dead.

        With the sender's death its lock is free; what it sent is there a moment later.
        """
        with suppress(_psycopg().errors.UndefinedTable), postgres.transaction():
            postgres.execute(f"LOCK TABLE {_SNAPSHOTS} IN SHARE MODE")

    @contextmanager
    def _connected(self, wait_seconds: float) -> Generator[Any]:
        with self.connect(wait_seconds) as postgres:
            yield postgres

    def _parameters(self) -> dict[str, object]:
        psycopg = _psycopg()
        try:
            return dict(psycopg.conninfo.conninfo_to_dict(self.connection))
        except psycopg.Error as error:
            # Not with what it says, which may be a part of a password.
            raise AddressError(
                f"what follows {POSTGRES} in the lake's address is no connection of Postgres; "
                "it looks like postgres:host=db.example.com dbname=lake user=sync"
            ) from error

    def _unreachable(self, error: Exception) -> CatalogueError:
        reason = " ".join(str(error).split())
        return CatalogueError(f"the catalogue of the lake, {self}, cannot be used: {reason}")


def close(postgres: Any) -> None:
    """Close a connection, whatever state it is in."""
    with suppress(Exception):
        postgres.close()


def advisory_lock(*names: str) -> int:
    """The number of an advisory lock in Postgres. Two of one number only wait for each other."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _psycopg() -> Any:
    """The package, which only lakes with a catalogue in Postgres need."""
    if find_spec("psycopg") is None:
        raise MissingExtensionError(
            "a lake with its catalogue in Postgres needs psycopg, which is not installed: "
            'pip install "pack-sync[lake]"'
        )
    return importlib.import_module("psycopg")
