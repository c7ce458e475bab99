"""Rows that a full sync did not return, and that are kept because that proves nothing (D9, S4)."""

import random
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

from pack_sync.engine import sync as sync_module
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.settings import SyncSettings
from pack_sync.warehouse.storage_errors import WarehouseLockedError
from tests.engine.sync_harness import Engine, Scripted, items, last_page

UNGUARDED = SyncSettings(
    attempts=1, retry_wait_seconds=0, small_table_deleted_share=1, hold_empty=False
)


def engine_of(folder: Path, execute: Any, **settings: Any) -> Engine:
    """An engine whose guard lets everything pass."""
    return Engine(folder=folder, execute=execute, settings=UNGUARDED, **settings)


class ByOffset:
    """A source that pages by position, five rows a page, and may be changed in between."""

    def __init__(self, count: int) -> None:
        self.ids = [f"{n:03}" for n in range(count)]
        self.fails_at = -1
        self.pages = 0

    def __call__(self, _args: Any, context: Any) -> Any:
        """One page."""
        start = context.sync.continuation or 0
        if start == self.fails_at:
            self.fails_at = -1
            raise ConnectionError("interrupted")
        self.pages += 1
        rows = items(**{f"i{each}": "n" for each in self.ids[start : start + 5]})
        if start + 5 < len(self.ids):
            return {"result": rows, "continuation": start + 5}
        return {"result": rows, "completion": {"incrementalContinuation": "t"}}


def interrupted(folder: Path, rows: int, fails_at: int) -> tuple[Engine, ByOffset]:
    """An engine whose first sync was whole, and whose second was interrupted at that row."""
    source = ByOffset(rows)
    engine = engine_of(folder, source)
    engine.sync()
    source.fails_at = fails_at
    with pytest.raises(SyncFailedError):
        engine.sync("full")
    return engine, source


@pytest.mark.parametrize("gone", [1, 5, 8])
def test_rows_that_moved_to_pages_before_the_interruption_stay(tmp_path: Path, gone: int) -> None:
    """Later rows move up when earlier ones are deleted: they live, and were never returned (D9)."""
    engine, source = interrupted(tmp_path, 40, 15)
    del source.ids[:gone]
    outcome = engine.sync("full")
    alive = {f"i{each}" for each in source.ids}
    assert alive <= set(engine.names())
    (warning,) = outcome.warnings
    assert "not returned and kept (id i015" in warning
    assert "resumed after an interruption" in warning
    assert outcome.record.unconfirmed == gone
    decided = engine.sync()
    assert decided.record.mode == "full"
    assert decided.record.mode_reason.endswith("may be gone: it had been interrupted")
    assert set(engine.names()) == alive
    assert decided.record.unconfirmed is None
    assert engine.sync().record.mode == "incremental"


def test_a_sync_that_was_resumed_proves_no_more_after_its_last_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is interrupted again before its commit, and then has no page left to fetch (D9)."""
    engine, source = interrupted(tmp_path, 40, 15)
    del source.ids[:5]
    with monkeypatch.context() as patch:
        patch.setattr(sync_module, "commit_stage", _locked)
        with pytest.raises(SyncFailedError):
            engine.sync("full")
    pages = source.pages
    outcome = engine.sync("full")
    assert source.pages == pages
    assert {f"i{each}" for each in source.ids} <= set(engine.names())
    assert outcome.record.unconfirmed == 5


@pytest.mark.parametrize("seed", range(12))
def test_no_living_row_goes_however_often_a_full_sync_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Before any page or before the commit, while rows go at the source (D9)."""
    chance = random.Random(seed)  # noqa: S311 - a seed, not a secret
    source = ByOffset(40)
    engine = engine_of(tmp_path, source)
    engine.sync()
    for _ in range(chance.randint(2, 5)):
        with monkeypatch.context() as patch, suppress(SyncFailedError):
            source.fails_at = chance.choice([-1, *range(10, len(source.ids), 5)])
            if chance.random() < 0.5 or source.fails_at == -1:
                patch.setattr(sync_module, "commit_stage", _locked)
            engine.sync("full")
        for gone in chance.sample(source.ids, 2):
            source.ids.remove(gone)
    source.fails_at = -1
    alive = {f"i{each}" for each in source.ids}
    engine.sync("full")
    assert alive <= set(engine.names())
    engine.sync("full")
    assert set(engine.names()) == alive


