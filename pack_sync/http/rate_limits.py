"""The limit that all requests of a connection share, whichever table makes them (F5)."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from pack_sdk.fetching import FetchResponse
from pack_sync.http.page_deadline import PageDeadline
from pack_sync.http.pauses import LongPauseError


class RequestThrottle:
    """So many requests at once, and none while the service has asked for a pause.

    A pause of more than `max_pause_seconds` is waited for by nobody. `on_pause` is told of each,
    in seconds.
    """

    def __init__(
        self,
        max_concurrent_requests: int,
        max_pause_seconds: float = 300,
        on_pause: Callable[[float], object] | None = None,
    ) -> None:
        if max_concurrent_requests < 1:
            raise ValueError("`max_concurrent_requests` of a connection must be at least 1")
        self.max_pause_seconds = max_pause_seconds
        self._changed = threading.Condition()
        self._slots = max_concurrent_requests
        self._holders: set[object] = set()
        self._on_pause = on_pause
        self._paused_until = 0.0
        self._paused_by: FetchResponse | None = None

    @contextmanager
    def slot(self, deadline: PageDeadline, method: str, url: str) -> Generator[None]:
        """Hold one of the slots; wait for it within the page's time, and for a pause to end.

        The wait for a pause is no time of the page. Raises `LongPauseError` at once when it would
        be too long.
        """
        # A pack's call that is given up may be struck by an exception at any instruction, so
        # whether a slot is held is one fact in one place: this token is in the set or not.
        holder = object()
        try:
            with self._changed:
                self._wait_for_turn(deadline, method, url)
                self._holders.add(holder)
            yield
        finally:
            self._holders.discard(holder)
            self.wake()

    def pause(self, seconds: float, response: FetchResponse) -> None:
        """Let no request start for so long, as `response` asked for."""
        if self._on_pause is not None:
            self._on_pause(seconds)
        with self._changed:
            until = time.monotonic() + seconds
            if until > self._paused_until:
                self._paused_until, self._paused_by = until, response
                self._changed.notify_all()

    def long_pause(self, what: str) -> LongPauseError | None:
        """The error that says why `what` is so, if there is a pause that nobody waits for."""
        pause = self._paused_until - time.monotonic()
        if pause <= self.max_pause_seconds:
            return None
        response = self._paused_by or FetchResponse(status=429)
        why = f"{what}, as another request of this connection was answered with status"
        return LongPauseError(
            response,
            f"{why} {response.status}",
            seconds=pause,
            longest_seconds=self.max_pause_seconds,
        )

    def wake(self) -> None:
        """Let everybody who waits look again whether they still should."""
        with self._changed:
            self._changed.notify_all()

    def _wait_for_turn(self, deadline: PageDeadline, method: str, url: str) -> None:
        while True:
            pause = self._paused_until - time.monotonic()
            full = len(self._holders) >= self._slots
            if not full and pause <= 0:
                return deadline.check(f"{method} {url}")
            deadline.check(f"Waiting to send {method} {url}")
            if error := self.long_pause(f"{method} {url} was not sent"):
                raise error
            if pause > 0:
                with deadline.standing_still():
                    self._changed.wait(pause)
            else:
                self._changed.wait(max(deadline.left, 0.001))
