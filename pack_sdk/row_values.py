"""Finding a value in a row by its name, or by the path to it."""

from collections.abc import Mapping
from typing import Any, cast

from pack_sdk.errors import InvalidResultError
from pack_sdk.row_ids import row_id
from pack_sdk.schemas import Schema


def value_at(row: object, path: str) -> Any:
    """The value under a key of a row, or under a path such as `start.dateTime`; None if none is.

    A key that has the whole path as its name wins.

    >>> value_at({"start": {"dateTime": "2025-01-01"}}, "start.dateTime")
    '2025-01-01'
    >>> value_at({"start.dateTime": 1, "start": {"dateTime": 2}}, "start.dateTime")
    1
    """
    if not isinstance(row, Mapping):
        return None
    fields = cast("Mapping[str, Any]", row)
    if fields.get(path) is not None or "." not in path:
        return fields.get(path)
    value: Any = fields
    for key in path.split("."):
        value = cast("Mapping[str, Any]", value).get(key) if isinstance(value, Mapping) else None
    return value


def required_value(row: object, path: str) -> Any:
    """As `value_at`. Raises `InvalidResultError` that names the key where there is no value."""
    value = value_at(row, path)
    if value is None:
        raise InvalidResultError(f"a row has no value under {path!r}: {row!r:.200}")
    return value


def value_of_property(fields: Mapping[str, Any], schema: Schema, name: str) -> Any:
    """The value that fills a property of an object, None if there is none (contract S2)."""
    if schema.id_properties and name == schema.id_property:
        parts = [value_of_property(fields, schema, each) for each in schema.id_properties]
        usable = all(isinstance(each, str | int | float) and each != "" for each in parts)
        return row_id(*parts) if usable else None
    field = schema.field_of(name)
    return value_at(fields, field) if schema.path_of(name) else fields.get(field)
