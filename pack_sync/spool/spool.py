"""The spool: a folder that holds the pages of one running sync as NDJSON.

Each page is appended to a file of rows, and then one line of the journal says where its
rows are and which continuation follows. The journal line carries a checksum of the rows,
so whatever a crash leaves behind, a page counts only when both are whole. The spool keeps
memory flat however large the sync is, and is the checkpoint that a later sync resumes from.
"""

import os
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Self

from pack_sync.spool.folders import (
    JOURNAL,
    PAUSED,
    SpoolFolder,
    abandoned_folders,
    mark_paused,
    new_folder,
)
from pack_sync.spool.journal import (
    SpooledPage,
    SpoolHeader,
    line_of,
    pages_in,
    rows_file_name,
    whole_pages,
)
from pack_sync.spool.page import Page
from pack_sync.warehouse.storage_errors import explained_failures

ROWS_FILE_BYTES = 32 * 1024 * 1024
"""A new file of rows is begun past this size: the one before is then typed (see `early_stage`)."""


class Spool:
    """Pages on disk, in order of arrival; one sync writes it, then DuckDB reads it.

    `header` says what the pages are of, None if several syncs share it; `left_parts` has what an
    earlier execution left of each. `resumed_after` is its last page, where this one goes on; None
    for a spool that begins with its first page.
    `on_whole_file` is called when there is one more of the `whole_files`; what it raises, `append`
    raises, without the page. `longest_page` is the length in bytes of the rows of the longest.
    """

    def __init__(self, folder: SpoolFolder, header: SpoolHeader | None) -> None:
        """Write in this folder: `begin` makes one, `pack_sync.spool.recovery` finds one."""
        self._folder = folder
        self.folder = folder.path
        self.header = header
        self.resumed_after: SpooledPage | None = None
        self.left_parts: dict[str, tuple[SpoolHeader, SpooledPage]] = {}
        self.on_whole_file: Callable[[], object] | None = None
        self._lock = threading.Lock()
        self._journal = _opened(self.folder / JOURNAL)
        self._rows: BinaryIO | None = None
        self._files: list[Path] = []
        self.page_count = 0
        self.row_count = 0
        self.longest_page = 0
        self.kept_pages = 0
        self.withheld_pages = 0
        self._pages_of: Counter[int] = Counter()
        self._rows_of: Counter[int] = Counter()
        self._last_part = 0
        self._headers: dict[int, SpoolHeader] = {}
        self._going_on: set[int] = set()

    @classmethod
    def begin(cls, parent: Path, header: SpoolHeader | None = None) -> Self:
        """An empty spool in a folder of its own below `parent`.

        Two processes may sync the same table at once, so none touches another's folder. Those
        that were left behind go as soon as this one has a page: until then, they may be the
        better one to go on with. Raises `StorageError` when the disk does not take it.
        """
        with explained_failures(parent):
            folder = new_folder(parent)
            try:
                spool = cls(folder, header)
                spool._journal.write(line_of(header))
                spool._journal.flush()
            except OSError:  # nobody would come to claim it
                folder.remove()
                raise
        return spool

    def restore(self) -> int:
        """Take up the whole pages that the folder holds; returns how many torn bytes were cut."""
        end = 0
        withheld: list[SpooledPage] = []
        for page, line_end in whole_pages(self.folder):
            withheld.append(page)
            if page.withheld:  # it counts if a page follows that can be gone on from
                continue
            for each in withheld:
                if not self._files or self._files[-1].name != each.file:
                    self._files.append(self.folder / each.file)
                self._take_up(each)
            withheld.clear()
            self.resumed_after, end = page, line_end
        self.withheld_pages = len(withheld)
        torn = _cut(self.folder / JOURNAL, end)
        if last := self.resumed_after:
            torn += _cut(self._files[-1], last.offset + last.length)
            self._rows = _opened(self._files[-1])
        self._folder.remove_all_but(self._own_files)
        return torn

    def _take_up(self, page: SpooledPage) -> None:
        self._count(page)
        self._going_on.add(page.part)
        if header := page.header_of_part:
            self._headers[page.part] = header
        if header := self._headers.get(page.part):
            self.left_parts[header.sync] = header, page

    def describe(self, part: int, header: SpoolHeader, *, resumed: bool = False) -> None:
        """Say what the next part is of, before its first page, so that it may be gone on with.

        `resumed` says that its first pages are of an earlier execution.
        """
        with self._lock:
            self._headers[part] = header
            if resumed:
                self._going_on.add(part)

    def new_part(self) -> int:
        """The number of a further part: every spool has one, 0, from its beginning."""
        with self._lock:
            self._last_part += 1
            return self._last_part

    def append(self, page: Page, part: int = 0) -> None:
        """Keep a page. Raises `StorageError` when the disk does not take it.

        Several threads may append pages of different parts.
        """
        with self._lock, explained_failures(self.folder):
            self._append(page, part)

    def _append(self, page: Page, part: int) -> None:
        rows = self._rows_file()
        offset = rows.tell()
        begins = self._headers.get(part) if part not in self._pages_of else None
        rows.write(page.rows)
        rows.flush()
        entry = SpooledPage(
            number=self.page_count + 1,
            file=self._files[-1].name,
            offset=offset,
            length=len(page.rows),
            checksum=zlib.crc32(page.rows),
            first_row=self.row_count,
            row_count=page.row_count,
            arrived_at=time.time(),
            part=part,
            continuation=page.continuation,
            withheld=page.withheld,
            resumed=part in self._going_on,
            completion=dict(vars(page.completion)) if page.completion else None,
            deleted_row_ids=list(page.deleted_row_ids),
            of=vars(begins) if begins else None,
        )
        self._journal.write(line_of(entry))
        self._journal.flush()
        self._count(entry)
        if entry.number == 1:
            for folder in abandoned_folders(self.folder.parent, own=self.folder):
                folder.remove()

    def _count(self, page: SpooledPage) -> None:
        self.page_count += 1
        self.row_count += page.row_count
        self.kept_pages = self.kept_pages if page.withheld else page.number
        self.longest_page = max(self.longest_page, page.length)
        self._pages_of[page.part] += 1
        self._rows_of[page.part] += page.row_count
        self._last_part = max(self._last_part, page.part)

    @property
    def files(self) -> Sequence[Path]:
        """The files of rows, in order."""
        return [path for path in self._files if path.stat().st_size]

    @property
    def whole_files(self) -> Sequence[Path]:
        """The files of rows, in order, that nothing more is written to; for any thread."""
        return self._files[:-1]

    @property
    def part_count(self) -> int:
        """How many parts have pages."""
        return len(self._pages_of)

    def pages_of(self, part: int) -> int:
        """How many pages a part has."""
        return self._pages_of[part]

    def rows_of(self, part: int) -> int:
        """How many rows a part has."""
        return self._rows_of[part]

    def pages(self) -> Iterator[SpooledPage]:
        """The journal, page by page."""
        return pages_in(self.folder)

    def close(self) -> None:
        """Close the files; what is on disk stays, and stays this process's own."""
        self._journal.close()
        if self._rows:
            self._rows.close()

    def leave(self, paused_until: datetime | None = None) -> None:
        """Close the files and leave the pages for a later sync to resume from.

        `paused_until` is when the service takes requests again, where that is what ended the
        sync: the pages do not age before.
        """
        with suppress(OSError):  # a page that is not whole is noticed when they are read
            self.close()
        if paused_until is not None:
            with suppress(OSError):  # they are as old as they are then
                mark_paused(self.folder, paused_until)
        self._folder.remove_all_but(self._own_files)
        self._folder.leave()

    def discard(self) -> None:
        """Close and remove the folder with all that is in it."""
        with suppress(OSError):  # what a full disk did not take is of no use any more
            self.close()
        self._folder.remove()

    @property
    def _own_files(self) -> set[str]:
        return {JOURNAL, PAUSED, *(path.name for path in self._files)}

    def _rows_file(self) -> BinaryIO:
        if self._rows is None or self._rows.tell() >= ROWS_FILE_BYTES:
            if self._rows:
                self._rows.close()
            self._files.append(self.folder / rows_file_name(len(self._files) + 1))
            self._rows = _opened(self._files[-1])
            if self.on_whole_file and self.whole_files:
                self.on_whole_file()
        return self._rows


def _opened(path: Path) -> BinaryIO:
    """The file, to be written on at its end; only its owner may read it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "ab")


def _cut(path: Path, end: int) -> int:
    """Cut a file off; returns how many bytes went."""
    length = path.stat().st_size
    os.truncate(path, end)
    return length - end
