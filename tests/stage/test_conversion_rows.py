"""Rows: which field fills which property, nesting, required values (contract S2, S4)."""

from pathlib import Path
from typing import Any

import pytest

from pack_sdk import make_object_schema
from pack_sdk.dictionaries import PropertyDefinition
from tests.commit.sync_bench import SyncBench, a_page, a_schema, stage_pages

TEXT: PropertyDefinition = {"type": "string"}
WHOLE: PropertyDefinition = {"type": "number", "precision": 0}
WEIRD = ["a.b", "a/b", "a~b", "~1", "~0", "it's", 'q"q', "ключ", "😀", "$", "$.id", "*", "[0]", "0",
         " ", "a\\b", "a\nb", "\t", "{}", "?", "--", "/", "#", "x0", "json", "texts", "parts",
         "problem", "c0", "NULL", "\x7f"]  # fmt: skip


def reasons(folder: Path, schema: Any, *rows: Any) -> list[str]:
    """The reasons of the rejected rows, by id."""
    staged = stage_pages(folder, schema, a_page(*rows))
    return [row[2] for row in sorted(staged.rejects, key=lambda row: str(row[1]))]


@pytest.mark.parametrize("key", WEIRD)
def test_any_name_of_a_field_will_do(key: str, tmp_path: Path) -> None:
    """A field's name is taken literally, never as a path or as SQL (contract S2)."""
    schema = a_schema(
        v={**WHOLE, "fromKey": key},
        o={"type": "object", "properties": {"w": {**TEXT, "fromKey": key}}},
        l={
            "type": "array",
            "items": {"type": "object", "properties": {"w": {**TEXT, "fromKey": key}}},
        },
    )
    row = {"id": "1", key: 7, "o": {key: "x"}, "l": [{key: "y"}]}
    assert stage_pages(tmp_path, schema, a_page(row)).upserts == [
        ("1", 7, {"w": "x"}, [{"w": "y"}])
    ]


def test_any_name_of_a_property_will_do(tmp_path: Path) -> None:
    """Columns and struct fields are named as the properties, whatever they hold (S2)."""
    names = [name for name in WEIRD if "\x00" not in name]
    schema = a_schema(**{name: {"type": "object", "properties": {name: TEXT}} for name in names})
    bench = SyncBench(folder=tmp_path, schema=schema)
    page = a_page({"id": "1", **{name: {name: name} for name in names}})
    bench.full(page)
    assert bench.full(page).schema_changes == []
    assert bench.rows() == [{"id": "1", **{name: {name: name} for name in names}}]


def test_several_properties_may_share_a_field(tmp_path: Path) -> None:
    """Each is typed in its own way from the one field, the id included (contract S2)."""
    schema = make_object_schema(
        id_property="key",
        display_property="text",
        properties={
            "key": {**TEXT, "fromKey": "n"},
            "text": {**TEXT, "fromKey": "n"},
            "number": {**WHOLE, "fromKey": "n"},
            "moment": {"type": "number", "hint": "date", "fromKey": "n"},
        },
    )
    bench = SyncBench(folder=tmp_path, schema=schema)
    bench.full(a_page({"n": 0}))
    ((key, text, number, moment),) = bench.query(
        'SELECT "key", "text", number, moment::VARCHAR FROM acme."Tasks"'
    )
    assert (key, text, number, moment) == ("0", "0", 0, "1970-01-01")


def test_a_field_of_the_property_s_own_name_is_not_looked_at(tmp_path: Path) -> None:
    """With `fromKey` the property's own name means nothing (contract S2)."""
    schema = a_schema(name={**TEXT, "fromKey": "title"})
    page = a_page({"id": "1", "name": "wrong", "title": "right"}, {"id": "2", "name": "wrong"})
    assert stage_pages(tmp_path, schema, page).upserts == [("1", "right"), ("2", None)]


def test_field_names_are_compared_with_case(tmp_path: Path) -> None:
    """JSON keys have a case, whatever DuckDB's columns do (contract S2)."""
    page = a_page({"id": "1", "Name": "wrong", "ID": "2"})
    assert stage_pages(tmp_path, a_schema(name="string"), page).upserts == [("1", None)]


def test_unknown_fields_are_dropped(tmp_path: Path) -> None:
    """Fields that the schema does not name are dropped, nested ones too (contract S2)."""
    schema = a_schema(o={"type": "object", "properties": {"a": TEXT}})
    page = a_page({"id": "1", "x": 1, "o": {"a": "b", "x": 1}})
    assert stage_pages(tmp_path, schema, page).upserts == [("1", {"a": "b"})]


def test_unknown_fields_are_kept_where_the_object_asks(tmp_path: Path) -> None:
    """Together in one JSON column: only the unknown ones, as they came, nulls too (S2)."""
    weird: Any = {name: {**WHOLE, "fromKey": name + "!"} for name in ("a", "b")}
    schema = make_object_schema(
        id_property="id",
        display_property="id",
        include_unknown_properties=True,
        properties={"id": TEXT, "o": {"type": "object", "properties": {"a": TEXT}}, **weird},
    )
    known = {"id": "1", "a!": 1, "b!": None, "o": {"a": "b", "dropped": 1}}
    page = a_page({**known, "a": None, "new": {"k": None, "l": [1]}, 'q"\n': 1}, {"id": "2"})
    assert stage_pages(tmp_path, schema, page).upserts == [
        ("1", {"a": "b"}, 1, None, '{"a":null,"new":{"k":null,"l":[1]},"q\\"\\n":1}'),
        ("2", None, None, None, "{}"),
    ]


