"""Leases in the Postgres of a lake: each lives as long as the connection of its holder.

An advisory lock for each sync keeps others away, and a row says who has it. All leases of a process
are on one connection. Should it be lost, Postgres lets go of the locks, and they are taken again
with the next sign of life; if somebody else was faster, a sync has run twice, of which one commits.
"""

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import duckdb

from pack_sync.ledger.leases import Lease, LeaseTakenError, lease_of
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.state.postgres import SCHEMA, connect, has_tables
from pack_sync.warehouse.postgres_catalogue import PostgresCatalogue, advisory_lock, close
from pack_sync.warehouse.storage_errors import CatalogueError
from pack_sync.warehouse.warehouse import Warehouse

T = TypeVar("T")

_FIELDS = "pack, table_name, sync, holder, dagster_run_id, host, process, process_started, taken_at"

_ALIVE = f"""
    SELECT {_FIELDS}
    FROM {SCHEMA}.leases AS lease
    WHERE EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objsubid = 1
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (classid::bigint << 32 | objid::bigint) = lease.lock
    )
"""
"""A holder that died has left its row, but not its lock."""


class PostgresLeases:
    """The leases of syncs into one lake, as `pack_sync.ledger.lease_store` describes them."""

    renew_seconds = 5.0

    def __init__(self, warehouse: Warehouse, catalogue: PostgresCatalogue) -> None:
        self._warehouse = warehouse
        self._held = _held_in(catalogue)

    @contextmanager
    def taken(self, lease: Lease, silent: timedelta) -> Generator[duckdb.DuckDBPyConnection]:
        """Take the lease; the block reads the warehouse."""
        del silent  # who is dead is known at once
        # Not while others wait for their turn at the connection, who have pages to fetch.
        self._held.catalogue.again_when_back(
            self._warehouse.lock_wait_seconds, lambda: self._held.take(lease)
        )
        try:
            with self._warehouse.read() as connection:
                yield connection
        except BaseException:
            self._held.release(lease)
            raise

    def of_commit(self, lease: Lease) -> None:
        """The commit has nothing to do with it."""
        del lease

    def renew(self, lease: Lease) -> None:
        """See whether the connection is there, and take the locks again if it was lost."""
        del lease
        self._held.renew()

    def release(self, lease: Lease) -> None:
        """Give it back; nothing if it was lost."""
        self._held.release(lease)

    def running(self, silent: timedelta) -> list[Lease]:
        """The leases that are held, of all machines."""
        del silent
        with (
            self._held.catalogue.explained_failures(),
            self._held.catalogue.connect(self._warehouse.lock_wait_seconds) as postgres,
        ):
            return _read(postgres, f"{_ALIVE} ORDER BY taken_at") if has_tables(postgres) else []


