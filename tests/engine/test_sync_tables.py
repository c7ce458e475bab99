"""Several tables in one run: side by side, and none stops another."""

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import UserVisibleError
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync_tables import LogLine, RunEvent, TableFailed, TableFinished, TableRuns
from tests.engine.sync_harness import Engine, Scripted, items, last_page


def table(folder: Path, name: str, *steps: Any) -> Engine:
    """An engine of a table of that name, all in one warehouse."""
    return Engine(folder=folder, table=name, execute=Scripted(*steps))


def run_all(
    engines: Sequence[Engine], *, max_parallel: int = 4, request: ModeRequest | None = None
) -> list[RunEvent]:
    """Run the tables together, to the end."""
    runs = TableRuns(max_parallel=max_parallel)
    with ExitStack() as stack:
        syncs = [
            replace(stack.enter_context(engine.prepared()), log=runs.log, cancelled=runs.cancelled)
            for engine in engines
        ]
        return list(runs.run(syncs, engines[0].warehouse, request or ModeRequest()))


def ends_of(events: Sequence[RunEvent]) -> dict[str, str]:
    """How each table ended: the status, or the message of the failure."""
    ends: dict[str, str] = {}
    for event in events:
        if isinstance(event, TableFinished):
            ends[event.key.table] = event.outcome.record.status
        elif isinstance(event, TableFailed):
            ends[event.key.table] = event.message
    return ends


@pytest.mark.parametrize("max_parallel", [1, 2, 8])
def test_a_failing_table_stops_no_other(tmp_path: Path, max_parallel: int) -> None:
    """One failure among tables, first or last: the others are synced and committed."""
    engines = [
        table(tmp_path, "A", ValueError("broken")),
        table(tmp_path, "B", last_page("b", b="1")),
        table(tmp_path, "C", {"result": items(c="1"), "continuation": 2}, OSError("broken too")),
        table(tmp_path, "D", last_page("d", d="1")),
    ]
    ends = ends_of(run_all(engines, max_parallel=max_parallel))
    assert ends == {
        "A": "acme.A: ValueError: broken",
        "B": "succeeded",
        "C": "acme.C: OSError: broken too",
        "D": "succeeded",
    }
    assert [engine.names() for engine in engines] == [{}, {"b": "1"}, {}, {"d": "1"}]
    assert {line["table_name"]: line["status"] for line in engines[0].ledger()} == {
        "A": "failed",
        "B": "succeeded",
        "C": "failed",
        "D": "succeeded",
    }


def test_a_failure_comes_with_the_traceback_of_the_pack(tmp_path: Path) -> None:
    """`details` shows where in the pack it failed, the message says it in short."""

    def in_the_pack(_: Any, __: Any) -> None:
        raise UserVisibleError("Ask for access.")

    failure = run_all([table(tmp_path, "A", in_the_pack)])[-1]
    assert isinstance(failure, TableFailed)
    assert failure.message == "acme.A: UserVisibleError: Ask for access."
    assert "in in_the_pack" in failure.details


def test_what_fails_before_the_first_page_is_a_failure_of_the_table(tmp_path: Path) -> None:
    """A tag that means nothing fails each table with a message, and no thread is lost."""
    engines = [table(tmp_path, "A"), table(tmp_path, "B")]
    ends = ends_of(run_all(engines, request=ModeRequest(run_tags={"sync/mode": "fast"})))
    assert ends.keys() == {"A", "B"}
    assert all("use auto, full or incremental" in message for message in ends.values())


def test_tables_run_at_the_same_time(tmp_path: Path) -> None:
    """With room for two, two tables are under way at once: each waits for the other."""
    both = threading.Barrier(2, timeout=30)

    def meet(_: Any, __: Any) -> Any:
        both.wait()
        return last_page("t1")

    engines = [table(tmp_path, "A", meet), table(tmp_path, "B", meet)]
    assert set(ends_of(run_all(engines, max_parallel=2)).values()) == {"succeeded"}


def test_no_more_tables_at_once_than_allowed(tmp_path: Path) -> None:
    """`max_parallel` 1 means one after the other, in the order given."""
    seen: list[str] = []

    def named(name: str) -> Any:
        def step(_: Any, __: Any) -> Any:
            seen.append(f"{name} begins")
            return {"continuation": 2}

        def end(_: Any, __: Any) -> Any:
            seen.append(f"{name} ends")
            return last_page("t1")

        return step, end

    run_all([table(tmp_path, name, *named(name)) for name in "ABC"], max_parallel=1)
    assert seen == [f"{name} {what}" for name in "ABC" for what in ("begins", "ends")]


def test_log_lines_arrive_before_the_end_of_their_table(tmp_path: Path) -> None:
    """Lines are events like the others, in the order in which they were written."""

    def step(_: Any, context: Any) -> Any:
        context.logger.warning("the API is slow today")
        return last_page("t1")

    *lines, end = run_all([table(tmp_path, "A", step)])
    assert lines == [
        LogLine(level="info", message="acme.A: full sync, because it has never been synced"),
        LogLine(level="warning", message="acme.A: the API is slow today"),
    ]
    assert isinstance(end, TableFinished)


def test_when_nobody_listens_any_more_the_syncs_stop(tmp_path: Path) -> None:
    """The caller being interrupted, running syncs stop at the next page, others never begin."""
    runs = TableRuns(max_parallel=1)

    def first_page(_: Any, __: Any) -> Any:
        runs.log("info", "the first page is under way")
        assert runs.cancelled.wait(30)
        return {"result": items(a="1"), "continuation": 2}

    began, never_began = Scripted(first_page), Scripted(last_page("b"))
    running = Engine(folder=tmp_path, table="A", execute=began)
    waiting = Engine(folder=tmp_path, table="B", execute=never_began)
    with running.prepared() as one, waiting.prepared() as two:
        syncs = [replace(sync, log=runs.log, cancelled=runs.cancelled) for sync in (one, two)]
        events = runs.run(syncs, running.warehouse, ModeRequest())
        for event in events:
            if isinstance(event, LogLine) and "under way" in event.message:
                break
        events.close()
    assert len(began.calls) == 1
    assert never_began.calls == []
    assert [line["error_message"] for line in running.ledger()] == [
        "SyncCancelledError: acme.A: the run was cancelled"
    ]
    assert running.rows() == []


def test_a_run_of_no_tables_ends(tmp_path: Path) -> None:
    """Nothing selected: nothing happens, and it does not wait for ever."""
    engine = table(tmp_path, "A")
    assert list(TableRuns(max_parallel=1).run([], engine.warehouse, ModeRequest())) == []
