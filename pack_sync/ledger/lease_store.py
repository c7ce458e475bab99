"""Where the leases of a warehouse's syncs are: in its ledger, or in the Postgres of a lake."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import duckdb

from pack_sync.ledger.leases import (
    Lease,
    give_up,
    is_held,
    read_leases,
    release_lease,
    renew_lease,
    take_lease,
)
from pack_sync.ledger.postgres_leases import PostgresLeases
from pack_sync.state.postgres import shared_postgres
from pack_sync.warehouse.warehouse import Warehouse


class LeaseStore(Protocol):
    """The leases of the syncs into one warehouse. All raise `StorageError`, or `duckdb.Error`."""

    @property
    def renew_seconds(self) -> float:
        """How much time passes, at least, between two signs of life."""
        ...

    def taken(
        self, lease: Lease, silent: timedelta
    ) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Take the lease, unless the block raises, which may look at the warehouse.

        It is taken over from a holder that is dead, or `silent` where that is not known. Raises
        `LeaseTakenError` that names the holder.
        """
        ...

    def of_commit(self, lease: Lease) -> Lease | None:
        """The lease, if the commit of its sync gives it back."""
        ...

    def renew(self, lease: Lease) -> None:
        """Say that the holder is still at work."""
        ...

    def release(self, lease: Lease) -> None:
        """Give the lease back; nothing if it has been taken over."""
        ...

    def running(self, silent: timedelta) -> list[Lease]:
        """The leases whose holders are, as far as is known, at work."""
        ...


def lease_store(warehouse: Warehouse) -> LeaseStore:
    """The leases of the syncs into this warehouse."""
    postgres = shared_postgres(warehouse.database)
    return LedgerLeases(warehouse) if postgres is None else PostgresLeases(warehouse, postgres)


@dataclass(frozen=True)
class LedgerLeases:
    """Leases as lines of the ledger (`pack_sync.ledger.leases`)."""

    renew_seconds = 60.0

    warehouse: Warehouse

    @contextmanager
    def taken(self, lease: Lease, silent: timedelta) -> Generator[duckdb.DuckDBPyConnection]:
        """Take it in one transaction with what the block does."""
        with self.warehouse.write() as connection:
            take_lease(connection, lease, silent)
            yield connection

    def of_commit(self, lease: Lease) -> Lease:
        """Given back by the commit, which saves a transaction."""
        return lease

    def renew(self, lease: Lease) -> None:
        """Note the time."""
        with self.warehouse.write() as connection:
            renew_lease(connection, lease)

    def release(self, lease: Lease) -> None:
        """Remove the line; if that fails, this process takes no notice of it any more."""
        try:
            with self.warehouse.write() as connection:
                release_lease(connection, lease)
        except BaseException:
            give_up(lease)
            raise

    def running(self, silent: timedelta) -> list[Lease]:
        """The lines of living holders."""
        with self.warehouse.read() as connection:
            return [lease for lease in read_leases(connection) if is_held(lease, silent)]
