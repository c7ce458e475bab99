"""A service that wants no requests for a while: waited for, or gone on with later (F5, D9)."""

import time
from pathlib import Path
from typing import Any

import pytest

from pack_sync.budgets.books import FileBooks
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.engine.sync_tables import TableFinished, TableRuns, TableSkipped
from tests.engine.sync_harness import Engine, last_page, local_connection
from tests.engine.test_crawl import Forum
from tests.http_server import Answer, HttpServer, SeenRequest

LONG = Answer(status=403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3600"})
SHORT = Answer(status=429, headers={"Retry-After": "1"})


def page(number: int) -> Answer:
    """One of three pages of a row each."""
    following = f'"next": {number + 1}' if number < 3 else '"next": null'
    return Answer(
        body=b'{"items": [{"id": "r%d", "name": "n"}], %s}' % (number, following.encode())
    )


def fetch_page(_: Any, context: Any) -> Any:
    """A page as packs fetch it."""
    number = context.sync.continuation or 1
    body = context.fetcher.fetch(url=f"/items?page={number}").body
    result = {"result": body["items"]}
    if body["next"]:
        return {**result, "continuation": body["next"]}
    return {**result, "completion": {"incrementalContinuation": "t1"}}


def lenient_page(args: Any, context: Any) -> Any:
    """A page of a pack that takes every error for "there are no more rows"."""
    try:
        return fetch_page(args, context)
    except Exception:
        return {"result": []}


def engine_of(folder: Path, server: HttpServer, execute: Any = fetch_page) -> Engine:
    """An engine that tries a failing sync three times."""
    engine = Engine(
        folder=folder, execute=execute, connection=local_connection(endpoint=server.url)
    )
    engine.configure(attempts=3)
    return engine


def asked(server: HttpServer) -> list[str]:
    """The pages that the API was asked for."""
    return [seen.query["page"][0] for seen in server.requests]


def test_a_pause_is_no_time_of_a_page(tmp_path: Path, server: HttpServer) -> None:
    """A page of half a second goes on after a pause of a whole one, in the same try (C14, F5)."""
    server.answers(page(1), SHORT, page(2), page(3))
    engine = engine_of(tmp_path, server)
    engine.configure(attempts=1, page_timeout_seconds=0.5)
    record = engine.sync().record
    assert asked(server) == ["1", "2", "2", "3"]
    assert (record.pages, record.retries) == (3, 1)
    assert len(engine.rows()) == 3


def test_time_of_a_page_goes_on_after_a_pause(tmp_path: Path, server: HttpServer) -> None:
    """The pause is taken off, and nothing else: a pack that is stuck is still given up (C14)."""

    def slow(args: Any, context: Any) -> Any:
        fetch_page(args, context)
        time.sleep(5)

    server.answers(SHORT, page(1))
    engine = engine_of(tmp_path, server, slow)
    engine.configure(attempts=1, page_timeout_seconds=0.5)
    began = time.monotonic()
    with pytest.raises(SyncFailedError, match=r"took longer than 0\.5 s"):
        engine.sync()
    assert 1.4 < time.monotonic() - began < 4


@pytest.mark.parametrize("execute", [fetch_page, lenient_page])
def test_a_long_pause_ends_the_sync_and_the_next_goes_on(
    tmp_path: Path, server: HttpServer, execute: Any
) -> None:
    """One request, a clear message, no further try; then from the spool (F5, D9).

    A pack that swallows the error has not ended its sync: nothing is applied.
    """
    server.answers(page(1), page(2), LONG)
    engine = engine_of(tmp_path, server, execute)
    with pytest.raises(SyncFailedError) as caught:
        engine.sync()
    assert asked(server) == ["1", "2", "3"]
    told = str(caught.value)
    assert "LongPauseError: GET " in told
    assert "no requests for 1 h more, until " in told
    assert "2 pages are kept: the next sync goes on after them." in told
    assert engine.rows() == []
    (line,) = engine.ledger()
    assert (line["status"], line["error_type"]) == ("failed", "RateLimitExceeded")
    assert line["error_status_code"] == 403

    server.answers(page(3))
    record = engine.sync().record
    assert asked(server) == ["1", "2", "3", "3"]
    assert (record.pages, len(engine.rows()), engine.position().cursor) == (3, 3, "t1")


def test_what_was_paused_is_kept_for_longer(tmp_path: Path, server: HttpServer) -> None:
    """The next sync may not begin for hours: `resume_within_minutes` is no limit for it (D9)."""
    server.answers(page(1), page(2), LONG)
    engine = engine_of(tmp_path, server)
    engine.configure(resume_within_minutes=0.0001)
    with pytest.raises(SyncFailedError):
        engine.sync()
    time.sleep(0.1)
    server.answers(page(3))
    engine.sync()
    assert asked(server) == ["1", "2", "3", "3"]


def test_a_sync_that_is_paused_twice_goes_on_from_both(tmp_path: Path, server: HttpServer) -> None:
    """Also where the second run did not get a single page (D9)."""
    server.answers(page(1), LONG)
    engine = engine_of(tmp_path, server)
    for _ in range(2):
        with pytest.raises(SyncFailedError, match="1 page is kept: the next sync goes on after"):
            engine.sync()
    server.answers(page(2), page(3))
    engine.sync()
    assert asked(server) == ["1", "2", "2", "2", "3"]


def test_without_resuming_nothing_is_promised(tmp_path: Path, server: HttpServer) -> None:
    """`resume_within_minutes: 0` begins anew, and the message does not say otherwise (D9)."""
    server.answers(page(1), LONG)
    engine = engine_of(tmp_path, server)
    engine.configure(resume_within_minutes=0)
    with pytest.raises(SyncFailedError) as caught:
        engine.sync()
    assert "kept" not in str(caught.value)
    server.answers(page(1), page(2), page(3))
    engine.sync()
    assert asked(server) == ["1", "2", "1", "2", "3"]


def test_a_pause_before_the_schema_ends_the_sync(tmp_path: Path, server: HttpServer) -> None:
    """A dynamic table's schema is asked for once, too (C23, F5)."""

    def get_schema(context: Any, *_: Any) -> Any:
        context.fetcher.fetch(url="/schema?page=schema")

    server.answers(LONG)
    engine = engine_of(tmp_path, server)
    engine.get_schema = get_schema
    engine.dynamic_url = "https://acme.example/list/1"
    with pytest.raises(SyncFailedError, match="LongPauseError"):
        engine.sync()
    assert asked(server) == ["schema"]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 410, 422, 451])
