"""Ids that are made of several properties: one text for all of them (contract S6)."""

import json
import math
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

    Anything else is returned as it is. Raises `ValueError` for values that are too few or too many,
    and for one that is no text or finite number; the message says which.
    """
    if isinstance(given, Mapping):
        mapping = cast("Mapping[str, Any]", given)
        values: Sequence[Any] = [mapping.get(name) for name in names]
    elif isinstance(given, list | tuple):
        values = cast("Sequence[Any]", given)
    else:
        return given
    if len(values) != len(names):
        raise ValueError(f"it must have a value for each of {', '.join(names)}")
    for name, value in zip(names, values, strict=True):
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError(f"{name} is {value!r:.200}, and must be a text or number")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{name} is {value!r}, and must be a finite number")
    return row_id(*values)


def is_composite_id(text: object, count: int) -> bool:
    """Whether a text is an id of so many properties, as `row_id` writes it."""
    try:
        values = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return False
    if not isinstance(values, list):
        return False
    texts = cast("list[object]", values)
    return len(texts) == count and all(isinstance(each, str) for each in texts)


def _text(value: str | float) -> str:
    """A number by its value: 1790 and 1790.0 are one id."""
    if isinstance(value, str):
        return value
    whole = isinstance(value, int) or value.is_integer()
    return str(int(Decimal(str(value)))) if whole else repr(value)