@dataclass
class _Held:
    """The leases that this process has in one Postgres, and the connection that they live by."""

    catalogue: PostgresCatalogue
    process: int = field(default_factory=os.getpid)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _postgres: Any = None
    _leases: dict[SyncKey, Lease] = field(default_factory=dict[SyncKey, Lease])
    _lost: set[SyncKey] = field(default_factory=set[SyncKey])

    def take(self, lease: Lease) -> None:
        with self._turn:
            # Within one connection Postgres would give a lock a second time.
            if other := self._leases.get(lease.key):
                raise LeaseTakenError(f"{lease.key} is being synced by {other}")
            try:
                if not self._on_connection(lambda postgres: _lock(postgres, lease)):
                    raise LeaseTakenError(
                        f"{lease.key} is being synced by {self._holder(lease.key)}"
                    )
                self._leases[lease.key] = lease
            finally:
                self._close_if_idle()

    def renew(self) -> None:
        with self._turn:
            self._on_connection(self._lock_again)

    def release(self, lease: Lease) -> None:
        with self._turn:
            if self._leases.pop(lease.key, None) is None:
                return
            postgres = None if lease.key in self._lost else self._postgres
            try:
                if postgres is not None:
                    with self.catalogue.explained_failures():
                        _unlock(postgres, lease)
            except CatalogueError:
                if postgres is None or not postgres.closed:  # else the lock is gone with it
                    raise
            finally:
                self._lost.discard(lease.key)
                self._close_if_idle()

    def _holder(self, key: SyncKey) -> Lease | str:
        where = f"{_ALIVE} AND (pack, table_name, sync) = (%s, %s, %s)"
        given = key.pack, key.table, key.sync
        found = self._on_connection(lambda postgres: _read(postgres, where, *given))
        return found[0] if found else "another process"

    def _on_connection(self, work: Callable[[Any], T]) -> T:
        """Do something on the connection; once more on a new one where it has been lost."""
        if self._postgres is not None:
            try:
                return work(self._postgres)
            except Exception:
                if not self._postgres.closed:
                    raise
                self._drop()
        self._postgres = connect(self.catalogue)
        self._lost = set(self._leases)
        with self.catalogue.explained_failures():
            self._lock_again(self._postgres)
            return work(self._postgres)

    def _lock_again(self, postgres: Any) -> None:
        """See whether the connection is there, and lock what was lost with the one before.

        What somebody else has meanwhile, or Postgres still takes for ours, is tried again later.
        """
        postgres.execute("SELECT 1")
        for key in list(self._lost):
            if _lock(postgres, self._leases[key]):
                self._lost.remove(key)

    def _close_if_idle(self) -> None:
        if not self._leases:
            self._drop()

    def _drop(self) -> None:
        if self._postgres is not None:
            close(self._postgres)
            self._postgres = None


_ALL_HELD: dict[tuple[PostgresCatalogue, int], _Held] = {}
_ONE_AT_A_TIME = threading.Lock()
os.register_at_fork(
    before=_ONE_AT_A_TIME.acquire,
    after_in_parent=_ONE_AT_A_TIME.release,
    after_in_child=_ONE_AT_A_TIME.release,
)


def _held_in(catalogue: PostgresCatalogue) -> _Held:
    """What this process holds there; a process that was forked off holds nothing of its parent."""
    with _ONE_AT_A_TIME:
        return _ALL_HELD.setdefault((catalogue, os.getpid()), _Held(catalogue))


def _lock(postgres: Any, lease: Lease) -> bool:
    """Lock the sync and say who has it; False if somebody else does."""
    number = _lock_of(lease.key)
    ((ours,),) = postgres.execute("SELECT pg_try_advisory_lock(%s)", [number]).fetchall()
    if not ours:
        return False
    key = lease.key
    values = [key.pack, key.table, key.sync, lease.holder, lease.dagster_run_id, lease.host]
    values += [lease.process, lease.process_started, lease.taken_at]
    try:
        postgres.execute(
            f"DELETE FROM {SCHEMA}.leases WHERE (pack, table_name, sync) = (%s, %s, %s)", values[:3]
        )
        postgres.execute(
            f"INSERT INTO {SCHEMA}.leases ({_FIELDS}, lock) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [*values, number],
        )
    except BaseException:
        if not postgres.closed:
            postgres.execute("SELECT pg_advisory_unlock(%s)", [number])
        raise
    return True


def _unlock(postgres: Any, lease: Lease) -> None:
    postgres.execute(f"DELETE FROM {SCHEMA}.leases WHERE holder = %s", [lease.holder])
    postgres.execute("SELECT pg_advisory_unlock(%s)", [_lock_of(lease.key)])


def _read(postgres: Any, query: str, *values: str) -> list[Lease]:
    return [
        lease_of([*row[:-1], row[-1].astimezone(UTC), datetime.now(UTC)])
        for row in postgres.execute(query, values).fetchall()
    ]


def _lock_of(key: SyncKey) -> int:
    """The number of a sync's advisory lock."""
    return advisory_lock("pack_sync lease", key.pack, key.table, key.sync)
