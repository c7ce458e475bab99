"""Which values fit a parameter's type, and what a pack is given for them (contract, section P).

A value is *configured* (in a `defs.yaml`, or suggested by the pack) and *resolved* when a
sync begins: only then do dates such as "yesterday" have a place in the calendar.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any, cast

from pack_sdk.dates import PrecannedDate, PrecannedDateRange, resolve_date, resolve_date_range
from pack_sdk.json_values import find_unserialisable
from pack_sdk.parameter_types import ParameterType


def find_misfit(kind: ParameterType, value: object, path: str) -> str | None:
    """Why `value` does not fit the type: a sentence that starts with `path`; None if it fits.

    A number is finite and no boolean. A date is a date, a datetime, ISO 8601 text or the name
    of a `PrecannedDate`. An array is a list of its elements, of which a sparse one may lack
    some (None); an array of dates may also be the name of a `PrecannedDateRange`. All other
    types are text.

    >>> find_misfit(ParameterType.NUMBER, True, "limit")
    'limit is True; it must be a number'
    """
    if not kind.is_array:
        return _misfit_of_one(kind, value, path)
    if isinstance(value, list):
        for index, item in enumerate(cast("list[object]", value)):
            if item is None and kind.is_sparse:
                continue
            if problem := _misfit_of_one(kind.element, item, f"{path}[{index}]"):
                return problem
        return None
    if kind.element is not ParameterType.DATE:
        return f"{path} is {value!r}; it must be a list ({kind.value})"
    if isinstance(value, str) and value in _names(PrecannedDateRange):
        return None
    return (
        f"{path} is {value!r}; it must be a list of dates ({kind.value}), or one of "
        f"{_listed(PrecannedDateRange)}"
    )


def resolve_value(kind: ParameterType, value: Any, now: datetime) -> Any:
    """What the pack is given for a value that fits, in a sync that began at `now`.

    A date becomes a datetime in UTC (text without a zone, and a day, are taken as UTC; a day
    is its first moment), the name of a range the list of its start and its end. Every other
    value stays as it is.
    """
    if value is None or kind.element is not ParameterType.DATE:
        return value
    if not kind.is_array:
        return _moment(value, now)
    if isinstance(value, str):
        return list(resolve_date_range(value, now))
    items = cast("list[Any]", value)
    return [None if item is None else _moment(item, now) for item in items]


_FITTING: Mapping[ParameterType, tuple[type, ...]] = {
    ParameterType.NUMBER: (int, float),
    ParameterType.BOOLEAN: (bool,),
}


def _misfit_of_one(kind: ParameterType, value: object, path: str) -> str | None:
    if kind is ParameterType.DATE:
        return _misfit_of_date(value, path)
    fitting = _FITTING.get(kind, (str,))
    if isinstance(value, fitting) and isinstance(value, bool) == (kind is ParameterType.BOOLEAN):
        return find_unserialisable(value, path)
    is_text = kind is not ParameterType.STRING and fitting == (str,)
    wanted = f"string ({kind.value})" if is_text else kind.value
    return f"{path} is {value!r}; it must be a {wanted}"


def _misfit_of_date(value: object, path: str) -> str | None:
    if isinstance(value, date):  # a datetime is one, too
        return None
    if isinstance(value, str):
        if value in _names(PrecannedDate):
            return None
        try:
            _parse(value)
        except (ValueError, OverflowError):
            pass
        else:
            return None
    return (
        f"{path} is {value!r}; it must be a date: ISO 8601, such as 2025-01-31 or "
        f"2025-01-31T12:00:00Z, or one of {_listed(PrecannedDate)}"
    )


def _moment(value: Any, now: datetime) -> datetime:
    if isinstance(value, str) and value in _names(PrecannedDate):
        return resolve_date(value, now)
    if isinstance(value, datetime):
        return _in_utc(value)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    return _parse(value)


def _parse(text: str) -> datetime:
    return _in_utc(datetime.fromisoformat(text))


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _names(names: type[StrEnum]) -> set[str]:
    return {member.value for member in names}


def _listed(names: type[StrEnum]) -> str:
    return ", ".join(member.value for member in names)
