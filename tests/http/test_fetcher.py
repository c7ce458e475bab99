"""The rules of contract F, against a real server on loopback."""

import threading
from typing import Any

import pytest

from pack_sdk.errors import (
    RequestRefusedError,
    StatusCodeError,
)
from pack_sdk.fetching import FetchRequest
from pack_sync.http.fetcher import SyncFetcher
from tests.http_server import Answer, HttpServer


def test_a_request_arrives_as_written(server: HttpServer, fetcher: SyncFetcher) -> None:
    """Method, URL, headers and body are the pack's; header names come back in lower case (F1)."""
    server.answers(Answer(status=201, body=b'{"id": 1}', headers={"X-Rate-Left": "9"}))
    request = FetchRequest(
        url=f"{server.url}/items?q=a+b%2F", method="PUT", headers={"X-A": "1"}, body='{"ü":1}'
    )
    response = fetcher.send(request)

    seen = server.requests[0]
    assert (seen.method, seen.path, seen.query) == ("PUT", "/items", {"q": ["a b/"]})
    assert seen.headers["x-a"] == "1"
    assert seen.body.decode() == '{"ü":1}'
    assert (response.status, response.body) == (201, {"id": 1})
    assert response.headers["x-rate-left"] == "9"


def test_a_form_is_sent_url_encoded(server: HttpServer, fetcher: SyncFetcher) -> None:
    """`form` becomes the body, with its content type (F1)."""
    form: Any = {"a": "x y&", "flag": True, "none": None}
    fetcher.send(FetchRequest(url=server.url, method="POST", form=form))
    seen = server.requests[0]
    assert seen.body == b"a=x+y%26&flag=true"
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_pack_cannot_set_headers_of_the_connection(
    server: HttpServer, fetcher: SyncFetcher
) -> None:
    """`Host` and the framing are not the pack's to choose (F4)."""
    headers = {"Host": "evil.example", "Content-Length": "999", "accept-encoding": "br"}
    fetcher.send(FetchRequest(url=server.url, headers=headers))
    seen = server.requests[0]
    assert seen.headers["host"] == f"127.0.0.1:{server.port}"
    assert "content-length" not in seen.headers
    assert seen.headers["accept-encoding"] == "gzip, deflate"


def test_a_body_that_is_no_text_is_a_clear_error(fetcher: SyncFetcher) -> None:
    """A dict as body is answered with the remedy (F1)."""
    body: Any = {"a": 1}
    with pytest.raises(ValueError, match=r"json\.dumps"):
        fetcher.send(FetchRequest(url="https://api.example.com", method="POST", body=body))


@pytest.mark.parametrize("header", [("X-A", "a\r\nX-B: 1"), ("X-Ü", "a"), ("X A", "b")])
def test_an_impossible_header_is_refused(
    server: HttpServer, fetcher: SyncFetcher, header: tuple[str, str]
) -> None:
    """A header cannot smuggle another one in (F1)."""
    with pytest.raises(RequestRefusedError):
        fetcher.send(FetchRequest(url=server.url, headers=dict([header])))
    assert not server.requests


def test_cookies_of_one_answer_are_not_kept(server: HttpServer, fetcher: SyncFetcher) -> None:
    """Tables of a connection do not see each other's cookies (F1)."""
    server.answers(Answer(body=b"{}", headers={"Set-Cookie": "a=1"}))
    for _ in range(2):
        fetcher.send(FetchRequest(url=server.url))
    assert "cookie" not in server.requests[1].headers


@pytest.mark.parametrize("status", [304, 400, 401, 404, 500])
def test_an_error_status_raises(server: HttpServer, fetcher: SyncFetcher, status: int) -> None:
    """300 and above raise StatusCodeError with the parsed body, at once (F3)."""
    body = b"" if status == 304 else b'{"why": "no"}'
    server.answers(Answer(status=status, body=body))
    with pytest.raises(StatusCodeError, match=f"GET {server.url}/x answered") as caught:
        fetcher.send(FetchRequest(url=f"{server.url}/x", is_binary_response=True))
    assert caught.value.status_code == status
    assert caught.value.body == ({"why": "no"} if body else "")
    assert len(server.requests) == 1


def test_an_error_page_that_lies_about_its_type_keeps_its_status(
    server: HttpServer, fetcher: SyncFetcher
) -> None:
    """HTML labelled JSON with status 500 is a StatusCodeError with text (F2, F3)."""
    server.answers(Answer(status=500, body=b"<h1>oops</h1>"))
    with pytest.raises(StatusCodeError) as caught:
        fetcher.send(FetchRequest(url=server.url))
    assert caught.value.body == "<h1>oops</h1>"


def test_several_threads_may_send_at_once(server: HttpServer, fetcher: SyncFetcher) -> None:
    """The statistics of an async pack's requests add up (F1)."""
    threads = [
        threading.Thread(target=fetcher.send, args=(FetchRequest(url=server.url),))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fetcher.statistics.requests == len(server.requests) == 20
    assert fetcher.statistics.bytes_received == 20 * len(b'{"ok": true}')
