"""The schema of sampled rows, and the properties that become of it."""

from typing import Any

import pytest

from pack_sync.new_pack.code_text import Noted, one_line, quoted
from pack_sync.new_pack.row_schema import schema_of
from pack_sync.new_pack.schema_code import property_definitions


def definitions(*rows: dict[str, Any], id_key: str = "id") -> dict[str, Any]:
    """The properties of these rows, each as `definition` or as `definition  # remark`."""
    found = property_definitions(schema_of(rows), (id_key,))
    written: dict[str, Any] = {}
    for name, noted in found.items():
        assert isinstance(noted, Noted)
        remark = f"  # {noted.comment}" if noted.comment else ""
        written[name] = one_line(noted.value) + remark
    return written


COLUMNS: list[tuple[list[Any], str]] = [
    ([True, False], '{"type": "boolean"}'),
    ([1, 2], '{"type": "number", "precision": 0}'),
    ([1, 2.5], '{"type": "number"}'),
    (["a", ""], '{"type": "string"}'),
    (["2024-01-02", "2024-02-03"], '{"type": "string", "hint": "date"}'),
    (["2024-01-02T03:04:05Z"], '{"type": "string", "hint": "datetime"}'),
    (["2024-01-02 03:04:05+01:00"], '{"type": "string", "hint": "datetime"}'),
    (["2024-01-02", "soon"], '{"type": "string"}'),
    (["12:30"], '{"type": "string", "hint": "time"}'),
    (["a@example.com"], '{"type": "string", "hint": "email"}'),
    (["https://example.com/a"], '{"type": "string", "hint": "url"}'),
    ([[1], []], '{"type": "array", "items": {"type": "number", "precision": 0}}'),
    ([[]], '{"type": "array", "items": {"type": "string"}}'),
    (
        [{"a": 1}, {"b": "x"}],
        '{"type": "object", "properties": {"a": {"type": "number", "precision": 0}, '
        '"b": {"type": "string"}}}',
    ),
    ([{}], "JSON"),
    ([{"a": {"": 1}}], "JSON"),
    ([{"a": 1, "A": 2}], "JSON"),
    ([{f"k{at}": at for at in range(20)}], "JSON"),
    ([[{"a": [{"b": {}}]}]], '{"type": "array", "items": JSON}'),
    ([1, "a"], '{"type": "string"}  # integer or string: kept as text'),
    ([None], '{"type": "string"}  # null in every row seen'),
    ([1, None], '{"type": "number", "precision": 0}  # in 1 of 2 rows'),
    ([2**64], '{"type": "number", "precision": 0}  # more than 64 bits'),
    ([10**30], '{"type": "string"}  # more than 64 bits'),
]


@pytest.mark.parametrize(("values", "expected"), COLUMNS, ids=repr)
def test_a_property_has_the_type_of_its_values(values: list[Any], expected: str) -> None:
    """Over all rows: what only some have, or is null, is said."""
    rows = [{"id": at, "value": value} for at, value in enumerate(values)]
    assert definitions(*rows)["value"] == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("created_at", 1_700_000_000, '"hint": "datetime"'),
        ("createdAt", 1_700_000_000, '"hint": "datetime"'),
        ("updated", 1_700_000_000_000, "QUESTION"),
        ("views", 1_700_000_000, '"precision": 0'),
        ("format", 1_700_000_000, '"precision": 0'),
    ],
)
def test_numbers_that_are_moments(name: str, value: int, expected: str) -> None:
    """By their name and size; milliseconds are no type, so they are asked about."""
    assert expected in definitions({"id": 1, name: value})[name]


def test_ids() -> None:
    """As floats they are whole numbers, and the id comes first."""
    found = definitions({"name": "a", "id": 1.0}, {"name": "b", "id": 2.0})
    assert list(found) == ["id", "name"]
    assert found["id"] == '{"type": "number", "precision": 0}'
    dates = definitions({"id": "2024-01-02"}, {"id": "2024-01-03"})
    assert dates["id"] == '{"type": "string"}'


def test_columns_that_would_be_one() -> None:
    """DuckDB compares names without case: the second gets another name, from the same field."""
    found = definitions({"id": 1, "Name": "a", "name": "b", "NAME_2": {}})
    assert list(found) == ["id", "Name", "name_2", "NAME_2_2"]
    assert '"from_key": "name"' in found["name_2"]
    assert found["NAME_2_2"].startswith('make_schema(JSON, from_key="NAME_2")')


def test_names_that_no_column_can_have() -> None:
    """They are left out: an empty one, NUL, half a character."""
    assert list(definitions({"id": 1, "": 2, "a\0": 3, "\ud800": 4})) == ["id"]


@pytest.mark.parametrize("text", ["a", 'a"b', "a'b", "a'\"b", "a''\"b", "\\", "\n", "ö", "\u200b"])
def test_texts_are_written_as_they_are(text: str) -> None:
    """Whatever is in them."""
    names: dict[str, Any] = {}
    exec(f"text = {quoted(text)}", names)  # noqa: S102 - ours
    assert names["text"] == text
