"""A made-up service below the real fetcher: what httpx would send is answered by a fake."""

import json
import traceback
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import httpx

from pack_sdk.fetching import FetchRequest, FetchResponse, Method
from pack_sdk.testing import FakeService, fake_service
from pack_sync.check.source import shown_path

_LENGTHS = {"content-length", "transfer-encoding", "content-encoding"}


class ServiceTransport(httpx.BaseTransport):
    """Answers requests from a `FakeService`, one at a time; `answered` is called after each.

    `failure` is where and how the fake's own code failed, if it did.
    """

    def __init__(self, service: FakeService, answered: Callable[[], object] = lambda: None) -> None:
        self._service = service
        self._answered = answered
        self.failure = ""
        self._turn = Lock()  # what is awaited together in a pack comes from several threads

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The fake's answer, as bytes."""
        method: Method = request.method  # pyright: ignore[reportAssignmentType]
        asked = FetchRequest(
            method=method,
            url=str(request.url),
            headers=dict(request.headers),
            body=request.read() or None,
        )
        with self._turn:
            try:
                return _encoded(self._service.respond(asked))
            except Exception as error:
                self.failure = _place_and_error(error)
                raise
            finally:
                self._answered()


def _place_and_error(error: Exception) -> str:
    """Where the code of the fake, rather than the testing kit, raised an error."""
    kit = str(Path(fake_service.__file__).parent)
    frames = [f for f in traceback.extract_tb(error.__traceback__)[1:] if kit not in f.filename]
    place = f"{shown_path(Path(frames[-1].filename))}:{frames[-1].lineno}: " if frames else ""
    return f"{place}{type(error).__name__}: {error}"


def _encoded(response: FetchResponse) -> httpx.Response:
    headers = {name: value for name, value in response.headers.items() if name not in _LENGTHS}
    content, kind = _content(response.body)
    if content:
        headers.setdefault("content-type", kind)
    # As a stream: the fetcher reads what comes from the network, and nothing else.
    stream = httpx.ByteStream(content)
    return httpx.Response(response.status, headers=headers, stream=stream)


def _content(body: Any) -> tuple[bytes, str]:
    if body is None:
        return b"", ""
    if isinstance(body, bytes):
        return bytes(body), "application/octet-stream"
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    return json.dumps(body).encode(), "application/json"
