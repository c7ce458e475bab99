"""The properties of a schema in one line each, for packs with many of them.

>>> from pack_sdk import columns as c
>>> c.moment("When it was made.", "createdAt").from_key
'createdAt'

Each takes what the column holds, as its description, and the field of the service that fills it, a
path such as `start.dateTime` too; without it the field is called as the property. Further keywords
are those of `make_schema`, such as `required=True`.
"""

from collections.abc import Mapping
from typing import Any

from pack_sdk.schemas import Schema, ValueHint, ValueType, make_schema


def text(description: str, from_key: str | None = None, **more: Any) -> Schema:
    """A VARCHAR."""
    return _property(ValueType.STRING, description, from_key, more)


def url(description: str, from_key: str | None = None, **more: Any) -> Schema:
    """A VARCHAR that is a link."""
    return text(description, from_key, hint=ValueHint.URL, **more)


def email(description: str, from_key: str | None = None, **more: Any) -> Schema:
    """A VARCHAR that is an e-mail address."""
    return text(description, from_key, hint=ValueHint.EMAIL, **more)


def moment(description: str, from_key: str | None = None, **more: Any) -> Schema:
    """A TIMESTAMPTZ, from a text in which no zone means UTC."""
    return text(description, from_key, hint=ValueHint.DATE_TIME, **more)


def moment_of_seconds(description: str, from_key: str | None = None, **more: Any) -> Schema:
    """A TIMESTAMPTZ, from seconds since 1970."""
    return number(description, from_key, hint=ValueHint.DATE_TIME, **more)


def day(description: str, from_key: str | None = None, **more: Any) -> Schema:
    """A DATE, from a text."""
    return text(description, from_key, hint=ValueHint.DATE, **more)


def flag(description: str, from_key: str | None = None, **more: Any) -> Schema:
    """A BOOLEAN."""
    return _property(ValueType.BOOLEAN, description, from_key, more)


def whole(description: str, from_key: str | None = None, **more: Any) -> Schema:
    """A BIGINT: a count, or a number of the smallest unit of a currency."""
    return number(description, from_key, precision=0, **more)


def number(description: str, from_key: str | None = None, **more: Any) -> Schema:
    """A DOUBLE."""
    return _property(ValueType.NUMBER, description, from_key, more)


def decimal(description: str, from_key: str | None = None, **more: Any) -> Schema:
    """A DECIMAL(38, 9): an amount of money, which is never rounded to a float."""
    return number(description, from_key, hint=ValueHint.CURRENCY, **more)


def several(items: Schema, description: str, from_key: str | None = None, **more: Any) -> Schema:
    """A list, such as `c.several(c.text("A label."), "All labels.")`."""
    return _property(ValueType.ARRAY, description, from_key, {"items": items, **more})


def struct(
    properties: Mapping[str, Schema], description: str, from_key: str | None = None, **more: Any
) -> Schema:
    """A STRUCT of these properties; fields beyond them are dropped."""
    return _property(ValueType.OBJECT, description, from_key, {"properties": properties, **more})


def json(description: str, from_key: str | None = None, **more: Any) -> Schema:
    """A JSON: whatever the service sends, kept as it came."""
    return _property(ValueType.JSON, description, from_key, more)


def _property(
    kind: ValueType, description: str, from_key: str | None, more: Mapping[str, Any]
) -> Schema:
    return make_schema(type=kind, description=description, from_key=from_key, **more)
