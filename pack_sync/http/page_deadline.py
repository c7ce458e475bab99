"""How long requests of a page may take, and the way to end them early (contract C14, F5)."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

from pack_sdk.errors import ConnectionFailedError, RequestRefusedError


class PageDeadline:
    """The time of one page: so many `seconds`, pauses not counted, or until `cancelled` is set.

    Requests of one page may be made by several threads: the clock stands still while any of them
    waits for a pause to end.
    """

    def __init__(self, seconds: float, cancelled: threading.Event) -> None:
        """A page that begins now."""
        self.seconds = seconds
        self.cancelled = cancelled
        self._at = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._waiting = 0
        self._stopped_at = 0.0

    @property
    def left(self) -> float:
        """The seconds left, below 0 when the time is over."""
        with self._lock:
            return self._at - (self._stopped_at if self._waiting else time.monotonic())

    @contextmanager
    def standing_still(self) -> Generator[None]:
        """Count no time: the service has asked for a pause."""
        with self._lock:
            if not self._waiting:
                self._stopped_at = time.monotonic()
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                if not self._waiting:
                    self._at += time.monotonic() - self._stopped_at

    def check(self, doing: str) -> None:
        """Raise if no further request may be made or waited for; `doing` starts a sentence."""
        if self.cancelled.is_set():
            raise RequestRefusedError(
                f"{doing} was stopped: the sync no longer waits for the call of the pack that made "
                "the request."
            )
        if self.left <= 0:
            raise ConnectionFailedError(
                f"{doing} was stopped: the {self.seconds:g} s that the page may take are over. "
                "Ask for smaller pages, or raise the page timeout."
            )

    def sleep(self, seconds: float) -> None:
        """Wait, but wake up at once when cancelled."""
        self.cancelled.wait(seconds)
