"""What is wrong with a file of ours, in words: the warehouse, a stage, a spool.

StorageError
├── WarehouseLockedError     another process keeps the database
├── DiskFullError            the disk, a quota or a limit of the file's size is reached
├── NotWritableError         permissions, or a file system that is read-only
├── DamagedDatabaseError     the file, or the .wal beside it, is not what DuckDB wrote
├── NewerDatabaseError       a newer DuckDB wrote it
├── NotADatabaseError        something else has the database's name
├── AddressError             an address names no warehouse
├── CatalogueError           the catalogue of a lake does not answer
├── LakeFilesError           the object store or folder with a lake's files cannot be used
├── ConflictError            somebody else changed the lake meanwhile
├── ServedError              a server has the file since a moment ago
├── ServerLostError          the server of the file ended
├── ServeError               the file cannot be served
├── MissingExtensionError    an extension of DuckDB, or a package, is not installed
└── OutOfMemoryError         DuckDB's memory limit does not suffice
"""

import errno
import os
import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

DatabaseError = duckdb.Error
"""Any error of DuckDB, for rooms that know nothing else of it."""


class StorageError(Exception):
    """A file of ours cannot be used; the message says which, why, and what to do."""


class WarehouseLockedError(StorageError):
    """Another process kept the database to itself for longer than we wait."""


class DiskFullError(StorageError):
    """Something could not be written for want of room."""


class NotWritableError(StorageError):
    """Something could not be opened or written for want of permission."""


class DamagedDatabaseError(StorageError):
    """A database holds something other than what DuckDB wrote to it."""


class NewerDatabaseError(StorageError):
    """A database has a format that this version of DuckDB does not know."""


class NotADatabaseError(StorageError):
    """A file, or a folder, is where the database should be."""


class AddressError(StorageError):
    """A text that should say where the warehouse is does not."""


class CatalogueError(StorageError):
    """The database with a lake's catalogue cannot be reached, or does not answer."""


class LakeFilesError(StorageError):
    """The object store, or the folder, with a lake's files does not answer, or refuses."""


class ConflictError(StorageError):
    """A transaction in a lake that could not be committed beside another one."""


class ServedError(WarehouseLockedError):
    """A server opened the file while this process waited for it."""


class ServerLostError(StorageError):
    """The server that had the file open does not answer any more."""


class ServeError(StorageError):
    """A file cannot be served: something else is, or has the port."""


class MissingExtensionError(StorageError):
    """What the chosen kind of warehouse needs is not installed."""


class OutOfMemoryError(StorageError):
    """DuckDB needed more memory than it may use."""


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
# Other kinds are about SQL and values, whose text may hold anything, our patterns too.
_ABOUT_FILES = (
    duckdb.IOException,
    duckdb.TransactionException,
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.SerializationException,
)
_DAMAGED = (
    "Corrupt database file",
    "Could not read enough bytes",
    "Failure while replaying WAL",
    "Corrupt WAL file",
    "Failed to deserialize",
)


@contextmanager
def explained_failures(path: Path, *, of_system: bool = True) -> Generator[None]:
    """Raise a `StorageError` for what the system or DuckDB says of a file.

    `path` is what the block is about, named where the error names nothing else. Errors that are
    about something else pass as they are, and so do those of the system unless `of_system`:
    where the block is a caller's, they may be about any file.
    """
    try:
        yield
    except (OSError, duckdb.Error) as error:
        ours = of_system or isinstance(error, duckdb.Error)
        explained = explain_failure(error, path) if ours else None
        if explained is None:
            raise
        raise explained from error


