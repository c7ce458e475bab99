"""Which ids an answer tells of."""

from pack_sdk import make_object_schema
from pack_sdk.fetching import FetchRequest, FetchResponse
from pack_sync.check.story import told_ids
from pack_sync.check.traces import Exchange


def test_a_parent_is_not_told_to_be_deleted() -> None:
    """A change names its row, and the parent that the row has."""
    schema = make_object_schema(
        properties={"id": {"type": "string"}}, id_property="id", display_property="id"
    )
    body = {"changes": [{"fileId": "a", "parentId": "b"}, {"id": "c", "parent_id": "d-12345678"}]}
    request = FetchRequest(url="https://api.example.com/changes")
    exchange = Exchange(request=request, response=FetchResponse(status=200, body=body))
    assert told_ids([exchange], schema) == {"a", "c"}
