"""Typing while pages are fetched: the same stage comes of it, and what fails is heard."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pack_sync.spool.page import Page
from pack_sync.spool.spool import Spool
from pack_sync.stage.background_typing import BackgroundTyping
from pack_sync.stage.deduplication import StageCounts
from pack_sync.stage.stage import Stage
from pack_sync.stage.staged_pages import StagePart
from pack_sync.warehouse.warehouse import Warehouse
from tests.commit.sync_bench import a_page, a_schema, stage_pages

SCHEMA = a_schema(v={"type": "number", "precision": 0})
PART = StagePart(sync="default", complete=False)


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of rows is whole with each page."""
    monkeypatch.setattr("pack_sync.spool.spool.ROWS_FILE_BYTES", 1)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """A new spool."""
    made = Spool.begin(tmp_path / "spool")
    yield made
    made.discard()


class Loaded:
    """Notes how many files were typed early, and lets a test wait for them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.files = 0
        self._more = threading.Condition()
        loading = Stage.load_early

        def load_early(stage: Stage, spool: Spool, sync: str) -> None:
            loading(stage, spool, sync)
            with self._more:
                self.files = len(spool.whole_files)
                self._more.notify_all()

        monkeypatch.setattr(Stage, "load_early", load_early)

    def wait_for(self, files: int) -> None:
        """Wait until so many files are typed."""
        with self._more:
            assert self._more.wait_for(lambda: self.files >= files, timeout=60)


def pages() -> list[Page]:
    """Pages with new, repeated, deleted and rejected rows."""
    return [
        a_page(*({"id": str(n), "v": n} for n in range(2_000))),
        a_page({"id": "7", "v": "x"}, {"id": "8", "v": 80}, {"id": "bad", "v": "1 or 2"}),
        a_page({"id": "9", "v": 90}, deleted=["0", "8", "gone"]),
        a_page({"id": "0", "v": 100}, {"id": "9", "v": 91}),
        a_page({"id": "last", "v": 5}),
    ]


def relations(path: Path) -> list[list[tuple[Any, ...]]]:
    """Everything that a stage holds of its rows."""
    with duckdb.connect(path, read_only=True) as connection:
        return [
            connection.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall()
            for name in ("upserts", "rejects", "deletes", "pages")
        ]


def background_typing(folder: Path, spool: Spool) -> BackgroundTyping:
    """A stage in this folder, for a warehouse beside it."""
    warehouse = Warehouse.at(folder / "warehouse.duckdb")
    return BackgroundTyping(folder / "stage.duckdb", SCHEMA, spool, "default", warehouse)


def staged_early(folder: Path, spool: Spool, loaded: Loaded) -> StageCounts:
    """Spool the pages, each once those before it are typed; then stage the rest."""
    with background_typing(folder, spool) as background:
        for number, page in enumerate(pages()):
            spool.append(page)
            loaded.wait_for(number)
        spool.close()
        return background.finish().load(spool, [PART])


def test_the_same_stage_comes_of_it(
    tmp_path: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Order of arrival, repeated ids, deletions and rejects are as if staged at once (D1, S5)."""
    (tmp_path / "early").mkdir()
    (tmp_path / "late").mkdir()
    counts = staged_early(tmp_path / "early", spool, Loaded(monkeypatch))
    at_once = stage_pages(tmp_path / "late", SCHEMA, *pages())
    assert counts == at_once.counts
    assert (counts.rejected, counts.duplicates, counts.upserts) == (2, 4, 2_000)
    early, late = (relations(tmp_path / which / "stage.duckdb") for which in ("early", "late"))
    assert early == late


def test_a_failed_try_before_does_not_count(
    tmp_path: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows may be typed before anybody knows that they do not count (contract C8)."""
    loaded = Loaded(monkeypatch)
    with background_typing(tmp_path, spool) as background:
        spool.append(a_page({"id": "a", "v": 1}, {"id": "z", "v": 1}), part=0)
        spool.append(a_page({"id": "a", "v": 2}), part=1)
        loaded.wait_for(1)
        spool.append(a_page({"id": "b", "v": 3}), part=1)
        spool.close()
        part = StagePart(sync="default", complete=True, number=1)
        background.finish().load(spool, [part])
    upserts, *_ = relations(tmp_path / "stage.duckdb")
    assert [row[:3] for row in upserts] == [("a", 2, "default"), ("b", 3, "default")]


def test_a_small_sync_has_no_thread_and_no_file(
    tmp_path: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file of rows: the stage is not made before all pages are there."""
    monkeypatch.setattr("pack_sync.spool.spool.ROWS_FILE_BYTES", 1_000_000)
    before = threading.active_count()
    with background_typing(tmp_path, spool) as background:
        for page in pages():
            spool.append(page)
        assert threading.active_count() == before
        assert not (tmp_path / "stage.duckdb").exists()
        spool.close()
        assert background.finish().load(spool, [PART]).upserts == 2_000


def test_what_fails_in_the_thread_reaches_the_sync(tmp_path: Path, spool: Spool) -> None:
    """With the next file, and the page that began it does not count."""
    with background_typing(tmp_path / "missing", spool):
        spool.append(a_page({"id": "a", "v": 1}))
        spool.append(a_page({"id": "b", "v": 1}))
        for thread in threading.enumerate():
            if thread.name.startswith("typing"):
                thread.join(60)
        with pytest.raises(duckdb.IOException, match="missing"):
            spool.append(a_page({"id": "c", "v": 1}))
    assert spool.page_count == len(list(spool.pages())) == 2


def test_what_fails_with_the_last_file_reaches_the_sync(tmp_path: Path, spool: Spool) -> None:
    """When the stage is asked for, at the latest."""
    with background_typing(tmp_path / "missing", spool) as background:
        spool.append(a_page({"id": "a", "v": 1}))
        spool.append(a_page({"id": "b", "v": 1}))
        with pytest.raises(duckdb.IOException, match="missing"):
            background.finish()


def test_a_sync_that_fails_leaves_no_thread(
    tmp_path: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is being typed is given up, and the file is closed: the folder can be removed."""
    loaded = Loaded(monkeypatch)
    before = threading.active_count()
    background = background_typing(tmp_path, spool)

    def fail() -> None:
        for page in pages():
            spool.append(page)
        loaded.wait_for(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), background:
        fail()
    assert threading.active_count() == before
    assert spool.on_whole_file is None
    duckdb.connect(tmp_path / "stage.duckdb").close()
