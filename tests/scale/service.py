"""The service that the tables are synced from, what it has, and who asked it for what.

Nothing here is the library's: `Service.truth` is what a warehouse must have, worked out again.
"""

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

CHANGED = 10
"""In each round one row of so many is another than before."""


@dataclass
class Service:
    """Tables of so many rows, handed out page by page, each after a pause."""

    tables: int
    rows: int
    page: int
    pause: float
    round: int = 0
    fetched: Counter[tuple[str, int, int]] = field(default_factory=Counter[tuple[str, int, int]])
    """How often each page was asked for: table, cursor, number of the page."""
    most_at_once: Counter[str] = field(default_factory=Counter[str])
    _at_once: Counter[str] = field(default_factory=Counter[str])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self.url = f"http://localhost:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def pages(self) -> int:
        """The pages of a full sync of a table."""
        return -(-self.rows // self.page)

    def truth(self, table: str) -> dict[str, tuple[str, int]]:
        """What the table has now: value and number by id."""
        return {
            row["id"]: (row["value"], row["n"])
            for row in (_row(table, n, self._last(n)) for n in range(self.rows))
        }

    def _last(self, number: int) -> int:
        """In which round a row was last changed."""
        return next((r for r in range(self.round, 0, -1) if number % CHANGED == r % CHANGED), 0)

    def answer(self, path: str, token: str) -> dict[str, Any]:
        """A page of a table: what was changed after the round `since`."""
        parts = urlsplit(path)
        table, query = parts.path.strip("/"), parse_qs(parts.query)
        since, page = int(query["since"][0]), int(query["page"][0])
        with self._lock:
            self.fetched[table, since, page] += 1
            self._at_once[token] += 1
            self.most_at_once[token] = max(self.most_at_once[token], self._at_once[token])
        time.sleep(self.pause)
        numbers = [n for n in range(self.rows) if self._last(n) > since]
        shown = numbers[page * self.page : (page + 1) * self.page]
        with self._lock:
            self._at_once[token] -= 1
        return {
            "rows": [_row(table, n, self._last(n)) for n in shown],
            "more": (page + 1) * self.page < len(numbers),
            "round": self.round,
        }


def _row(table: str, number: int, changed: int) -> dict[str, Any]:
    value = blake2b(f"{table} {number} {changed}".encode(), digest_size=12).hexdigest()
    return {"id": f"{table}-{number}", "value": value, "n": number * 1000 + changed}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Workers are killed while they wait for an answer."""


def _handler_of(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            body = json.dumps(service.answer(self.path, token)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler
