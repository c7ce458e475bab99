"""Servers that send a little now and then: whatever they drip, the page's time ends it (C14)."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from pack_sdk.errors import ConnectionFailedError, RequestRefusedError
from pack_sdk.fetching import FetchRequest
from pack_sync.http.fetcher import SyncFetcher

OK = b"HTTP/1.1 200 OK\r\n"
DRIPS = {
    "heads with status 100": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "heads with status 103": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "a status line": (b"HTTP/1.1 200 ", b"O"),
    "headers": (OK, b"X: y\r\n"),
    "letters of a header": (OK + b"X: ", b"y"),
    "sizes of chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "extensions of chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
    "trailers": (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    "a body": (OK + b"Content-Length: 1000000\r\n\r\n", b"x"),
}


@pytest.fixture
def dripping() -> Iterator[Callable[[bytes, bytes], str]]:
    """Starts a server that sends a beginning and then something again and again; its URL."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(start: bytes, drop: bytes) -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                peer.recv(65536)
                try:
                    peer.sendall(start)
                    while not over.wait(0.02):
                        peer.sendall(drop)
                except OSError:
                    continue

    def begin(start: bytes, drop: bytes) -> str:
        threading.Thread(target=serve, args=(start, drop), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield begin
    over.set()
    listener.close()


@pytest.mark.parametrize("what", DRIPS)
def test_the_page_has_its_time(
    dripping: Callable[[bytes, bytes], str], fetcher: SyncFetcher, what: str
) -> None:
    """Each piece comes in time, but they never end."""
    url = dripping(*DRIPS[what])
    fetcher.begin_page(0.5)
    began = time.monotonic()
    with pytest.raises(ConnectionFailedError, match=r"may take are over|not answer in time"):
        fetcher.send(FetchRequest(url=url))
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("what", ["heads with status 103", "letters of a header", "trailers"])
def test_a_call_that_is_given_up(
    dripping: Callable[[bytes, bytes], str], fetcher: SyncFetcher, what: str
) -> None:
    """Its request ends with the next piece."""
    url = dripping(*DRIPS[what])
    fetcher.begin_page(60)
    threading.Timer(0.3, fetcher.cancel).start()
    with pytest.raises(RequestRefusedError, match="no longer waits"):
        fetcher.send(FetchRequest(url=url))