@pytest.mark.parametrize("name", WEIRD)
def test_unknown_fields_beside_weird_known_ones(name: str, tmp_path: Path) -> None:
    """A known field is left out of the unknown ones whatever its name (contract S2)."""
    schema = make_object_schema(
        id_property="id",
        display_property="id",
        include_unknown_properties=True,
        properties={"id": TEXT, "v": {**TEXT, "fromKey": name}},
    )
    page = a_page({"id": "1", name: "x", "unknown": 1})
    assert stage_pages(tmp_path, schema, page).upserts == [("1", "x", '{"unknown":1}')]


def test_a_nested_open_object_keeps_the_whole_object(tmp_path: Path) -> None:
    """Set on a nested object it keeps that one as JSON; the row stays closed (contract S2)."""
    schema = a_schema(
        o={"type": "object", "includeUnknownProperties": True, "properties": {"a": TEXT}}
    )
    page = a_page({"id": "1", "dropped": 1, "o": {"a": 1, "b": {"c": None}}})
    assert stage_pages(tmp_path, schema, page).upserts == [("1", '{"a":1,"b":{"c":null}}')]


@pytest.mark.parametrize("row", [None, True, 5, 1.5, "text", "", [], [{"id": "1"}]])
def test_a_row_that_is_not_an_object(row: Any, tmp_path: Path) -> None:
    """It is rejected, kept, and the other rows of the page land (contract S4)."""
    staged = stage_pages(tmp_path, a_schema(), a_page({"id": "a"}, row, {"id": "b"}))
    assert staged.upserts == [("a",), ("b",)]
    ((page, id_, reason, line),) = staged.rejects
    assert (page, id_, reason) == (1, None, "the row is not an object")
    assert line is not None


def test_required_properties(tmp_path: Path) -> None:
    """A required property that is missing or null rejects the row, "" does not (S4)."""
    schema = a_schema(
        s={**TEXT, "required": True},
        o={"type": "object", "required": True, "properties": {}},
        l={"type": "array", "required": True, "items": TEXT},
    )
    good: dict[str, Any] = {"id": "0", "s": "", "o": {}, "l": []}
    bad = [{**good, "id": str(i + 1), name: None} for i, name in enumerate("sol")]
    absent = [
        {k: v for k, v in {**good, "id": str(i + 4)}.items() if k != name}
        for i, name in enumerate("sol")
    ]
    found = reasons(tmp_path, schema, good, *bad, *absent)
    expected = [f"property {name!r}: required, but missing or null" for name in "sol"]
    assert found == expected * 2


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"o": {}}, "property 'v.o.r': required, but missing or null"),
        ({"o": {"r": None}}, "property 'v.o.r': required, but missing or null"),
        ({"l": [{"r": "x"}, {}]}, "property 'v.l[].r': required, but missing or null"),
        ({"l": [{"r": "x", "n": "1_0"}]}, "property 'v.l[].n': 1_0 is not a whole number"),
        ({"l": [7]}, "property 'v.l[]': 7 is not an object"),
        ({"m": [[1], [2, "x"]]}, "property 'v.m[][]': x is not a whole number"),
        ({"m": [1]}, "property 'v.m[]': 1 is not an array"),
        ({"o": 7}, "property 'v.o': 7 is not an object"),
    ],
)
def test_what_is_wrong_inside_is_named_with_its_path(
    value: Any, reason: str, tmp_path: Path
) -> None:
    """Nested values are as strict as those of the row (contract S4)."""
    inner = {"type": "object", "properties": {"r": {**TEXT, "required": True}, "n": WHOLE}}
    schema = a_schema(
        v={
            "type": "object",
            "properties": {
                "o": inner,
                "l": {"type": "array", "items": inner},
                "m": {"type": "array", "items": {"type": "array", "items": WHOLE}},
            },
        }
    )
    (found,) = reasons(tmp_path, schema, {"id": "1", "v": value})
    assert found.startswith(reason)


def test_nested_values_that_are_there_and_that_are_not(tmp_path: Path) -> None:
    """Absent and null objects and elements are NULL, empty arrays stay empty (S4)."""
    inner = {"type": "object", "properties": {"r": {**TEXT, "required": True}}}
    schema = a_schema(
        o=inner,
        l={"type": "array", "items": inner},
        m={"type": "array", "items": {"type": "array", "items": WHOLE}},
    )
    page = a_page(
        {"id": "1"},
        {"id": "2", "o": None, "l": None, "m": None},
        {"id": "3", "o": {"r": ""}, "l": [None, {"r": "x"}], "m": [None, [], [1, None]]},
        {"id": "4", "l": [], "m": [[]]},
    )
    assert stage_pages(tmp_path, schema, page).upserts == [
        ("1", None, None, None),
        ("2", None, None, None),
        ("3", {"r": ""}, [None, {"r": "x"}], [None, [], [1, None]]),
        ("4", None, [], [[]]),
    ]


def test_the_first_thing_wrong_is_the_reason(tmp_path: Path) -> None:
    """One reason a row: the id first, then the properties in their order (contract S4)."""
    schema = a_schema(a="number", b="number")
    page_reasons = reasons(tmp_path, schema, {"id": "1", "b": "x", "a": "y"}, {"a": "x"})
    assert page_reasons == [
        "property 'a': y is not a number that fits DOUBLE",
        "property 'id': the row has no id",
    ]
