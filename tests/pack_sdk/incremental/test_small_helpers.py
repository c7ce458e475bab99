"""What the helpers do at their edges."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from pack_sdk import (
    ChangeFeed,
    FetchResponse,
    FullSyncNeededError,
    InvalidResultError,
    StatusCodeError,
    SyncParts,
    SyncToken,
    TimeCursor,
    format_time,
    full_sync_when_expired,
    next_link,
    parse_time,
    split_deleted,
    value_at,
)
from pack_sdk.results import Completion
from pack_sdk.testing import make_context


def context(cursor: Any = None, continuation: Any = None) -> Any:
    """A context, of an incremental sync if there is a cursor."""
    previous = None if cursor is None else Completion(incremental_continuation=cursor)
    return make_context(previous_completion=previous, continuation=continuation)


@pytest.mark.parametrize("helper", [TimeCursor, SyncToken, ChangeFeed])
def test_a_cursor_of_another_form_asks_for_a_full_sync(helper: Any) -> None:
    """As an earlier version of the pack wrote it: nothing is guessed."""
    with pytest.raises(FullSyncNeededError, match=r"\{'lastSynced': 1\} was not written by"):
        helper(context({"lastSynced": 1}))


def test_parts_that_were_renamed_ask_for_a_full_sync() -> None:
    """Their cursors are of other lists."""
    with pytest.raises(FullSyncNeededError, match="of the parts a, b"):
        SyncParts(context({"parts": {"a": {}, "b": {}}}), "a", "c")


def test_a_time_that_is_none_asks_for_a_full_sync() -> None:
    """A cursor that somebody set by hand."""
    with pytest.raises(FullSyncNeededError, match="'yesterday'"):
        TimeCursor(context({"since": "yesterday"}))


def test_the_first_answer_says_when_the_sync_began() -> None:
    """Later pages bring the service's later times, which do not count."""
    early = FetchResponse(status=200, headers={"date": "Wed, 01 Jan 2025 10:00:00 GMT"})
    late = FetchResponse(status=200, headers={"date": "Wed, 01 Jan 2025 10:20:00 GMT"})
    first = TimeCursor(context()).page([], early, next_page=2)
    second = TimeCursor(context(continuation=first.get("continuation")))
    assert second.next_page == 2
    assert second.page([], late).get("completion") == {
        "incremental_continuation": {"since": "2025-01-01T10:00:00+00:00"}
    }


@pytest.mark.parametrize("date", ["", "soon", "Wed, 99 Jan 2025 10:00:00 GMT"])
def test_without_a_date_our_clock_counts(date: str) -> None:
    """A header that is none is as if it were not there."""
    page = TimeCursor(context()).page([], FetchResponse(status=200, headers={"date": date}))
    assert page.get("completion") == {
        "incremental_continuation": {"since": "2025-01-01T00:00:00+00:00"}
    }


def test_a_token_that_is_missing_is_told() -> None:
    """Otherwise every sync would be a full one, and nobody would know."""
    with pytest.raises(InvalidResultError, match="no token for the next sync"):
        SyncToken(context()).page([])
    with pytest.raises(InvalidResultError, match="set `start` before the list is read"):
        ChangeFeed(context()).page([], next_page=2)


def test_the_last_entry_of_an_id_counts() -> None:
    """On a page, deletions are applied first: of two entries one must go."""
    entries = [{"id": 1}, {"id": 1, "gone": True}, {"id": 2, "gone": True}, {"id": 2}, {"n": 1}]
    assert split_deleted(entries, "gone") == ([{"id": 2}, {"n": 1}], [1])


@pytest.mark.parametrize(
    ("header", "body", "path", "found"),
    [
        ('</a?page=2>; rel="next"', None, "", "https://api.example.com/a?page=2"),
        ('<https://b.example.com/>; rel="prev next"', None, "", "https://b.example.com/"),
        ('<https://b.example.com/>; rel="last"', None, "", None),
        ("", {"next": None}, "next", None),
        ("", {"links": {"next": "?page=2"}}, "links.next", "https://api.example.com/a?page=2"),
        ("", {"@odata.nextLink": "https://b.example.com"}, "@odata.nextLink", "https://b.example.com"),
    ],
)  # fmt: skip
def test_next_links(header: str, body: Any, path: str, found: str | None) -> None:
    """In the header, in the body, with a host or without."""
    response = FetchResponse(status=200, headers={"link": header}, body=body)
    assert next_link(response, path, base="https://api.example.com/a") == found


def test_times_in_all_formats() -> None:
    """What is too fine for a format is cut off, so that nothing is passed over."""
    moment = datetime(2025, 1, 2, 23, 4, 5, 678900, tzinfo=UTC)
    assert format_time(moment, "milliseconds") == "1735859045678"
    assert format_time(moment, "%d/%m/%y %H:%M", zone="America/New_York") == "02/01/25 18:04"
    assert format_time(None, "date") is None
    assert parse_time(1735859045678) == parse_time("2025-01-02T23:04:05.678")
    assert (parse_time("soon"), parse_time(True), parse_time(1e300)) == (None, None, None)


def test_paths() -> None:
    """Through objects alone; a key that is the whole path goes first, if it has a value."""
    assert value_at({"a": {"b": {"c": 1}}}, "a.b.c") == 1
    assert value_at({"a": {"b.c": 1}}, "a.b.c") is None
    assert value_at({"a.b": None, "a": {"b": 2}}, "a.b") == 2
    assert value_at({"a": [1]}, "a.0") is None


GONE = StatusCodeError(FetchResponse(status=400, body={"error": {"details": ["SYNC_TOKEN_OLD"]}}))


def test_what_does_not_say_that_a_cursor_ended_is_raised() -> None:
    """Another reason, another status; and in a full sync nothing ends."""

    def fails(_args: Any, _context: Any) -> Any:
        raise GONE

    async def fails_too(_args: Any, _context: Any) -> Any:
        raise GONE

    for expires, cursor in [
        (full_sync_when_expired(400, reason="ANOTHER"), {"token": "t"}),
        (full_sync_when_expired(410), {"token": "t"}),
        (full_sync_when_expired(400), None),
    ]:
        with pytest.raises(StatusCodeError):
            expires(fails)([], context(cursor))
        with pytest.raises(StatusCodeError):
            asyncio.run(expires(fails_too)([], context(cursor)))
    with pytest.raises(FullSyncNeededError, match="status 400"):
        full_sync_when_expired(400, reason="TOKEN_OLD")(fails)([], context({"token": "t"}))


def test_a_time_cursor_can_be_too_old() -> None:
    """Its own moment says how old it is, so that `after_days` counts for it as well."""

    @full_sync_when_expired(after_days=28)
    def sync_rows(_args: Any, context: Any) -> Any:
        return TimeCursor(context).page([])

    assert sync_rows([], context({"since": "2024-12-20T00:00:00+00:00"}))
    with pytest.raises(FullSyncNeededError, match="keeps what changed for 28 days"):
        sync_rows([], context({"since": "2024-12-01T00:00:00+00:00"}))
