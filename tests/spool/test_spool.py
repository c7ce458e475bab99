"""The spool: pages on disk, and the journal that says where they are."""

import stat
import zlib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import Completion
from pack_sync.spool.page import Page
from pack_sync.spool.spool import Spool
from tests.commit.sync_bench import a_page, spooled


def test_the_journal_says_where_each_page_is(tmp_path: Path) -> None:
    """Number, place, checksum, rows before, continuation, completion, deletions (C4, C9)."""
    first = a_page({"id": "a"}, {"id": "é"}, continuation={"page": 2})
    second = a_page(
        {"id": "c"}, deleted=["x", 7], completion=Completion(incremental_continuation={})
    )
    spool = spooled(tmp_path / "spool", [first, second])
    one, two = spool.pages()
    assert (one.number, one.offset, one.length) == (1, 0, len(first.rows))
    assert (one.first_row, one.row_count, one.continuation) == (0, 2, {"page": 2})
    assert (one.completion, one.deleted_row_ids) == (None, [])
    assert (two.number, two.offset, two.length) == (2, len(first.rows), len(second.rows))
    assert (two.first_row, two.row_count, two.continuation) == (2, 1, None)
    assert two.completion == {"incremental_continuation": {}, "has_incomplete_results": False}
    assert two.deleted_row_ids == ["x", 7]
    for entry, page in ((one, first), (two, second)):
        content = (spool.folder / entry.file).read_bytes()
        assert content[entry.offset : entry.offset + entry.length] == page.rows
        assert zlib.crc32(page.rows) == entry.checksum


def test_the_spool_counts_what_it_holds(tmp_path: Path) -> None:
    """Pages, rows and parts are at hand."""
    pages = [a_page({"id": 1}, deleted=[1]), a_page(), a_page({"id": 2})]
    spool = spooled(tmp_path / "spool", pages)
    assert (spool.page_count, spool.row_count, spool.part_count) == (3, 2, 1)


def test_a_page_is_on_disk_once_append_returns(tmp_path: Path) -> None:
    """Before the next page is asked for, rows and journal are written out (D9)."""
    spool = Spool.begin(tmp_path / "spool")
    page = a_page({"id": 1}, continuation="next")
    spool.append(page)
    try:
        assert (spool.folder / "rows-00001.ndjson").read_bytes() == page.rows
        assert [entry.continuation for entry in spool.pages()] == ["next"]
    finally:
        spool.close()


def test_files_roll_over_between_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the size a new file begins; a page is never torn, offsets start anew."""
    monkeypatch.setattr("pack_sync.spool.spool.ROWS_FILE_BYTES", 20)
    pages = [a_page(*({"id": i * 3 + j} for j in range(3))) for i in range(4)]
    spool = spooled(tmp_path / "spool", pages)
    names = [f"rows-{number:05}.ndjson" for number in range(1, 5)]
    assert [path.name for path in spool.files] == names
    assert [path.read_bytes() for path in spool.files] == [page.rows for page in pages]
    assert [(p.file, p.offset, p.first_row) for p in spool.pages()] == [
        (name, 0, 3 * index) for index, name in enumerate(names)
    ]


def test_small_pages_share_a_file(tmp_path: Path) -> None:
    """One file as long as it is small: DuckDB reads few files faster."""
    spool = spooled(tmp_path / "spool", [a_page({"id": i}) for i in range(5)])
    assert len(spool.files) == 1


def test_pages_without_rows_leave_no_file_to_read(tmp_path: Path) -> None:
    """A sync without rows has a journal and no file of rows (C2)."""
    spool = spooled(tmp_path / "spool", [a_page(), a_page(deleted=["a"])])
    assert list(spool.files) == []
    assert [page.number for page in spool.pages()] == [1, 2]


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    """The folder is 0700 and its rows 0600: they hold what the source keeps private (A4)."""
    spool = spooled(tmp_path / "spool", [a_page({"id": 1})])
    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in spool.files] == [0o600]


def test_a_new_spool_is_empty_whatever_the_folder_held(tmp_path: Path) -> None:
    """What a sync left behind is never taken for pages of the next."""
    spooled(tmp_path / "spool", [a_page({"id": 1})])
    spool = spooled(tmp_path / "spool", [])
    assert list(spool.pages()) == []
    assert sorted(path.name for path in spool.folder.iterdir()) == ["journal.ndjson", "lock"]


def test_discard_removes_everything(tmp_path: Path) -> None:
    """After discard the folder is gone; a second time does no harm."""
    spool = spooled(tmp_path / "deep" / "spool", [a_page({"id": 1})])
    spool.discard()
    assert not spool.folder.exists()
    spool.discard()


@pytest.mark.parametrize("kind", [dict, lambda: defaultdict[str, Any](int)])
def test_a_continuation_of_any_kind_of_dictionary(kind: Any, tmp_path: Path) -> None:
    """What the contract lets through can be written down (C4)."""
    continuation = kind()
    continuation["a"] = {"b": [1, None]}
    completion = Completion(incremental_continuation=continuation)
    pages = [Page(continuation=continuation), Page(completion=completion)]
    one, two = spooled(tmp_path / "spool", pages).pages()
    assert one.continuation == {"a": {"b": [1, None]}}
    assert two.completion is not None
    assert two.completion["incremental_continuation"] == {"a": {"b": [1, None]}}


def test_two_spools_of_one_sync_do_not_meet(tmp_path: Path) -> None:
    """The same sync may run twice at once: neither sees or removes the other's pages (D9)."""
    first, second = Spool.begin(tmp_path), Spool.begin(tmp_path)
    first.append(a_page({"id": "first"}))
    second.append(a_page({"id": "second"}))
    second.discard()
    assert first.files[0].read_bytes() == b'{"id":"first"}\n'
    first.discard()
    assert list(tmp_path.glob("spool-*")) == []


def test_the_spool_of_a_dead_process_is_removed(tmp_path: Path) -> None:
    """What a killed run left goes with the first page of the next; other folders stay (D9)."""
    dead, other = tmp_path / "spool-dead", tmp_path / "not-ours"
    dead.mkdir()
    other.mkdir()
    spool = Spool.begin(tmp_path)
    assert dead.exists()  # until there is a page, it may be the better one to go on with
    spool.append(a_page())
    spool.discard()
    assert not dead.exists()
    assert other.exists()
