"""What a pack may raise, or declare, for the engine to do: pauses, full syncs, conditions."""

import time
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import FetchRequest, FullSyncNeededError, Pack, RetryLater
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.http.connection import Connection
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.http.pauses import LongPauseError
from tests.conftest import Connect, impatient
from tests.engine.sync_harness import Engine, Scripted, items, last_page, local_connection
from tests.engine.test_pauses import asked, engine_of, fetch_page, page
from tests.http_server import Answer, HttpServer

BUSY = Answer(body=b'{"ok": false, "error": "slow down"}')


def patient_page(_args: Any, context: Any) -> Any:
    """A page of a service that says with status 200 that it wants a pause."""
    number = context.sync.continuation or 1
    body = context.fetcher.fetch(url=f"/items?page={number}").body
    if body.get("error") == "slow down":
        raise RetryLater(0.6)
    result = {"result": body["items"]}
    if body["next"]:
        return {**result, "continuation": body["next"]}
    return {**result, "completion": {"incrementalContinuation": "t1"}}


async def patient_async_page(_args: Any, context: Any) -> Any:
    """As `patient_page`, as `async def`."""
    body = (await context.fetcher.fetch(url=f"/items?page={context.continuation or 1}")).body
    if body.get("error"):
        raise RetryLater(0.6)
    return {"result": body["items"], "continuation": body["next"]}


@pytest.mark.parametrize("execute", [patient_page, patient_async_page])
def test_a_page_is_begun_again_after_the_pause(
    tmp_path: Path, server: HttpServer, execute: Any
) -> None:
    """In the same try, and the pause is no time of the page (F5, C14)."""
    server.answers(page(1), BUSY, page(2), page(3))
    engine = engine_of(tmp_path, server, execute)
    engine.configure(attempts=1, page_timeout_seconds=0.5)
    began = time.monotonic()
    record = engine.sync().record
    assert time.monotonic() - began >= 0.6
    assert asked(server) == ["1", "2", "2", "3"]
    assert (record.pages, record.retries, len(engine.rows())) == (3, 1, 3)


def test_a_long_pause_ends_the_sync_and_the_next_goes_on(
    tmp_path: Path, server: HttpServer
) -> None:
    """With the pack's own words, and from the pages that are there (F5, D9)."""

    def execute(args: Any, context: Any) -> Any:
        if context.sync.continuation == 2 and not server.requests[1:]:
            raise RetryLater(3600, "the daily points are used up")
        return fetch_page(args, context)

    server.answers(page(1), page(2), page(3))
    engine = engine_of(tmp_path, server, execute)
    with pytest.raises(SyncFailedError) as caught:
        engine.sync()
    assert "raised RetryLater (the daily points are used up): the service wants no" in str(
        caught.value
    )
    assert "for 1 h more" in str(caught.value)
    (line,) = engine.ledger()
    assert line["error_type"] == "RateLimitExceeded"

    server.requests.append(server.requests[0])
    assert engine.sync().record.pages == 3
    assert len(engine.rows()) == 3


def test_asking_for_no_pause_again_and_again_comes_to_an_end(tmp_path: Path) -> None:
    """The pauses grow, and when they are too long together the sync ends."""

    def execute(_args: Any, _context: Any) -> Any:
        raise RetryLater(0)

    engine = Engine(
        folder=tmp_path, execute=execute, connection=local_connection(max_pause_seconds=1)
    )
    with pytest.raises(SyncFailedError, match="raised RetryLater"):
        engine.sync()


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
def test_a_pause_is_a_number_of_seconds(seconds: float) -> None:
    """Anything else is told where it is raised."""
    with pytest.raises(ValueError, match="seconds from 0 on"):
        RetryLater(seconds)


def test_a_useless_cursor_brings_a_full_sync(tmp_path: Path) -> None:
    """In the same materialization, with nothing of the increment stored (C8)."""
    execute = Scripted(
        last_page("t1", a="A", b="B"),
        {"result": items(c="C"), "continuation": 2},
        FullSyncNeededError("the cursor is of last year"),
        last_page("t2", a="A2"),
    )
    engine = Engine(folder=tmp_path, execute=execute)
    engine.sync()
    outcome = engine.sync()
    assert outcome.record.mode == "full"
    assert engine.names() == {"a": "A2"}
    assert engine.position().cursor == "t2"
    assert "a full sync is needed: the cursor is of last year" in engine.log_text


