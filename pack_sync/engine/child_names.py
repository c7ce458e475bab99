"""The names of a crawl's children: `<sync>/<the parent's value>`, now and in earlier versions.

A child's cursor and rows belong to its name. Earlier versions called a child with the value as the
database writes it as JSON, and named it so: 1.0 of a DOUBLE, which numeric ids had been as well,
`2024-01-01 22:04:05+00` of a moment. A child of then keeps its name, and all that goes with it.
"""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import orjson

from pack_sync.commit.parent_rows import ParentValue


def child_name(sync: str, values: Sequence[Any]) -> str:
    """The name of the child with these values: the text of a single one, or JSON."""
    value = values[0] if len(values) == 1 else list(values)
    return f"{sync}/{value if isinstance(value, str) else _as_json(value)}"


def former_values(row: Mapping[str, ParentValue]) -> Iterator[dict[str, Any]]:
    """The values with which earlier versions may have called the child of a parent's row."""
    for values in itertools.product(*(_former(each) for each in row.values())):
        yield dict(zip(row, values, strict=True))


def _former(value: ParentValue) -> list[Any]:
    stored = orjson.loads(value.stored)
    former = [stored] if _holds(stored, value.value) else []
    if type(value.value) is int and _holds(double := float(value.value), value.value):
        former.append(double)
    return former


def _holds(former: Any, value: Any) -> bool:
    """Whether no number was rounded: one that was stood for others, too, and is no child of now."""
    if isinstance(former, float):
        return Decimal(repr(former)) == Decimal(str(value))
    if isinstance(former, list):
        return all(map(_holds, cast("list[Any]", former), value))
    if isinstance(former, dict):
        return all(_holds(each, value[key]) for key, each in cast("dict[str, Any]", former).items())
    return True


def _as_json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # a whole number past 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
