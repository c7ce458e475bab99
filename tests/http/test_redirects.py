"""Redirects are followed by our own rules (contract F4)."""

from typing import Any

import pytest

from pack_sdk.authentication import Authentication, AuthenticationType
from pack_sdk.errors import RequestRefusedError, StatusCodeError
from pack_sdk.fetching import FetchRequest
from pack_sync.http.fetcher import SyncFetcher
from tests.conftest import Connect, impatient
from tests.http_server import Answer, HttpServer, SeenRequest

BEARER = Authentication(type=AuthenticationType.HEADER_BEARER_TOKEN)
CUSTOM = Authentication(type=AuthenticationType.CUSTOM_HEADER_TOKEN, header_name="X-Key")
QUERY = Authentication(type=AuthenticationType.QUERY_PARAM_TOKEN, param_name="key")


def redirecting(**locations: str) -> Any:
    """An answer function: these paths redirect, the others are fine."""

    def answer(seen: SeenRequest) -> Answer:
        location = locations.get(seen.path.strip("/"))
        return Answer(status=302, headers={"Location": location}) if location else Answer(body=b"1")

    return answer


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "PUT", "GET"),
        (302, "PUT", "PUT"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (303, "HEAD", "HEAD"),
    ],
)
def test_the_method_changes_as_in_browsers(
    server: HttpServer, fetcher: SyncFetcher, status: int, method: Any, then: str
) -> None:
    """After 303, and 301 and 302 of a POST, GET follows, without the body (F4)."""
    server.answers(Answer(status=status, headers={"Location": "/next?a=1"}), Answer(body=b"1"))
    headers = {"Content-Type": "text/plain", "X-Kept": "yes"}
    fetcher.send(FetchRequest(url=server.url, method=method, body="text", headers=headers))
    last = server.requests[1]
    assert (last.method, last.path, last.query) == (then, "/next", {"a": ["1"]})
    assert last.body == (b"text" if then == method else b"")
    assert ("content-type" in last.headers) is (then == method)
    assert last.headers["x-kept"] == "yes"


@pytest.mark.parametrize(
    "location",
    ["https://evil.org/x", "http://evil.org", "file:///etc/passwd", "https://u:p@a.org/"],
)
def test_a_redirect_is_checked_as_the_first_request_was(
    server: HttpServer, fetcher: SyncFetcher, location: str
) -> None:
    """A redirect leads nowhere the pack could not go by itself (F4)."""
    server.answer = redirecting(start=location)
    with pytest.raises(RequestRefusedError, match="/start redirects to"):
        fetcher.send(FetchRequest(url=f"{server.url}/start"))
    assert len(server.requests) == 1


def test_ten_redirects_are_followed_and_no_more(server: HttpServer, fetcher: SyncFetcher) -> None:
    """A loop of redirects ends with a clear error (F4)."""
    ten = {str(number): f"/{number + 1}" for number in range(10)}
    server.answer = redirecting(**ten)
    assert fetcher.send(FetchRequest(url=f"{server.url}/0")).body == 1
    server.answer = redirecting(**ten, **{"10": "/0"})
    with pytest.raises(RequestRefusedError, match="/0 was redirected more than 10 times"):
        fetcher.send(FetchRequest(url=f"{server.url}/0"))
    assert len(server.requests) == 22


def test_a_redirect_is_returned_when_asked_for(server: HttpServer, fetcher: SyncFetcher) -> None:
    """With `ignore_redirects` the 3xx is the answer; an error is still raised (F3)."""
    server.answer = redirecting(start="https://evil.org/x")
    request = FetchRequest(url=f"{server.url}/start", ignore_redirects=True)
    response = fetcher.send(request)
    assert (response.status, response.headers["location"]) == (302, "https://evil.org/x")
    server.answers(Answer(status=404))
    with pytest.raises(StatusCodeError):
        fetcher.send(request)


def test_a_redirect_without_a_location_is_an_error(
    server: HttpServer, fetcher: SyncFetcher
) -> None:
    """A 302 that leads nowhere is a StatusCodeError (F3)."""
    server.answers(Answer(status=302))
    with pytest.raises(StatusCodeError):
        fetcher.send(FetchRequest(url=server.url))


def test_credentials_stay_with_the_same_host(server: HttpServer, connect: Connect) -> None:
    """A redirect on the same host carries the credentials on (F4)."""
    server.answer = redirecting(start="/next?key=stale")
    fetcher = impatient(connect(QUERY, credentials={"token": "abcd"}))
    fetcher.send(FetchRequest(url=f"{server.url}/start"))
    assert [seen.query["key"] for seen in server.requests] == [["abcd"], ["abcd"]]


@pytest.mark.parametrize("authentication", [BEARER, QUERY, CUSTOM])
def test_credentials_do_not_follow_to_another_host(
    server: HttpServer, connect: Connect, authentication: Authentication
) -> None:
    """Neither ours nor what the pack or the server wrote, and not when coming back (F4)."""
    there = f"http://localhost:{server.port}/there?key=abcd&b=2"
    server.answer = redirecting(start=there, there=f"{server.url}/back")
    fetcher = impatient(connect(authentication, credentials={"token": "abcd"}))
    headers = {"Cookie": "c=1", "X-Kept": "yes", "Authorization": "mine", "X-Key": "mine"}
    fetcher.send(FetchRequest(url=f"{server.url}/start", headers=headers))

    first, second, third = server.requests
    assert "abcd" in f"{first.headers} {first.query}"
    assert second.path == "/there"
    assert second.headers["host"] == f"localhost:{server.port}"
    assert second.query["b"] == ["2"]
    for seen in (second, third):
        assert "authorization" not in seen.headers
        assert "cookie" not in seen.headers
        assert authentication is not CUSTOM or "x-key" not in seen.headers
        assert authentication is not QUERY or "key" not in seen.query
        assert seen.headers["x-kept"] == "yes"


def test_another_port_is_another_host(connect: Connect, server: HttpServer) -> None:
    """Credentials do not follow to another server on the same machine (F4)."""
    other = HttpServer()
    try:
        server.answer = redirecting(start=f"{other.url}/x")
        fetcher = impatient(connect(BEARER, credentials={"token": "abcd"}))
        fetcher.send(FetchRequest(url=f"{server.url}/start"))
        assert "authorization" in server.requests[0].headers
        assert "authorization" not in other.requests[0].headers
    finally:
        other.close()
