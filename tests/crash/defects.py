"""Defects that are planted in the product, in a child process, to see that they are noticed."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pack_sync.commit import commit
from pack_sync.engine import collect, resume, sync
from pack_sync.ledger.cursors import write_positions
from pack_sync.spool import journal, spool
from tests.crash.killing import Steps
from tests.crash.world import PAGE_ROWS

# pyright: reportPrivateUsage=false


def cursor_committed_first(_: Steps) -> None:
    """The cursor has a transaction of its own, before that of the rows."""
    applying = commit.commit_stage

    def commit_stage(warehouse: Any, stage: Any, counts: Any, request: Any) -> Any:
        with warehouse.write() as connection:
            commit.create_ledger(connection)
            at = request.record.finished_at
            write_positions(connection, request.key, request.changes, at=at)
        return applying(warehouse, stage, counts, request)

    commit._check_positions = lambda *_: None  # pyright: ignore
    commit.write_positions = lambda *_, **__: None  # pyright: ignore
    sync.commit_stage = commit_stage


def cursor_committed_last(_: Steps) -> None:
    """The cursor has a transaction of its own, after that of the rows."""
    applying = commit.commit_stage

    def commit_stage(warehouse: Any, stage: Any, counts: Any, request: Any) -> Any:
        applied = applying(warehouse, stage, counts, request)
        with warehouse.write() as connection:
            at = request.record.finished_at
            write_positions(connection, request.key, request.changes, at=at)
        return applied

    commit.write_positions = lambda *_, **__: None  # pyright: ignore
    sync.commit_stage = commit_stage


def journal_before_rows(_: Steps) -> None:
    """A page is in the journal before its rows are on disk."""
    opened = spool._opened
    waiting: list[Callable[[], Any]] = []

    class Late:
        """A file of rows that writes after the journal, or the journal, which lets it write."""

        def __init__(self, path: Path) -> None:
            self._file = opened(path)
            self._is_journal = path.name == spool.JOURNAL

        def write(self, data: bytes) -> int:
            if not self._is_journal:
                waiting.append(lambda: self._file.write(data))
                self._end = self.tell() + len(data)
                return len(data)
            written = self._file.write(data)
            while waiting:
                waiting.pop(0)()
            return written

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

    spool._opened = Late  # pyright: ignore


def resume_at(pages: int) -> Callable[[Steps], None]:
    """A resumed sync goes on so many pages from where it should."""

    def plant(_: Steps) -> None:
        collecting = collect.collect_pages

        def collect_pages(sync: Any, attempt: Any, *others: Any) -> Any:
            after = attempt.resumed_after
            if after and after.continuation and after.continuation["offset"] > PAGE_ROWS:
                there = after.continuation
                moved = {**there, "offset": there["offset"] + pages * PAGE_ROWS}
                after = dataclasses.replace(after, continuation=moved)
            return collecting(sync, dataclasses.replace(attempt, resumed_after=after), *others)

        collect.collect_pages = collect_pages

    return plant


def any_spool_will_do(_: Steps) -> None:
    """Pages are gone on with whatever they are of."""
    journal.SpoolHeader.differences = lambda *_: []  # pyright: ignore


def never_resumed(_: Steps) -> None:
    """Pages that are of use are thrown away."""
    resume.resume_spool = lambda *_, **__: None  # pyright: ignore


def torn_rows_stay(_: Steps) -> None:
    """What follows the last whole page is not cut off."""
    spool._cut = lambda *_: 0  # pyright: ignore


DEFECTS: Mapping[str, Callable[[Steps], None]] = {
    "cursor committed first": cursor_committed_first,
    "cursor committed last": cursor_committed_last,
    "journal before rows": journal_before_rows,
    "resume skips a page": resume_at(+1),
    "resume repeats a page": resume_at(-1),
    "any spool will do": any_spool_will_do,
    "never resumed": never_resumed,
    "torn rows stay": torn_rows_stay,
}
"""What can be planted, by name."""
