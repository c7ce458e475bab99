"""The queries, in GraphQL, made of the schemas: each asks for what the columns are filled by.

https://linear.app/developers/graphql
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

from pack_sdk import Schema

Fields: TypeAlias = dict[str, Any]
"""Fields by name, each with the fields in it; none in those that are values."""

_WITHIN: Mapping[str, str] = {"teams": "(first: 100)"}
"""How much of a list within a row is asked for: Linear counts all of it for each row."""


def list_query(
    name: str, schema: Schema, *, first: int, arguments: str = "", also: str = ""
) -> str:
    """The query for a page of the list `name`, of at most `first` rows, the newest first.

    `arguments` are further ones of the list, such as `includeArchived: true`, and `also` is a
    field that the rows have beside what fills the columns. A list with a filter takes it as the
    variable `filter`, of the type `IssueFilter` for `issues`.
    """
    variables = "$after: String"
    if "$filter" in arguments:
        variables += f", $filter: {name[0].upper()}{name[1:-1]}Filter"
    fields = _fields(schema)
    if also:
        fields[also] = {}
    given = ", ".join(
        filter(None, (f"first: {first}", "after: $after", "orderBy: createdAt", arguments))
    )
    page = f"nodes {{ {_written(fields)} }} pageInfo {{ hasNextPage endCursor }}"
    return f"query({variables}) {{ {name}({given}) {{ {page} }} }}"


def _fields(schema: Schema) -> Fields:
    fields: Fields = {}
    for name, column in (schema.properties or {}).items():
        place = fields
        for field in schema.field_of(name).split("."):
            place = place.setdefault(field, {})
        place |= _fields(column.items or column)
    return fields


def _written(fields: Fields) -> str:
    return " ".join(
        f"{name}{_WITHIN.get(name, '')} {{ {_written(inner)} }}" if inner else name
        for name, inner in fields.items()
    )
