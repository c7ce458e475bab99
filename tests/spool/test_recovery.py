"""Spools that were left behind: which are gone on with, and from where (contract D9)."""

import os
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import Completion
from pack_sync.spool.folders import remove_old_folders
from pack_sync.spool.journal import FORMAT, SpoolHeader
from pack_sync.spool.recovery import resume_spool
from pack_sync.spool.spool import Spool
from pack_sync.stage.stage import Stage
from pack_sync.stage.staged_pages import StagePart
from tests.child_process import python_child
from tests.commit.sync_bench import a_page, a_schema

HEADER = SpoolHeader(
    sync="acme.Tasks",
    mode="full",
    fingerprint={"schema": "s1", "parameters": "p1"},
    code_version="c1",
    row_limit=None,
    position="e0",
    cursor={"at": 1},
    execution_id="e1",
    started_at=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
)
PAGES = [a_page({"id": f"{n}a"}, {"id": f"{n}b"}, continuation={"page": n + 1}) for n in (1, 2, 3)]


def left(parent: Path, header: SpoolHeader = HEADER) -> Path:
    """The folder of a spool of three pages, two rows each, that was left behind."""
    spool = Spool.begin(parent, header)
    for page in PAGES:
        spool.append(page)
    spool.leave()
    return spool.folder


def resumed(parent: Path, header: SpoolHeader = HEADER, **options: Any) -> Spool | None:
    """What a later sync gets; the log is thrown away unless a `log` is given."""
    usual: dict[str, Any] = {"within": timedelta(hours=1), "log": len}
    return resume_spool(parent, header, **{**usual, **options})


def test_the_pages_are_there_again(tmp_path: Path) -> None:
    """Counts, the last page with its continuation, and what the header keeps (D9, D10)."""
    left(tmp_path)
    later = replace(HEADER, execution_id="e2", started_at=datetime.now(UTC))
    spool = resumed(tmp_path, later)
    assert spool is not None
    assert spool.header == HEADER
    assert (spool.page_count, spool.row_count, spool.rows_of(0)) == (3, 6, 6)
    assert spool.resumed_after is not None
    assert spool.resumed_after.continuation == {"page": 4}
    spool.discard()


def test_pages_are_added_after_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows of both executions are staged, in order, across files (D9)."""
    monkeypatch.setattr("pack_sync.spool.spool.ROWS_FILE_BYTES", 40)
    left(tmp_path)
    spool = resumed(tmp_path)
    assert spool is not None
    spool.append(a_page({"id": "4a"}, {"id": "1a"}, completion=Completion()))
    spool.close()
    assert len(spool.files) == 2
    assert [page.number for page in spool.pages()] == [1, 2, 3, 4]
    with Stage(tmp_path / "stage.duckdb", a_schema()) as stage:
        counts = stage.load(spool, [StagePart(sync="default", complete=True)])
    assert (counts.upserts, counts.duplicates) == (7, 1)
    spool.discard()


def cut(path: Path, count: int) -> None:
    """Cut off the last bytes of a file."""
    path.write_bytes(path.read_bytes()[:-count])


def spoil(path: Path) -> None:
    """Change a byte of the third page's rows, as a disk that lost power may have it."""
    content = path.read_bytes()
    path.write_bytes(content.replace(b"3a", b"3x"))


TORN: dict[str, Callable[[Path], object]] = {
    "the line's end is missing": lambda folder: cut(folder / "journal.ndjson", 1),
    "half the line": lambda folder: cut(folder / "journal.ndjson", 90),
    "some of the rows": lambda folder: cut(folder / "rows-00001.ndjson", 3),
    "all of the page's rows": lambda folder: cut(folder / "rows-00001.ndjson", 24),
    "other rows": lambda folder: spoil(folder / "rows-00001.ndjson"),
}


@pytest.mark.parametrize("how", TORN)
def test_a_torn_page_is_cut_off(tmp_path: Path, how: str) -> None:
    """A page counts when its line and its rows are whole; the rest goes, and is logged (D9)."""
    folder = left(tmp_path)
    TORN[how](folder)
    lines: list[str] = []
    spool = resumed(tmp_path, log=lines.append)
    assert spool is not None
    assert spool.page_count == 2
    assert spool.resumed_after is not None
    assert spool.resumed_after.continuation == {"page": 3}
    assert "bytes of a torn page, which were cut off" in lines[0]
    spool.append(PAGES[2])
    spool.close()
    assert spool.files[0].read_bytes() == b"".join(page.rows for page in PAGES)
    assert [page.number for page in spool.pages()] == [1, 2, 3]
    spool.discard()


def test_rows_whose_line_never_came_are_cut_off(tmp_path: Path) -> None:
    """Rows are written before their line: without it they do not count, in any file (D9)."""
    folder = left(tmp_path)
    with (folder / "rows-00001.ndjson").open("ab") as rows:
        rows.write(b'{"id":"4a"}\n')
    (folder / "rows-00002.ndjson").write_bytes(b'{"id":"5a"}\n')
    spool = resumed(tmp_path)
    assert spool is not None
    assert [path.read_bytes() for path in spool.files] == [b"".join(page.rows for page in PAGES)]
    assert not (folder / "rows-00002.ndjson").exists()
    spool.discard()


def test_a_page_missing_in_the_middle_ends_what_counts(tmp_path: Path) -> None:
    """Pages are numbered: none that follows a gap counts, whatever its checksum (D9)."""
    journal = left(tmp_path) / "journal.ndjson"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:2], lines[3]]))
    spool = resumed(tmp_path)
    assert spool is not None
    assert spool.page_count == 1
    spool.discard()


