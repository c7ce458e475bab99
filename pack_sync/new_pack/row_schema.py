"""The JSON Schema of sampled rows: types, formats, and what may be null or missing.

Beside JSON Schema's own keys, a property of it may have `x-seen` (in how many rows it is, null
not counted), `x-rows` (of how many), `x-unit` (of a number that is a moment), `x-widest` (the
whole number that is farthest from zero) and `x-types` (where values are of several types).
"""

import re
from collections.abc import Sequence
from typing import cast

from pack_sync.new_pack.draft import Json

FORMATS = {
    "date-time": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?( ?[Zz]|[+-]\d\d:?\d\d)?",
    "date": r"\d{4}-\d\d-\d\d",
    "time": r"\d\d:\d\d(:\d\d([.,]\d+)?)?",
    "email": r"[^\s@]+@[^\s@]+\.[^\s@]+",
    "uri": r"https?://\S+",
}
"""Texts of these formats, as JSON Schema calls them."""
_MOMENT = re.compile(
    r"(^|_)(at|on|date|time|timestamp|ts|created|updated|modified)$|[a-z](At|On|Date|Time|Timestamp)$",
    re.A,
)
_DEEPEST = 6


def schema_of(rows: Sequence[Json], name: str = "", depth: int = 0) -> dict[str, Json]:
    """The schema that all these values have, null apart.

    >>> schema_of([1, 2.5])["type"], schema_of(["2024-01-02"])["format"]
    ('number', 'date')
    """
    values = [row for row in rows if row is not None]
    types = sorted({_type_of(value) for value in values})
    found: dict[str, Json] = {}
    if types == ["integer", "number"]:
        types = ["number"]
    if len(types) > 1:
        found = {"x-types": types}
    elif types == ["string"]:
        found = {"type": "string", **_format_of(values)}
    elif types in (["integer"], ["number"]):
        found = _number(types[0], values, name)
    elif types == ["boolean"]:
        found = {"type": "boolean"}
    elif types == ["array"]:
        items = [item for value in values for item in value]
        found = {"type": "array", "items": schema_of(items, "", depth + 1)}
    elif types == ["object"]:
        found = {"type": "object", "properties": _properties(values, depth)}
    if len(values) < len(rows) and "type" in found:
        found["nullable"] = True
    return found


def _type_of(value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    kinds = {int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return next((name for kind, name in kinds.items() if isinstance(value, kind)), "string")


def _properties(rows: Sequence[Json], depth: int) -> dict[str, Json]:
    if depth >= _DEEPEST:
        return {}
    names = dict.fromkeys(name for row in rows for name in cast("dict[str, Json]", row))
    found: dict[str, Json] = {}
    for name in names:
        values = [row.get(name) for row in rows]
        seen = sum(value is not None for value in values)
        found[name] = {**schema_of(values, name, depth + 1), "x-seen": seen, "x-rows": len(rows)}
    return found


def _format_of(texts: Sequence[str]) -> dict[str, str]:
    given = [text for text in texts if text]
    for name, pattern in FORMATS.items():
        if given and all(re.fullmatch(pattern, text) for text in given):
            return {"format": name}
    return {}


def _number(kind: str, values: Sequence[float], name: str) -> dict[str, Json]:
    whole = all(float(value).is_integer() for value in values)
    if kind == "number":
        id_like = re.search(r"(^|_)id$|Id$", name)
        return {"type": "integer" if whole and id_like else "number"}
    found: dict[str, Json] = {"type": "integer", "x-widest": max(values, key=abs)}
    if _MOMENT.search(name):
        if all(10**9 <= value < 4 * 10**9 for value in values):
            found["x-unit"] = "seconds"
        elif all(10**12 <= value < 4 * 10**12 for value in values):
            found["x-unit"] = "milliseconds"
    return found
