"""`MockFetcher`: answers for a pack under test, with no network."""

import asyncio
from typing import Any

import pytest

from pack_sdk import ConnectionFailedError, FetchRequest, FetchResponse, StatusCodeError
from pack_sdk.testing import MockFetcher, StatusCode, make_async_context, make_context

URL = "https://api.example.com/tasks"


def fetch(fetcher: MockFetcher, url: str = URL, **fields: Any) -> FetchResponse:
    """Fetch as a pack does."""
    return make_context(fetcher).fetcher.fetch(url=url, **fields)


def echo(request: FetchRequest) -> dict[str, str]:
    """An answer that depends on the request."""
    return {"asked": request.url}


def test_answers_in_turn_are_for_whatever_is_asked_for() -> None:
    """The first request gets the first one (contract F1, F2)."""
    fetcher = MockFetcher({"page": 1}).then({"page": 2})
    assert [fetch(fetcher).body, fetch(fetcher, "/other").body] == [{"page": 1}, {"page": 2}]
    assert fetcher.urls == [URL, "/other"]


def test_answers_for_a_url() -> None:
    """Several are used in turn, the last one for all further requests."""
    fetcher = MockFetcher().on(URL, "a", "b").on("/me", "me")
    assert [fetch(fetcher).body for _ in range(3)] == ["a", "b", "b"]
    assert fetch(fetcher, "/me").body == "me"


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        (f"{URL}?page=2&size=5", "second"),
        (f"{URL}?size=5&page=2", "second"),
        (f"{URL}?size=5&page=3", "any"),
        (f"{URL}?page=2", "any"),
        (URL, "any"),
    ],
)
def test_queries(url: str, answer: str) -> None:
    """A query wants just these parameters in any order, no query wants any; the former first."""
    fetcher = MockFetcher().on(URL, "any").on(f"{URL}?page=2&size=5", "second")
    assert fetch(fetcher, url).body == answer


def test_methods_are_told_apart() -> None:
    """GET unless another one is named; the request is kept with its body."""
    fetcher = MockFetcher().on(URL, "read").on(URL, "written", method="POST")
    assert fetch(fetcher).body == "read"
    assert fetch(fetcher, method="POST", body="{}").body == "written"
    assert fetcher.requests[1] == FetchRequest(url=URL, method="POST", body="{}")


@pytest.mark.parametrize(
    ("prepared", "expected"),
    [
        (MockFetcher(), "no further request"),
        (MockFetcher().on("https://api.example.com/teams", 1), "GET https://api.example.com/teams"),
        (MockFetcher().on(URL, 1, method="POST"), f"POST {URL}"),
        (MockFetcher().on(f"{URL}/1", 1), f"GET {URL}/1"),
        (MockFetcher().on(f"{URL}?page=2", 1), f"GET {URL}?page=2"),
    ],
)
def test_an_unexpected_request_is_an_assertion_error(prepared: MockFetcher, expected: str) -> None:
    """It says what was asked for and lists what was expected."""
    with pytest.raises(AssertionError) as caught:
        fetch(prepared)
    assert f"asked for GET {URL}, which the test does not expect" in str(caught.value)
    assert expected in str(caught.value)


def test_a_status_of_300_or_more_is_an_error() -> None:
    """With status, body and headers, whose names are in lower case (contract F3)."""
    fetcher = MockFetcher(StatusCode(429, {"error": "slow"}, {"Retry-After": "5"}))
    with pytest.raises(StatusCodeError) as caught:
        fetch(fetcher)
    error = caught.value
    assert (error.status_code, error.body) == (429, {"error": "slow"})
    assert error.headers == {"retry-after": "5"}


def test_a_redirect_may_be_asked_for() -> None:
    """With `ignoreRedirects` a 3xx is returned, and only that (contract F3)."""
    fetcher = MockFetcher().on(URL, StatusCode(302, headers={"Location": "/b"}), StatusCode(404))
    response = fetch(fetcher, ignoreRedirects=True)
    assert (response.status, response.headers) == (302, {"location": "/b"})
    with pytest.raises(StatusCodeError):
        fetch(fetcher, ignoreRedirects=True)


def test_other_kinds_of_answers() -> None:
    """A whole response, an exception to raise, a function of the request."""
    fetcher = MockFetcher(
        FetchResponse(status=201, body=b"bytes"),
        ConnectionFailedError("refused"),
        echo,
        StatusCode(500),
    )
    assert fetch(fetcher) == FetchResponse(status=201, body=b"bytes")
    with pytest.raises(ConnectionFailedError, match="refused"):
        fetch(fetcher)
    assert fetch(fetcher).body == {"asked": URL}
    with pytest.raises(StatusCodeError):
        fetch(fetcher)


def test_a_pack_may_change_what_it_gets() -> None:
    """Each request has a body of its own."""
    prepared = {"tasks": [1]}
    fetcher = MockFetcher().on(URL, prepared)
    fetch(fetcher).body["tasks"].clear()
    assert fetch(fetcher).body == prepared == {"tasks": [1]}


def test_what_was_not_asked_for() -> None:
    """`unused` names routes never used and answers in turn that are left."""
    fetcher = MockFetcher("next").on(URL, 1, 2).on("/never", 3)
    fetch(fetcher)
    assert fetcher.unused == ["GET /never", "the next answer: 'next'"]
    fetch(fetcher, "/never")
    fetch(fetcher, "/whatever")
    assert fetcher.unused == []


def test_a_route_needs_an_answer() -> None:
    """To prepare none is a mistake in the test."""
    with pytest.raises(ValueError, match="needs an answer"):
        MockFetcher().on(URL)


def test_an_async_pack_gets_its_answers_in_order() -> None:
    """Requests awaited together go out in the order in which they were written."""
    fetcher = MockFetcher("a", "b", "c")
    context = make_async_context(fetcher)

    async def fetch_all() -> list[Any]:
        urls = ["/1", "/2", "/3"]
        answers = await asyncio.gather(*(context.fetcher.fetch({"url": url}) for url in urls))
        return [answer.body for answer in answers]

    assert asyncio.run(fetch_all()) == ["a", "b", "c"]
    assert fetcher.urls == ["/1", "/2", "/3"]
