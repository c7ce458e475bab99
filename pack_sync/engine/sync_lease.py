"""One sync never runs twice at once: it holds a lease while it runs, and a second is skipped."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from pack_sync.commit.held_files import remove_left_stages
from pack_sync.engine.full_or_incremental import ModeRequest, asks_for_full
from pack_sync.engine.holding import held_folder
from pack_sync.engine.lease_keeper import LeaseKeeper
from pack_sync.engine.sync_job import SyncJob
from pack_sync.ledger.lease_store import LeaseStore, lease_store
from pack_sync.ledger.leases import SILENT, Lease, LeaseTakenError
from pack_sync.ledger.starting_point import StartingPoint, read_starting_point
from pack_sync.state.shared_files import shared_files
from pack_sync.warehouse.storage_errors import DatabaseError, StorageError, WarehouseLockedError
from pack_sync.warehouse.warehouse import Warehouse

_ASK_AGAIN_SECONDS = 1.0


@contextmanager
def leased(sync: SyncJob, warehouse: Warehouse, request: ModeRequest) -> Generator[SyncJob]:
    """The sync, while its lease is held.

    Raises `LeaseTakenError` if somebody else is syncing it. A full sync that was
    asked for waits for that one to end first, at most `lease_wait_seconds`: the other may well be
    an incremental one, and skipping would lose what was asked for.
    """
    if warehouse.dry_run:  # it commits nothing, so two cannot collide
        yield sync
        return
    store = lease_store(warehouse)
    lease = Lease(key=sync.key, dagster_run_id=sync.dagster_run_id)
    patience = sync.settings.lease_wait_seconds if asks_for_full(request) else 0
    keeper = LeaseKeeper(store, lease, _take(sync, store, lease, patience))
    try:
        yield replace(sync, lease=keeper, shared_files=shared_files(warehouse.database))
    finally:
        _release(sync, keeper)


def _take(sync: SyncJob, store: LeaseStore, lease: Lease, wait_seconds: float) -> StartingPoint:
    silent = max(SILENT, timedelta(seconds=3 * sync.settings.page_timeout_seconds))
    patience = time.monotonic() + wait_seconds
    told = False
    while True:
        try:
            with store.taken(lease, silent) as connection:
                remove_left_stages(connection, held_folder(sync))
                return read_starting_point(connection, sync.key)
        except LeaseTakenError as error:
            if time.monotonic() >= patience or sync.cancelled.is_set():
                raise
            if not told:
                sync.log("info", f"{sync.key}: waiting for its lease, because {error}")
                told = True
            sync.cancelled.wait(_ASK_AGAIN_SECONDS)


def _release(sync: SyncJob, keeper: LeaseKeeper) -> None:
    try:
        keeper.release()
    except (StorageError, DatabaseError) as trouble:
        # What the sync did must still be reported.
        locked = isinstance(trouble, WarehouseLockedError)
        why = "another process has the warehouse" if locked else str(trouble)
        sync.log(
            "warning",
            f"{sync.key}: the lease could not be released, because {why}; another process "
            "can sync it once this one has ended",
        )
