"""A real HTTP server on loopback whose answers a test writes, broken ones included."""

import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, kw_only=True)
class SeenRequest:
    """A request as it arrived; `headers` has its names in lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server says.

    `announced_length` is its Content-Length where that is not the truth. With `drop` the
    connection is closed without a word. `chunks` are sent one by one in place of the body,
    without a Content-Length; unless `ended`, nothing says that the last was the last.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    announced_length: int | None = None
    drop: bool = False
    chunks: Iterable[bytes] | None = None
    ended: bool = True


class HttpServer:
    """Answers each request with `answer(request)`, and keeps them all in `requests`."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[SeenRequest] = []
        self.answer: Callable[[SeenRequest], Answer] = lambda _: Answer(body=b'{"ok": true}')
        self._server = _QuietServer(("127.0.0.1", 0), _handler_of(self))
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answers(self, *answers: Answer) -> None:
        """Give these answers in turn; the last one again and again."""
        waiting = list(answers)
        self.answer = lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def close(self) -> None:
        """Stop; a handler that still runs is left behind."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what many tests are about."""


def _handler_of(server: HttpServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            seen = SeenRequest(
                method=self.command,
                path=parts.path,
                query=parse_qs(parts.query, keep_blank_values=True),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(int(self.headers.get("Content-Length", 0))),
            )
            server.requests.append(seen)
            _send(self, server.answer(seen))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler


def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    handler.close_connection = True
    if answer.drop:
        return
    length = len(answer.body) if answer.announced_length is None else answer.announced_length
    handler.send_response(answer.status)
    if answer.content_type:
        handler.send_header("Content-Type", answer.content_type)
    if answer.chunks is None:
        handler.send_header("Content-Length", str(length))
    else:
        handler.send_header("Transfer-Encoding", "chunked")
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    handler.send_header("Connection", "close")
    handler.end_headers()
    if handler.command == "HEAD":
        return
    handler.wfile.write(answer.body)
    for chunk in answer.chunks or ():
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
    if answer.chunks is not None and answer.ended:
        handler.wfile.write(b"0\r\n\r\n")
