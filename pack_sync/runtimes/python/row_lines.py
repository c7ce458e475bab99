"""Rows that a Python pack returned, as lines of JSON."""

import json
import math
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import orjson

from pack_sdk.errors import InvalidResultError

_OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_APPEND_NEWLINE


def to_lines(rows: Sequence[Any]) -> bytes:
    """The rows as NDJSON, one line each.

    Beside JSON's own types a row may hold datetimes (without a zone: UTC), dates, times,
    UUIDs, enums, dataclasses, Decimals and timedeltas. NaN and infinity become null, as
    JSON.stringify has it. Raises `InvalidResultError` that names the row and the value for
    anything else.
    """
    lines: list[bytes] = []
    for index, row in enumerate(rows):
        try:
            lines.append(orjson.dumps(row, default=_convert, option=_OPTIONS))
        except (TypeError, ValueError) as error:
            lines.append(_unusual_line(row, index, error))
    return b"".join(lines)


def _convert(value: object) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, timedelta):
        return f"{value.total_seconds():f} seconds"
    raise TypeError(f"a {type(value).__name__} ({value!r:.100}) is not JSON")


def _unusual_line(row: object, index: int, error: Exception) -> bytes:
    """A row that orjson refuses: integers past 64 bits, keys that are numbers, half surrogates."""
    try:
        text = json.dumps(_plain(row), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise InvalidResultError(
            f"row {index} of the page cannot be written as JSON: {error.__cause__ or error}. "
            "Convert the value in the pack, for example with str()"
        ) from error
    # A surrogate without its other half has no UTF-8; U+FFFD stands for it, as in browsers.
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.encode() + b"\n"


def _plain(value: object) -> Any:
    """The value in types that `json` writes as orjson would."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, dict):
        items = cast("dict[Any, object]", value).items()
        return {key: _plain(item) for key, item in items}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("Sequence[object]", value)]
    return orjson.loads(orjson.dumps(value, default=_convert, option=orjson.OPT_NAIVE_UTC))
