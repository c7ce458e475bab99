"""Folders of spools: each belongs to one living process, and outlives it if it dies.

Every folder has a file that its process keeps locked. The kernel lets go of the lock when the
process ends, however it ends, so a folder whose lock is free was left behind; the number of a
process would not tell, because another may have it by now. The locks need no clean-up.
"""

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Generator, Set
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

JOURNAL = "journal.ndjson"
"""The file that makes a folder a spool."""

PAUSED = "paused"
"""A file whose time is when the service takes requests again, which a pause had ended."""

_PREFIX = "spool-"
_SCRATCH = "scratch-"
_DIGITS = 32
_LOCK = "lock"
_LONGEST_WAIT_SECONDS = 60


class SpoolFolder:
    """A folder that this process has to itself, until it is left or removed."""

    def __init__(self, path: Path, lock: FileLock) -> None:
        self.path = path
        self._lock = lock

    def leave(self) -> None:
        """Let go of the folder and leave it for a later sync."""
        self._lock.release()

    def remove(self) -> None:
        """Remove the folder with all that is in it; once removed, it may be removed again."""
        # The journal first: a process that gets hold of what remains must not take it for whole.
        (self.path / JOURNAL).unlink(missing_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()

    def remove_all_but(self, kept: Set[str]) -> None:
        """Remove all files whose names are not among `kept`."""
        for path in self.path.iterdir():
            if path.name == _LOCK or path.name in kept:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def new_folder(parent: Path) -> SpoolFolder:
    """A new folder below `parent`, which only its owner may read."""
    parent.mkdir(parents=True, exist_ok=True)
    with _admission(parent):
        path = parent / f"{_PREFIX}{uuid.uuid4().hex}"
        path.mkdir(mode=0o700)
        lock = _lock_of(path)
        try:
            lock.acquire(blocking=False)
        except OSError:
            shutil.rmtree(path, ignore_errors=True)
            raise
    return SpoolFolder(path, lock)


def abandoned_folders(parent: Path, *, own: Path | None = None) -> list[SpoolFolder]:
    """The folders below `parent` that belong to nobody; now they belong to this process.

    The caller's `own` is not looked at: nearly always there is no other, and nothing to lock.
    """
    if not _spools(parent, own):
        return []
    with _admission(parent):
        taken = [_taken(path) for path in _spools(parent, own)]
    return [folder for folder in taken if folder is not None]


def _spools(parent: Path, own: Path | None) -> list[Path]:
    return sorted(path for path in parent.glob(f"{_PREFIX}*") if path != own)


@contextmanager
def scratch_folder(spool: Path | None) -> Generator[Path]:
    """A folder of files that nobody needs when the block ends, below `spool` if there is one.

    There, because a server of the warehouse's file reads staged rows from no other folder.
    """
    parent = spool if spool is not None and spool.is_dir() else None
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=parent) as name:
        yield Path(name)


def mark_paused(folder: Path, until: datetime) -> None:
    """Note in a spool's folder until when the service wants no requests."""
    mark = folder / PAUSED
    mark.touch(mode=0o600)
    os.utime(mark, (until.timestamp(), until.timestamp()))


def paused_until(folder: Path) -> float | None:
    """Until when that was, in seconds since 1970; None if it was never paused."""
    try:
        return (folder / PAUSED).stat().st_mtime
    except FileNotFoundError:
        return None


def remove_old_folders(root: Path, older_than: timedelta) -> None:
    """Remove what was left behind anywhere below `root` and has not been touched for so long.

    A sync looks after its own folders; this is for those of tables that are synced no more, and
    for the scratch folders of processes that were killed. What cannot be removed stays.
    """
    for path in root.rglob(_SCRATCH + "*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > older_than.total_seconds():
                shutil.rmtree(path)
    for path in root.rglob(_PREFIX + "[0-9a-f]" * _DIGITS):
        with suppress(OSError):  # such as that its own process has just removed it
            touched = max(each.stat().st_mtime for each in (path, *path.iterdir()))
            if time.time() - touched > older_than.total_seconds():
                with _admission(path.parent):
                    folder = _taken(path)
                if folder is not None:
                    folder.remove()


def _taken(path: Path) -> SpoolFolder | None:
    lock = _lock_of(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return None
    return SpoolFolder(path, lock)


def _admission(parent: Path) -> FileLock:
    """Held while a folder is made or looked at: a new one must not be seen without its lock."""
    return FileLock(parent / _LOCK, timeout=_LONGEST_WAIT_SECONDS, mode=0o600, thread_local=False)


def _lock_of(path: Path) -> FileLock:
    return FileLock(path / _LOCK, mode=0o600, thread_local=False)
