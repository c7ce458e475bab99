"""Answers are cached when a pack asks for it, and only then (contract F7)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pack_sdk.authentication import Authentication, AuthenticationType
from pack_sdk.errors import RequestRefusedError, StatusCodeError
from pack_sdk.fetching import FetchRequest
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.http.response_body import RawResponse
from pack_sync.http.response_cache import ResponseCache
from tests.conftest import Connect, impatient
from tests.http_server import Answer, HttpServer, SeenRequest


def test_a_cached_answer_is_the_pack_s_own_copy(server: HttpServer, fetcher: SyncFetcher) -> None:
    """With `cache_ttl_secs` GET asks once; changing a body changes no other (F7)."""
    server.answers(Answer(body=b'{"rows": []}'))
    request = FetchRequest(url=server.url, cache_ttl_secs=60)
    fetcher.send(request).body["rows"].append("changed")
    assert fetcher.send(request).body == {"rows": []}
    assert len(server.requests) == 1
    fetcher.send(FetchRequest(url=server.url, cache_ttl_secs=60, headers={"accept": "text/xml"}))
    fetcher.send(FetchRequest(url=server.url, method="POST", cache_ttl_secs=60))
    assert len(server.requests) == 3


@pytest.mark.parametrize("ttl", [None, 0])
def test_nothing_is_cached_unasked(
    server: HttpServer, fetcher: SyncFetcher, ttl: float | None
) -> None:
    """GET caching is off in syncs (F7)."""
    for _ in range(2):
        fetcher.send(FetchRequest(url=server.url, cache_ttl_secs=ttl))
    assert len(server.requests) == 2


def test_errors_are_never_cached(server: HttpServer, fetcher: SyncFetcher) -> None:
    """After an error the API is asked again (F7)."""
    server.answers(Answer(status=404), Answer(body=b"1"))
    request = FetchRequest(url=server.url, cache_ttl_secs=60)
    with pytest.raises(StatusCodeError):
        fetcher.send(request)
    assert fetcher.send(request).body == 1


def test_a_redirect_that_was_asked_for_is_not_cached(
    server: HttpServer, fetcher: SyncFetcher
) -> None:
    """Only good answers are kept (F7)."""
    server.answers(Answer(status=302, headers={"Location": "/x"}))
    request = FetchRequest(url=server.url, cache_ttl_secs=60, ignore_redirects=True)
    for _ in range(2):
        assert fetcher.send(request).status == 302
    assert len(server.requests) == 2


def test_the_cache_keeps_the_latest_within_its_size() -> None:
    """The cache is bounded, and forgets what was unused the longest (F7)."""
    cache = ResponseCache(max_bytes=25_000)
    for key in "ab":
        cache.put(key, RawResponse(status=200, headers={}, body=bytes(10_000)))
    assert cache.get("a", 60)
    cache.put("c", RawResponse(status=200, headers={}, body=bytes(10_000)))
    assert cache.get("b", 60) is None
    assert cache.get("a", 60)
    assert cache.get("c", 60)
    assert cache.get("c", -1) is None
    cache.put("huge", RawResponse(status=200, headers={}, body=bytes(30_000)))
    assert cache.get("huge", 60) is None


def test_credentials_scope_the_cache(server: HttpServer, connect: Connect) -> None:
    """An answer given to a request with credentials is not given to one without (F7)."""
    server.answer = lambda seen: Answer(body=b'"%s"' % seen.headers.get("x-key", "").encode())
    authentication = Authentication(
        type=AuthenticationType.CUSTOM_HEADER_TOKEN, header_name="X-Key"
    )
    fetcher = impatient(connect(authentication, credentials={"token": "abcd"}))
    cached = FetchRequest(url=server.url, cache_ttl_secs=60)
    assert fetcher.send(cached).body == "abcd"
    bare = FetchRequest(url=server.url, cache_ttl_secs=60, disable_authentication=True)
    assert fetcher.send(bare).body == ""
    assert fetcher.send(cached).body == "abcd"
    assert len(server.requests) == 2


def test_tables_share_the_answer_to_one_request(server: HttpServer, connect: Connect) -> None:
    """With `share_secs`, whatever the method, also where they ask at the same moment."""
    arrived, answer_now = threading.Event(), threading.Event()

    def answer(seen: SeenRequest) -> Answer:
        arrived.set()
        answer_now.wait(5)
        return Answer(body=seen.body)

    server.answer = answer
    connection = connect()
    request = FetchRequest(url=server.url, method="POST", body="[1]", share_secs=60)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(impatient(connection).send, request)
        arrived.wait(5)
        others = [pool.submit(impatient(connection).send, request) for _ in range(5)]
        answer_now.set()
        bodies = [each.result().body for each in (first, *others)]
    assert bodies == [[1]] * 6
    assert len(server.requests) == 1
    bodies[0].append("changed")
    assert impatient(connection).send(request).body == [1]
    impatient(connection).send(replace(request, body="[2]"))
    impatient(connection).send(replace(request, share_secs=None))
    assert len(server.requests) == 3


def test_a_shared_request_that_fails_is_made_by_the_next(
    server: HttpServer, connect: Connect
) -> None:
    """An error is of one table; the others try themselves."""
    server.answers(Answer(status=404), Answer(body=b"1"))
    connection = connect()
    request = FetchRequest(url=server.url, share_secs=60)
    with pytest.raises(StatusCodeError):
        impatient(connection).send(request)
    assert impatient(connection).send(request).body == 1


def test_whoever_waits_for_a_shared_request_can_be_cancelled(
    server: HttpServer, connect: Connect
) -> None:
    """And takes nothing from the table that makes it."""
    arrived, answer_now = threading.Event(), threading.Event()

    def answer(_seen: SeenRequest) -> Answer:
        arrived.set()
        answer_now.wait(5)
        return Answer(body=b"1")

    server.answer = answer
    connection = connect()
    request = FetchRequest(url=server.url, share_secs=60)
    waiting = impatient(connection)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(impatient(connection).send, request)
        arrived.wait(5)
        second = pool.submit(waiting.send, request)
        waiting.cancel()
        with pytest.raises(RequestRefusedError, match="no longer waits"):
            second.result()
        answer_now.set()
        assert first.result().body == 1