def test_a_full_sync_with_all_its_pages_is_proof_after_an_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them came without one (D9)."""
    execute = Scripted(last_page("t1", a="1", b="2"), last_page("t2", a="1"))
    engine = engine_of(tmp_path, execute)
    engine.sync()
    with monkeypatch.context() as patch:
        patch.setattr(sync_module, "commit_stage", _locked)
        with pytest.raises(SyncFailedError):
            engine.sync("full")
    assert engine.sync("full").record.unconfirmed is None
    assert set(engine.names()) == {"a"}


def _locked(*_args: Any) -> NoReturn:
    raise WarehouseLockedError("another process has it")


def test_a_resumed_full_sync_that_returns_everything_is_like_any_other(tmp_path: Path) -> None:
    """Nothing is in doubt: no warning, and the next sync is an increment."""
    engine, _ = interrupted(tmp_path, 20, 10)
    outcome = engine.sync("full")
    assert (outcome.warnings, outcome.record.unconfirmed) == ([], None)
    assert engine.sync().record.mode == "incremental"


def test_what_the_pack_says_is_deleted_goes_even_then(tmp_path: Path) -> None:
    """A deleted id is proof; that a row was not returned is none (C9, D9)."""
    execute = Scripted(last_page("t1", a="1", b="2", c="3"))
    engine = engine_of(tmp_path, execute)
    engine.sync()
    execute.then({"result": items(a="1"), "continuation": 2}, ConnectionError("interrupted"))
    with pytest.raises(SyncFailedError):
        engine.sync("full")
    ending = {"result": [], "deletedRowIds": ["b"], "completion": {"incrementalContinuation": 2}}
    execute.then(ending)
    record = engine.sync("full").record
    assert (record.deleted, record.unconfirmed) == (1, 1)
    assert set(engine.names()) == {"a", "c"}


def test_a_rejected_row_without_an_id_may_be_any_row(tmp_path: Path) -> None:
    """Its earlier version stays, so no row can be said to be gone (S4)."""
    bad: dict[str, Any] = {"result": [*items(a="1"), {"name": "no id"}], "completion": {}}
    execute = Scripted(last_page("t1", a="1", b="2", c="3"), bad, last_page("t2", a="1"))
    engine = engine_of(tmp_path, execute)
    engine.sync()
    outcome = engine.sync("full")
    assert set(engine.names()) == {"a", "b", "c"}
    assert outcome.record.unconfirmed == 2
    assert any("whose ids cannot be told" in warning for warning in outcome.warnings)
    engine.sync("full")
    assert set(engine.names()) == {"a"}


def test_deletes_can_be_confirmed_by_a_second_full_sync(tmp_path: Path) -> None:
    """With `confirm_deletes: 2` a row goes when two full syncs in a row lack it (D9)."""
    execute = Scripted(
        last_page("t1", a="1", b="2", c="3"),
        last_page("t2", a="1"),  # b and c are missing
        last_page("t3", c="again"),  # an increment
        last_page("t4", a="1"),  # b for the second time, c for the first
        last_page("t5", a="1", b="back"),
        last_page("t6", a="1", b="back"),
    )
    engine = engine_of(tmp_path, execute, confirm_deletes=2)
    engine.sync()
    first = engine.sync("full")
    assert (set(engine.names()), first.record.unconfirmed) == ({"a", "b", "c"}, 2)
    assert "once enough full syncs" in first.warnings[0]
    engine.sync("incremental")
    second = engine.sync("full")
    assert (second.record.deleted, set(engine.names())) == (1, {"a", "c"})
    third = engine.sync("full")
    assert (third.record.deleted, engine.names()) == (1, {"a": "1", "b": "back"})
    assert engine.sync("full").record.unconfirmed is None


def test_three_full_syncs_may_be_asked_for(tmp_path: Path) -> None:
    """The count starts again when a row is seen."""
    pages = [last_page("t", a="1", b="2"), *[last_page("t", a="1")] * 3]
    engine = engine_of(tmp_path, Scripted(*pages), confirm_deletes=3)
    counts = [engine.sync("full").record.deleted for _ in pages]
    assert counts == [0, 0, 0, 1]
