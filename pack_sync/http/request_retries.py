"""When a request is made again, and how long to wait before (contract F5).

The loop is tenacity's. `stamina`, which is built on it, sleeps with `time.sleep` and cannot
be told otherwise: a wait there could neither be cut short by `cancel` nor end with the page.
"""

import math
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from tenacity import RetryCallState, Retrying

from pack_sdk.errors import ConnectionFailedError, StatusCodeError
from pack_sync.http.connection_failures import UntrustedCertificateError
from pack_sync.http.page_deadline import PageDeadline

LONGEST_GROWING_WAIT_SECONDS = 30.0
# A try with less time than this would only hide the error before it behind a timeout.
LEAST_TIME_FOR_A_TRY = 0.1
_BUSY = frozenset({429, 503})
_GATEWAY_FAILED = frozenset({502, 504})
_SAFE_TO_REPEAT = frozenset({"GET", "HEAD"})


def retrying(
    method: str, deadline: PageDeadline, first_wait_seconds: float, count_retry: Callable[[], None]
) -> Retrying:
    """Call a function again while that may help and the page's time lasts.

    The last error is raised as it is, with a note that says how often it was tried.
    """

    def may_help(state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        return error is not None and worth_another_try(error, method)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return wait_before_next_try(error, state.attempt_number, first_wait_seconds)

    def stop(state: RetryCallState) -> bool:
        left = deadline.left
        if state.upcoming_sleep + LEAST_TIME_FOR_A_TRY < left and not deadline.cancelled.is_set():
            return False
        if state.outcome and (error := state.outcome.exception()):
            error.add_note(
                f"Tried {state.attempt_number} times; the next try would be in "
                f"{state.upcoming_sleep:.1f} s, and the page has {max(left, 0):.1f} s left."
            )
        return True

    return Retrying(
        retry=may_help,
        wait=wait,
        stop=stop,
        sleep=deadline.sleep,
        before_sleep=lambda _: count_retry(),
        reraise=True,
    )


def worth_another_try(error: BaseException, method: str) -> bool:
    """Whether F5 has the request made again after this error."""
    repeatable = method in _SAFE_TO_REPEAT
    if isinstance(error, StatusCodeError):
        status = error.status_code
        return status in _BUSY or (repeatable and status in _GATEWAY_FAILED)
    if isinstance(error, UntrustedCertificateError):
        return False
    return repeatable and isinstance(error, ConnectionFailedError)


def wait_before_next_try(
    error: BaseException | None, tries: int, first_wait_seconds: float
) -> float:
    """The seconds to wait after the `tries`-th try.

    The first `Retry-After` is taken at its word. An API that keeps refusing gets at least
    the growing wait from then on, so that `Retry-After: 0` does not become a hot loop.
    """
    asked = None
    if isinstance(error, StatusCodeError) and error.status_code in _BUSY:
        asked = retry_after_seconds(error.headers)
    if asked is None:
        return _growing_wait(tries, first_wait_seconds)
    return max(asked, _growing_wait(tries - 1, first_wait_seconds) if tries > 1 else 0.0)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The wait that `Retry-After` asks for, as seconds or as an HTTP date; None if neither.

    A date is compared with the server's own `Date`, where it gives one: the clocks of two
    machines differ.
    """
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        then = _timestamp(value)
        if then is None:
            return None
        now = _timestamp(headers.get("date", ""))
        seconds = then - (time.time() if now is None else now)
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _timestamp(http_date: str) -> float | None:
    try:
        parsed = parsedate_to_datetime(http_date)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _growing_wait(tries: int, first_wait_seconds: float) -> float:
    longest = min(first_wait_seconds * 2 ** min(tries - 1, 30), LONGEST_GROWING_WAIT_SECONDS)
    # Between half and all of it, so that workers which failed together do not return together.
    return random.uniform(longest / 2, longest)  # noqa: S311
