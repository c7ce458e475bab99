"""A session looks up the choices of a parameter (contract P)."""

import threading
from typing import Any

import pytest

from pack_sdk import InvalidResultError, StatusCodeError, make_parameter
from pack_sdk.fetching import FetchResponse
from pack_sync.runtimes.runtime import PageTimeoutError
from pack_sync.runtimes.session import PackSession
from tests.runtimes.pack_calls import RecordingFetcher, open_session

LIMIT = make_parameter(name="limit", type="number", optional=True)


def session_of(autocomplete: Any, **options: Any) -> PackSession:
    """A session of a table with the parameters `team`, which has these choices, and `limit`."""
    team = make_parameter(name="team", type="string", autocomplete=autocomplete)
    return open_session(print, parameters=[team, LIMIT], **options)


def test_a_function_is_called_with_context_search_and_the_other_parameters() -> None:
    """By a `def` with a fetcher, whose requests are those of a page of their own (C14)."""
    seen: list[Any] = []

    def teams(context: Any, search: str, parameters: Any) -> Any:
        seen.append((search, parameters, context.sync.parameters, context.endpoint))
        return [context.fetcher.fetch(url="https://api.example.com/teams").body]

    fetcher = RecordingFetcher()
    session = session_of(teams, fetcher=fetcher)
    url = "https://api.example.com/teams"
    assert session.autocomplete("team", "sa", ["chosen", 5]) == [(url, url)]
    assert seen == [("sa", {"limit": 5}, {"limit": 5}, "https://api.example.com")]
    assert fetcher.sent == [url]
    assert len(fetcher.pages) == 1
    session.close()


def test_an_async_function_is_awaited() -> None:
    """With a fetcher to await."""

    async def teams(context: Any, _search: str, _parameters: Any) -> Any:
        return [(await context.fetcher.fetch(url="https://api.example.com/1")).body]

    session = session_of(teams)
    assert session.autocomplete("team", "", [None, None])[0].value == "https://api.example.com/1"
    session.close()


def test_lists_and_nothing() -> None:
    """A list is searched in place; a parameter without choices has none."""
    fetcher = RecordingFetcher()
    session = session_of(["Sales", "Support"], fetcher=fetcher)
    assert session.autocomplete("team", "sal", [None, None]) == [("Sales", "Sales")]
    assert session.autocomplete("limit", "", [None, None]) == []
    assert fetcher.pages == []
    session.close()


def test_what_goes_wrong_is_raised() -> None:
    """What the pack raises, and `InvalidResultError` for what are no choices."""

    def broken(_context: Any, search: str, _parameters: Any) -> Any:
        if search:
            raise StatusCodeError(FetchResponse(status=403))
        return {"teams": []}

    session = session_of(broken)
    with pytest.raises(StatusCodeError):
        session.autocomplete("team", "a", [None, None])
    with pytest.raises(InvalidResultError, match="it must be a list"):
        session.autocomplete("team", "", [None, None])
    session.close()


def test_a_lookup_may_take_no_longer_than_a_page() -> None:
    """Then it is given up (contract C14)."""
    never = threading.Event()

    def slow(_context: Any, _search: str, _parameters: Any) -> Any:
        never.wait(10)

    session = session_of(slow, seconds=0.01)
    with pytest.raises(PageTimeoutError, match="slow of the table 'Tasks'"):
        session.autocomplete("team", "", [None, None])
    never.set()
