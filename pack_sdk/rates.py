"""Rates: how many requests a service allows in how much time, written as `5/s` or `250000/day`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from typing import cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pack_sdk.errors import PackDefinitionError

_DAY = 86_400
_UNITS = {"s": 1, "second": 1, "min": 60, "minute": 60, "h": 3_600, "hour": 3_600, "day": _DAY}
_RATE = re.compile(r"(\d+)\s*/\s*(\d*)\s*([a-z]+?)s?(?:\s+(\S+))?", re.IGNORECASE)
_ADVICE = (
    "write a number of requests and a time, such as '5/s', '100/10s', '1000/hour' or '250000/day'; "
    "'250000/day UTC' is renewed at midnight in that time zone"
)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """At most so many `requests` in any `seconds`; with a `zone`, in a calendar day there.

    >>> (rate,) = parse_rates("100/10s")
    >>> rate.requests, rate.seconds, str(rate), rate.words
    (100, 10, '100/10s', '100 requests per 10 s')
    """

    requests: int
    seconds: int
    zone: str | None = None

    def __str__(self) -> str:
        return f"{self.requests}/{self.time}"

    @property
    def time(self) -> str:
        """The time alone, such as `10s` or `day UTC`."""
        count, unit = _time_of(self.seconds)
        zone = f" {self.zone}" if self.zone else ""
        return f"{'' if count == 1 else count}{unit}{zone}"

    @property
    def words(self) -> str:
        """The rate as a sentence says it."""
        count, unit = _time_of(self.seconds)
        span = unit if count == 1 else f"{count} {unit}"
        zone = f" ({self.zone})" if self.zone else ""
        return f"{self.requests:,} requests per {span}{zone}"

    def began(self, now: float) -> float:
        """Since when requests count against those at `now`, both in seconds since 1970."""
        if self.zone is None:
            return now - self.seconds
        return self._midnight(now, 0).timestamp()

    def renewed(self, now: float) -> float:
        """When all requests made until now count no more."""
        if self.zone is None:
            return now + self.seconds
        return self._midnight(now, 1).timestamp()

    def _midnight(self, now: float, days_later: int) -> datetime:
        zone = _zone(self.zone or "UTC")
        day = datetime.fromtimestamp(now, zone).date() + timedelta(days=days_later)
        return datetime.combine(day, time(), zone)


def parse_rates(given: str | Sequence[str]) -> tuple[Rate, ...]:
    """The rates that a text, or several, stand for.

    Raises `PackDefinitionError` that says how a rate is written.

    >>> [str(rate) for rate in parse_rates(["100 / 10 seconds", "250000/day Europe/Berlin"])]
    ['100/10s', '250000/day Europe/Berlin']
    """
    return tuple(_parse(each) for each in ([given] if isinstance(given, str) else given))


def _parse(text: str) -> Rate:
    matched = _RATE.fullmatch(text.strip()) if isinstance(cast("object", text), str) else None
    unit = _UNITS.get(matched[3].lower()) if matched else None
    if matched is None or unit is None:
        raise PackDefinitionError(f"{text!r} is no rate of requests: {_ADVICE}")
    requests, seconds, zone = int(matched[1]), int(matched[2] or 1) * unit, matched[4]
    if not requests or not seconds:
        raise PackDefinitionError(f"the rate {text!r} would never allow a request: {_ADVICE}")
    if zone is not None and seconds != _DAY:
        raise PackDefinitionError(f"the rate {text!r} has a time zone, which only a day has")
    if zone is not None:
        try:
            _zone(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise PackDefinitionError(
                f"the rate {text!r} is of an unknown time zone, {zone!r}"
            ) from None
    return Rate(requests=requests, seconds=seconds, zone=zone)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _time_of(seconds: int) -> tuple[int, str]:
    for unit, length in (("day", _DAY), ("hour", 3_600), ("min", 60)):
        if seconds % length == 0:
            return seconds // length, unit
    return seconds, "s"
