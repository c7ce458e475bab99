"""Requests of TypeScript packs: asked for by the child, made by Python's fetcher (contract F)."""

import threading
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from pack_sdk import ConnectionFailedError, FetchRequest, FetchResponse, StatusCodeError, SyncState
from pack_sdk.errors import RequestRefusedError, ResponseSizeTooLargeError
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.runtimes.typescript.javascript_errors import JavaScriptError
from tests.http_server import Answer, HttpServer
from tests.runtimes.typescript.packs import Bench, one_table

URL = "https://example.com/x"


def test_a_request_as_the_pack_wrote_it(bench: Bench) -> None:
    """Every key arrives; values of headers become text, what is null is left out (F1)."""
    bench.execute("""await context.fetcher.fetch({
        method: "POST", url: "https://example.com/x", headers: {A: "b", N: 1, Z: null},
        body: JSON.stringify({a: 1}), cacheTtlSecs: 5, disableAuthentication: true, unknown: 1,
    });
    await context.fetcher.fetch({method: "POST", url: "/form", form: {a: "b", n: 2}});
    await context.fetcher.fetch({method: "PUT", url: "/bytes", body: Buffer.from([0, 255])});""")
    assert bench.fetcher.requests == [
        FetchRequest(
            method="POST", url=URL, headers={"A": "b", "N": "1"}, body='{"a":1}',
            cache_ttl_secs=5, disable_authentication=True,
        ),
        FetchRequest(method="POST", url="/form", form={"a": "b", "n": "2"}),
        FetchRequest(method="PUT", url="/bytes", body=b"\x00\xff"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "javascript", "expected"),
    [
        ({"a": [1, None, "ä"]}, "body.a", [1, None, "ä"]),
        ("text \U0001f600", "body", "text \U0001f600"),
        (b"\x00\xff", "[body instanceof Buffer, ...body]", [True, 0, 255]),
        ("half \ud83d", "[body.length, body.charCodeAt(5)]", [6, 0xD83D]),
        ("", "body", ""),
        (None, "body", None),
        ({"n": 10**30, "half": "\ud83d"}, "[body.n, body.half.length]", [1e30, 1]),
    ],
)
def test_bodies(bench: Bench, body: object, javascript: str, expected: object) -> None:
    """JSON arrives parsed, text as text, bytes as a Buffer (contract F2)."""
    bench.fetcher.answers[URL] = FetchResponse(status=201, headers={"x-a": "b"}, body=body)
    page = bench.execute(f"""
        const answer = await context.fetcher.fetch({{method: "GET", url: "{URL}"}});
        const {{status, headers, body}} = answer;
        return {{result: [{{status, headers, body: {javascript}}}]}};""")
    assert orjson.loads(page.rows) == {"status": 201, "headers": {"x-a": "b"}, "body": expected}


def test_a_status_code_error_is_made_in_the_child(bench: Bench) -> None:
    """The SDK's own isStatusCodeError knows it: by its name, with all its fields (F3)."""
    response = FetchResponse(status=404, headers={"x-a": "b"}, body={"detail": "gone"})
    bench.fetcher.answers[URL] = StatusCodeError(response, url=URL)
    page = bench.execute(f"""
        try {{ await context.fetcher.fetch({{method: "GET", url: "{URL}"}}); }}
        catch (e) {{
            const isError = e instanceof Error && "name" in e && e.name === "StatusCodeError";
            return {{result: [{{isError, status: e.statusCode, body: e.body, error: e.error,
                method: e.options.method, response: e.response, message: e.message}}]}};
        }}""")
    assert orjson.loads(page.rows) == {
        "isError": True, "status": 404, "body": {"detail": "gone"}, "error": {"detail": "gone"},
        "method": "GET", "response": {"body": '{"detail":"gone"}', "headers": {"x-a": "b"}},
        "message": '404 - {"detail":"gone"}',
    }  # fmt: skip


@pytest.mark.parametrize(
    "error",
    [
        StatusCodeError(FetchResponse(status=503, body="busy"), url=URL),
        ConnectionFailedError("no answer"),
        RequestRefusedError("not your domain"),
        ResponseSizeTooLargeError(URL, 10),
    ],
)
def test_an_error_that_the_pack_lets_pass(bench: Bench, error: Exception) -> None:
    """It is the very error that the fetcher raised, so that retries are decided as ever (C17)."""
    bench.fetcher.answers[URL] = error
    with pytest.raises(type(error)) as caught:
        bench.execute(f"await context.fetcher.fetch({{method: 'GET', url: '{URL}'}})")
    assert caught.value is error


