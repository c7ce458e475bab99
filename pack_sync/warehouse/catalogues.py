"""The catalogue of a lake, which says which files its tables are: a file itself, or Postgres."""

import re
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, Self

from pack_sync.warehouse.addresses import LAKE, POSTGRES, SQLITE
from pack_sync.warehouse.duckdb_handles import Instance
from pack_sync.warehouse.file_catalogues import DuckDBCatalogue, SQLiteCatalogue
from pack_sync.warehouse.postgres_catalogue import PostgresCatalogue
from pack_sync.warehouse.storage_errors import AddressError
from pack_sync.warehouse.turns import StillOurs


class Catalogue(Protocol):
    """A catalogue: how to attach a lake by it, and how its writers take turns."""

    @property
    def path(self) -> Path | None:
        """Its file, None if it is none."""
        ...

    @property
    def extensions(self) -> Collection[str]:
        """The extensions of DuckDB that it needs."""
        ...

    def below(self, folder: Path) -> Self:
        """The same catalogue; a relative path starts at the folder."""
        ...

    def exists(self, wait_seconds: float) -> bool:
        """Whether a lake has been made in it; waits so long for an answer.

        Raises `StorageError`, or `OSError`.
        """
        ...

    def attach(
        self, instance: Instance, name: str, options: Sequence[str], wait_seconds: float
    ) -> None:
        """Attach the lake by this name. Raises `StorageError`, or `duckdb.Error`."""
        ...

    def turn_to_write(
        self, wait_seconds: float, table: str | None
    ) -> AbstractContextManager[StillOurs]:
        """While the block runs, nobody else has such a block; see `Database.turn_to_write`."""
        ...


def catalogue_at(address: str) -> Catalogue:
    """The catalogue of this address, as DuckLake takes it. Raises `AddressError`."""
    if address.startswith(POSTGRES):
        return PostgresCatalogue(address.removeprefix(POSTGRES))
    is_sqlite = address.startswith(SQLITE)
    path = address.removeprefix(SQLITE)
    scheme = re.match(r"[a-z][\w.+-]+:", path, re.IGNORECASE)  # not a drive's letter
    if not path or scheme is not None:
        # Not with the rest of it, which may have a password: postgresql://user:password@host.
        raise AddressError(
            f"{LAKE}{scheme[0] if scheme else ''} begins the address of no lake. It is one of "
            f"{LAKE}{SQLITE}FILE, {LAKE}{POSTGRES}CONNECTION and {LAKE}FILE, a DuckDB file"
        )
    return SQLiteCatalogue(Path(path)) if is_sqlite else DuckDBCatalogue(Path(path))
