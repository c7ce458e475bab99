"""The loopback redirect: a listener on 127.0.0.1 that takes one answer (RFC 8252, section 7.3).

It is open to whatever runs on this machine and, by a browser, to any web page. So it answers only
to its own name, gives the address of the consent away once, accepts one answer that has the state
of the request, and is gone then, or after five minutes.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import urlsplit

from pack_sync.connect.errors import ConnectError, ForeignAnswerError

WAIT_SECONDS = 300.0
CALLBACK = "/callback"
_SOCKET_SECONDS = 10.0
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<body style="font-family: sans-serif; margin: 4em"><h1>{title}</h1><p>{text}</p></body></html>
"""
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


class Listener:
    """Waits for the browser on 127.0.0.1; made by `listening`. Raises `ConnectError`."""

    def __init__(self, port: int) -> None:
        try:
            self._server = _Server(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise ConnectError(
                f"Port {port} of this machine cannot be listened on ({error.strerror}). End what "
                "uses it, perhaps another `packsync connect`, or take another --port."
            ) from None
        self._port: int = self._server.server_address[1]
        self._server.listener = self
        self._lock = threading.Lock()
        self._taken, self._answered = False, threading.Event()
        self._begin = ""
        self._accept: Callable[[str], str] | None = None
        self._outcome: str | ConnectError = ""

    @property
    def redirect(self) -> str:
        """The redirect address, to be registered at the service."""
        return f"http://127.0.0.1:{self._port}{CALLBACK}"

    @property
    def first_page(self) -> str:
        """What the browser is to open: it leads on to the service, and has no secret in it."""
        return f"http://127.0.0.1:{self._port}/"

    def expect(self, begin: str, accept: Callable[[str], str]) -> None:
        """Lead the browser to `begin`, and take the first answer whose query `accept` accepts.

        `accept` returns the code that the query has; it raises `ForeignAnswerError` for what is
        to be ignored, and `ConnectError` for what ends the wait.
        """
        self._begin, self._accept = begin, accept

    def wait(self, seconds: float = WAIT_SECONDS) -> str:
        """What `accept` returned. Raises its `ConnectError`, and one when the time is over."""
        if not self._answered.wait(seconds):
            raise ConnectError(
                f"Nobody answered within {seconds / 60:g} minutes. Begin again; if the browser is "
                "on another machine, use --no-browser."
            )
        if isinstance(self._outcome, ConnectError):
            raise self._outcome
        return self._outcome

    def serve(self) -> None:
        """Answer the browser, in this thread, until `close`."""
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()

    def answer_to(self, path: str, host: list[str]) -> tuple[HTTPStatus, str, str]:
        """Status, and a page or where to go, for a GET."""
        if host != [f"127.0.0.1:{self._port}"]:
            return _page(HTTPStatus.MISDIRECTED_REQUEST, "Not here", "This is another server.")
        parts = urlsplit(path)
        with self._lock:
            if parts.path == "/" and self._begin:
                begin, self._begin = self._begin, ""
                return HTTPStatus.FOUND, begin, ""
            if parts.path == "/":
                text = (
                    "The consent was begun in another window. If that is gone, stop the command in "
                    "the terminal with Ctrl-C, and begin again."
                )
                return _page(HTTPStatus.GONE, "Begun already", text)
            if parts.path != CALLBACK or self._accept is None:
                return _page(HTTPStatus.NOT_FOUND, "Nothing here", "Go back to the terminal.")
            return self._take(parts.query, self._accept)

    def page_sent(self) -> None:
        """End the wait, if the page that has just been sent was the one for the answer."""
        if self._taken:
            self._answered.set()

    def _take(self, query: str, accept: Callable[[str], str]) -> tuple[HTTPStatus, str, str]:
        """The page for an answer; the first one of ours is the outcome."""
        if self._taken:
            return _page(HTTPStatus.GONE, "Too late", "An answer was taken already.")
        try:
            self._outcome = accept(query)
        except ForeignAnswerError:
            text = "This does not answer the request that is waiting. Nothing was changed."
            return _page(HTTPStatus.BAD_REQUEST, "Not our answer", text)
        except ConnectError as error:
            self._outcome, self._taken = error, True
            text = "The terminal says why. You may close this window."
            return _page(HTTPStatus.BAD_REQUEST, "Not connected", text)
        self._taken = True
        text = "Go back to the terminal, which says how it went. You may close this window."
        return _page(HTTPStatus.OK, "The service has answered", text)


@contextmanager
def listening(port: int) -> Generator[Listener]:
    """A listener, closed at the end; port 0 takes a free one. Raises `ConnectError`."""
    listener = Listener(port)
    thread = threading.Thread(target=listener.serve, name="loopback redirect", daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        listener.close()
        thread.join()


def _page(status: HTTPStatus, title: str, text: str) -> tuple[HTTPStatus, str, str]:
    return status, "", _PAGE.format(title=title, text=text)


class _Server(ThreadingHTTPServer):
    # Threads, since browsers open connections that they then do not use.
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    listener: Listener

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no error of ours."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _SOCKET_SECONDS

    def do_GET(self) -> None:
        """Answer, and end the connection. The wait ends only when the page is sent."""
        listener = cast("_Server", self.server).listener
        hosts = self.headers.get_all("Host") or []
        status, location, page = listener.answer_to(self.path, hosts)
        try:
            self._send(status, location, page.encode())
        finally:
            listener.page_sent()

    def _send(self, status: HTTPStatus, location: str, content: bytes) -> None:
        self.send_response_only(status)
        if location:
            self.send_header("Location", location)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: the path of an answer has the code in it."""
