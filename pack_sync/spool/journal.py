"""The journal of a spool: what it is of, and for each page where it is and what follows it.

The first line is the header, each further one a page. A page counts when its line is whole,
it follows the page before, and its rows have the checksum that the line gives: then neither a
process that died while it wrote, nor a machine that lost its power, can pass off half a page.
"""

import zlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from pack_sdk.results import Completion
from pack_sync.spool.folders import JOURNAL

FORMAT = 2
"""What this software writes: raise it when the meaning of rows or journal changes."""

_CHUNK_BYTES = 1024 * 1024
_OWN = {"execution_id", "started_at"}


@dataclass(frozen=True, kw_only=True)
class SpoolHeader:
    """What the pages of a spool are of.

    A later execution may go on with them if it is of the same sync, mode, fingerprint (schema,
    parameters, account), pack code, row limit, position and cursor (contract D9); `position`
    is the execution that wrote the cursor. It then takes over `execution_id` and
    `started_at`, which the pages before were fetched with (contract D10).
    """

    sync: str
    mode: str
    fingerprint: Mapping[str, str]
    code_version: str
    row_limit: int | None
    position: str | None
    cursor: Any
    execution_id: str
    started_at: datetime
    format: int = FORMAT

    def differences(self, other: "SpoolHeader") -> list[str]:
        """The names of what is not the same, beside execution and start, as words."""
        return [
            field.name.replace("_", " ")
            for field in fields(self)
            if field.name not in _OWN
            and _as_json(getattr(self, field.name)) != _as_json(getattr(other, field.name))
        ]


@dataclass(frozen=True, kw_only=True)
class SpooledPage:
    """One line of the journal: where a page's rows are and what followed them.

    `first_row` counts the rows of all pages before this one; `length` is in bytes. `part`
    tells apart the syncs that share a spool: the children of a crawl, and a full sync that
    follows an incremental one (contract C8). `arrived_at` is in seconds since 1970. `withheld`
    says that no sync can go on with the continuation (see `Page`). `resumed` says that pages of
    its part were fetched before an interruption: rows may have moved to these meanwhile (D9).
    `of` is the header of its part, at the first page of one that may be gone on with by itself.
    """

    number: int
    file: str
    offset: int
    length: int
    checksum: int
    first_row: int
    row_count: int
    arrived_at: float
    part: int = 0
    continuation: Any = None
    withheld: bool = False
    resumed: bool = False
    completion: dict[str, Any] | None = None
    deleted_row_ids: list[Any] = field(default_factory=list[Any])
    of: dict[str, Any] | None = None

    @property
    def header_of_part(self) -> SpoolHeader | None:
        """What its part is of; None at all pages but the first."""
        return _header_of(self.of) if self.of else None

    @property
    def ending_completion(self) -> Completion | None:
        """The completion as the pack gave it."""
        return None if self.completion is None else Completion(**self.completion)


def line_of(entry: SpoolHeader | SpooledPage | None) -> bytes:
    """A line of the journal; a header of None is that of a spool which several syncs share."""
    try:
        return orjson.dumps(entry) + b"\n"
    except TypeError:
        if not isinstance(entry, SpooledPage):
            raise
        # Ids past 64 bits, which are compared as the text of their digits anyway.
        ids = [str(each) if type(each) is int else each for each in entry.deleted_row_ids]
        return orjson.dumps(replace(entry, deleted_row_ids=ids)) + b"\n"


def read_header(folder: Path) -> SpoolHeader | None:
    """What the spool is of; None if it cannot be resumed, for whatever reason."""
    try:
        with (folder / JOURNAL).open("rb") as journal:
            return _header_of(_parsed(journal.readline()))
    except FileNotFoundError:
        return None


def is_shared_by_syncs(folder: Path) -> bool:
    """Whether the spool is that of several syncs, whose parts have headers of their own."""
    try:
        with (folder / JOURNAL).open("rb") as journal:
            return journal.readline() == line_of(None)
    except FileNotFoundError:
        return False


def pages_in(folder: Path) -> Generator[SpooledPage]:
    """The pages of a journal that was written without interruption."""
    with (folder / JOURNAL).open("rb") as journal:
        journal.readline()
        for line in journal:
            yield SpooledPage(**orjson.loads(line))


def whole_pages(folder: Path) -> Generator[tuple[SpooledPage, int]]:
    """The pages up to the first that is torn, each with where its line ends in the journal.

    Reads every row once, a little at a time.
    """
    rows_before, files, end_of_rows = 0, 0, 0
    with (folder / JOURNAL).open("rb") as journal:
        end = len(journal.readline())
        for number, line in enumerate(journal, start=1):
            page = _page_of(line)
            if page is None or (page.number, page.first_row) != (number, rows_before):
                return
            if page.file != rows_file_name(files) or page.offset != end_of_rows:
                files, end_of_rows = files + 1, 0
            if (page.file, page.offset) != (rows_file_name(files), end_of_rows):
                return
            if _checksum(folder / page.file, page.offset, page.length) != page.checksum:
                return
            rows_before += page.row_count
            end_of_rows += page.length
            end += len(line)
            yield page, end


def rows_file_name(number: int) -> str:
    """The name of the file of rows with this number; they begin at 1."""
    return f"rows-{number:05}.ndjson"


def _header_of(found: Mapping[str, Any]) -> SpoolHeader | None:
    given = dict(found)
    try:
        started_at = datetime.fromisoformat(given.pop("started_at"))
        return SpoolHeader(**given, started_at=started_at) if given["format"] == FORMAT else None
    except (ValueError, TypeError, KeyError):
        return None


def _page_of(line: bytes) -> SpooledPage | None:
    try:
        return SpooledPage(**_parsed(line))
    except TypeError:
        return None


def _parsed(line: bytes) -> dict[str, Any]:
    """What a line says; nothing if it is torn."""
    try:
        found = orjson.loads(line) if line.endswith(b"\n") else None
    except orjson.JSONDecodeError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _checksum(path: Path, offset: int, length: int) -> int | None:
    """The checksum of a part of a file; None if it is not all there."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return _checksum_of(file, length)
    except FileNotFoundError:
        return None


def _checksum_of(file: BinaryIO, length: int) -> int | None:
    checksum = 0
    while length:
        chunk = file.read(min(length, _CHUNK_BYTES))
        if not chunk:
            return None
        checksum = zlib.crc32(chunk, checksum)
        length -= len(chunk)
    return checksum


def _as_json(value: Any) -> bytes:
    """In Python 1 == True == 1.0; in a cursor they are not the same."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
