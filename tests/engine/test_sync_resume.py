"""A sync that was cancelled or failed goes on where it was (contract D9).

What is left by a process that was killed is the same; `tests/crash` kills real ones.
"""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import InvalidResultError, ParameterType, make_parameter
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.warehouse.warehouse import Warehouse
from tests.child_process import python_child
from tests.commit.sync_bench import a_schema
from tests.engine.sync_harness import Engine, Scripted, items, last_page
from tests.engine.test_sync_interrupted import OtherRun
from tests.warehouses import only_a_file

PROJECT = make_parameter(name="project", type=ParameterType.STRING, optional=True)


def synced(folder: Path) -> tuple[Engine, Scripted]:
    """An engine whose first, full sync brought a and b and the cursor "t1"."""
    execute = Scripted(last_page("t1", a="1", b="2"))
    engine = Engine(folder=folder, execute=execute, parameters=[PROJECT])
    engine.sync()
    return engine, execute


def page(continuation: Any, /, **names: str) -> dict[str, Any]:
    """A page that another follows."""
    return {"result": items(**names), "continuation": continuation}


def interrupted(folder: Path, *steps: Any, mode: Any = "full") -> tuple[Engine, Scripted]:
    """An engine whose second sync brought these pages and was then cancelled."""
    engine, execute = synced(folder)
    execute.then(*steps[:-1], cancelling(engine, steps[-1]))
    with pytest.raises(SyncFailedError, match="cancelled"):
        engine.sync(mode)
    engine.cancelled.clear()
    return engine, execute


def cancelling(engine: Engine, page: Any) -> Callable[[Any, Any], Any]:
    """A step that returns the page while the run is cancelled."""

    def step(_: Any, __: Any) -> Any:
        engine.cancelled.set()
        return page

    return step


def spools(engine: Engine) -> list[Path]:
    """The folders of pages that there are."""
    return list(engine.spools.rglob("spool-*"))


@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_a_sync_goes_on_after_the_last_page(tmp_path: Path, mode: Any) -> None:
    """No page is asked for again; one sync's rows, cursor and ledger come of it (D9, C7)."""
    engine, execute = interrupted(tmp_path, page(2, a="new"), page(3, c="3"), mode=mode)
    execute.then(last_page("t2", d="4"))
    record = engine.sync(mode).record
    assert [context.continuation for context in execute.contexts] == [None, None, 2, 3]
    assert engine.names() == {"a": "new", "b": "2", "c": "3", "d": "4"}
    assert engine.position().cursor == "t2"
    assert (record.pages, record.rows_returned) == (3, 3)
    given = [context.previous_completion is not None for context in execute.contexts[1:]]
    assert given == [mode == "incremental"] * 3
    assert spools(engine) == []


def test_the_sync_keeps_its_start_and_its_id(tmp_path: Path) -> None:
    """`startedAt` and `executionId` are the same on every page, whoever asks for it (D10)."""
    engine, execute = interrupted(tmp_path, page(2, a="new"))
    execute.then(last_page("t2", b="2", d="4"))
    record = engine.sync("full").record
    before, after = execute.contexts[-2].sync, execute.contexts[-1].sync
    assert (before.started_at, before.execution_id) == (after.started_at, after.execution_id)
    assert record.started_at == before.started_at == engine.position().last_full_at
    assert record.execution_id == before.execution_id


def test_the_log_and_the_ledger_say_so(tmp_path: Path) -> None:
    """After which page, and of which sync."""
    engine, execute = interrupted(tmp_path, page(2, a="new"), page(3, c="3", d="4"))
    execute.then(last_page("t2"))
    record = engine.sync("full").record
    began = f"{record.started_at:%Y-%m-%d %H:%M:%S} UTC"
    said = f"resuming after page 2 (3 rows) of the sync that began at {began}"
    assert f"info: acme.Items: {said}" in engine.log_text
    assert engine.ledger()[-1]["mode_reason"] == (f"the run's config says mode: full; {said}")


