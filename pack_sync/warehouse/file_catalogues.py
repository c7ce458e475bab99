"""Catalogues of lakes that are files, of DuckDB's or SQLite's."""

from collections.abc import Collection, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import filelock

from pack_sync.warehouse.addresses import LAKE, SQLITE
from pack_sync.warehouse.duckdb_handles import Instance
from pack_sync.warehouse.locked_files import attach_file
from pack_sync.warehouse.storage_errors import WarehouseLockedError, explained_failures
from pack_sync.warehouse.turns import StillOurs, always_ours


@dataclass(frozen=True)
class _InAFile:
    """A catalogue that is a file."""

    path: Path

    def below(self, folder: Path) -> Self:
        """The same, with its path below the folder."""
        return replace(self, path=folder / self.path)

    def exists(self, wait_seconds: float) -> bool:
        """Whether the file is there."""
        del wait_seconds
        return self.path.exists()


@dataclass(frozen=True)
class DuckDBCatalogue(_InAFile):
    """A DuckDB file: while one process writes to the lake, no other can even read it."""

    def __str__(self) -> str:
        return str(self.path)

    @property
    def extensions(self) -> Collection[str]:
        """The extensions of DuckDB that it needs."""
        return ()

    def attach(
        self, instance: Instance, name: str, options: Sequence[str], wait_seconds: float
    ) -> None:
        """Attach it, waiting while another process has the file."""
        _make_folder(self.path)
        attach_file(instance, f"{LAKE}{self}", self.path, name, wait_seconds, *options)

    def turn_to_write(
        self, wait_seconds: float, table: str | None
    ) -> AbstractContextManager[StillOurs]:
        """Nothing to do: who has the file open for writing has it alone."""
        del wait_seconds, table
        return nullcontext(always_ours)


@dataclass(frozen=True)
class SQLiteCatalogue(_InAFile):
    """An SQLite file, for many processes on one machine."""

    def __str__(self) -> str:
        return f"{SQLITE}{self.path}"

    @property
    def extensions(self) -> Collection[str]:
        """The extensions of DuckDB that it needs."""
        return ("sqlite_scanner",)

    def attach(
        self, instance: Instance, name: str, options: Sequence[str], wait_seconds: float
    ) -> None:
        """Attach it; readers and the writer do not wait for each other."""
        _make_folder(self.path)
        patience = [f"META_BUSY_TIMEOUT {int(wait_seconds * 1000)}", "META_JOURNAL_MODE 'WAL'"]
        instance.attach(f"{LAKE}{self}", name, *options, *patience)

    @contextmanager
    def turn_to_write(self, wait_seconds: float, table: str | None) -> Generator[StillOurs]:
        """Have the lock, a file beside the catalogue; SQLite itself lets one at a time write."""
        del table
        path = self.path.with_name(f"{self.path.name}.lock")
        lock = filelock.FileLock(path, timeout=wait_seconds)
        try:
            with explained_failures(path):
                lock.acquire()
        except filelock.Timeout as error:
            raise WarehouseLockedError(
                f"another process writes to the lake {self.path}, and did not end within "
                f"{wait_seconds:g} s"
            ) from error
        try:
            yield always_ours
        finally:
            lock.release()


def _make_folder(path: Path) -> None:
    with explained_failures(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
