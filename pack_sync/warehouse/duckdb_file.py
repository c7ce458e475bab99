"""A warehouse in one DuckDB file, which one process at a time can have open for writing."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from pack_sync.warehouse.duckdb_handles import Instance, database_name
from pack_sync.warehouse.locked_files import attach_file
from pack_sync.warehouse.storage_errors import explained_failures
from pack_sync.warehouse.turns import StillOurs, always_ours


@dataclass(frozen=True)
class DuckDBFile:
    """One DuckDB file."""

    path: Path
    alias: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """The name that DuckDB gives to the database in the file, unless it was given another."""
        return self.alias or database_name(self.path)

    def attached_as(self, name: str) -> Self:
        """The same file, attached by another name."""
        return replace(self, alias=name)

    def __str__(self) -> str:
        return str(self.path)

    @property
    def is_file(self) -> bool:
        """Yes."""
        return True

    @property
    def extensions(self) -> frozenset[str]:
        """None: to attach it takes a millisecond."""
        return frozenset()

    def exists(self, wait_seconds: float) -> bool:
        """Whether the file is there. Raises `OSError`."""
        del wait_seconds
        return self.path.exists()

    def attach(self, instance: Instance, *, read_only: bool, wait_seconds: float) -> None:
        """Open the file, waiting patiently while somebody else has it."""
        if not read_only:
            with explained_failures(self.path.parent):
                self.path.parent.mkdir(parents=True, exist_ok=True)
        # With the type: DuckDB would open an SQLite file too, once that extension is installed.
        options = ("TYPE duckdb", *(["READ_ONLY"] if read_only else []))
        attach_file(instance, str(self.path), self.path, self.name, wait_seconds, *options)

    def turn_to_write(
        self, wait_seconds: float, table: str | None
    ) -> AbstractContextManager[StillOurs]:
        """Nothing to do: who has the file open for writing has it alone."""
        del wait_seconds, table
        return nullcontext(always_ours)

    def explained_failures(self) -> AbstractContextManager[None]:
        """Raise a `StorageError` for what DuckDB says of the file."""
        return explained_failures(self.path, of_system=False)