class Impatient(Engine):
    """An engine that does not wait for a warehouse that another process has open."""

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse."""
        return replace(super().warehouse, lock_wait_seconds=0)


HOLDING = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('ready', flush=True); input()"


@only_a_file
def test_where_all_pages_are_there_none_is_asked_for(tmp_path: Path) -> None:
    """If the last page had no continuation, what is left to do is to stage and apply (D9)."""
    engine, execute = synced(tmp_path)
    with ExitStack() as holders:

        def while_it_is_held(_: Any, __: Any) -> Any:
            holders.enter_context(python_child(HOLDING, str(engine.warehouse.path)))
            return last_page("t2", c="3")

        execute.then(page(2, a="new"), while_it_is_held)
        with pytest.raises(SyncFailedError, match="kept by another process"):
            Impatient(**vars(engine)).sync("full")
    assert "recorded in _sync.runs, only in this log\n" in f"{engine.log_text}\n"
    assert engine.sync("full").record.pages == 2
    assert engine.names() == {"a": "new", "c": "3"}
    assert len(execute.calls) == 3


@pytest.mark.parametrize("change", ["schema", "parameters", "mode", "position", "code", "age"])
def test_pages_of_another_sync_are_not_used(tmp_path: Path, change: str) -> None:
    """Another schema, parameter, mode, cursor or code; or too old: from the start (D9, D5)."""
    engine, execute = interrupted(tmp_path, page(2, x="stale"), mode="incremental")
    execute.then(last_page("t2", a="new"))
    mode: Any = "incremental"
    if change == "schema":
        engine.schema = a_schema(name="string", more="string")
    elif change == "parameters":
        engine.values = {"project": "other"}
    elif change == "mode":
        mode = "full"
    elif change == "position":
        other = Scripted(last_page("t1"))
        OtherRun(folder=tmp_path, execute=other, parameters=[PROJECT]).sync()
    elif change == "code":
        engine.code_version = "changed"
    else:
        engine.configure(resume_within_minutes=1e-6)
    engine.sync(mode)
    assert [context.continuation for context in execute.contexts] == [None, None, None]
    assert "x" not in engine.names()
    assert "are not used" in engine.log_text
    assert spools(engine) == []


def test_resuming_can_be_switched_off(tmp_path: Path) -> None:
    """Then a sync that fails leaves nothing, and starts from its beginning."""
    engine, execute = synced(tmp_path)
    engine.configure(resume_within_minutes=0, attempts=2)
    execute.then(page(2, x="stale"), ValueError("once"), last_page("t2", a="new"))
    assert engine.sync("full").record.pages == 1
    assert engine.names() == {"a": "new"}


def test_a_continuation_that_fails_starts_the_sync_again(tmp_path: Path) -> None:
    """In the same attempt, with a warning, as a sync of its own and told why (D9, C17)."""
    engine, execute = interrupted(tmp_path, page(2, x="stale"))
    execute.then(ValueError("continuation has expired"), page(7, a="new"), last_page("t2", c="3"))
    record = engine.sync("full").record
    assert [context.continuation for context in execute.contexts[2:]] == [2, None, 7]
    assert engine.names() == {"a": "new", "c": "3"}
    assert (record.pages, record.mode_reason) == (2, "the run's config says mode: full")
    warnings = [line for level, line in engine.log if level == "warning"]
    assert warnings == [
        "acme.Items: the resumed sync failed where it had been interrupted, so it starts again "
        "from its beginning: ValueError: continuation has expired"
    ]
    told = [context.previous_attempt_error for context in execute.contexts[2:]]
    assert [error and error.message for error in told] == [
        None,
        *["ValueError: continuation has expired"] * 2,
    ]
    ids = [context.sync.execution_id for context in execute.contexts[1:]]
    assert ids[0] == ids[1] != ids[2] == ids[3] == record.execution_id


def test_a_service_that_is_down_costs_no_page(tmp_path: Path) -> None:
    """Where the beginning fails as well, the pages are kept for the next try (D9)."""
    engine, execute = interrupted(tmp_path, page(2, a="new"), page(3, c="3"))
    engine.configure(attempts=2)
    execute.then(*[ConnectionError("down")] * 4)
    with pytest.raises(SyncFailedError, match="down"):
        engine.sync("full")
    execute.then(last_page("t2", d="4"))
    assert engine.sync("full").record.pages == 3
    assert engine.names() == {"a": "new", "b": "2", "c": "3", "d": "4"}


def test_a_page_that_fails_further_on_is_tried_again_from_there(tmp_path: Path) -> None:
    """The next attempt of the same run goes on with the pages of the one before (D9, C17)."""
    engine, execute = synced(tmp_path)
    engine.configure(attempts=2)
    execute.then(page(2, a="new"), page(3, c="3"), ValueError("once"), last_page("t2"))
    record = engine.sync("full").record
    assert [context.continuation for context in execute.contexts[1:]] == [None, 2, 3, 3]
    assert execute.contexts[-1].previous_attempt_error is not None
    assert (record.pages, record.status) == (3, "succeeded")
    assert engine.names() == {"a": "new", "b": "2", "c": "3"}


def test_a_later_run_goes_on_after_a_failed_one(tmp_path: Path) -> None:
    """It is told why that one failed (D9, C17); the ledger has both, under one id."""
    engine, execute = synced(tmp_path)
    execute.then(page(2, a="new"), ValueError("broken"))
    with pytest.raises(SyncFailedError):
        engine.sync("full")
    execute.then(last_page("t2"))
    engine.sync("full")
    assert execute.contexts[-1].continuation == 2
    told = execute.contexts[-1].previous_attempt_error
    assert told is not None
    assert told.message == "ValueError: broken"
    _, failed, succeeded = engine.ledger()
    assert (failed["status"], failed["pages"], failed["rows_returned"]) == ("failed", 1, 0)
    assert failed["execution_id"] == succeeded["execution_id"]


def test_pages_behind_a_fault_of_the_pack_are_not_kept(tmp_path: Path) -> None:
    """What would not be tried again is not gone on with either."""
    engine, execute = synced(tmp_path)
    execute.then(page(2, x="stale"), InvalidResultError("result is a str"))
    with pytest.raises(SyncFailedError):
        engine.sync("full")
    assert spools(engine) == []


def test_an_endless_continuation_is_noticed_after_resuming(tmp_path: Path) -> None:
    """The page that follows is compared with the continuation that it goes on with (C15)."""
    engine, execute = interrupted(tmp_path, page({"at": 2}, a="new"))
    execute.then(page({"at": 2}, c="3"))
    with pytest.raises(SyncFailedError, match=r"returned the continuation it was called with"):
        engine.sync("full")
    assert spools(engine) == []


def test_deletions_of_both_executions_count(tmp_path: Path) -> None:
    """Deleted ids are in the journal with their page, and keep their order (C9, D1)."""
    first = {**page(2, a="new", c="3"), "deletedRowIds": ["b"]}
    engine, execute = interrupted(tmp_path, first, mode="incremental")
    execute.then({**last_page("t2", b="again"), "deletedRowIds": ["c"]})
    engine.sync()
    assert engine.names() == {"a": "new", "b": "again"}


def test_a_full_sync_after_untrusted_results_is_gone_on_with(tmp_path: Path) -> None:
    """The increments are known to be incomplete: neither they nor the pages are repeated (C8)."""
    untrusted = {"result": items(z="?"), "completion": {"hasIncompleteResults": True}}
    engine, execute = interrupted(tmp_path, untrusted, page(2, a="new"), mode="incremental")
    execute.then(last_page("t2", c="3"))
    record = engine.sync().record
    assert [context.continuation for context in execute.contexts[1:]] == [None, None, 2]
    assert execute.contexts[-1].previous_completion is None
    assert (record.mode, record.pages) == ("full", 2)
    assert "hasIncompleteResults" in record.mode_reason
    assert "resuming after page 2" in record.mode_reason
    assert engine.names() == {"a": "new", "b": "2", "c": "3"}


def test_a_restart_of_such_a_sync_begins_with_the_increments(tmp_path: Path) -> None:
    """Starting again means from the cursor, which still stands (C8, D9)."""
    untrusted = {"result": items(z="?"), "completion": {"hasIncompleteResults": True}}
    engine, execute = interrupted(tmp_path, untrusted, page(2, x="stale"), mode="incremental")
    execute.then(ValueError("expired"), last_page("t2", c="3"))
    record = engine.sync().record
    assert execute.contexts[-1].previous_completion is not None
    assert (record.mode, json.dumps(engine.position().cursor)) == ("incremental", '"t2"')
    assert engine.names() == {"a": "1", "b": "2", "c": "3"}
