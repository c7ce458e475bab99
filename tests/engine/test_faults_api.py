"""An API that breaks, lies or cannot stop: a clear message, and table and cursor as they were."""

import gzip
import itertools
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from pack_sync.engine.sync_failures import SyncFailedError
from tests.certificates import make_certificate, serving
from tests.engine.sync_harness import Engine, Scripted, items, last_page, local_connection
from tests.http_server import Answer, HttpServer

WHERE = r"tests/engine/test_faults_api\.py, line \d+, in fetch_items; the last answer was: "
HTML = b"<!doctype html><title>Please log in</title>"


def fetch_items(_: Any, context: Any) -> Any:
    """A page as packs fetch it, that expect an object with a list.

    By POST, which is not repeated after a lost connection.
    """
    body = context.fetcher.fetch(url="/items", method="POST").body
    return {"result": body["items"], "completion": {"incrementalContinuation": body["next"]}}


def synced(folder: Path, server: HttpServer, **connection: Any) -> Engine:
    """An engine that brought a and b and the cursor "t1"; its next syncs have one good page first.

    A sync that goes on where another failed begins with the page behind it (D9).
    """
    execute = Scripted(last_page("t1", a="1", b="2"))
    settings = local_connection(endpoint=server.url, **connection)
    engine = Engine(folder=folder, execute=execute, connection=settings)
    engine.sync()
    first = {"result": items(a="new", c="3"), "deletedRowIds": ["b"], "continuation": 2}

    def step(args: Any, context: Any) -> Any:
        return first if context.continuation is None else fetch_items(args, context)

    execute.then(*[step] * 4)
    return engine


def assert_fails(engine: Engine, expected: str) -> None:
    """The sync fails with this message; rows, cursor and its history are as they were."""
    before = engine.state()
    with pytest.raises(SyncFailedError, match=rf"(?s)^acme\.Items: {expected}"):
        engine.sync()
    assert engine.state() == before
    assert [line["status"] for line in engine.ledger()] == ["succeeded", "failed"]


def assert_goes_on(engine: Engine, server: HttpServer) -> None:
    """The next sync, of an API that is well again, begins where the last good one ended."""
    server.answers(Answer(body=b'{"items": [{"id": "d", "name": "4"}], "next": "t2"}'))
    assert engine.sync().record.cursor_before == "t1"
    assert engine.names() == {"a": "new", "c": "3", "d": "4"}
    assert engine.position().cursor == "t2"