def test_a_refusal_that_stays_is_not_tried_again(
    tmp_path: Path, server: HttpServer, status: int
) -> None:
    """The same request would be refused again: one is enough (C17)."""
    server.answers(Answer(status=status))
    engine = engine_of(tmp_path, server)
    with pytest.raises(SyncFailedError, match=f"status {status}"):
        engine.sync()
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [408, 409, 423, 425, 500])
def test_a_refusal_that_may_pass_is_tried_again(
    tmp_path: Path, server: HttpServer, status: int
) -> None:
    """A conflict, a lock or trouble of the server ends (C17)."""
    server.answers(Answer(status=status), page(3))
    engine_of(tmp_path, server).sync()
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 410])
def test_a_cursor_that_has_expired_is_told_to_the_pack(
    tmp_path: Path, server: HttpServer, status: int
) -> None:
    """What is refused may be the cursor, or the continuation: the pack may begin anew (C17)."""
    told: list[Any] = []

    def execute(args: Any, context: Any) -> Any:
        told.append(context.previous_attempt_error)
        if context.previous_attempt_error:
            return last_page("t2", b="2")
        return fetch_page(args, context)

    server.answers(page(3))
    engine = engine_of(tmp_path, server, execute)
    engine.sync()
    server.answers(Answer(status=status))
    engine.sync("incremental")
    assert told[-1].status_code == status
    assert engine.position().cursor == "t2"


