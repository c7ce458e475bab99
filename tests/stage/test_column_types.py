"""From schemas to columns (contract, the table of types; S2)."""

from typing import Any

import pytest

from pack_sdk import make_object_schema, make_schema
from pack_sync.stage.column_types import UNKNOWN_PROPERTIES, Column, columns_of, sql_type_of

STRING_HINTS = ["email", "url", "markdown", "html", "embed", "image", "attachment", "selectList"]


@pytest.mark.parametrize(
    ("definition", "sql_type"),
    [
        ({"type": "boolean"}, "BOOLEAN"),
        ({"type": "boolean", "hint": "toggle"}, "BOOLEAN"),
        ({"type": "number"}, "DOUBLE"),
        ({"type": "number", "precision": 2}, "DOUBLE"),
        ({"type": "number", "precision": 0}, "BIGINT"),
        ({"type": "number", "hint": "currency"}, "DECIMAL(38,9)"),
        ({"type": "number", "hint": "currency", "precision": 0}, "DECIMAL(38,9)"),
        ({"type": "number", "hint": "percent"}, "DOUBLE"),
        ({"type": "number", "hint": "percent", "precision": 0}, "DOUBLE"),
        ({"type": "number", "hint": "slider"}, "DOUBLE"),
        ({"type": "number", "hint": "progressBar"}, "DOUBLE"),
        ({"type": "number", "hint": "scale"}, "INTEGER"),
        *(
            ({"type": kind, "hint": hint}, sql_type)
            for kind in ("number", "string")
            for hint, sql_type in [
                ("date", "DATE"),
                ("time", "TIME"),
                ("datetime", "TIMESTAMP WITH TIME ZONE"),
                ("duration", "INTERVAL"),
            ]
        ),
        ({"type": "string"}, "VARCHAR"),
        *(({"type": "string", "hint": hint}, "VARCHAR") for hint in STRING_HINTS),
        ({"type": "array", "items": {"type": "number"}}, "DOUBLE[]"),
        (
            {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
            "VARCHAR[][]",
        ),
        (
            {"type": "object", "properties": {'a "b"': {"type": "string"}}},
            'STRUCT("a ""b""" VARCHAR)',
        ),
        *(
            (
                {"type": "object", "hint": hint, "properties": {"a": {"type": "number"}}},
                'STRUCT("a" DOUBLE)',
            )
            for hint in ("person", "reference")
        ),
        (
            {
                "type": "object",
                "includeUnknownProperties": True,
                "properties": {"a": {"type": "number"}},
            },
            "JSON",
        ),
        ({"type": "object"}, "JSON"),
        ({"type": "array", "items": {"type": "object"}}, "JSON[]"),
    ],
)
def test_each_type_has_its_column(definition: dict[str, Any], sql_type: str) -> None:
    """The whole table of types of the contract."""
    assert sql_type_of(make_schema(definition)) == sql_type


def test_columns_follow_the_properties() -> None:
    """In the order of the properties, named as they are, not as their fields (contract S2)."""
    schema = make_object_schema(
        properties={
            "Z": {"type": "string", "fromKey": "x", "description": "the last letter"},
            "a": {"type": "number"},
        }
    )
    assert columns_of(schema) == [
        Column(name="Z", sql_type="VARCHAR", description="the last letter"),
        Column(name="a", sql_type="DOUBLE"),
    ]


def test_unknown_properties_have_a_column_of_their_own() -> None:
    """One JSON column keeps them together, only when the row's own schema asks (contract S2)."""
    nested: Any = {"type": "object", "includeUnknownProperties": True}
    schema = make_object_schema(properties={"o": nested})
    assert [column.name for column in columns_of(schema)] == ["o"]
    schema = make_object_schema(properties={"o": nested}, include_unknown_properties=True)
    assert [(c.name, c.sql_type) for c in columns_of(schema)] == [
        ("o", "JSON"),
        (UNKNOWN_PROPERTIES, "JSON"),
    ]
