"""Keysets: what they refuse, and what they remember."""

from typing import Any

import pytest

from pack_sdk import InvalidResultError, Keyset, UserVisibleError
from pack_sdk.results import Completion
from pack_sdk.testing import make_context

TIES = [{"id": f"n{number}", "at": "2024-01-01T00:00:00Z"} for number in range(3)]


def keyset(continuation: Any = None, cursor: Any = None, **options: Any) -> Keyset:
    """A keyset by the time `at`, in pages of three."""
    previous = Completion(incremental_continuation=cursor) if cursor else None
    context = make_context(continuation=continuation, previous_completion=previous)
    return Keyset(context, key="at", page_size=3, **options)


def test_more_ties_than_a_page_has_are_an_error() -> None:
    """Otherwise those that cannot be asked for would be lost without a word."""
    page = keyset().page(TIES)
    with pytest.raises(UserVisibleError, match=r"3 rows or more have the same at, '2024-01-01T00"):
        keyset(page.get("continuation")).page(TIES)


def test_rows_in_another_order_are_an_error() -> None:
    """A service that ignores the order would make the sync pass over rows."""
    rows = [{"id": "a", "at": 2}, {"id": "b", "at": 1}]
    with pytest.raises(InvalidResultError, match="1 comes after 2"):
        keyset().page(rows)


def test_a_row_without_the_key_is_an_error() -> None:
    """It names the key and shows the row."""
    with pytest.raises(InvalidResultError, match=r"no value under 'at': \{'id': 'a'\}"):
        keyset().page([{"id": "a"}])


def test_a_time_to_come_does_not_hide_what_changes_until_then() -> None:
    """One wrong row would otherwise stop all changes from being seen for years."""
    future = keyset().page([{"id": "a", "at": "2099-01-01T00:00:00Z"}])
    last = keyset(future.get("continuation")).page([])
    assert last.get("completion") == {
        "incremental_continuation": {"key": "2025-01-01T00:00:00.000Z"}
    }


def test_the_overlap_is_in_the_units_of_the_key() -> None:
    """Seconds for times, and so much less for numbers; texts have none."""
    assert keyset(cursor={"key": "2025-01-01T00:10:00Z"}).after == "2025-01-01T00:05:00.000Z"
    assert keyset(cursor={"key": 1000}, overlap=10).after == 990
    assert keyset(cursor={"key": "abc"}).after == "abc"


def test_nothing_new_keeps_the_cursor() -> None:
    """Also where the table is empty."""
    page = keyset(cursor={"key": 7}).page([])
    assert page.get("completion") == {"incremental_continuation": {"key": 7}}
    page = keyset().page([])
    assert page.get("completion") == {"incremental_continuation": {"key": None}}