FAULTS: dict[str, tuple[Answer, str]] = {
    "dropped half-way": (
        Answer(body=b'{"items": [', announced_length=1000),
        r"ConnectionFailedError: POST \S+/items failed: 127.0.0.1 dropped the connection before",
    ),
    "dropped between chunks": (
        Answer(chunks=[b'{"items": [{"id": "d"}', b"]}"], ended=False),
        r"ConnectionFailedError: .* dropped the connection before the answer was complete",
    ),
    "half a document": (
        Answer(body=b'{"items": [{"id": "d"}, {"id":'),
        r"ConnectionFailedError: .* answered with status 200, but the body \(application/json, "
        r"30 bytes\) cannot be read: it is cut short or not JSON",
    ),
    "a page for people": (
        Answer(body=HTML, content_type="text/html"),
        rf"TypeError: .*{WHERE}POST \S+/items: status 200, a page of HTML \(text/html, 43 .*: <",
    ),
    "a page for people labelled JSON": (
        Answer(body=HTML),
        r"ConnectionFailedError: .* it is cut short or not JSON",
    ),
    "nothing": (Answer(), r"ConnectionFailedError: .* status 200, but its body is empty"),
    "nothing that has a label": (
        Answer(content_type=""),
        rf"TypeError: .*{WHERE}POST \S+/items: status 200, an empty body",
    ),
    "no content": (Answer(status=204), rf"TypeError: .*{WHERE}.*: status 204, an empty body"),
    "an error as an answer": (
        Answer(body=b'{"error": "no such list", "code": 17}'),
        rf"KeyError: 'items' \({WHERE}.*: status 200, an object with the keys 'error', 'code'\)",
    ),
    "null": (Answer(body=b"null"), rf"TypeError: .*{WHERE}.*NoneType"),
    "a list": (Answer(body=b"[1, 2, 3]"), rf"TypeError: .*{WHERE}.*: status 200, a list of 3\)"),
    "items that are text": (
        Answer(body=b'{"items": "none", "next": "t2"}'),
        r"InvalidResultError: .*result",
    ),
    "a server in trouble": (
        Answer(status=500, body=b'{"oops": 1}'),
        r"StatusCodeError: POST \S+ answered with status 500: \{'oops': 1\}",
    ),
    "a long pause": (
        Answer(status=429, headers={"Retry-After": "99999999999"}),
        r"LongPauseError: .*status 429: the service wants no requests for 31 d more",
    ),
    "a long pause by date": (
        Answer(status=503, headers={"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}),
        r"LongPauseError: .*status 503: the service wants no requests for 31 d more",
    ),
    "a redirect elsewhere": (
        Answer(status=302, headers={"Location": "https://evil.example/items"}),
        r"RequestRefusedError: \S+/items redirects to 'https://evil\.example/items'.*"
        r"'evil\.example' is not on a network domain the pack declares",
    ),
    "a body that is too large": (
        Answer(body=b"[" + b" " * 20_000 + b"]"),
        r"ResponseSizeTooLargeError: .* is larger than 10,000 bytes\. Ask for smaller pages, or "
        "raise `max_response_bytes`",
    ),
    "a body of 10 GB that is announced": (
        Answer(body=b"[", announced_length=10_000_000_000),
        r"ResponseSizeTooLargeError: .* is larger than 10,000 bytes",
    ),
    "a bomb": (
        Answer(body=gzip.compress(bytes(9_999_999)), headers={"Content-Encoding": "gzip"}),
        r"ResponseSizeTooLargeError: .* is larger than 10,000 bytes",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_api(tmp_path: Path, server: HttpServer, fault: str) -> None:
    """Whatever comes for the second page, the first one is not applied either (C10, F2, F5)."""
    answer, expected = FAULTS[fault]
    engine = synced(tmp_path, server, max_response_bytes=10_000)
    server.answers(answer)
    assert_fails(engine, expected)
    assert len(server.requests) == 1
    assert_goes_on(engine, server)


def test_an_endless_body(tmp_path: Path, server: HttpServer) -> None:
    """10 GB of which nothing was announced are refused at the limit, with little memory (F6)."""
    sent = itertools.count()
    piece = b" " * 65_536
    endless = (piece for _ in sent if next(sent) < 10_000_000_000 / len(piece))
    engine = synced(tmp_path, server, max_response_bytes=1_000_000)
    server.answers(Answer(chunks=endless))
    tracemalloc.start()
    try:
        assert_fails(engine, r"ResponseSizeTooLargeError: .*than 1,000,000 bytes")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000
    assert next(sent) < 2_000  # about 130 MB: what the sockets hold, not what was on offer
    assert_goes_on(engine, server)


@pytest.mark.parametrize("days", [1, -1])
def test_a_certificate_that_proves_nothing(tmp_path: Path, server: HttpServer, days: int) -> None:
    """One that nobody vouches for, or that is over: nothing is sent (F5)."""
    imposter = HttpServer(serving(make_certificate(tmp_path, "localhost", "127.0.0.1", days=days)))
    try:
        engine = synced(tmp_path, server)
        usual = engine.connection
        engine.connection = usual.model_copy(
            update={"endpoint": imposter.url.replace("http:", "https:")}
        )
        says = "UntrustedCertificateError: .*certificate of 127.0.0.1 cannot be trusted"
        assert_fails(engine, says)
        assert not imposter.requests
    finally:
        imposter.close()
    engine.connection = usual
    server.answers(Answer(body=b'{"items": [{"id": "d", "name": "4"}], "next": "t2"}'))
    assert engine.sync("incremental").record.cursor_before == "t1"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("header", [{}, {"Retry-After": "0"}, {"Retry-After": "nonsense"}])
def test_an_api_that_is_busy_for_a_moment(
    tmp_path: Path, server: HttpServer, status: int, header: dict[str, str]
) -> None:
    """It is waited for, and the sync succeeds as if nothing had been (F5)."""
    good = Answer(body=b'{"items": [{"id": "d", "name": "4"}], "next": "t2"}')
    engine = synced(tmp_path, server)
    server.answers(Answer(status=status, headers=header), good)
    record = engine.sync().record
    assert (record.requests, record.retries, record.cursor_after) == (2, 1, "t2")
    assert engine.names() == {"a": "new", "c": "3", "d": "4"}


def test_rows_in_another_order_each_time(tmp_path: Path) -> None:
    """The order of a source means nothing: the table is the same and nothing is rewritten."""
    rows = items(**{f"r{n}": str(n) for n in range(100)})
    chance = random.Random(7)  # noqa: S311 - a seed, not a secret

    def shuffled(*_: Any) -> dict[str, Any]:
        chance.shuffle(rows)
        return {"result": list(rows), "completion": {"incrementalContinuation": "t1"}}

    engine = Engine(folder=tmp_path, execute=shuffled)
    engine.sync()
    state = engine.rows()
    for mode in ("full", "incremental", "full"):
        record = engine.sync(mode).record
        assert (record.unchanged, record.updated, record.deleted) == (100, 0, 0)
    assert engine.rows() == state


def test_pages_of_an_order_that_is_not_stable(tmp_path: Path) -> None:
    """A row that came on two pages and one that came on none: a full sync says what it means.

    Rows were returned twice and others were deleted in the same full sync: most likely the
    source was paged by position while its order changed.
    """
    pages = [{"result": items(a="1", b="2"), "continuation": 2}, last_page("t1", c="3", d="4")]
    unstable = [{"result": items(a="1", b="2"), "continuation": 2}, last_page("t2", d="4", b="2")]
    engine = Engine(folder=tmp_path, execute=Scripted(*pages, *unstable))
    engine.sync()
    outcome = engine.sync("full")
    assert (outcome.record.duplicates, outcome.record.deleted) == (1, 1)
    assert any("1 row was returned twice and 1 deleted" in warning for warning in outcome.warnings)
