"""Ids that are made of several properties: one text for all of them (contract S6)."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

ROW_ID = "_row_id"
"""The column that such an id is in."""


def row_id(*values: str | float) -> str:
    """The id of a row whose schema has several id properties, of their values in that order.

    >>> row_id("p1", 7) == row_id("p1", 7.0) == '["p1","7"]'
    True
    """
    return json.dumps([_text(each) for each in values], ensure_ascii=False, separators=(",", ":"))


def composite_id(given: object, names: Sequence[str]) -> object:
    """The id of a list of values, or of a mapping by the `names` of the id properties.

    Anything else is returned as it is. Raises `ValueError` for values that are too few or too many.
    """
    if isinstance(given, Mapping):
        mapping = cast("Mapping[str, Any]", given)
        values: Sequence[Any] = [mapping.get(name) for name in names]
    elif isinstance(given, list | tuple):
        values = cast("Sequence[Any]", given)
    else:
        return given
    if len(values) != len(names) or not all(isinstance(each, str | int | float) for each in values):
        raise ValueError(f"it must have a text or number for each of {', '.join(names)}")
    return row_id(*values)


def _text(value: str | float) -> str:
    """A number by its value: 1790 and 1790.0 are one id."""
    if isinstance(value, str):
        return value
    whole = isinstance(value, int) or value.is_integer()
    return str(int(Decimal(str(value)))) if whole else repr(value)