def explain_failure(error: OSError | duckdb.Error, path: Path) -> StorageError | None:
    """What to tell the user of an error, None if it is not about a file of ours."""
    if isinstance(error, OSError):
        file = Path(os.fsdecode(error.filename)) if error.filename else path
        return _explain_number(error.errno, file)
    text = str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return OutOfMemoryError(
            f"DuckDB ran out of memory while it worked on {path}: {_first_line(text)}. Give it "
            "more with the warehouse's `memory_limit`, or sync fewer tables at once "
            "(`max_parallel_tables`)."
        )
    # DuckDB's errors about damage are of the base class itself.
    if not (isinstance(error, _ABOUT_FILES) or type(error) is duckdb.Error):
        return None
    named = re.search(r'file "([^"]+)"', text)
    file = Path(named[1]) if named else path
    for number in (*_FULL, *_NOT_WRITABLE, errno.EISDIR):
        if text.endswith(f": {os.strerror(number)}"):
            return _explain_number(number, file)
    return _explain_text(text, file)


def _explain_number(number: int | None, file: Path) -> StorageError | None:
    if number is None:
        return None
    reason = os.strerror(number)
    if number in _FULL:
        return DiskFullError(_full(file, reason))
    if number == errno.EISDIR:
        return NotADatabaseError(f"{file} is a folder. {_ANOTHER_FILE}")
    if number in _NOT_WRITABLE:
        return NotWritableError(
            f"{file} cannot be opened or written ({reason}). The user that runs Dagster must be "
            "able to write it, and its folder too: DuckDB makes a .wal beside a database. Correct "
            "owner and permissions, or mount the disk for writing."
        )
    return None


def _explain_text(text: str, file: Path) -> StorageError | None:
    if "WAL checkpoint iteration does not match" in text:
        return DamagedDatabaseError(
            f"{file} belongs to another state of the database than the file beside it: was that "
            "restored from a backup? Then remove the .wal file; it holds changes that are later "
            f"than the backup. DuckDB says: {_first_line(text)}"
        )
    if "storage version number" in text:
        return NewerDatabaseError(
            f"{file} was written by another version of DuckDB than this one, {duckdb.__version__}: "
            "install the version that wrote it (`uv sync --locked` installs the project's), or "
            f"restore a backup. DuckDB says: {_first_line(text)}"
        )
    if any(sign in text for sign in _DAMAGED):
        return DamagedDatabaseError(
            f"{file} is damaged: {_first_line(text)}. Restore it from a backup "
            "(docs/how-to/recover.md in Pack Sync's repository); the next syncs continue from "
            "the cursors in it. Without a backup, move the file away: the next syncs fetch "
            "everything again."
        )
    if "not a valid DuckDB database" in text or re.search(r'Extension ".*_scanner', text):
        if _is_sqlite(file):
            return NotADatabaseError(
                f"{file} is not a DuckDB database but one of SQLite. If it is the catalogue of a "
                f"lake, its address is `ducklake:sqlite:{file}`; else give {_PATH} as another file."
            )
        return NotADatabaseError(f"{file} is not a DuckDB database. {_ANOTHER_FILE}")
    return None


def _is_sqlite(file: Path) -> bool:
    """By its first bytes, see https://www.sqlite.org/fileformat.html."""
    with suppress(OSError), file.open("rb") as opened:
        return opened.read(16) == b"SQLite format 3\0"
    return False


_PATH = "the `path` of the warehouse resource (resources/warehouse.py)"
_ANOTHER_FILE = (
    f"Move it away, or give {_PATH} as another file; a warehouse that does not exist is made by "
    "the next sync."
)


def _full(file: Path, reason: str) -> str:
    folder = next((each for each in file.absolute().parents if each.is_dir()), Path("/"))
    usage = shutil.disk_usage(folder)
    return (
        f"{file} could not be written: {reason}. It has {_size(file):,} bytes so far, and "
        f"{usage.free:,} of {usage.total:,} bytes are free on its disk. Make room there, or use "
        f"another disk: {_PATH} says where the warehouse is, and .dagster/spool holds the pages "
        "of running syncs, as JSON and once more as typed rows."
    )


def _size(path: Path) -> int:
    """The bytes of a file, or of the files in a folder; 0 for what is not there."""
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _first_line(text: str) -> str:
    return text.partition("\n")[0].rstrip(".")
