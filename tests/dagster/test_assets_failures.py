"""Tables that fail in a run: the others go on, and the run says what happened to which."""

import logging
import threading
from collections.abc import Sequence
from typing import Any

import dagster as dg
import pytest

from pack_sdk import SyncExecutionContext
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of, synced_tables, values_of
from tests.engine.sync_harness import Scripted, last_page

project = dagster_project.project


def stumble(*_: object) -> None:
    """Fail as a pack's author would see it."""
    raise ValueError("the pack stumbled")


def run_with_a_failing_table(project: DagsterProject) -> dg.ExecuteInProcessResult:
    """Run three tables of which the second fails."""
    pack = pack_of(
        Above=Scripted(last_page("t1", a="1")),
        Broken=stumble,
        Below=Scripted(last_page("t1", b="2", c="3")),
    )
    project.switch_on_pack("acme", pack, max_parallel_tables=1)
    return project.run()


def failure_of(result: dg.ExecuteInProcessResult) -> Any:
    """What Dagster has stored of the failing step."""
    (event,) = [event for event in result.all_events if event.is_step_failure]
    return event.step_failure_data


def test_a_failing_table_does_not_stop_the_others(project: DagsterProject) -> None:
    """Tables before and after it are synced and materialized; the run fails nonetheless."""
    result = run_with_a_failing_table(project)
    assert not result.success
    assert synced_tables(result) == {"acme.Above", "acme.Below"}
    assert project.query("SELECT id FROM acme.Above") == [("a",)]
    assert project.query("SELECT id FROM acme.Below ORDER BY id") == [("b",), ("c",)]


def test_the_steps_failure_names_the_table(project: DagsterProject) -> None:
    """Which table failed and why is in the failure's text and in its metadata."""
    data = failure_of(run_with_a_failing_table(project)).user_failure_data
    assert data.description.startswith("1 of 3 tables failed; the others are synced.")
    assert "- acme.Broken: ValueError: the pack stumbled" in data.description
    shown = {name: value.value for name, value in data.metadata.items()}
    assert shown == {"acme.Broken": "acme.Broken: ValueError: the pack stumbled"}


def test_the_log_has_the_message_and_for_debugging_the_traceback(project: DagsterProject) -> None:
    """What a user can act on is the error; the author finds the failing line at level DEBUG."""
    result = run_with_a_failing_table(project)
    logged = [
        (entry.level, entry.user_message)
        for entry in project.instance.all_logs(result.run_id)
        if not entry.is_dagster_event and entry.level in (logging.ERROR, logging.DEBUG)
    ]
    (told, message), (level, traceback) = logged
    assert (told, level) == (logging.ERROR, logging.DEBUG)
    assert message == "acme.Broken: ValueError: the pack stumbled"
    assert "Traceback (most recent call last)" in traceback
    assert 'test_assets_failures.py", line' in traceback
    assert 'raise ValueError("the pack stumbled")' in traceback


def test_the_ledger_keeps_the_failure(project: DagsterProject) -> None:
    """A failed sync has its line too, with the Dagster run it was part of."""
    result = run_with_a_failing_table(project)
    (line,) = project.query(
        "SELECT status, error_type, error_message, dagster_run_id FROM _sync.runs "
        "WHERE table_name = 'Broken'"
    )
    status, error_type, message, run_id = line
    assert (status, error_type, run_id) == ("failed", "Unknown", result.run_id)
    assert message.endswith("the pack stumbled")


def test_a_failed_table_goes_on_from_its_old_cursor(project: DagsterProject) -> None:
    """A failure leaves rows and cursor as they were; the next run is incremental (C6, C17)."""
    execute = Scripted(last_page("t1", a="1"), RuntimeError("down"), last_page("t2", b="2"))
    project.switch_on_pack("acme", pack_of(Items=execute))
    assert [project.run().success for _ in range(2)] == [True, False]
    result = project.run()
    values = values_of(result, "Items")
    assert values["sync/mode"] == "incremental"
    assert values["sync/cursor"] == '"t1" → "t2"'
    told = execute.contexts[2].previous_attempt_error
    assert told is not None
    assert told.message.endswith("down")


def test_a_failing_sync_is_tried_again_in_the_same_run(project: DagsterProject) -> None:
    """`attempts` and `retry_wait_seconds` of the defs.yaml reach the sync (contract C17)."""
    execute = Scripted(RuntimeError("down"), RuntimeError("down"), last_page("t1", a="1"))
    project.switch_on_pack("acme", pack_of(Items=execute), attempts=3, retry_wait_seconds=0)
    result = project.run()
    assert result.success
    assert len(execute.calls) == 3
    assert "acme.Items: attempt 2 of 3 failed, trying again" in project.logged(result)


def test_a_page_that_takes_too_long_fails_its_table(project: DagsterProject) -> None:
    """`page_timeout_seconds` of the defs.yaml reaches the sync (contract C14)."""
    released = threading.Event()

    def wait(*_: object) -> Any:
        released.wait(30)
        return last_page("t1")

    project.switch_on_pack("acme", pack_of(Slow=wait), page_timeout_seconds=0.1)
    try:
        result = project.run()
    finally:
        released.set()
    assert not result.success
    (line,) = project.query("SELECT status, error_type FROM _sync.runs")
    assert line == ("failed", "Timeout")


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_tables_are_synced_at_once_than_configured(
    project: DagsterProject, limit: int
) -> None:
    """`max_parallel_tables` of the defs.yaml reaches the run, which makes use of it."""
    everybody_came = threading.Barrier(limit)
    guard = threading.Lock()
    running, most = 0, 0

    def execute(_args: Sequence[Any], _context: SyncExecutionContext) -> Any:
        nonlocal running, most
        with guard:
            running += 1
            most = max(most, running)
        everybody_came.wait(timeout=20)  # breaks if fewer than `limit` run side by side
        with guard:
            running -= 1
        return last_page("t1", a="1")

    pack = pack_of(**dict.fromkeys(["A", "B", "C", "D", "E", "F"], execute))
    project.switch_on_pack("acme", pack, max_parallel_tables=limit)
    assert project.run().success
    assert most == limit


def test_lines_that_a_pack_logs_are_in_the_runs_log(project: DagsterProject) -> None:
    """`context.logger` writes to Dagster's log, at its level, with the table's name."""

    def execute(_args: Sequence[Any], context: SyncExecutionContext) -> Any:
        context.logger.warning("the list may be old")
        return last_page("t1")

    project.switch_on_pack("acme", pack_of(Items=execute))
    lines = project.logged(project.run()).splitlines()
    assert [line.strip() for line in lines if "may be old" in line] == [
        "30 acme.Items: the list may be old"
    ]
    assert any(
        line.startswith("20 acme.Items: full sync, because it has never been synced")
        for line in lines
    )
