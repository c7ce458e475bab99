"""`from_key` as a path into objects, and properties that hold any JSON (contract S2)."""

import json
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import make_object_schema
from pack_sdk.dictionaries import PropertyDefinition
from tests.commit.sync_bench import SyncBench, a_page

TEXT: PropertyDefinition = {"type": "string"}
EVENT = make_object_schema(
    id_property="id",
    display_property="id",
    properties={
        "id": {**TEXT, "from_key": "key.id"},
        "starts": {"type": "string", "hint": "datetime", "from_key": "start.dateTime"},
        "count": {"type": "number", "precision": 0, "from_key": "a.b.c"},
        "people": {"type": "array", "items": TEXT, "from_key": "start.people"},
        "place": {
            "type": "object",
            "from_key": "start.place",
            "properties": {"city": {**TEXT, "from_key": "address.city"}},
        },
    },
)


def stored(tmp_path: Path, schema: Any, *rows: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The rows as they are stored, without the hidden columns."""
    bench = SyncBench(folder=tmp_path, schema=schema)
    bench.full(a_page(*rows))
    return bench.query(
        "SELECT * EXCLUDE (_sync, _changed_at, _run_id) FROM acme.Tasks ORDER BY ALL"
    )


def test_paths_lead_into_objects(tmp_path: Path) -> None:
    """Scalars, arrays and objects, also inside of nested objects; a missing step is NULL."""
    row = {
        "key": {"id": "e1"},
        "start": {
            "dateTime": "2025-01-01T10:00:00Z",
            "people": ["Ann"],
            "place": {"address": {"city": "Ulm"}},
        },
        "a": {"b": {"c": 7}},
    }
    other = {"key": {"id": "e2"}, "start": None, "a": {"b": "no object"}}
    (first, second) = stored(tmp_path, EVENT, row, other)
    assert (first[0], first[1].isoformat()[:19]) == ("e1", "2025-01-01T10:00:00")
    assert first[2:] == (7, ["Ann"], {"city": "Ulm"})
    assert second == ("e2", None, None, None, None)


def test_a_field_of_the_whole_name_wins(tmp_path: Path) -> None:
    """Unless it has no value."""
    row = {"key.id": "whole", "key": {"id": "path"}, "a.b.c": None, "a": {"b": {"c": 3}}}
    row |= {"start.people": ["Whole"], "start": {"people": ["Path"]}}
    assert stored(tmp_path, EVENT, row) == [("whole", None, 3, ["Whole"], None)]


def test_what_cannot_be_typed_is_rejected_by_the_property_s_name(tmp_path: Path) -> None:
    """A path is judged as any field; so is an id that is not there."""
    bench = SyncBench(folder=tmp_path, schema=EVENT)
    bench.full(a_page({"key": {"id": "e"}, "a": {"b": {"c": "many"}}}, {"key": {}}))
    reasons = sorted(str(each) for each in bench.rejected())
    assert "property 'count': many is not a whole number" in reasons[0] + reasons[1]
    assert "the row has no id" in reasons[0] + reasons[1]


def test_a_property_s_own_name_is_no_path(tmp_path: Path) -> None:
    """Only `from_key` leads somewhere."""
    schema = make_object_schema(
        id_property="id", display_property="id", properties={"id": TEXT, "a.b": TEXT}
    )
    assert stored(tmp_path, schema, {"id": "1", "a": {"b": "x"}}) == [("1", None)]


ANYTHING = make_object_schema(
    id_property="id",
    display_property="id",
    properties={
        "id": TEXT,
        "value": {"type": "json"},
        "list": {"type": "array", "items": {"type": "json"}},
        "inner": {"type": "object", "properties": {"value": {"type": "json"}, "n": TEXT}},
    },
)


@pytest.mark.parametrize(
    "value", ["text", 'a "quoted" one', 7, 1.5, 12345678901234567890123, True, False, [1, "a"], {}]
)
def test_any_json_is_kept_as_it_is(tmp_path: Path, value: Any) -> None:
    """At the top, in a list, in an object; null is NULL."""
    row = {"id": "1", "value": value, "list": [value, None], "inner": {"value": value, "n": "x"}}
    ((_, kept, listed, inner),) = stored(tmp_path, ANYTHING, row)
    assert json.loads(kept) == value
    assert [each and json.loads(each) for each in listed] == [value, None]
    assert json.loads(inner["value"]) == value


def test_no_json_is_null(tmp_path: Path) -> None:
    """Whether it is null or missing, and where it is required, the row is rejected."""
    rows = [{"id": "1", "value": None}, {"id": "2"}]
    assert [row[1] for row in stored(tmp_path / "a", ANYTHING, *rows)] == [None, None]
    schema = make_object_schema(
        id_property="id",
        display_property="id",
        properties={"id": TEXT, "value": {"type": "json", "required": True}},
    )
    assert stored(tmp_path / "b", schema, *rows) == []


def test_required_is_in_the_comment(tmp_path: Path) -> None:
    """Whoever looks at the table in DuckDB learns that the column is never missing in a row."""
    schema = make_object_schema(
        id_property="id",
        display_property="id",
        properties={
            "id": {**TEXT, "required": True},
            "a": {**TEXT, "required": True, "description": "What it is"},
            "b": {**TEXT, "description": "Something else"},
        },
    )
    bench = SyncBench(folder=tmp_path, schema=schema)
    bench.full(a_page({"id": "1", "a": "x"}))
    comments = bench.query(
        "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'Tasks'"
    )
    assert {("id", "Required."), ("a", "What it is. Required."), ("b", "Something else")} <= set(
        comments
    )