def test_a_rate_limit_of_a_request_is_seen_by_the_next(tmp_path: Path, server: HttpServer) -> None:
    """An answer that asks for a pause is asked again after it, whatever its status (F5)."""

    def answer(seen: SeenRequest) -> Answer:
        number = len(server.requests)
        if number % 2:
            return Answer(
                status=403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0.2"}
            )
        return page(int(seen.query["page"][0]))

    server.answer = answer
    engine_of(tmp_path, server).sync()
    assert asked(server) == ["1", "1", "2", "2", "3", "3"]


def test_a_long_pause_is_one_failure_and_the_next_run_begins_with_the_others(
    tmp_path: Path, server: HttpServer
) -> None:
    """Children that were not reached make no request and no line each; they go first next time."""
    forum = Forum(folder=tmp_path, posts=[f"p{n:02}" for n in range(30)], requests_at_once=1)
    forum.run("Posts")
    limit = 5

    def answer(_: SeenRequest) -> Answer:
        good = len(server.requests) <= limit
        return Answer(body=b"{}") if good else LONG

    server.answer = answer
    usual = forum.page_of_comments

    def page_of_comments(post: str, context: Any) -> Any:
        context.fetcher.fetch(url=f"{server.url}/{post}")
        return usual(post, context)

    forum.comments = {post: [f"{post}-c"] for post in forum.posts}
    forum.page_of_comments = page_of_comments
    (event,) = forum.run("Comments")
    assert isinstance(event, TableFinished)
    assert len(server.requests) == 6
    (failure,) = event.outcome.failures
    assert "25 of 30 parents were not reached; the next sync begins with them" in failure.message
    assert len(forum.rows()) == 5

    limit = 11
    forum.run("Comments")
    asked = [seen.path for seen in server.requests[6:]]
    assert asked == [f"/p{n:02}" for n in range(5, 11)]
    assert len(forum.rows()) == 10


def test_a_child_goes_on_after_the_pages_before_a_pause(tmp_path: Path, server: HttpServer) -> None:
    """However few the service gives between two pauses, a child of many pages ends (F5, D9)."""
    forum = Forum(folder=tmp_path, posts=["p1", "p2"], requests_at_once=1)
    forum.run("Posts")
    left = 3

    def answer(_: SeenRequest) -> Answer:
        nonlocal left
        left -= 1
        return Answer(body=b"{}") if left >= 0 else LONG

    server.answer = answer
    usual = forum.page_of_comments

    def page_of_comments(post: str, context: Any) -> Any:
        at = context.sync.continuation["at"] if context.sync.continuation else 0
        context.fetcher.fetch(url=f"{server.url}/{post}/{at}")
        return usual(post, context)

    forum.page_of_comments = page_of_comments
    every = [f"p1-c{n}" for n in range(8)]
    forum.comments = {"p1": every, "p2": ["p2-c0"]}
    for kept in (3, 6):
        (event,) = forum.run("Comments")
        assert isinstance(event, TableFinished)
        (failure,) = event.outcome.failures
        assert f"{kept} pages of theirs are kept" in failure.message
        assert forum.rows() == []
        left = 3
    (event,) = forum.run("Comments")
    assert isinstance(event, TableFinished)
    assert not event.outcome.failures
    good = [f"/p1/{n}" for n in (0, 1, 2, 3, 3, 4, 5, 6, 6, 7)]
    assert [seen.path for seen in server.requests] == [*good, "/p2/0"]
    assert [row_id for row_id, _ in forum.rows()] == [*every, "p2-c0"]
    assert not list((tmp_path / "spool").rglob("journal.ndjson"))


