"""Which ids an answer tells of."""

from collections.abc import Set
from typing import Any

import pytest

from pack_sdk import make_object_schema
from pack_sdk.fetching import FetchRequest, FetchResponse
from pack_sync.check.story import told_ids
from pack_sync.check.traces import Exchange


def told(body: Any, there: Set[str] = frozenset()) -> set[str]:
    """The ids that an answer with this body tells of, if these rows are there."""
    schema = make_object_schema(
        properties={"id": {"type": "string"}}, id_property="id", display_property="id"
    )
    request = FetchRequest(url="https://api.example.com/changes")
    exchange = Exchange(request=request, response=FetchResponse(status=200, body=body))
    return told_ids([exchange], schema, there)


def test_a_parent_is_not_told_to_be_deleted() -> None:
    """A change names its row, and the parent that the row has."""
    changes = [{"fileId": "a", "parentId": "b"}, {"id": "c", "parent_id": "d-12345678"}]
    assert told({"changes": changes}) == {"a", "c"}


@pytest.mark.parametrize(
    "named",
    [
        {"follows": "long-id-1"},
        {"duplicateId": "b"},
        {"others": ["b"]},
        {"before": {"id": "b"}},
        {"file": {"id": "c", "follows": "long-id-1"}},
    ],
)
def test_what_a_row_names_is_not_told_to_be_deleted(named: dict[str, Any]) -> None:
    """As long as the row itself is there."""
    assert told([{"id": "a", **named}], {"a", "c"}) == {"a"}


def test_what_an_event_names_is_told() -> None:
    """It has an id of its own, which is no row's."""
    body = [
        {"id": "e1", "type": "deleted", "target_id": "b"},
        {"id": "e2", "type": "deleted", "subject": "long-id-1"},
        {"id": "e3", "type": "deleted", "ids": ["c", 7]},
    ]
    assert {"b", "long-id-1", "c", "7"} <= told(body, {"a"})