def test_the_stage_of_the_dead_is_not_kept(tmp_path: Path) -> None:
    """A stage is made anew each time: neither it nor what DuckDB wrote beside it is of use."""
    folder = left(tmp_path)
    (folder / "stage.duckdb.wal").write_bytes(b"x")
    (folder / "stage.duckdb.tmp").mkdir()
    spool = resumed(tmp_path)
    assert spool is not None
    assert not list(folder.glob("stage*"))
    spool.discard()


OTHERS: dict[str, Any] = {
    "sync": "acme.Other",
    "mode": "incremental",
    "fingerprint": {"schema": "s2", "parameters": "p1"},
    "code_version": "c2",
    "row_limit": 10,
    "position": None,
    "cursor": {"at": True},
    "format": FORMAT + 1,
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_spool_of_something_else_is_not_used(tmp_path: Path, name: str) -> None:
    """Another sync, mode, schema, parameters, code, position, cursor or format (D9)."""
    folder = left(tmp_path, replace(HEADER, **{name: OTHERS[name]}))
    assert resumed(tmp_path) is None
    assert not folder.exists()


def test_the_log_says_why_a_spool_is_not_used(tmp_path: Path) -> None:
    """When it began, and what differs."""
    left(tmp_path)
    lines: list[str] = []
    resumed(tmp_path, replace(HEADER, mode="incremental", code_version="c2"), log=lines.append)
    assert lines == [
        "the pages left by the sync that began at 2026-01-02 03:04:05 UTC are not used: "
        "it had another mode, another code version"
    ]


def test_a_spool_whose_last_page_is_too_old_is_not_used(tmp_path: Path) -> None:
    """What counts is when the last page came, however long the sync ran (D9)."""
    folder = left(tmp_path)
    assert resumed(tmp_path, within=timedelta(seconds=-1)) is None
    assert not folder.exists()


@pytest.mark.parametrize("journal", [b"", b"null\n", b'{"sync"', b"[]\n", b"{}\n"])
def test_a_spool_without_a_usable_header_is_not_used(tmp_path: Path, journal: bytes) -> None:
    """Those of crawls have none; one that died while it wrote it has half of it."""
    folder = left(tmp_path)
    (folder / "journal.ndjson").write_bytes(journal)
    assert resumed(tmp_path) is None
    assert not folder.exists()


def test_a_spool_without_a_whole_page_is_not_used(tmp_path: Path) -> None:
    """There is nothing to go on with."""
    Spool.begin(tmp_path, HEADER).leave()
    assert resumed(tmp_path) is None
    assert list(tmp_path.glob("spool-*")) == []


def test_only_one_gets_it(tmp_path: Path) -> None:
    """Two processes that find the same spool do not both go on with it (D9)."""
    left(tmp_path)
    first = resumed(tmp_path)
    assert first is not None
    assert resumed(tmp_path) is None
    assert first.folder.exists()
    first.discard()


def test_of_several_one_is_used_and_the_others_go(tmp_path: Path) -> None:
    """Two that are of use: either will do."""
    spools = [Spool.begin(tmp_path, HEADER) for _ in range(2)]
    for spool in spools:
        spool.append(PAGES[0])
    for spool in spools:
        spool.leave()
    spool = resumed(tmp_path)
    assert spool is not None
    assert list(tmp_path.glob("spool-*")) == [spool.folder]
    spool.discard()


LIVING = """
import sys
from pathlib import Path
from pack_sync.spool.spool import Spool
from tests.spool.test_recovery import HEADER, PAGES
spool = Spool.begin(Path(sys.argv[1]), HEADER)
spool.append(PAGES[0])
print("ready", flush=True)
sys.stdin.read()
"""


def test_the_spool_of_a_living_process_is_its_own(tmp_path: Path) -> None:
    """It is neither used nor removed; once the process is killed, it is gone on with (D9)."""
    with python_child(LIVING, str(tmp_path)):
        assert resumed(tmp_path) is None
        other = Spool.begin(tmp_path, HEADER)
        other.append(PAGES[0])
        other.discard()
        assert len(list(tmp_path.glob("spool-*"))) == 1
    spool = resumed(tmp_path)
    assert spool is not None
    assert spool.page_count == 1
    spool.discard()


def test_old_folders_are_removed_wherever_they_are(tmp_path: Path) -> None:
    """Pages of a table that is synced no more go with any run; others stay (D9)."""
    long_ago = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    old, recent = left(tmp_path / "pack" / "Old" / "default"), left(tmp_path / "pack" / "New" / "a")
    living = Spool.begin(tmp_path / "pack" / "Living" / "default", HEADER)
    table = tmp_path / "pack" / "spool-of-somebody"
    table.mkdir()
    for folder in (old, living.folder, table):
        for path in (*folder.iterdir(), folder):
            os.utime(path, (long_ago, long_ago))
    remove_old_folders(tmp_path, timedelta(days=1))
    assert [folder.exists() for folder in (old, recent, living.folder, table)] == [
        False,
        True,
        True,
        True,
    ]
    living.discard()


def test_a_large_spool_is_verified_a_little_at_a_time(tmp_path: Path) -> None:
    """Memory stays flat, however many rows there are."""
    spool = Spool.begin(tmp_path, HEADER)
    page = a_page(*({"id": f"{n:04}", "text": "x" * 1000} for n in range(2000)))
    for _ in range(20):
        spool.append(page)
    spool.leave()
    tracemalloc.start()
    try:
        again = resumed(tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert again is not None
    assert again.row_count == 40_000
    assert peak < 8_000_000 < 20 * len(page.rows)
    again.discard()
