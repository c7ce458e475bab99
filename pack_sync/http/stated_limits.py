"""What the headers of an answer say of limits: how many requests are left, and for how long.

There are many: `X-RateLimit-Remaining` and `-Reset`, their relatives, and those of the IETF's
drafts, `RateLimit-Remaining` and `RateLimit: "burst";r=0;t=30`
(draft-ietf-httpapi-ratelimit-headers).
"""

import math
import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pack_sync.budgets.book import StatedLimit

# Numbers above these are points in time, in seconds or milliseconds since 1970.
_A_TIME = 1e9
_A_TIME_IN_MILLISECONDS = 1e12
_PREFIXES = ("x-ratelimit-", "x-rate-limit-", "ratelimit-")
_PARAMETER = re.compile(r"\b(r|remaining|t|reset|q|limit)\s*=\s*(\d+(?:\.\d+)?)")
_QUOTED = re.compile(r'"[^"]*"')


def stated_limits(headers: Mapping[str, str]) -> Sequence[StatedLimit]:
    """The limits that an answer states, their names in lower case.

    `seconds` is 0 where it does not say for how long.
    """
    found = _of_fields(headers.get("ratelimit", ""), headers.get("ratelimit-policy", ""))
    for prefix in _PREFIXES:
        remaining = _items(headers.get(f"{prefix}remaining", ""))
        limits = _items(headers.get(f"{prefix}limit", ""))
        resets = _items(headers.get(f"{prefix}reset-after") or headers.get(f"{prefix}reset", ""))
        for position, left in enumerate(remaining):
            count = number_in(left)
            if count is None:
                continue
            # Several limits stand side by side, in the same order in all headers.
            own = resets[position : position + 1] if len(resets) == len(remaining) else resets
            limit = number_in(limits[position]) if len(limits) == len(remaining) else None
            found.append(
                StatedLimit(
                    remaining=max(int(count), 0),
                    seconds=max((seconds_until(each, headers) or 0.0 for each in own), default=0.0),
                    limit=None if limit is None else int(limit),
                )
            )
    return found


def seconds_until(value: str, headers: Mapping[str, str]) -> float | None:
    """How long it is until then: `value` is a number of seconds, or a point in time.

    A point in time is compared with the server's own `Date`, where it gives one: the clocks of two
    machines differ.
    """
    number = number_in(value)
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


def number_in(value: str) -> float | None:
    """The finite number that a text is, None if it is none."""
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


def _of_fields(value: str, policy: str) -> list[StatedLimit]:
    """Of `"burst";r=0;t=5, "daily";r=7;t=60`, or `limit=9, remaining=0, reset=5`.

    The second is of an older draft: one limit, whose parts are separated as limits are now. How
    many there are in all is in another header, `"burst";q=100;w=60`, in the same order.
    """
    stated, policies = _parameters(value), _parameters(policy)
    found: list[StatedLimit] = []
    for position, limit in enumerate(stated):
        left = number_in(limit.get("r", limit.get("remaining", "")))
        if left is None:
            continue
        own = policies[position] if len(policies) == len(stated) else {}
        whole = number_in(limit.get("limit", own.get("q", "")))
        found.append(
            StatedLimit(
                remaining=int(left),
                seconds=number_in(limit.get("t", limit.get("reset", ""))) or 0.0,
                limit=None if whole is None else int(whole),
            )
        )
    return found


def _parameters(value: str) -> list[dict[str, str]]:
    value = _QUOTED.sub("", value).lower()
    limits = [value] if "remaining" in value else value.split(",")
    return [dict(_PARAMETER.findall(limit)) for limit in limits]


def _items(value: str) -> Sequence[str]:
    """The values of a header that was sent several times, without parameters such as `;w=10`."""
    return [item.partition(";")[0].strip() for item in value.split(",")] if value else []
