"""A sync that is overtaken, cancelled, or cannot commit."""

import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pack_sync.commit.commit import SupersededError
from pack_sync.engine.sync_failures import SyncCancelledError, SyncFailedError
from tests.engine.sync_harness import Engine, Scripted, items, last_page


def synced(folder: Path, *steps: Any) -> tuple[Engine, Scripted]:
    """An engine whose first, full sync brought a and b and the cursor "t1"."""
    execute = Scripted(last_page("t1", a="1", b="2"))
    engine = Engine(folder=folder, execute=execute)
    engine.sync()
    execute.then(*steps)
    return engine, execute


def overtaken_by(other: Engine, page: Any, name: str = "default") -> Any:
    """A step that returns the page after another sync was committed."""

    def step(_: Any, __: Any) -> Any:
        other.sync(name=name)
        return page

    return step


class OtherRun(Engine):
    """The same table of the same warehouse, synced by a run with a spool of its own."""

    @property
    def spools(self) -> Path:
        """Where this run's spools are."""
        return self.folder / "other spool"


@pytest.mark.parametrize("mode", ["incremental", "full"])
def test_an_overtaken_sync_applies_nothing(tmp_path: Path, mode: Any) -> None:
    """Of two syncs from one position the second to commit fails, and nothing is lost."""
    other = OtherRun(folder=tmp_path, execute=Scripted(last_page("t2", b="newer", c="3")))
    engine, execute = synced(tmp_path, overtaken_by(other, last_page("stale", b="older")))
    with pytest.raises(SyncFailedError, match=r"another sync .* was committed") as failure:
        engine.sync(mode)
    assert isinstance(failure.value.__cause__, SupersededError)
    assert engine.names() == {"a": "1", "b": "newer", "c": "3"}
    assert engine.position().cursor == "t2"
    assert [line["status"] for line in engine.ledger()] == ["succeeded", "succeeded", "superseded"]
    execute.then(last_page("t3"))
    assert engine.sync().record.cursor_before == "t2"


def test_an_overtaken_first_sync_applies_nothing(tmp_path: Path) -> None:
    """Two first syncs at once: the second to commit fails as well."""
    other = OtherRun(folder=tmp_path, execute=Scripted(last_page("t1", a="theirs")))
    mine = Scripted(overtaken_by(other, last_page("mine", a="mine")))
    engine = Engine(folder=tmp_path, execute=mine)
    with pytest.raises(SyncFailedError, match="was committed while this one ran"):
        engine.sync()
    assert engine.names() == {"a": "theirs"}


def test_an_overtaken_sync_is_not_tried_again_at_once(tmp_path: Path) -> None:
    """The other sync has just done the work: one try, and the next run goes on from it."""
    other = OtherRun(folder=tmp_path, execute=Scripted(last_page("t2")))
    engine, execute = synced(tmp_path, overtaken_by(other, last_page("stale")))
    engine.configure(attempts=3)
    with pytest.raises(SyncFailedError):
        engine.sync()
    assert len(execute.calls) == 2


def test_a_sync_of_the_same_table_by_another_name_does_not_overtake(tmp_path: Path) -> None:
    """Each sync of a table has a position of its own (contract C18)."""
    other = OtherRun(folder=tmp_path, execute=Scripted(last_page("w1", a="west")))
    other.syncs = ("default", "west")
    engine, _ = synced(tmp_path, overtaken_by(other, last_page("t2", a="new"), "west"))
    engine.syncs = other.syncs
    engine.sync()
    assert engine.names() == {"a": "new", "b": "2"}
    assert engine.names("west") == {"a": "west"}


def test_a_cancelled_sync_stops_at_the_next_page(tmp_path: Path) -> None:
    """A sync asked to stop finishes its page, asks for no other and applies nothing."""
    engine, execute = synced(tmp_path)

    def cancel(_: Any, __: Any) -> Any:
        engine.cancelled.set()
        return {"result": items(c="3"), "continuation": 3}

    execute.then({"result": items(b="new"), "continuation": 2}, cancel)
    engine.configure(attempts=3)
    before = engine.state()
    with pytest.raises(SyncFailedError, match="the run was cancelled") as failure:
        engine.sync()
    assert isinstance(failure.value.__cause__, SyncCancelledError)
    assert len(execute.calls) == 3
    assert engine.state() == before
    assert engine.ledger()[-1]["status"] == "cancelled"


def test_a_sync_that_is_cancelled_on_its_last_page_is_committed(tmp_path: Path) -> None:
    """Everything has been fetched by then, and applying it takes a moment."""
    engine, execute = synced(tmp_path)

    def cancel(_: Any, __: Any) -> Any:
        engine.cancelled.set()
        return last_page("t2", c="3")

    execute.then(cancel)
    engine.sync()
    assert engine.names() == {"a": "1", "b": "2", "c": "3"}


def test_a_sync_cancelled_while_it_waits_to_try_again_does_not_wait(tmp_path: Path) -> None:
    """Being cancelled ends the wait before the next attempt, and there is none."""
    engine, execute = synced(tmp_path, ValueError("broken"))
    engine.configure(attempts=2, retry_wait_seconds=3600)
    waiting = threading.Event()

    def watch(line: str) -> None:
        if "trying again in 3600 s" in line:
            waiting.set()

    def cancel() -> None:
        waiting.wait()
        engine.cancelled.set()

    engine.on_log = watch
    canceller = threading.Thread(target=cancel)
    canceller.start()
    try:
        with pytest.raises(SyncFailedError, match="the run was cancelled"):
            engine.sync()
    finally:
        waiting.set()
        canceller.join()
    assert len(execute.calls) == 2


def test_a_commit_that_fails_leaves_all_as_it_was(tmp_path: Path) -> None:
    """Rows, cursor and ledger are one transaction: where the last cannot go, none does."""
    engine, execute = synced(tmp_path)

    def break_the_ledger(_: Any, __: Any) -> Any:
        with engine.warehouse.write() as connection:
            connection.execute("ALTER TABLE _sync.runs RENAME mode_reason TO why")
        return last_page("t2", b="new", c="3")

    execute.then(break_the_ledger)
    before = engine.state()
    with pytest.raises(SyncFailedError) as failure:
        engine.sync()
    assert isinstance(failure.value.__cause__, duckdb.Error)
    assert engine.state() == before
    assert "the failure could not be recorded in _sync.runs, only in this log" in engine.log_text
