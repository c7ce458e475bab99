"""Moments as services write them, and the service's own clock."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeAlias, overload
from zoneinfo import ZoneInfo

from pack_sdk.fetching import FetchResponse

TimeFormat: TypeAlias = str
"""`iso` (8601, in UTC), `date`, `seconds` or `milliseconds` since 1970, or one of `strftime`."""

_MILLISECONDS = 1e11
"""Larger numbers are milliseconds since 1970: as seconds, this is the year 5138."""


@overload
def format_time(moment: None, style: TimeFormat = "iso", *, zone: str = "UTC") -> None: ...


@overload
def format_time(moment: datetime, style: TimeFormat = "iso", *, zone: str = "UTC") -> str: ...


def format_time(
    moment: datetime | None, style: TimeFormat = "iso", *, zone: str = "UTC"
) -> str | None:
    """A moment as a service wants it, None for None. What is too fine for the format is cut off.

    `zone` is that of the service's account where the format has none, such as Jira's.

    >>> moment = datetime(2025, 1, 2, 23, 4, 5, 678900, tzinfo=UTC)
    >>> format_time(moment), format_time(moment, "date"), format_time(moment, "seconds")
    ('2025-01-02T23:04:05.678Z', '2025-01-02', '1735859045')
    >>> format_time(moment, "%Y/%m/%d %H:%M", zone="Europe/Berlin")
    '2025/01/03 00:04'
    """
    if moment is None:
        return None
    if style == "iso":
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if style in ("seconds", "milliseconds"):
        return str(int(moment.timestamp() * (1 if style == "seconds" else 1000)))
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d" if style == "date" else style)


def parse_time(value: object) -> datetime | None:
    """The moment, in UTC, that a text or number is; None if it is none.

    Texts are ISO 8601 (without a zone: UTC), numbers are seconds or milliseconds since 1970.

    >>> parse_time("2025-01-02T04:04:05+01:00")
    datetime.datetime(2025, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    """
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value / 1000 if abs(value) > _MILLISECONDS else value
            return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def server_time(response: FetchResponse | None) -> datetime | None:
    """When the service wrote an answer, by its own clock: the header `Date` (RFC 9110, 6.6.1).

    In whole seconds and UTC; None without the header.
    """
    try:
        moment = parsedate_to_datetime(response.headers["date"]) if response else None
    except (KeyError, ValueError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC) if moment else None
