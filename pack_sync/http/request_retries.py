"""When a request is made again, and how long to wait before (contract F5).

The loop is tenacity's. `stamina`, which is built on it, sleeps with `time.sleep` and cannot
be told otherwise: a wait there could neither be cut short by `cancel` nor end with the page.
"""

import random
import threading
from collections.abc import Callable, Sequence

from tenacity import RetryCallState, Retrying

from pack_sdk.errors import ConnectionFailedError, StatusCodeError
from pack_sdk.fetching import FetchResponse
from pack_sync.http.connection_failures import (
    LastingFailureError,
    NameLookupError,
    NotConnectedError,
)
from pack_sync.http.page_deadline import PageDeadline
from pack_sync.http.pauses import LongPauseError, asked_pause
from pack_sync.http.rate_limits import RequestThrottle

LONGEST_GROWING_WAIT_SECONDS = 30.0
LONGEST_NOT_CONNECTED_SECONDS = 5.0
"""For how long it is tried to connect where nobody listens; after that the sync is tried again."""
# A try with less time than this would only hide the error before it behind a timeout.
LEAST_TIME_FOR_A_TRY = 0.1
_BUSY = frozenset({429, 503})
_GATEWAY_FAILED = frozenset({502, 504})
_SAFE_TO_REPEAT = frozenset({"GET", "HEAD"})


class RequestRetries:
    """Making one request again while that may help, and the time of the page lasts.

    A pause that the service asks for is one of the whole connection, and no time of the page.
    `count_retry` is called before each further try.
    """

    def __init__(
        self,
        request: str,
        deadline: PageDeadline,
        throttle: RequestThrottle,
        first_wait_seconds: float,
        count_retry: Callable[[], None],
    ) -> None:
        """`request` is its method and URL, as messages show it."""
        self._request = request
        self._method = request.partition(" ")[0]
        self._deadline = deadline
        self._throttle = throttle
        self._first_wait_seconds = first_wait_seconds
        self._paused_seconds = 0.0
        self.loop = Retrying(
            retry=self._may_help,
            wait=self._wait,
            stop=self._stop,
            sleep=deadline.sleep,
            before_sleep=lambda _: count_retry(),
            reraise=True,
        )
        """Calls a function; what it raised last is raised as it is, with a note on the tries."""

    def _may_help(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        return error is not None and worth_another_try(error, self._method)

    def _wait(self, state: RetryCallState) -> float:
        """The seconds to sleep; a pause is slept by whoever wants to send something next."""
        error = state.outcome.exception() if state.outcome else None
        seconds = wait_before_next_try(error, state.attempt_number, self._first_wait_seconds)
        if not isinstance(error, StatusCodeError) or not _asked(error):
            return seconds
        self._throttle.pause(seconds, error.response)
        if self._paused_seconds + seconds > self._throttle.max_pause_seconds:
            raise self._too_long(error, seconds)
        self._paused_seconds += seconds
        return 0.0

    def _stop(self, state: RetryCallState) -> bool:
        left = self._deadline.left
        error = state.outcome.exception() if state.outcome else None
        tried = (state.seconds_since_start or 0) - self._paused_seconds + state.upcoming_sleep
        given_up = isinstance(error, NotConnectedError) and tried > LONGEST_NOT_CONNECTED_SECONDS
        in_time = state.upcoming_sleep + LEAST_TIME_FOR_A_TRY < left
        if in_time and not given_up and not self._deadline.cancelled.is_set():
            return False
        if error:
            note = f"Tried {state.attempt_number} times"
            if not given_up:
                note += f"; the next try would be in {state.upcoming_sleep:.1f} s, and the page "
                note += f"has {max(left, 0):.1f} s left"
            error.add_note(f"{note}.")
        return True

    def _too_long(self, error: StatusCodeError, seconds: float) -> LongPauseError:
        before = f" after {self._paused_seconds:.3g} s of pauses" if self._paused_seconds else ""
        return LongPauseError(
            error.response,
            f"{self._request} was answered with status {error.status_code}{before}",
            seconds=seconds,
            longest_seconds=self._throttle.max_pause_seconds,
        )


def pause_for_pack(
    throttle: RequestThrottle,
    cancelled: threading.Event,
    asked: Sequence[float],
    what: str,
    first_wait_seconds: float,
) -> float:
    """Have the connection pause as a pack asks for it, and wait; the seconds that took.

    `asked` are the pauses on the same page in seconds, this one the last. They grow, so that a
    pack which asks for none again and again is no hot loop. Raises `LongPauseError`, which says
    `what` asked, where all of them are longer than anybody waits.
    """
    *earlier, seconds = asked
    if earlier:
        seconds = max(seconds, _growing_wait(len(earlier), first_wait_seconds))
    response = FetchResponse(status=429)
    throttle.pause(seconds, response)
    if sum(earlier) + seconds > throttle.max_pause_seconds:
        longest = throttle.max_pause_seconds
        raise LongPauseError(response, what, seconds=seconds, longest_seconds=longest)
    cancelled.wait(seconds)
    return seconds


def worth_another_try(error: BaseException, method: str) -> bool:
    """Whether F5 has the request made again after this error."""
    repeatable = method in _SAFE_TO_REPEAT
    if isinstance(error, LongPauseError):
        return False
    if isinstance(error, StatusCodeError):
        busy = error.status_code in _BUSY or _asked(error) is not None
        return busy or (repeatable and error.status_code in _GATEWAY_FAILED)
    if isinstance(error, LastingFailureError | NameLookupError):
        return False
    return repeatable and isinstance(error, ConnectionFailedError)


def wait_before_next_try(
    error: BaseException | None, tries: int, first_wait_seconds: float
) -> float:
    """The seconds to wait after the `tries`-th try.

    The first `Retry-After` is taken at its word. An API that keeps refusing gets at least
    the growing wait from then on, so that `Retry-After: 0` does not become a hot loop.
    """
    asked = _asked(error) if isinstance(error, StatusCodeError) else None
    if asked is None:
        return _growing_wait(tries, first_wait_seconds)
    return max(asked, _growing_wait(tries - 1, first_wait_seconds) if tries > 1 else 0.0)


def _asked(error: StatusCodeError) -> float | None:
    return asked_pause(error.status_code, error.headers)


def _growing_wait(tries: int, first_wait_seconds: float) -> float:
    longest = min(first_wait_seconds * 2 ** min(tries - 1, 30), LONGEST_GROWING_WAIT_SECONDS)
    # Between half and all of it, so that workers which failed together do not return together.
    return random.uniform(longest / 2, longest)  # noqa: S311
