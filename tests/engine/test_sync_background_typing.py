"""Syncs whose first rows are typed while the next pages are fetched, with one page a file."""

import threading
from pathlib import Path
from typing import Any

import pytest

from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.stage.stage import Stage
from pack_sync.warehouse.duckdb_handles import Instance
from pack_sync.warehouse.storage_errors import NotWritableError
from pack_sync.warehouse.warehouse import Warehouse
from tests.engine.sync_harness import Engine, Scripted, items, last_page
from tests.engine.test_sync_resume import interrupted, page, spools


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of rows is whole with each page that has rows."""
    monkeypatch.setattr("pack_sync.spool.spool.ROWS_FILE_BYTES", 1)


def pages(count: int) -> list[dict[str, Any]]:
    """Pages of one row each, the last with a cursor."""
    return [*(page(n + 1, **{f"k{n}": str(n)}) for n in range(count - 1)), last_page("t9", z="z")]


def test_all_rows_and_the_counts_are_there(tmp_path: Path) -> None:
    """Whatever was typed early, and what at the end (C10)."""
    engine = Engine(folder=tmp_path, execute=Scripted(*pages(30)))
    record = engine.sync("full").record
    assert engine.names() == {**{f"k{n}": str(n) for n in range(29)}, "z": "z"}
    assert (record.pages, record.rows_returned, record.inserted) == (30, 30, 30)
    assert spools(engine) == []


def test_a_sync_that_was_interrupted_is_staged_whole(tmp_path: Path) -> None:
    """Its stage is made anew from all pages, those of before as well (contract D9)."""
    before = [page(n, **{f"k{n}": "before"}) for n in range(1, 9)]
    engine, execute = interrupted(tmp_path, *before)
    execute.then(page(9, k9="after"), page(10, k1="again"), last_page("t2", z="z"))
    assert engine.sync("full").record.pages == 11
    kept = {f"k{n}": "before" for n in range(2, 9)}
    first = {"a": "1", "b": "2"}  # not returned, but this sync does not prove that they are gone
    assert engine.names() == {**first, "k1": "again", **kept, "k9": "after", "z": "z"}
    assert spools(engine) == []


def test_rows_of_an_incremental_sync_that_fell_back_do_not_count(tmp_path: Path) -> None:
    """Not even those that were typed before it turned out (contract C8)."""
    engine = Engine(folder=tmp_path, execute=Scripted(last_page("t1", a="1", b="2")))
    engine.sync()
    untrusted = {"result": items(z="?"), "completion": {"hasIncompleteResults": True}}
    engine.execute = Scripted(page(1, y="?"), page(2, x="?"), untrusted, *pages(5))
    assert engine.sync().record.mode == "full"
    assert engine.names() == {"k0": "0", "k1": "1", "k2": "2", "k3": "3", "z": "z"}


def test_typing_that_fails_fails_the_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its end: nothing is applied, and the next sync goes on with the pages (D9)."""
    failed = threading.Event()

    def load_early(*_: object) -> None:
        failed.set()
        raise NotWritableError("cannot type here")

    def last(*_: Any) -> dict[str, Any]:
        raise AssertionError("the sync goes on")

    def after_it_failed(*_: Any) -> dict[str, Any]:
        assert failed.wait(60)
        for thread in threading.enumerate():
            if thread.name.startswith("typing"):
                thread.join(60)
        return page(4, c="3")

    engine = Engine(
        folder=tmp_path, execute=Scripted(page(2, a="1"), page(3, b="2"), after_it_failed, last)
    )
    with monkeypatch.context() as patched:
        patched.setattr(Stage, "load_early", load_early)
        with pytest.raises(SyncFailedError, match="cannot type here"):
            engine.sync()
    engine.execute = Scripted(page(4, c="3"), last_page("t1", d="4"))
    record = engine.sync().record
    assert engine.names() == {"a": "1", "b": "2", "c": "3", "d": "4"}
    assert "resuming after page 2" in record.mode_reason


@pytest.mark.parametrize("count", [1, 30])
def test_rows_are_typed_within_the_limit_of_the_warehouse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """Early or at the end: a table of any size is typed in the memory that DuckDB may use."""
    engine = Engine(folder=tmp_path, execute=Scripted(*pages(count)))
    limits, attach = set[str](), Instance.attach

    def watched(self: Instance, path: Path, database: str, *options: str) -> None:
        found = self.connection.execute("SELECT current_setting('memory_limit')").fetchone()
        limits.add(f"{database} {found and found[0]}")
        attach(self, path, database, *options)

    limited = Warehouse.at(tmp_path / "warehouse.duckdb", memory_limit="300MiB")
    monkeypatch.setattr(Engine, "warehouse", property(lambda _: limited))
    monkeypatch.setattr(Instance, "attach", watched)
    engine.sync("full")
    assert limits == {"_stage 300.0 MiB", "warehouse 300.0 MiB"}
