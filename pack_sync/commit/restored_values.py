"""From a value in a column back to the JSON value that a row had there (contract S7).

The database writes a value as JSON; what a row had is not always that. 1 comes out of a DOUBLE as
1.0, a moment as `2024-01-02 03:04:05+00`, and what was a number of seconds as a text. What the
column does not keep is lost: the offset of a moment, the spelling of a duration.
"""

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any, cast

from duckdb.sqltypes import DuckDBPyType

from pack_sdk.schemas import Schema, ValueType
from pack_sync.stage.column_types import scalar_type

_EXPONENT_FROM = Decimal(10) ** 21
"""From here on JavaScript writes whole numbers with an exponent, and nobody means their digits."""

_DATE = re.compile(r"(\d+)-(\d\d)-(\d\d)( \(BC\))?")
_TIME = re.compile(r"(-?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?")
_UNITS = re.compile(r"(-?\d+) (year|month|day)s?")


def as_it_was(text: str, kind: DuckDBPyType, schema: Schema | None) -> Any:
    """The value of which a database writes `text` as JSON, as the row had it.

    `kind` is the column's type. `schema` is what the pack says of the property, as far as it is
    known: with it a date that was a number of seconds is one again. Moments are in UTC.

    >>> as_it_was('"2024-01-01 22:04:05.5+00"', duckdb.type("TIMESTAMPTZ"), None)
    '2024-01-01T22:04:05.500Z'
    """
    return _restored(json.loads(text, parse_float=Decimal), kind, schema)


def _restored(value: Any, kind: DuckDBPyType, schema: Schema | None) -> Any:
    if value is None:
        return None
    duration = kind.id == "varchar" and schema is not None and scalar_type(schema) == "INTERVAL"
    match "interval" if duration else kind.id:  # a lake keeps durations as text
        case "list":
            (_, items) = cast("list[tuple[str, DuckDBPyType]]", kind.children)[0]
            return [_restored(item, items, schema and schema.items) for item in value]
        case "struct":
            fields = dict(cast("list[tuple[str, DuckDBPyType]]", kind.children))
            return {
                name: _restored(item, fields[name], schema and schema.properties.get(name))
                for name, item in value.items()
            }
        case "double":
            return _number(Decimal(value), whole_below=_EXPONENT_FROM)
        case "decimal":
            return _number(Decimal(value))
        case "date" | "time" | "timestamp with time zone" | "interval":
            was_number = schema is not None and schema.type is ValueType.NUMBER
            restore = _seconds_or_days if was_number else _iso_text
            return restore(value, "interval" if duration else kind.id)
        case _:
            return _of_json(value)


def _number(value: Decimal, whole_below: Decimal | None = None) -> int | float | str:
    """The number; as the text of its digits if neither a whole number nor a float is the same."""
    if value == value.to_integral_value() and (whole_below is None or abs(value) < whole_below):
        return int(value)
    if Decimal(repr(float(value))) == value:
        return float(value)
    return _digits(value)


def _of_json(value: Any) -> Any:
    """A value of a JSON column, as the pack wrote it: there 1.0 and 1 are two."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: _of_json(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_of_json(item) for item in cast("list[Any]", value)]
    return value


def _iso_text(value: str, kind: str) -> str:
    """A date, time, moment or duration as ISO 8601 has it; what is none of these as it is."""
    if kind == "interval":
        return _iso_duration(value)
    day, time = _DATE.match(value), _TIME.search(value)
    parts: list[str] = []
    if day and kind != "time":
        parts.append(f"{_iso_year(day)}-{day[2]}-{day[3]}")
    if time:
        _, hour, minute, second, fraction = time.groups()
        if fraction:  # milliseconds, as JavaScript has them, or else microseconds
            fraction = "." + fraction.ljust(3 if len(fraction) <= 3 else 6, "0")
        parts.append(f"{hour}:{minute}:{second}{fraction or ''}")
    zone = "Z" if kind == "timestamp with time zone" and parts else ""
    return "T".join(parts) + zone if parts else value


def _iso_year(day: re.Match[str]) -> str:
    year = _year(day)
    return f"{year:04}" if 0 <= year <= 9999 else f"{year:+07}"


def _year(day: re.Match[str]) -> int:
    """The year in ISO's reckoning, in which 1 BC is 0."""
    return 1 - int(day[1]) if day[4] else int(day[1])


def _iso_duration(value: str) -> str:
    """`1 day -02:00:00` as P1DT-2H: each part has its own sign, as ISO 8601-2 allows."""
    days = "".join(f"{count}{unit[0].upper()}" for count, unit in _UNITS.findall(value))
    clock = ""
    if time := _TIME.search(value):
        parts = ((int(time[2]), "H"), (int(time[3]), "M"), (_second_of(time), "S"))
        clock = "".join(f"{time[1]}{_digits(amount)}{unit}" for amount, unit in parts if amount)
    return f"P{days}T{clock}" if clock else f"P{days or 'T0S'}"


def _second_of(time: re.Match[str]) -> Decimal:
    return Decimal(f"{time[4]}.{time[5] or 0}")


def _digits(number: int | Decimal) -> str:
    """A number without an exponent, nor zeros behind the point."""
    text = f"{number:f}" if isinstance(number, Decimal) else str(number)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _seconds_or_days(value: str, kind: str) -> int | float | str:
    """What a number with a hint was: days for a duration, else seconds."""
    day, time = _DATE.match(value), _TIME.search(value)
    if kind == "interval" and _UNITS.search(value):  # months have no number of days
        return _iso_duration(value)
    seconds = Decimal(0)
    if time:
        seconds = int(time[2]) * 3600 + int(time[3]) * 60 + _second_of(time)
        seconds = -seconds if time[1] else seconds
    if kind == "interval":
        return _number(Decimal(repr(float(seconds / 86_400))))
    if day and kind != "time":
        seconds += _days_since_1970(_year(day), int(day[2]), int(day[3])) * 86_400
    return _number(seconds)


def _days_since_1970(year: int, month: int, day: int) -> int:
    """Days of the calendar, for any year: it repeats itself every 400 of them."""
    cycles, year_of_cycle = divmod(year - 1970, 400)
    since = date(1970 + year_of_cycle, month, day) - date(1970, 1, 1)
    return cycles * 146_097 + since.days