def test_other_errors_have_their_name(bench: Bench) -> None:
    """A pack can tell ResponseSizeTooLargeError as the SDK does."""
    bench.fetcher.answers[URL] = ResponseSizeTooLargeError(URL, 10)
    page = bench.execute(f"""
        try {{ await context.fetcher.fetch({{method: "GET", url: "{URL}"}}); }}
        catch (e) {{ return {{result: [e.name, e.message.includes("larger than 10 bytes")]}}; }}""")
    assert page.rows.split() == [b'"ResponseSizeTooLargeError"', b"true"]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ("undefined", "TypeError: fetcher.fetch takes one object"),
        ("{method: 'TRACE', url: '/x'}", "the method 'TRACE' is not supported"),
        ("{method: 'GET'}", "a fetch request needs a `url`"),
    ],
)
def test_a_request_that_makes_no_sense(bench: Bench, request_: str, message: str) -> None:
    """It is an error in the pack, and nothing is sent."""
    with pytest.raises(JavaScriptError, match=message):
        bench.execute(f"await context.fetcher.fetch({request_})")
    assert bench.fetcher.requests == []


def test_requests_are_sent_with_their_call_s_token(bench: Bench) -> None:
    """The token is new for each call, and the context has it (contract A2)."""
    session = bench.open(
        one_table("""await context.fetcher.fetch({method: "GET", url: "/x"});
        return {result: [context.invocationToken]};""")
    )
    pages = [session.execute([], SyncState()) for _ in range(2)]
    assert [orjson.loads(page.rows) for page in pages] == bench.fetcher.tokens
    assert len(set(bench.fetcher.tokens)) == 2


def test_a_request_of_a_call_that_is_over(bench: Bench) -> None:
    """It is not sent with the token of the next call."""
    session = bench.open(
        one_table(
            """if (args[0] === "first") { kept = context; return; }
            try { await kept.fetcher.fetch({method: "GET", url: "/x"}); }
            catch (e) { return {result: [e.message]}; }""",
            before="let kept;",
        )
    )
    session.execute(["first"], SyncState())
    page = session.execute(["second"], SyncState())
    assert b"is over; await it" in page.rows
    assert bench.fetcher.requests == []


def test_requests_side_by_side(bench: Bench) -> None:
    """Those of one Promise.all are under way at once."""
    together = threading.Barrier(3)

    class Waiting(type(bench.fetcher)):
        def send(self, request: FetchRequest, *, invocation_token: str = "") -> FetchResponse:
            together.wait(timeout=30)
            return super().send(request, invocation_token=invocation_token)

    bench.fetcher = Waiting()
    page = bench.execute("""
        const get = (url) => context.fetcher.fetch({method: "GET", url});
        const answers = await Promise.all(["/a", "/b", "/c"].map(get));
        return {result: answers.map((answer) => answer.body)};""")
    assert page.rows == b'"/a"\n"/b"\n"/c"\n'


def test_temporary_blobs_lose_nothing(bench: Bench) -> None:
    """Nothing is stored: a URL stays itself, bytes become a URL that holds them."""
    page = bench.execute("""const storage = context.temporaryBlobStorage;
        return {result: [
            await storage.storeUrl("https://example.com/image.png"),
            await storage.storeBlob(Buffer.from("hi"), "text/plain"),
        ]};""")
    assert [orjson.loads(line) for line in page.rows.splitlines()] == [
        "https://example.com/image.png",
        "data:text/plain;base64,aGk=",
    ]


def test_a_next_link_that_was_left_unread(
    tmp_path: Path, server: HttpServer, fetcher: SyncFetcher
) -> None:
    """Requests of packs in TypeScript are looked at as well (contract D11)."""
    server.answers(Answer(body=b'{"items": [{"id": 1}], "nextPageToken": "x"}'))
    bench = Bench(folder=tmp_path, fetcher=cast("Any", fetcher))
    try:
        bench.execute(f'await context.fetcher.fetch({{method: "GET", url: "{server.url}/items"}});')
    finally:
        bench.close()
    assert fetcher.next_page_unread == "field `nextPageToken`"
