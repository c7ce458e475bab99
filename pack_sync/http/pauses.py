"""Pauses: how long a service wants no requests, as its answers say it (contract F5).

There is one standard header, `Retry-After`, and many of limits, which say how much is left and
when there is more: `X-RateLimit-Remaining` and `-Reset`, their relatives, and those of the IETF's
drafts, `RateLimit-Remaining` and `RateLimit: "burst";r=0;t=30`.
"""

import math
import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from pack_sdk.errors import StatusCodeError
from pack_sdk.fetching import FetchResponse

LONGEST_PAUSE_SECONDS = 31 * 24 * 3600.0
"""What a service asks for beyond this counts as this: some mean "never"."""

_BUSY = frozenset({429, 503})
_FORBIDDEN = 403
# Numbers above these are points in time, in seconds or milliseconds since 1970.
_A_TIME = 1e9
_A_TIME_IN_MILLISECONDS = 1e12
_RETRY_AFTER_MS = ("retry-after-ms", "x-ms-retry-after-ms")
_PREFIXES = ("x-ratelimit-", "x-rate-limit-", "ratelimit-")
_PARAMETER = re.compile(r"\b(r|remaining|t|reset)\s*=\s*(\d+(?:\.\d+)?)")
_QUOTED = re.compile(r'"[^"]*"')


class LongPauseError(StatusCodeError):
    """The service wants no requests for longer than a sync waits.

    `until` is when it takes requests again (UTC), as far as it said so. For a pack it is the
    `StatusCodeError` of the answer that asked for the pause.
    """

    def __init__(
        self, response: FetchResponse, what: str, *, seconds: float, longest_seconds: float
    ) -> None:
        super().__init__(response)
        self.until = datetime.now(UTC) + timedelta(seconds=seconds)
        self.args = (
            f"{what}: the service wants no requests for {_span(seconds)} more, until "
            f"{self.until:%Y-%m-%d %H:%M} UTC, and a sync waits no longer than "
            f"`max_pause_seconds` ({longest_seconds:g} s) of its connection.",
        )


def asked_pause(status: int, headers: Mapping[str, str]) -> float | None:
    """The seconds without requests that an answer asks for; None if it is no such answer.

    0 if it has nothing left to give but does not say for how long. `headers` has its names in
    lower case. A point in time is compared with the server's own `Date`, where it gives one: the
    clocks of two machines differ.
    """
    if status not in _BUSY and status != _FORBIDDEN:
        return None
    seconds = _retry_after(headers)
    if seconds is None:
        seconds = _until_reset(headers)
    return seconds if seconds is None else min(seconds, LONGEST_PAUSE_SECONDS)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    for name in _RETRY_AFTER_MS:
        if (milliseconds := _number(headers.get(name, ""))) is not None:
            return max(milliseconds / 1000, 0.0)
    return _seconds(headers.get("retry-after", ""), headers)


def _until_reset(headers: Mapping[str, str]) -> float | None:
    """The wait until a limit that is used up is renewed; None if none is used up."""
    waits = _waits_of_fields(headers.get("ratelimit", ""))
    for prefix in _PREFIXES:
        remaining = _items(headers.get(f"{prefix}remaining", ""))
        resets = _items(headers.get(f"{prefix}reset-after") or headers.get(f"{prefix}reset", ""))
        for position, left in enumerate(remaining):
            count = _number(left)
            if count is not None and count <= 0:
                # Several limits stand side by side, in the same order in both headers.
                own = resets[position : position + 1] if len(resets) == len(remaining) else resets
                waits.append(max((_seconds(each, headers) or 0.0 for each in own), default=0.0))
    return max(waits, default=None)


def _waits_of_fields(value: str) -> list[float]:
    """Of `"burst";r=0;t=5, "daily";r=7;t=60`, or `limit=9, remaining=0, reset=5`: what is used up.

    The second is of an older draft: one limit, whose parts are separated as limits are now.
    """
    value = _QUOTED.sub("", value).lower()
    limits = [value] if "remaining" in value else value.split(",")
    found = [dict(_PARAMETER.findall(limit)) for limit in limits]
    return [
        float(limit.get("t") or limit.get("reset") or 0)
        for limit in found
        if float(limit.get("r") or limit.get("remaining") or 1) == 0
    ]


def _items(value: str) -> Sequence[str]:
    """The values of a header that was sent several times, without parameters such as `;w=10`."""
    return [item.partition(";")[0].strip() for item in value.split(",")] if value else []


def _seconds(value: str, headers: Mapping[str, str]) -> float | None:
    """How long it is until then: `value` is a number of seconds, or a point in time."""
    number = _number(value)
    if number is not None and number < _A_TIME:
        return max(number, 0.0)
    if number is None:
        then = _timestamp(value)
    else:
        then = number / 1000 if number >= _A_TIME_IN_MILLISECONDS else number
    if then is None:
        return None
    now = _timestamp(headers.get("date", ""))
    return max(then - (time.time() if now is None else now), 0.0)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _timestamp(text: str) -> float | None:
    """Seconds since 1970, of a date as HTTP or as ISO 8601 writes it."""
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            parsed = parse(text.strip())
            return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            continue
    return None


def _span(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length - 1:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} s"
