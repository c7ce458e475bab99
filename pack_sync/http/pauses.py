"""Pauses: how long a service wants no requests, as its answers say it (contract F5).

There is one standard header, `Retry-After`, and those of limits that are used up
(`pack_sync.http.stated_limits`).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pack_sdk.errors import StatusCodeError
from pack_sdk.fetching import FetchResponse
from pack_sync.http.stated_limits import number_in, seconds_until, stated_limits

LONGEST_PAUSE_SECONDS = 31 * 24 * 3600.0
"""What a service asks for beyond this counts as this: some mean "never"."""

_BUSY = frozenset({429, 503})
_FORBIDDEN = 403
_RETRY_AFTER_MS = ("retry-after-ms", "x-ms-retry-after-ms")


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
        if (milliseconds := number_in(headers.get(name, ""))) is not None:
            return max(milliseconds / 1000, 0.0)
    return seconds_until(headers.get("retry-after", ""), headers)


def _until_reset(headers: Mapping[str, str]) -> float | None:
    """The wait until a limit that is used up is renewed; None if none is used up."""
    return max(
        (limit.seconds for limit in stated_limits(headers) if not limit.remaining), default=None
    )


def _span(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length - 1:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} s"
