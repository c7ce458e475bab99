"""Requests as packs write them (contract F1)."""

import asyncio
import threading
from typing import Any

import pytest

from pack_sdk import AsyncFetcher, Fetcher, FetchRequest, FetchResponse


def test_a_request_in_either_spelling() -> None:
    """Both camelCase and snake_case say the same; the method is taken in any case (F1)."""
    camel = FetchRequest.from_mapping(
        {
            "url": "https://a",
            "method": "post",
            "isBinaryResponse": True,
            "cacheTtlSecs": 60,
            "disableAuthentication": True,
            "ignoreRedirects": True,
            "form": {"a": "b"},
            "headers": {"X-A": "1"},
        }
    )
    snake = FetchRequest(
        url="https://a",
        method="POST",
        is_binary_response=True,
        cache_ttl_secs=60,
        disable_authentication=True,
        ignore_redirects=True,
        form={"a": "b"},
        headers={"X-A": "1"},
    )
    assert camel == snake


def test_what_is_left_out_or_none_has_its_default() -> None:
    """A key that holds None counts as absent, as `undefined` does in JavaScript (F1)."""
    request = FetchRequest.from_mapping(
        {"url": "u", "method": None, "headers": None, "isBinaryResponse": None, "body": None}
    )
    assert request == FetchRequest(url="u")
    assert (request.method, request.headers, request.is_binary_response) == ("GET", {}, False)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
def test_the_methods(method: str) -> None:
    """The six methods of the contract (F1)."""
    assert FetchRequest.from_mapping({"url": "u", "method": method}).method == method


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"url": "u", "method": "TRACE"}, "the method 'TRACE' is not supported; use GET"),
        ({"method": "GET"}, "a fetch request needs a `url`; it has method"),
        ({}, "a fetch request needs a `url`; it has nothing"),
        ({"url": None}, "needs a `url`"),
        ({"url": 5}, "needs a `url`"),
        ({"url": "u", "data": 1}, "fetch request has the unknown key 'data'; it may have body"),
        ({"url": "u", "cacheTtlSecs": 1, "cache_ttl_secs": 1}, "in both spellings"),
    ],
)
def test_a_request_that_makes_no_sense(request_: dict[str, Any], message: str) -> None:
    """An error that names the key, before anything is sent (F1)."""
    with pytest.raises(ValueError) as caught:
        FetchRequest.from_mapping(request_)
    assert message in str(caught.value)


def test_the_plain_fetcher_takes_mappings_and_keywords() -> None:
    """Both ways of writing a request reach `send` the same; keywords win (F1)."""
    sent: list[FetchRequest] = []

    def send(request: FetchRequest) -> FetchResponse:
        sent.append(request)
        return FetchResponse(status=200, body=len(sent))

    fetcher = Fetcher(send)
    assert fetcher.fetch({"url": "a", "method": "PUT"}, url="b").body == 1
    assert fetcher.fetch(url="b", method="PUT").body == 2
    assert sent == [FetchRequest(url="b", method="PUT")] * 2


def test_awaited_fetches_run_side_by_side() -> None:
    """`asyncio.gather` sends requests at the same time: each waits for the other here (F1)."""
    both = threading.Barrier(2, timeout=10)

    def send(request: FetchRequest) -> FetchResponse:
        both.wait()
        return FetchResponse(status=200, body=request.url)

    async def two() -> list[FetchResponse]:
        fetcher = AsyncFetcher(send)
        return list(await asyncio.gather(fetcher.fetch(url="a"), fetcher.fetch({"url": "b"})))

    assert [response.body for response in asyncio.run(two())] == ["a", "b"]
