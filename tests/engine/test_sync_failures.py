"""A sync that fails: nothing of it is applied, the ledger says why, and it is tried again."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import PreviousAttemptError, UserVisibleError
from pack_sync.engine.sync_failures import (
    SyncFailedError,
)
from pack_sync.runtimes.runtime import PageTimeoutError
from pack_sync.warehouse.storage_errors import DiskFullError
from tests.engine.sync_harness import Engine, Scripted, items, last_page, local_connection
from tests.http_server import Answer, HttpServer


@pytest.fixture
def stuck() -> Iterator[Any]:
    """A step that does not return before the test is over."""
    over = threading.Event()

    def wait(_: Any, __: Any) -> None:
        over.wait()

    yield wait
    over.set()


def synced(folder: Path, *steps: Any, **changes: Any) -> tuple[Engine, Scripted]:
    """An engine whose first, full sync brought a and b and the cursor "t1"."""
    execute = Scripted(last_page("t1", a="1", b="2"))
    engine = Engine(folder=folder, execute=execute, **changes)
    engine.sync()
    execute.then(*steps)
    return engine, execute


def tried(times: int, engine: Engine, **settings: Any) -> Engine:
    """The engine, with so many attempts for each sync."""
    engine.configure(attempts=times, **settings)
    return engine


@pytest.mark.parametrize("mode", ["incremental", "full"])
def test_a_failure_leaves_rows_and_cursor_alone(tmp_path: Path, mode: Any) -> None:
    """Pages that came before the failure are not applied; the cursor stays (C10, D9)."""
    first = {"result": items(a="new", c="3"), "deletedRowIds": ["b"], "continuation": 2}
    engine, execute = synced(tmp_path, first, ValueError("page 2 is broken"))
    before = engine.state()
    with pytest.raises(SyncFailedError, match=r"acme\.Items: ValueError: page 2 is broken"):
        engine.sync(mode)
    assert engine.state() == before
    execute.then(last_page("t2", c="3"))
    assert engine.sync().record.cursor_before == "t1"


def test_the_ledger_says_why_a_sync_failed(tmp_path: Path) -> None:
    """A failed sync has its line in the ledger: mode, kind, message, counts of nothing."""
    engine, _ = synced(tmp_path, {"result": items(c="3"), "continuation": 2}, ValueError("broken"))
    with pytest.raises(SyncFailedError):
        engine.sync()
    line = engine.ledger()[-1]
    assert (line["status"], line["mode"]) == ("failed", "incremental")
    assert (line["error_type"], line["error_status_code"]) == ("Unknown", None)
    assert line["error_message"] == "ValueError: broken"
    assert [json.loads(line[name]) for name in ("cursor_before", "cursor_after")] == ["t1", "t1"]
    assert (line["inserted"], line["updated"], line["deleted"]) == (0, 0, 0)


def test_the_first_sync_may_fail(tmp_path: Path) -> None:
    """Where nothing was ever synced a failure leaves a ledger and no table."""
    engine = Engine(folder=tmp_path, execute=Scripted(ValueError("broken")))
    with pytest.raises(SyncFailedError):
        engine.sync()
    assert engine.rows() == []
    assert [line["status"] for line in engine.ledger()] == ["failed"]
    assert engine.position().no_cursor_reason == "it has never been synced"


@pytest.mark.parametrize("error", [None, UserVisibleError("no"), DiskFullError("full")])
def test_no_spool_is_left_behind(tmp_path: Path, error: Exception | None) -> None:
    """The pages go with the sync, unless they are of use to the next try (D9)."""
    engine = Engine(folder=tmp_path, execute=Scripted())
    seen: list[Path] = []

    def second_page(_: Any, __: Any) -> Any:
        seen.extend(engine.spools.rglob("rows-*"))
        if error:
            raise error
        return last_page("t1")

    engine.execute = Scripted({"result": items(a="1"), "continuation": 2}, second_page)
    if error:
        with pytest.raises(SyncFailedError):
            engine.sync()
    else:
        engine.sync()
    assert seen
    assert list(engine.spools.rglob("spool-*")) == []


def test_a_page_that_takes_too_long_fails(tmp_path: Path, stuck: Any) -> None:
    """A call of `execute` has its time, then it fails with a timeout (contract C14)."""
    engine, _ = synced(tmp_path, stuck)
    engine.configure(page_timeout_seconds=0.05)
    with pytest.raises(SyncFailedError, match=r"longer than 0.05 s\. Return smaller") as failure:
        engine.sync()
    assert isinstance(failure.value.__cause__, PageTimeoutError)
    line = engine.ledger()[-1]
    assert line["error_type"] == "Timeout"
    assert 0.05 <= line["fetch_seconds"] < 5  # it is not waited for, whatever it does
    assert engine.names() == {"a": "1", "b": "2"}


@pytest.fixture(params=["Timeout", "ResponseTooLarge", "HttpStatusError", "RateLimitExceeded"])
def failing_step(
    request: pytest.FixtureRequest, server: HttpServer, stuck: Any
) -> tuple[Any, str, int | None]:
    """A step that fails, and the kind and the status that the next try is told."""

    def fetch(_: Any, context: Any) -> None:
        context.fetcher.fetch(url=server.url)

    step, status = fetch, None
    if request.param == "Timeout":
        step = stuck
    elif request.param == "ResponseTooLarge":
        server.answers(Answer(body=b'"' + b"x" * 200 + b'"'))
    elif request.param == "HttpStatusError":
        status = 500
        server.answers(Answer(status=500))
    else:
        status = 429  # without a word of how long: asked again while the page has time
        server.answers(Answer(status=429))
    return step, request.param, status


def test_the_next_attempt_is_told_why_the_last_failed(
    tmp_path: Path, failing_step: tuple[Any, str, int | None]
) -> None:
    """`previousAttemptError` says why the last try of the same run failed (contract C17)."""
    step, kind, status = failing_step
    execute = Scripted(step, {"continuation": 2}, last_page("t1", a="1"))
    engine = Engine(
        folder=tmp_path, execute=execute, connection=local_connection(max_response_bytes=100)
    )
    tried(2, engine, page_timeout_seconds=1.0).sync()
    told = [context.previous_attempt_error for context in execute.contexts]
    assert told[0] is None
    assert [(error.type, error.status_code) for error in told[1:] if error] == [(kind, status)] * 2
    assert [line["status"] for line in engine.ledger()] == ["succeeded"]


def test_the_next_run_is_told_why_the_last_failed(
    tmp_path: Path, failing_step: tuple[Any, str, int | None]
) -> None:
    """`previousAttemptError` says why the last run failed, until one succeeds (C17)."""
    step, kind, status = failing_step
    execute = Scripted(step, last_page("t1", a="1"), last_page("t2"))
    engine = Engine(
        folder=tmp_path, execute=execute, connection=local_connection(max_response_bytes=100)
    )
    engine.configure(page_timeout_seconds=1.0)
    with pytest.raises(SyncFailedError):
        engine.sync()
    engine.sync()
    engine.sync()
    first, second, third = (context.previous_attempt_error for context in execute.contexts)
    assert second is not None
    assert (first, third) == (None, None)
    assert (second.type, second.status_code) == (kind, status)
    line = engine.ledger()[0]
    assert (line["error_type"], line["error_status_code"]) == (kind, status)


def test_an_error_of_the_packs_own_is_of_unknown_kind(tmp_path: Path) -> None:
    """Any other error is `Unknown`, with its message (contract C17)."""
    execute = Scripted(KeyError("rows"), last_page("t1"))
    tried(2, Engine(folder=tmp_path, execute=execute)).sync()
    told = execute.contexts[1].previous_attempt_error
    assert told == PreviousAttemptError(type="Unknown", message="KeyError: 'rows'")


def test_a_failing_sync_is_tried_so_often_and_no_more(tmp_path: Path) -> None:
    """`attempts` counts all tries (contract C17)."""
    engine, execute = synced(tmp_path, *[ValueError("again")] * 3)
    with pytest.raises(SyncFailedError, match="again"):
        tried(3, engine).sync()
    assert len(execute.calls) == 4
    assert [line["status"] for line in engine.ledger()] == ["succeeded", "failed"]
    assert [line for level, line in engine.log if level == "warning"] == [
        f"acme.Items: attempt {n} of 3 failed, trying again in 0 s: ValueError: again"
        for n in (1, 2)
    ]


def test_without_resuming_pages_of_a_failed_attempt_do_not_count(tmp_path: Path) -> None:
    """Then what succeeds is the last attempt alone: rows of the failed one are not in it (C10)."""
    failed = [{"result": items(x="stale"), "continuation": 2}, ValueError("once")]
    engine, execute = synced(tmp_path, *failed, last_page("t2", a="1"))
    record = tried(2, engine, resume_within_minutes=0).sync("full").record
    assert [context.continuation for context in execute.contexts[1:]] == [None, 2, None]
    assert engine.names() == {"a": "1"}
    assert (record.pages, record.rows_returned) == (1, 1)


def test_an_error_for_the_user_is_not_tried_again(tmp_path: Path) -> None:
    """What the pack says in its own words will not change by itself: one try, its text."""
    engine, execute = synced(tmp_path, UserVisibleError("Ask for access to the project."))
    with pytest.raises(SyncFailedError, match=r"Ask for access to the project\."):
        tried(3, engine).sync()
    assert len(execute.calls) == 2
