"""Dates that are reckoned when a sync runs: *yesterday*, *last 7 days* (contract, section P).

The names are those of the original SDK, which calls them precanned. It does not say where
their bounds lie to the day; here they are reckoned in UTC:

- a date is the first moment of its day; a range goes from the first moment of its first day
  to the last millisecond of its last day;
- `last_7_days` begins on the day that `7_days_ago` names and ends today, so it touches eight
  dates: a range that is a little too wide loses no row;
- weeks begin on Sunday, as in the documents that the original SDK was made for;
- `last_week`, `last_month`, `last_3_months` and `last_year` are whole calendar periods that
  end before the current one; `next_…` likewise begins after it.
"""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum


class PrecannedDate(StrEnum):
    """A date that moves, for a parameter of the type `date`."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    TOMORROW = "tomorrow"
    DAYS_AGO_7 = "7_days_ago"
    DAYS_AGO_30 = "30_days_ago"
    DAYS_AGO_90 = "90_days_ago"
    DAYS_AGO_180 = "180_days_ago"
    DAYS_AGO_365 = "365_days_ago"
    DAYS_AHEAD_7 = "7_days_ahead"
    DAYS_AHEAD_30 = "30_days_ahead"
    DAYS_AHEAD_90 = "90_days_ahead"
    DAYS_AHEAD_180 = "180_days_ahead"
    DAYS_AHEAD_365 = "365_days_ahead"


class PrecannedDateRange(StrEnum):
    """A range that moves, for a parameter of the type `dateArray`: its start and its end."""

    YESTERDAY = "yesterday"
    LAST_7_DAYS = "last_7_days"
    LAST_30_DAYS = "last_30_days"
    LAST_90_DAYS = "last_90_days"
    LAST_180_DAYS = "last_180_days"
    LAST_365_DAYS = "last_365_days"
    LAST_WEEK = "last_week"
    LAST_MONTH = "last_month"
    LAST_3_MONTHS = "last_3_months"
    LAST_6_MONTHS = "last_6_months"
    LAST_YEAR = "last_year"
    TODAY = "today"
    THIS_WEEK = "this_week"
    THIS_MONTH = "this_month"
    YEAR_TO_DATE = "year_to_date"
    THIS_YEAR = "this_year"
    LAST_7_AND_NEXT_7_DAYS = "last_7_and_next_7_days"
    LAST_30_AND_NEXT_30_DAYS = "last_30_and_next_30_days"
    LAST_90_AND_NEXT_90_DAYS = "last_90_and_next_90_days"
    TOMORROW = "tomorrow"
    NEXT_7_DAYS = "next_7_days"
    NEXT_30_DAYS = "next_30_days"
    NEXT_90_DAYS = "next_90_days"
    NEXT_180_DAYS = "next_180_days"
    NEXT_365_DAYS = "next_365_days"
    NEXT_WEEK = "next_week"
    NEXT_MONTH = "next_month"
    NEXT_3_MONTHS = "next_3_months"
    NEXT_6_MONTHS = "next_6_months"
    NEXT_YEAR = "next_year"
    EVERYTHING = "everything"


_NEAR_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}


def resolve_date(name: PrecannedDate | str, now: datetime) -> datetime:
    """The first moment, in UTC, of the day that `name` means at the time `now`.

    Raises `ValueError` for a name that is no `PrecannedDate`, and for a `now` without a zone.

    >>> resolve_date("7_days_ago", datetime(2025, 3, 8, 15, 30, tzinfo=UTC)).isoformat()
    '2025-03-01T00:00:00+00:00'
    """
    name = PrecannedDate(name)
    offset = _NEAR_DAYS.get(name)
    if offset is None:
        days, _, direction = name.split("_")
        offset = -int(days) if direction == "ago" else int(days)
    return _first_moment(_day_of(now) + timedelta(days=offset))


def resolve_date_range(name: PrecannedDateRange | str, now: datetime) -> tuple[datetime, datetime]:
    """The first and the last moment, in UTC, of the range that `name` means at the time `now`.

    Raises `ValueError` for a name that is no `PrecannedDateRange`, and for a `now` without a
    zone.

    >>> start, end = resolve_date_range("last_month", datetime(2025, 3, 8, tzinfo=UTC))
    >>> start.isoformat(), end.isoformat()
    ('2025-02-01T00:00:00+00:00', '2025-02-28T23:59:59.999000+00:00')
    """
    first, last = _days_of(PrecannedDateRange(name), _day_of(now))
    return _first_moment(first), _last_moment(last)


def _days_of(name: PrecannedDateRange, today: date) -> tuple[date, date]:
    """The first and the last day of a range."""
    if name in _NEAR_DAYS:
        day = today + timedelta(days=_NEAR_DAYS[name])
        return day, day
    if name is PrecannedDateRange.EVERYTHING:
        return date(1, 1, 1), date(3999, 12, 31)
    if name is PrecannedDateRange.YEAR_TO_DATE:
        return date(today.year, 1, 1), today
    words = name.split("_")
    if words[-1] == "days":
        return _around(today, words)
    count = int(words[1]) if words[1].isdigit() else 1
    length, unit = (count, words[-1].removesuffix("s"))
    first = {"last": -length, "this": 0, "next": 1}[words[0]]
    starts_on = _START_OF[unit]
    return starts_on(today, first), starts_on(today, first + length) - timedelta(days=1)


def _around(today: date, words: list[str]) -> tuple[date, date]:
    """The range of `last_7_days`, `next_7_days` or `last_7_and_next_7_days`."""
    days = {word: timedelta(days=int(words[i + 1])) for i, word in _directions(words)}
    return today - days.get("last", timedelta()), today + days.get("next", timedelta())


def _directions(words: list[str]) -> list[tuple[int, str]]:
    return [(index, word) for index, word in enumerate(words) if word in ("last", "next")]


def _start_of_week(today: date, weeks: int) -> date:
    since_sunday = today.isoweekday() % 7
    return today + timedelta(weeks=weeks, days=-since_sunday)


def _start_of_month(today: date, months: int) -> date:
    years, month = divmod(today.month - 1 + months, 12)
    return date(today.year + years, month + 1, 1)


def _start_of_year(today: date, years: int) -> date:
    return date(today.year + years, 1, 1)


_START_OF = {"week": _start_of_week, "month": _start_of_month, "year": _start_of_year}


def _day_of(now: datetime) -> date:
    if now.tzinfo is None:
        raise ValueError(f"{now!r} has no time zone, so it is not known which day it is in UTC")
    return now.astimezone(UTC).date()


def _first_moment(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _last_moment(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59, 999_000), UTC)
