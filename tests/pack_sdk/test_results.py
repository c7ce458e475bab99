"""What `execute` returns, checked (contract C2 to C9)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from pack_sdk import Completion, InvalidResultError, SyncResult
from pack_sdk.results import CheckedResult, parse_result

ROWS = [{"id": 1}]


@pytest.mark.parametrize("returned", [None, False, "", 0, {}, float("nan")])
def test_a_falsy_return_is_an_empty_page(returned: Any) -> None:
    """Nothing returned is a page without rows that ends the sync (contract C2)."""
    assert parse_result(returned) == CheckedResult()


@pytest.mark.parametrize("rows", [None, False, "", 0, [], ()])
def test_a_falsy_result_is_no_rows(rows: Any) -> None:
    """A falsy `result` is no rows; what else the page says still counts (contract C2)."""
    page = parse_result({"result": rows, "continuation": 1})
    assert (list(page.rows), page.continuation) == ([], 1)


@pytest.mark.parametrize("returned", ["rows", [ROWS], 5, object()])
def test_what_is_no_page(returned: Any) -> None:
    """Anything but a dictionary or a SyncResult is an error that names its kind (C2)."""
    with pytest.raises(InvalidResultError, match=f"returned a {type(returned).__name__}; return"):
        parse_result(returned)


@pytest.mark.parametrize("rows", ["x", {"id": 1}, 5, iter(ROWS)])
def test_rows_are_a_list(rows: Any) -> None:
    """A `result` that is no list is an error (contract C2)."""
    with pytest.raises(InvalidResultError, match=r"result is a .*; it must be a list"):
        parse_result({"result": rows})


@pytest.mark.parametrize("value", [None, "", 0, 0.0, False, float("nan")])
def test_falsy_continuations_and_completions_do_not_count(value: Any) -> None:
    """They count only when JavaScript takes them as true (contract C3)."""
    page = parse_result({"result": ROWS, "continuation": value, "completion": value})
    ignored = None if value is False or value != value else value
    assert page == CheckedResult(rows=ROWS, ignored_continuation=ignored)


def test_an_empty_object_is_a_continuation() -> None:
    """`{}` is truthy in JavaScript (contract C3)."""
    assert parse_result({"continuation": {}}).continuation == {}


def test_an_empty_object_is_a_completion_without_a_cursor() -> None:
    """`{}` is truthy in JavaScript: a completion that holds nothing (contract C3)."""
    assert parse_result({"completion": {}}).completion == Completion()


@pytest.mark.parametrize(
    ("cursor", "stored"),
    [({}, {}), ([], []), ("x", "x"), (5, 5), (True, True), (None, None), ("", None), (0, None),
     (False, None), (float("nan"), None)],
)  # fmt: skip
def test_which_cursors_count(cursor: Any, stored: Any) -> None:
    """The cursor may be `{}`; it counts when JavaScript takes it as true (contract C3, C6)."""
    page = parse_result({"completion": {"incrementalContinuation": cursor}})
    assert page.completion is not None
    assert page.completion.incremental_continuation == stored


@pytest.mark.parametrize(("flag", "incomplete"), [(True, True), ({}, True), (0, False)])
def test_incomplete_results(flag: Any, incomplete: bool) -> None:
    """The flag counts as JavaScript has it (contract C8)."""
    page = parse_result({"completion": {"hasIncompleteResults": flag}})
    assert page.completion == Completion(has_incomplete_results=incomplete)


@pytest.mark.parametrize(
    ("continuation", "path"),
    [
        ({"since": datetime(2026, 1, 1, tzinfo=UTC)}, "continuation.since is a datetime"),
        ({"pages": [1, (2,)]}, r"continuation.pages\[1\] is a tuple"),
        ([{1}], r"continuation\[0\] is a set"),
        ({"n": float("nan")}, "continuation.n is nan"),
        ({"ids": {7: 1}}, "continuation.ids has the key 7"),
        (2**64, "continuation is 18446744073709551616"),
    ],
)
def test_a_continuation_that_json_would_change(continuation: Any, path: str) -> None:
    """It must survive a JSON round trip; the error names the path (contract C4)."""
    with pytest.raises(InvalidResultError, match="^" + path):
        parse_result({"continuation": continuation})


def test_a_cursor_that_json_would_change() -> None:
    """The same holds for the cursor, which is stored as JSON (contract C6)."""
    with pytest.raises(InvalidResultError, match=r"completion\.incrementalContinuation\.at is a d"):
        parse_result({"completion": {"incrementalContinuation": {"at": datetime.now(UTC)}}})


def test_a_completion_beside_a_continuation_is_ignored() -> None:
    """Even one that makes no sense (contract C5)."""
    page = parse_result({"continuation": 1, "completion": "nonsense"})
    assert page == CheckedResult(continuation=1)


@pytest.mark.parametrize(
    ("completion", "message"),
    [("done", "completion is a str; it must be"), ({"cursor": 1}, "unknown key 'cursor'")],
)
def test_a_completion_that_makes_no_sense(completion: Any, message: str) -> None:
    """On the last page it must be a dictionary with known keys (contract C6)."""
    with pytest.raises(InvalidResultError, match=message):
        parse_result({"completion": completion})


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        ({"deletedRowIds": ["a"]}, ["a"]),
        ({"deletedItemIds": ["b"]}, ["b"]),
        ({"deletedRowIds": ["a"], "deletedItemIds": ["b"]}, ["a"]),
        ({"deletedRowIds": [], "deletedItemIds": ["b"]}, []),
        ({"deletedRowIds": None, "deletedItemIds": ["b"]}, ["b"]),
        ({"deleted_row_ids": ("a", 1)}, ["a", 1]),
        ({"deleted_item_ids": ["b"]}, ["b"]),
        ({"deletedRowIds": [2**70]}, [2**70]),
        ({}, []),
    ],
)
def test_deleted_ids(given: dict[str, Any], ids: list[Any]) -> None:
    """`deletedRowIds ?? deletedItemIds`: an empty deletedRowIds wins (contract C9)."""
    assert list(parse_result({"result": ROWS, **given}).deleted_row_ids) == ids


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ("a", "deletedRowIds is a str; it must be a list"),
        ({"a"}, "deletedRowIds is a set"),
        (["a", UUID(int=1)], r"deletedRowIds\[1\] is a UUID; use str\(\)"),
        ([[2**70]], r"deletedRowIds\[0\] is a list, \[\d+\]; return the id alone"),
        (["a", ("b",)], r"deletedRowIds\[1\] is a list"),
        ([{"id": "a"}], r"deletedRowIds\[0\] is an object, \{'id': 'a'\}; return the id alone"),
    ],
)
def test_deleted_ids_that_cannot_be(ids: Any, message: str) -> None:
    """Deleted ids are ids, and cross the boundary as JSON; what cannot is named (C9)."""
    with pytest.raises(InvalidResultError, match=message):
        parse_result({"deletedRowIds": ids})


def test_unknown_keys_and_both_spellings_at_once() -> None:
    """A page with a misspelt key, or one key twice, is an error (contract C2)."""
    with pytest.raises(InvalidResultError, match="of execute has the unknown key 'results'"):
        parse_result({"results": ROWS})
    with pytest.raises(InvalidResultError, match="unknown key 1"):
        parse_result({1: 2})
    with pytest.raises(InvalidResultError, match="'deleted_row_ids' in both spellings"):
        parse_result({"deletedRowIds": [], "deleted_row_ids": []})


def test_a_typed_result_is_the_same_page() -> None:
    """`SyncResult` and a dictionary say the same (contract C2)."""
    completion = Completion(incremental_continuation={"at": 1})
    typed = SyncResult(result=ROWS, completion=completion, deleted_row_ids=["x"])
    plain = {
        "result": ROWS,
        "completion": {"incrementalContinuation": {"at": 1}},
        "deletedItemIds": ["x"],
    }
    expected = CheckedResult(rows=ROWS, completion=completion, deleted_row_ids=["x"])
    assert parse_result(typed) == parse_result(plain) == expected


def test_an_empty_typed_result_is_an_empty_page() -> None:
    """A SyncResult is not falsy, but may hold nothing (contract C2)."""
    assert parse_result(SyncResult()) == CheckedResult()
