"""Finding a value in a row by its name, or by the path to it."""

from collections.abc import Mapping
from typing import Any, cast

from pack_sdk.errors import InvalidResultError


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
    first, _, rest = path.partition(".")
    return value_at(fields.get(first), rest)


def required_value(row: object, path: str) -> Any:
    """As `value_at`. Raises `InvalidResultError` that names the key where there is no value."""
    value = value_at(row, path)
    if value is None:
        raise InvalidResultError(f"a row has no value under {path!r}: {row!r:.200}")
    return value
