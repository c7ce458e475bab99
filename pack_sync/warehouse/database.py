"""What a warehouse is kept in, one DuckDB file or a lake. What differs between them is here."""

import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, Self

from pack_sync.warehouse.addresses import LAKE
from pack_sync.warehouse.duckdb_file import DuckDBFile
from pack_sync.warehouse.duckdb_handles import Instance
from pack_sync.warehouse.ducklake import DuckLake
from pack_sync.warehouse.storage_errors import AddressError
from pack_sync.warehouse.turns import StillOurs


class Database(Protocol):
    """A database that an instance of DuckDB can attach. Equal ones are the same database."""

    @property
    def name(self) -> str:
        """As what it is attached."""
        ...

    def attached_as(self, name: str) -> Self:
        """The same database, attached by another name: beside one that may have its own."""
        ...

    @property
    def path(self) -> Path:
        """The file or folder of this machine that its failures are about."""
        ...

    @property
    def is_file(self) -> bool:
        """Whether it is one DuckDB file; else it is a lake."""
        ...

    @property
    def extensions(self) -> frozenset[str]:
        """The extensions of DuckDB that it needs."""
        ...

    def exists(self, wait_seconds: float) -> bool:
        """Whether there is something to read; waits so long for an answer.

        Raises `OSError`, or `StorageError`.
        """
        ...

    def attach(self, instance: Instance, *, read_only: bool, wait_seconds: float) -> None:
        """Attach it, and make it where it does not exist, unless it is only read.

        Raises `WarehouseLockedError` when it is not free within so many seconds, another
        `StorageError`, or `duckdb.Error`.
        """
        ...

    def turn_to_write(
        self, wait_seconds: float, table: str | None
    ) -> AbstractContextManager[StillOurs]:
        """While the block runs, no other process of ours writes, or none to that `table`.

        Those who write to other tables may go on where the database can keep them apart.
        Raises `WarehouseLockedError` when that is not so within so many seconds.
        """
        ...

    def explained_failures(self) -> AbstractContextManager[None]:
        """Raise a `StorageError` for what DuckDB says of it in the block."""
        ...


def database_at(address: str | Path, folder: Path, *, data_path: str | None = None) -> Database:
    """The database at an address: a path, or `ducklake:` and a catalogue.

    Relative paths start at `folder`. `data_path` is where a lake's files are, a folder or an
    address in an object store. Raises `AddressError`.
    """
    if isinstance(address, str) and address.startswith(LAKE):
        return DuckLake.at(address, data_path).below(folder)
    scheme = re.match(r"[a-z][\w.+-]+:", str(address), re.IGNORECASE)  # not a drive's letter
    if scheme is not None:
        raise AddressError(
            f"{scheme[0]} begins the address of no kind of warehouse. Give a path, such as "
            f"warehouse.duckdb, or the address of a lake, such as {LAKE}sqlite:lake.sqlite"
        )
    if data_path is not None:
        raise AddressError(f"`data_path` is for a lake, whose address begins with {LAKE}")
    return DuckDBFile(folder / address)
