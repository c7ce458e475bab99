"""What can be said of rows without a database (contract S4).

The engine types values in DuckDB; whether "2025-02-30" is a date is found out there. Here is
checked what needs no typing: that a row is an object, that its id can be one, that
`required` properties are there, and that a property is of the JSON type that its schema says
where the engine takes no other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any, cast

from pack_sdk.row_values import value_of_property
from pack_sdk.schemas import Schema, ValueType

_MAX_ID_LENGTH = 1024  # contract S6


@dataclass(frozen=True, kw_only=True)
class RejectedRow:
    """A row that the engine would reject: it would be kept aside and counted (contract S4)."""

    row: Any
    page: int
    problem: str


def find_problem(row: object, schema: Schema) -> str | None:
    """Why the engine would reject a row, as far as that can be said here; None if it is good."""
    fields = fields_of(row)
    if fields is None:
        return "the row is not an object"
    name = str(schema.id_property)
    if problem := _problem_of_id(value_of_property(fields, schema, name)):
        return f"property {name!r}: {problem}"
    return next(_problems_of_object(fields, schema, ""), None)


def fields_of(row: object) -> Mapping[str, Any] | None:
    """The row as an object, which a dataclass becomes as well; None if it is none."""
    if is_dataclass(row) and not isinstance(row, type):
        return asdict(row)
    return cast("Mapping[str, Any]", row) if isinstance(row, Mapping) else None


def _problem_of_id(value: object) -> str | None:
    if value is None:
        return "the row has no id"
    if value == "":
        return "the id is empty"
    if isinstance(value, bool | Mapping | list | tuple):
        return "the id is neither a string nor a number"
    if len(str(value)) > _MAX_ID_LENGTH:
        return f"the id is longer than {_MAX_ID_LENGTH:,} characters"
    return None


def _problems_of_object(fields: Mapping[str, Any], schema: Schema, path: str) -> Iterator[str]:
    for name, prop in schema.properties.items():
        yield from _problems_of(value_of_property(fields, schema, name), prop, f"{path}{name}")


def _problems_of(value: object, schema: Schema, path: str) -> Iterator[str]:
    if value is None:
        if schema.required:
            yield f"property {path!r}: required, but missing or null"
    elif schema.type is ValueType.OBJECT:
        if isinstance(value, Mapping):
            yield from _problems_of_object(cast("Mapping[str, Any]", value), schema, f"{path}.")
        elif _is_json(value):
            yield f"property {path!r}: {value!r:.200} is not an object"
    elif schema.type is ValueType.ARRAY:
        if isinstance(value, list | tuple):
            for item in cast("Sequence[object]", value):
                yield from _problems_of(item, cast("Schema", schema.items), f"{path}[]")
        elif _is_json(value):
            yield f"property {path!r}: {value!r:.200} is not an array"
    elif schema.type in (ValueType.NUMBER, ValueType.BOOLEAN) and (
        isinstance(value, Mapping | list | tuple) or value == ""
    ):
        yield f"property {path!r}: {value!r:.200} is not a {schema.type.value}"


def _is_json(value: object) -> bool:
    """Whether the value is of JSON's own types: others may become anything when written."""
    return isinstance(value, str | int | float | Mapping | list | tuple)