def test_pages_of_a_child_that_has_moved_are_not_used(tmp_path: Path, server: HttpServer) -> None:
    """They follow a cursor that it no longer has (D9)."""
    forum = Forum(folder=tmp_path, posts=["p1"], requests_at_once=1)
    forum.run()
    usual, paused = forum.page_of_comments, True

    def page_of_comments(post: str, context: Any) -> Any:
        if paused and context.sync.continuation:
            context.fetcher.fetch(url=f"{server.url}/{post}")
        return usual(post, context)

    forum.page_of_comments = page_of_comments
    server.answer = lambda _: LONG
    (event,) = forum.run("Comments", mode="full")
    assert isinstance(event, TableFinished)
    assert "1 page of theirs is kept" in event.outcome.failures[0].message
    paused = False
    forum.run("Comments", mode="incremental")
    assert len(forum.calls) == 2
    forum.run("Comments", mode="full")
    assert len(forum.calls) == 2
    assert len(forum.rows()) == 2


def test_a_budget_that_is_spent_ends_the_sync_and_the_next_goes_on(
    tmp_path: Path, server: HttpServer
) -> None:
    """It is no failure of the run; another day it goes on at the next page (F8, D9)."""
    server.answers(page(1), page(2), page(3))
    now = [time.time()]
    engine = engine_of(tmp_path, server)
    engine.connection = local_connection(endpoint=server.url, rate="2/day UTC", pack="acme")
    engine.books = FileBooks(tmp_path / "budgets.sqlite", lambda: now[0])

    def run() -> TableSkipped | TableFinished:
        with engine.prepared() as sync:
            runs = TableRuns(max_parallel=1)
            events = list(runs.run([sync], engine.warehouse, ModeRequest()))
        (ending,) = [e for e in events if isinstance(e, TableSkipped | TableFinished)]
        return ending

    skipped = run()
    assert isinstance(skipped, TableSkipped)
    assert "waits for the budget of acme (acme): 2 of 2 requests per day (UTC) used" in (
        skipped.message
    )
    assert asked(server) == ["1", "2"]
    assert [line["status"] for line in engine.ledger()] == ["postponed"]
    now[0] += 86_400
    finished = run()
    assert isinstance(finished, TableFinished)
    assert asked(server) == ["1", "2", "3"]
    assert len(engine.rows()) == 3
    (told,) = finished.outcome.budget
    assert told.startswith("1 of 2 requests per day (UTC) used, 1 left")


def test_children_that_wait_for_the_budget_fail_no_run(tmp_path: Path, server: HttpServer) -> None:
    """They are a warning; what was synced is applied, and another day the others follow (F8).

    Where a full sync was asked for, it has not been done: that is a failure.
    """
    server.answer = lambda _: Answer(body=b"{}")
    now = [time.time()]
    books = FileBooks(tmp_path / "budgets.sqlite", lambda: now[0])
    forum = Forum(tmp_path, requests_at_once=1, rate=["2/day UTC"], books=books)
    forum.comments = {post: [f"{post}-c"] for post in forum.posts}
    usual = forum.page_of_comments

    def page_of_comments(post: str, context: Any) -> Any:
        context.fetcher.fetch(url=f"{server.url}/{post}")
        return usual(post, context)

    forum.page_of_comments = page_of_comments
    forum.run("Posts")
    (event,) = forum.run("Comments")
    assert isinstance(event, TableFinished)
    assert event.outcome.failures == []
    (waiting,) = [told for told in event.outcome.warnings if "1 of 3 parents" in told]
    assert "waits for the budget of forum (default)" in waiting
    assert [row for row, _ in forum.rows()] == ["p1-c", "p2-c"]
    assert forum.query("SELECT count(*) FROM _sync.runs WHERE status = 'postponed'") == [(1,)]

    now[0] += 86_400
    (event,) = forum.run("Comments", mode="full")
    assert isinstance(event, TableFinished)
    (failure,) = event.outcome.failures
    assert "waits for the budget of forum (default)" in failure.message
    assert [row for row, _ in forum.rows()] == ["p1-c", "p2-c", "p3-c"]
