"""A lease while it is ours: signs of life are given between the pages of its sync."""

import threading
import time

from pack_sync.ledger.lease_store import LeaseStore
from pack_sync.ledger.leases import Lease
from pack_sync.ledger.starting_point import StartingPoint
from pack_sync.warehouse.storage_errors import DatabaseError, StorageError


class LeaseKeeper:
    """A lease that is ours until the sync ends.

    `starting_point` was read when it was taken: nobody else moves the sync from there.
    """

    def __init__(self, store: LeaseStore, lease: Lease, starting_point: StartingPoint) -> None:
        self.starting_point = starting_point
        self._store = store
        self._lease: Lease | None = lease
        self._lock = threading.Lock()
        self._renewed = time.monotonic()

    @property
    def of_commit(self) -> Lease | None:
        """The lease, if it is the commit that gives it back; then call `committed`."""
        return self._store.of_commit(self._lease) if self._lease else None

    def committed(self) -> None:
        """The sync's commit has been made, and has given back what it was to give back."""
        if self.of_commit is not None:
            self._lease = None

    def touch(self) -> None:
        """Give a sign of life, if the last was long ago; called between pages, from any thread."""
        with self._lock:
            lease = self._lease
            if lease is None or time.monotonic() - self._renewed < self._store.renew_seconds:
                return
            self._renewed = time.monotonic()
        try:
            self._store.renew(lease)
        except (StorageError, DatabaseError):
            return  # who takes the lease over cannot harm the data, and the next touch may work

    def release(self) -> None:
        """Give the lease back, if it has not been. Raises `StorageError` or `DatabaseError`."""
        if self._lease is not None:
            self._store.release(self._lease)
