"""What the testing kit says of rows, without a database."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from pack_sdk import Completion
from pack_sdk.testing import MockFetcher, SyncedRows, execute_sync_table
from tests.pack_sdk.sync_samples import Steps, items, pack_of


def synced(*steps: Any, **options: Any) -> SyncedRows:
    """Sync the table of these steps."""
    pack = pack_of(Steps(*steps))
    return execute_sync_table(pack, "Items", fetcher=MockFetcher(), **options)


@dataclass
class Item:
    """A row as a dataclass, which the engine takes as well."""

    id: str
    name: str


@pytest.mark.parametrize(
    "row",
    [
        {"id": "a", "name": "A"},
        {"id": 7, "name": "A", "size": None, "unknown": {}},
        {"id": "a", "name": "A", "tags": ["x"], "owner": {"mail": "m"}},
        {"id": "a", "name": 5, "size": "1.5"},
        {"id": "a", "name": date(2025, 1, 1)},
        {"id": "x" * 1024, "name": ""},
        Item("a", "A"),
    ],
)
def test_good_rows(row: Any) -> None:
    """What the engine stores, or what only the engine can tell (contract S4, S6)."""
    assert synced({"result": [row]}).rejected == []


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("text", "the row is not an object"),
        (["a"], "the row is not an object"),
        ({"key": "a", "name": "A"}, "property 'key': the row has no id"),
        ({"id": "", "name": "A"}, "property 'key': the id is empty"),
        ({"id": True, "name": "A"}, "the id is neither a string nor a number"),
        ({"id": {}, "name": "A"}, "the id is neither a string nor a number"),
        ({"id": "x" * 1025, "name": "A"}, "the id is longer than 1,024 characters"),
        ({"id": "a"}, "property 'name': required, but missing or null"),
        ({"id": "a", "name": None}, "property 'name': required"),
        ({"id": "a", "name": "A", "owner": {}}, "property 'owner.mail': required"),
        ({"id": "a", "name": "A", "owner": "m"}, "property 'owner': 'm' is not an object"),
        ({"id": "a", "name": "A", "tags": "x"}, "property 'tags': 'x' is not an array"),
        ({"id": "a", "name": "A", "size": {}}, "property 'size': {} is not a number"),
        ({"id": "a", "name": "A", "size": ""}, "property 'size': '' is not a number"),
    ],
)
def test_rows_that_would_be_rejected_fail_the_test(row: Any, problem: str) -> None:
    """Naming table, page and reason; with `allow_rejected` they are listed (contract S4)."""
    pages = [{"result": items(b="B"), "continuation": 1}, {"result": [row]}]
    with pytest.raises(AssertionError) as caught:
        synced(*pages)
    assert "1 rows of Items would be rejected:" in str(caught.value)
    assert "page 2: " in str(caught.value)
    assert problem in str(caught.value)
    (rejected,) = synced(*pages, allow_rejected=True).rejected
    assert (rejected.row, rejected.page) == (row, 2)
    assert problem in rejected.problem


def test_a_full_sync_replaces_the_table() -> None:
    """What it does not return is gone (contract C10)."""
    assert synced({"result": items(b="1")}).applied_to({"a": "old"}) == {"b": items(b="1")[0]}


def test_an_incremental_sync_changes_the_table() -> None:
    """Page by page, on each deletes before rows; rejected rows change nothing (C9, D1, S4)."""
    pages = [
        {"result": items(a="2", b="1"), "deletedRowIds": ["a"], "continuation": 1},
        {"result": [*items(d="1"), {"id": "e"}], "deletedRowIds": ["b", "never there"]},
    ]
    cursor = Completion(incremental_continuation=1)
    before = {"a": "old", "c": "old", "e": "old"}
    incremental = synced(*pages, previous_completion=cursor, allow_rejected=True)
    assert incremental.applied_to(before) == {
        "a": items(a="2")[0],
        "c": "old",
        "d": items(d="1")[0],
        "e": "old",
    }
    assert before == {"a": "old", "c": "old", "e": "old"}
