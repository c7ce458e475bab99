"""Answers a pack asked to have cached (contract F7)."""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable

from pack_sync.http.response_body import RawResponse


class ResponseCache:
    """The latest answers, in memory, up to so many bytes.

    Raw answers are kept and parsed anew each time, so what a pack does to a body stays with
    that pack. It is up to the fetcher to put in only good answers to GET.
    """

    def __init__(self, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[Hashable, tuple[float, RawResponse]] = OrderedDict()
        self._lock = threading.Lock()

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
