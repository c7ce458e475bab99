"""A lease while it is ours: signs of life are given between the pages of its sync."""

import threading
import time

from pack_sync.ledger.leases import Lease, renew_lease
from pack_sync.ledger.starting_point import StartingPoint
from pack_sync.warehouse.storage_errors import DatabaseError, StorageError
from pack_sync.warehouse.warehouse import Warehouse

RENEW_SECONDS = 60.0
"""How much time passes, at least, between two signs of life."""


class LeaseKeeper:
    """A lease that is ours until the sync ends.

    `starting_point` was read when it was taken: nobody else moves the sync from there.
    `released` says that the sync's own commit has given the lease back.
    """

    def __init__(self, warehouse: Warehouse, lease: Lease, starting_point: StartingPoint) -> None:
        self.lease = lease
        self.starting_point = starting_point
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
        except (StorageError, DatabaseError):
            return  # who takes the lease over cannot harm the data, and the next touch may work
