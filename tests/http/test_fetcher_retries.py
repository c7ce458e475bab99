"""When a fetcher asks again, and when it stops (contract F5, C14)."""

import threading
from typing import Any

import pytest

from pack_sdk.errors import (
    ConnectionFailedError,
    FetchError,
    RequestRefusedError,
    StatusCodeError,
)
from pack_sdk.fetching import FetchRequest
from pack_sync.http.fetcher import SyncFetcher
from tests.conftest import Connect
from tests.http_server import Answer, HttpServer, SeenRequest


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_busy_api_is_asked_again(
    server: HttpServer, fetcher: SyncFetcher, status: int, method: Any
) -> None:
    """429 and 503 are retried for any method, with or without Retry-After (F5)."""
    server.answers(
        Answer(status=status, headers={"Retry-After": "0"}),
        Answer(status=status),
        Answer(body=b"1"),
    )
    fetcher.begin_page(20)
    assert fetcher.send(FetchRequest(url=server.url, method=method, body="b")).body == 1
    assert [seen.body for seen in server.requests] == [b"b"] * 3
    assert (fetcher.statistics.requests, fetcher.statistics.retries) == (3, 2)


@pytest.mark.parametrize("status", [502, 504])
def test_a_failed_gateway_is_asked_again_for_get_only(
    server: HttpServer, fetcher: SyncFetcher, status: int
) -> None:
    """A POST may have been done although the gateway failed: it is not repeated (F5)."""
    server.answers(Answer(status=status), Answer(body=b"1"))
    assert fetcher.send(FetchRequest(url=server.url)).body == 1
    server.answers(Answer(status=status), Answer(body=b"1"))
    with pytest.raises(StatusCodeError):
        fetcher.send(FetchRequest(url=server.url, method="POST"))
    assert len(server.requests) == 3


def test_a_wait_longer_than_the_page_is_not_begun(server: HttpServer, connect: Connect) -> None:
    """When the next try would come too late, the error comes at once (F5)."""
    server.answers(Answer(status=503))
    fetcher = SyncFetcher(connect(), first_wait_seconds=25)
    fetcher.begin_page(10)
    with pytest.raises(StatusCodeError) as caught:
        fetcher.send(FetchRequest(url=server.url))
    assert "Tried 1 times; the next try would be in " in caught.value.__notes__[0]
    assert fetcher.statistics.seconds < 5


def test_retries_end_with_the_page(server: HttpServer, connect: Connect) -> None:
    """Growing waits stop when the page's time is over; the last error is raised (F5)."""
    server.answers(Answer(status=503))
    fetcher = SyncFetcher(connect(), first_wait_seconds=0.02)
    fetcher.begin_page(0.5)
    with pytest.raises(StatusCodeError):
        fetcher.send(FetchRequest(url=server.url))
    assert 2 <= len(server.requests) <= 8
    assert fetcher.statistics.seconds < 0.5


def test_cancel_ends_a_wait_and_refuses_what_follows(
    server: HttpServer, fetcher: SyncFetcher
) -> None:
    """A call that was given up neither waits on nor sends anything more (C14, F5)."""
    arrived = threading.Event()

    def answer(_: SeenRequest) -> Answer:
        arrived.set()
        return Answer(status=503, headers={"Retry-After": "30"})

    server.answer = answer
    fetcher.begin_page(60)
    errors: list[FetchError] = []

    def send() -> None:
        try:
            fetcher.send(FetchRequest(url=server.url))
        except FetchError as error:
            errors.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    assert arrived.wait(5)
    fetcher.cancel()
    thread.join(5)
    assert not thread.is_alive()
    assert len(errors) == 1

    fetcher.begin_page(60)
    with pytest.raises(RequestRefusedError, match="no longer waits"):
        fetcher.send(FetchRequest(url=server.url))
    assert len(server.requests) == 1


def test_no_request_after_the_page(server: HttpServer, fetcher: SyncFetcher) -> None:
    """A page without time left sends nothing (C14)."""
    fetcher.begin_page(0)
    with pytest.raises(ConnectionFailedError, match="the 0 s that the page may take are over"):
        fetcher.send(FetchRequest(url=server.url))
    assert not server.requests


def test_a_slow_answer_times_out_with_the_page(server: HttpServer, fetcher: SyncFetcher) -> None:
    """Every timeout is the page's time at most, whatever the request timeout (C14)."""
    release = threading.Event()
    server.answer = lambda _: Answer(body=b"1") if release.wait(5) else Answer()
    fetcher.begin_page(0.2)
    try:
        with pytest.raises(ConnectionFailedError, match=r"127\.0\.0\.1 did not (answer|accept)"):
            fetcher.send(FetchRequest(url=server.url))
    finally:
        release.set()
    assert fetcher.statistics.seconds < 3
