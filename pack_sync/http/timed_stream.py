"""A network stream each of whose waits ends with the page (contract C14).

A timeout of httpcore is one of each read: a server that sends a little now and then, such as a head
after ever more heads with status 1xx, would have no end.
"""

import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpcore

from pack_sync.http.page_deadline import PageDeadline

EXTENSION = "page_deadline"
"""The extension of an `httpx.Request` that holds its `PageDeadline`."""

_PIECE = 64 * 1024
# The streams of pooled connections serve one request after another, each in its own thread.
_current = threading.local()


@contextmanager
def until(deadline: PageDeadline | None) -> Generator[None]:
    """Let what this thread reads and writes meanwhile end with the page."""
    before = getattr(_current, "deadline", None)
    _current.deadline = deadline
    try:
        yield
    finally:
        _current.deadline = before


class TimedStream(httpcore.NetworkStream):
    """Another stream, whose reads and writes end with the page, or when the call is given up."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Wait for some bytes. Raises what `PageDeadline.check` does."""
        return self._stream.read(max_bytes, _shorter(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write in pieces: whoever takes them slowly is not waited for longer, either."""
        for start in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[start : start + _PIECE], _shorter(timeout))

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """The same with TLS."""
        stream = self._stream.start_tls(ssl_context, server_hostname, _shorter(timeout))
        return TimedStream(stream)

    def get_extra_info(self, info: str) -> Any:
        """What the other stream knows."""
        return self._stream.get_extra_info(info)


def _shorter(timeout: float | None) -> float | None:
    deadline: PageDeadline | None = getattr(_current, "deadline", None)
    if deadline is None:
        return timeout
    deadline.check("Waiting for the answer")
    left = max(deadline.left, 0.001)
    return left if timeout is None else min(timeout, left)
