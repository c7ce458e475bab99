"""The spool: a folder that holds the pages of one running sync as NDJSON.

Each page is appended to a file of rows, and then one line of the journal says where its
rows are and which continuation follows. The journal line carries a checksum of the rows,
so whatever a crash leaves behind, a page counts only when both are whole. The spool keeps
memory flat however large the sync is, and is the checkpoint it can resume from.
"""

import os
import shutil
import threading
import uuid
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from resources.runtimes.page import Page
from resources.warehouse.storage_failures import explained_failures

ROWS_FILE_BYTES = 64 * 1024 * 1024
"""A new file of rows is begun past this size: DuckDB reads several files side by side."""


@dataclass(frozen=True, kw_only=True)
class SpooledPage:
    """One line of the journal: where a page's rows are and what followed them.

    `first_row` counts the rows of all pages before this one; `length` is in bytes. `part`
    tells apart the syncs that share a spool: the children of a crawl.
    """

    number: int
    file: str
    offset: int
    length: int
    checksum: int
    first_row: int
    row_count: int
    part: int = 0
    continuation: Any = None
    completion: dict[str, Any] | None = None
    deleted_row_ids: list[Any] = field(default_factory=list[Any])


class Spool:
    """Pages on disk, in order of arrival; one sync writes it, then DuckDB reads it."""

    def __init__(self, parent: Path) -> None:
        """Begin an empty spool in a folder of its own below `parent`.

        Two processes may sync the same table at once, so none touches another's folder; those
        of processes that are no more are removed.
        """
        _remove_abandoned(parent)
        self.folder = parent / f"{os.getpid()}-{uuid.uuid4().hex}"
        with explained_failures(self.folder):
            self.folder.mkdir(parents=True, mode=0o700)
            self._journal = (self.folder / "journal.ndjson").open("wb")
        self._lock = threading.Lock()
        self._rows: BinaryIO | None = None
        self._files: list[Path] = []
        self.page_count = 0
        self.row_count = 0
        self._pages_of: Counter[int] = Counter()
        self._rows_of: Counter[int] = Counter()

    def append(self, page: Page, part: int = 0) -> None:
        """Keep a page. Raises `StorageError` when the disk does not take it.

        Several threads may append pages of different parts.
        """
        with self._lock, explained_failures(self.folder):
            self._append(page, part)

    def _append(self, page: Page, part: int) -> None:
        rows = self._rows_file()
        offset = rows.tell()
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
            part=part,
            continuation=page.continuation,
            completion=dict(vars(page.completion)) if page.completion else None,
            deleted_row_ids=list(page.deleted_row_ids),
        )
        self._journal.write(orjson.dumps(entry) + b"\n")
        self._journal.flush()
        self.page_count += 1
        self.row_count += page.row_count
        self._pages_of[part] += 1
        self._rows_of[part] += page.row_count

    @property
    def files(self) -> Sequence[Path]:
        """The files of rows, in order."""
        return [path for path in self._files if path.stat().st_size]

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
        with (self.folder / "journal.ndjson").open("rb") as journal:
            for line in journal:
                yield SpooledPage(**orjson.loads(line))

    def close(self) -> None:
        """Close the files; what is on disk stays."""
        self._journal.close()
        if self._rows:
            self._rows.close()

    def discard(self) -> None:
        """Close and remove the folder with all that is in it."""
        with suppress(OSError):  # what a full disk did not take is of no use any more
            self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _rows_file(self) -> BinaryIO:
        if self._rows is None or self._rows.tell() >= ROWS_FILE_BYTES:
            if self._rows:
                self._rows.close()
            path = self.folder / f"rows-{len(self._files) + 1:05}.ndjson"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._rows = os.fdopen(descriptor, "wb")
            self._files.append(path)
        return self._rows


def _remove_abandoned(parent: Path) -> None:
    """Remove the folders below `parent` whose process, by its number in the name, is gone."""
    for folder in parent.glob("*-*"):
        number = folder.name.partition("-")[0]
        if number.isdigit() and not _is_running(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, but running
        return True
    return True
