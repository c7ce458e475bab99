"""Answers a pack asked to have cached (contract F7)."""

import threading
import time
from collections import OrderedDict
from collections.abc import Generator, Hashable
from contextlib import contextmanager

from pack_sync.http.page_deadline import PageDeadline
from pack_sync.http.response_body import RawResponse

_LOOK_AGAIN_SECONDS = 0.2


class ResponseCache:
    """The latest answers, in memory, up to so many bytes.

    Raw answers are kept and parsed anew each time, so what a pack does to a body stays with
    that pack. It is up to the fetcher to put in only good answers.
    """

    def __init__(self, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[Hashable, tuple[float, RawResponse]] = OrderedDict()
        self._lock = threading.Lock()
        self._asking: set[Hashable] = set()
        self._asked = threading.Condition(self._lock)

    @contextmanager
    def one_at_a_time(self, key: Hashable, deadline: PageDeadline) -> Generator[None]:
        """Let nobody else ask for the same meanwhile: its answer will be here for them.

        The wait for another's request is no time of the page; it ends when that request does.
        Raises as `PageDeadline.check` does.
        """
        with self._lock, deadline.standing_still():
            while key in self._asking and not deadline.cancelled.is_set():
                self._asked.wait(_LOOK_AGAIN_SECONDS)
            deadline.check("Waiting for the same request of another table")
            self._asking.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._asking.discard(key)
                self._asked.notify_all()

    def get(self, key: Hashable, max_age_seconds: float) -> RawResponse | None:
        """The answer under that key, if it is at most that old."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or time.monotonic() - entry[0] > max_age_seconds:
                return None
            self._entries.move_to_end(key)
            return entry[1]

    def put(self, key: Hashable, response: RawResponse) -> None:
        """Keep an answer, and let go of those unused the longest if there is no room."""
        with self._lock:
            if previous := self._entries.pop(key, None):
                self._bytes -= _size(previous[1])
            self._entries[key] = (time.monotonic(), response)
            self._bytes += _size(response)
            while self._bytes > self._max_bytes:
                _, (_, oldest) = self._entries.popitem(last=False)
                self._bytes -= _size(oldest)


def _size(response: RawResponse) -> int:
    return len(response.body) + 1000
