"""A sync cut short by a row limit (contract D6)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pack_sync.engine.full_or_incremental import ModeRequest, RequestedMode
from pack_sync.engine.outcome import SyncOutcome
from pack_sync.engine.sync import run_sync
from tests.engine.sync_harness import Engine


def pages(_args: Any, context: Any) -> Any:
    """Three pages of one row; the first deletes `b`, the last leaves a cursor."""
    at = context.sync.continuation["at"] if context.sync.continuation else 0
    page: dict[str, Any] = {"result": [{"id": "acd"[at], "name": f"at {at}"}]}
    if at == 0:
        page["deletedRowIds"] = ["b"]
    if at < 2:
        return {**page, "continuation": {"at": at + 1}}
    return {**page, "completion": {"incrementalContinuation": {"done": True}}}


def everything(_args: Any, _context: Any) -> Any:
    """All rows at once."""
    rows = [{"id": letter, "name": "old"} for letter in "abcd"]
    return {"result": rows, "completion": {"incrementalContinuation": {"first": True}}}


def limited(engine: Engine, mode: RequestedMode, limit: int) -> SyncOutcome:
    """A sync with a row limit."""
    with engine.prepared() as sync:
        request = ModeRequest(configured=mode)
        return run_sync(replace(sync, row_limit=limit), engine.warehouse, request)


def test_a_limited_sync_deletes_nothing(tmp_path: Path) -> None:
    """Rows are applied; neither the absent nor the deleted ones go, full sync or not (D6)."""
    for mode in ("full", "incremental"):
        engine = Engine(folder=tmp_path / mode, execute=everything)
        engine.sync()
        engine.execute = pages
        record = limited(engine, mode, 1).record
        assert (record.mode, record.pages, record.updated, record.deleted) == (mode, 1, 1, 0)
        assert engine.names() == {"a": "at 0", "b": "old", "c": "old", "d": "old"}


def test_a_limited_sync_leaves_the_cursor_as_it_was(tmp_path: Path) -> None:
    """The next sync goes on from the same cursor, so that nothing is missed (D6)."""
    engine = Engine(folder=tmp_path, execute=everything)
    engine.sync()
    before = engine.position()
    engine.execute = pages
    outcome = limited(engine, "auto", 2)
    after = engine.position()
    assert (after.cursor, after.last_full_at) == ({"first": True}, before.last_full_at)
    assert after.last_incremental_at is None
    assert "cut short by a row limit" in outcome.warnings[0]


def test_a_first_sync_that_was_limited_is_followed_by_a_full_one(tmp_path: Path) -> None:
    """There is no cursor yet, and the reason says why (D6)."""
    engine = Engine(folder=tmp_path, execute=pages)
    limited(engine, "auto", 1)
    assert engine.position().cursor is None
    record = engine.sync().record
    assert record.mode == "full"
    assert record.mode_reason == "its first sync was cut short by a row limit"


def test_a_limit_that_is_not_reached_changes_nothing(tmp_path: Path) -> None:
    """A sync that ends by itself is a whole one (D6)."""
    engine = Engine(folder=tmp_path, execute=everything)
    limited(engine, "auto", 5)
    assert engine.position().cursor == {"first": True}
