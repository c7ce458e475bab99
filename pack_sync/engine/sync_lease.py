"""One sync never runs twice at once: a lease is held while it runs, and the loser skips."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

import duckdb

from pack_sync.engine.full_or_incremental import ModeRequest, asks_for_full
from pack_sync.engine.sync_job import SyncJob
from pack_sync.ledger.cursors import (
    RunRecord,
    SyncKey,
    SyncPosition,
    read_last_run,
    read_position,
)
from pack_sync.ledger.leases import (
    Lease,
    LeaseTakenError,
    release_lease,
    renew_lease,
    take_lease,
)
from pack_sync.warehouse.duckdb_file import Warehouse
from pack_sync.warehouse.storage_errors import StorageError

RENEW_SECONDS = 60.0
"""How much time passes, at least, between two signs of life."""

SILENT = timedelta(minutes=15)
"""After how long without a sign of life a holder counts as dead; longer where pages take long."""

_ASK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Standing:
    """Where a sync stands before it begins, and what the ledger's last line tells of it."""

    position: SyncPosition
    last_run: RunRecord | None

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection, key: SyncKey) -> Self:
        """Where this sync stands in an open warehouse."""
        return cls(read_position(connection, key), read_last_run(connection, key))


class HeldLease:
    """A lease that is ours until the sync ends.

    `standing` was read when it was taken: nobody else moves the sync from there. `released` says
    that the sync's own commit has given the lease back.
    """

    def __init__(self, warehouse: Warehouse, lease: Lease, standing: Standing) -> None:
        self.lease = lease
        self.standing = standing
        self.released = False
        self._warehouse = warehouse
        self._lock = threading.Lock()
        self._renewed = time.monotonic()

    def touch(self) -> None:
        """Give a sign of life, if the last was long ago; called between pages, from any thread."""
        with self._lock:
            if time.monotonic() - self._renewed < RENEW_SECONDS:
                return
            self._renewed = time.monotonic()
        try:
            with self._warehouse.write() as connection:
                renew_lease(connection, self.lease)
        except (StorageError, duckdb.Error):
            return  # who takes the lease over cannot harm the data, and the next touch may work


@contextmanager
def leased(sync: SyncJob, warehouse: Warehouse, request: ModeRequest) -> Generator[SyncJob]:
    """The sync, while its lease is held.

    Raises `LeaseTakenError` if somebody else is syncing it. One who asked for a full sync waits
    for that one to end first, as long as `lease_wait_seconds` says: what they do is not what
    was asked for.
    """
    if warehouse.dry_run:  # it commits nothing that another could be in the way of
        yield sync
        return
    lease = Lease(key=sync.key, dagster_run_id=sync.dagster_run_id)
    patience = sync.settings.lease_wait_seconds if asks_for_full(request) else 0
    held = HeldLease(warehouse, lease, _take(sync, warehouse, lease, patience))
    try:
        yield replace(sync, lease=held)
    finally:
        if not held.released:
            _release(sync, warehouse, lease)


def _take(sync: SyncJob, warehouse: Warehouse, lease: Lease, wait_seconds: float) -> Standing:
    silent = max(SILENT, timedelta(seconds=3 * sync.settings.page_timeout_seconds))
    patience = time.monotonic() + wait_seconds
    told = False
    while True:
        try:
            with warehouse.write() as connection:
                take_lease(connection, lease, silent)
                return Standing.read(connection, sync.key)
        except LeaseTakenError as error:
            if time.monotonic() >= patience or sync.cancelled.is_set():
                raise
            if not told:
                sync.log("info", f"{sync.key}: waiting for its lease, because {error}")
                told = True
            sync.cancelled.wait(_ASK_AGAIN_SECONDS)


def _release(sync: SyncJob, warehouse: Warehouse, lease: Lease) -> None:
    try:
        with warehouse.write() as connection:
            release_lease(connection, lease)
    except (StorageError, duckdb.Error) as trouble:
        # It ends with this process at the latest; what the sync did must still be told.
        sync.log("warning", f"{sync.key}: the lease could not be released: {trouble}")