def test_in_a_full_sync_it_is_an_error(tmp_path: Path) -> None:
    """Or it would begin again without end."""
    engine = Engine(folder=tmp_path, execute=Scripted(FullSyncNeededError("no cursor")))
    with pytest.raises(SyncFailedError, match="no cursor"):
        engine.sync()


def connection_of(connect: Connect, pack: Pack, **settings: Any) -> Connection:
    """A connection that knows what the pack says of limits."""
    connection = connect(**settings)
    connection.rate_limits = pack.rate_limits
    return connection


def test_limits_that_a_service_tells_in_its_own_way(server: HttpServer, connect: Connect) -> None:
    """Whatever the status: the connection pauses, and the request is made again (F5)."""
    pack = Pack()
    pack.set_rate_limits(is_limited=lambda response: "slow down" in str(response.body) and 0.4)
    server.answers(BUSY, Answer(body=b"1"))
    fetcher = impatient(connection_of(connect, pack))
    fetcher.begin_page(0.3)
    assert _body(fetcher, server) == 1
    assert fetcher.statistics.seconds >= 0.4


def test_headers_of_its_own_say_for_how_long(server: HttpServer, connect: Connect) -> None:
    """Of a refusal with a usual status, and of one that the pack has told."""
    pack = Pack()
    pack.set_rate_limits(
        is_limited=lambda response: response.status == 400,
        remaining_header="X-Points-Left",
        reset_header="X-Points-Reset",
    )
    headers = {"X-Points-Left": "0", "X-Points-Reset": "7200"}
    for status in (400, 403, 429):
        server.answers(Answer(status=status, headers=headers))
        fetcher = impatient(connection_of(connect, pack))
        with pytest.raises(LongPauseError, match="for 2 h more"):
            _body(fetcher, server)


def test_what_a_service_refuses_for_other_reasons_is_raised(
    server: HttpServer, connect: Connect
) -> None:
    """An error of the pack's function as well."""
    pack = Pack()
    pack.set_rate_limits(is_limited=lambda response: response.body["error"]["limited"])
    server.answers(Answer(body=b'{"error": {"limited": false}}'), Answer(status=429, body=b"{}"))
    fetcher = impatient(connection_of(connect, pack))
    assert _body(fetcher, server) == {"error": {"limited": False}}
    with pytest.raises(KeyError, match="error"):
        _body(fetcher, server)
    assert "status 429, an object with the keys none" in fetcher.last_answer


def _body(fetcher: SyncFetcher, server: HttpServer) -> Any:
    return fetcher.send(FetchRequest(url=server.url)).body


def test_an_answer_that_is_still_the_same(tmp_path: Path, server: HttpServer) -> None:
    """A pack that keeps an ETag in its cursor asks with it, and sees that nothing changed."""

    def execute(_args: Any, context: Any) -> Any:
        previous = context.sync.previous_completion
        etag = previous.incremental_continuation["etag"] if previous else None
        response = context.fetcher.fetch(url="/items", etag=etag)
        completion = {"incrementalContinuation": {"etag": response.etag}}
        if response.not_modified:
            return {"completion": completion}
        if previous:
            raise FullSyncNeededError("the list has changed")
        return {"result": response.body, "completion": completion}

    first = Answer(body=b'[{"id": "a", "name": "A"}]', headers={"ETag": '"1"'})
    changed = Answer(body=b'[{"id": "b", "name": "B"}]', headers={"ETag": '"2"'})
    same = Answer(status=304, headers={"ETag": '"1"'})
    server.answers(first, same, changed)
    engine = engine_of(tmp_path, server, execute)
    for names in ({"a": "A"}, {"a": "A"}, {"b": "B"}):
        engine.sync()
        assert engine.names() == names
    sent = [seen.headers.get("if-none-match") for seen in server.requests]
    assert sent == [None, '"1"', '"1"', None]


def test_without_an_etag_a_304_is_an_error(server: HttpServer, connect: Connect) -> None:
    """The pack did not ask whether something changed, and there is no body for it (F3)."""
    server.answers(Answer(status=304))
    with pytest.raises(Exception, match="answered with status 304"):
        _body(impatient(connect()), server)
