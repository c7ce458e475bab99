"""The source of the benchmarks: an HTTP server that does next to nothing for a request.

It runs in a process of its own, so that the time of a sync is the time of who syncs.

- `GET /rows/0`: the first page of all rows. A page is one of a few made beforehand, with its
  number put before each row's: ten million rows need no more memory than ten thousand.
- `GET /changes/1/0`: the first page of what changed in round 1, made beforehand.
- `GET /child/7`: the only page of a few rows that belong to parent 7.
- `GET /again`: from now on requests fail as they did at first, see `Source.failures`.
- `GET /touch`: from now on one row of each page of all rows is another than before.

Each page names the next one. Page 0 has the rows from one page's length on: numbers begin with
the number of their page, counted from 1, so that none begins with a zero.
"""

import asyncio
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks.shapes import SHAPES

PROJECT = Path(__file__).parent.parent
CHILD_ROWS = 5
"""How many rows each parent has."""

_TEMPLATE_ROWS = 50_000  # made beforehand; more of them take longer to make than most syncs
_HEADERS_END = b"\r\n\r\n"
_MARK = b"~"  # where the page's number goes; no value has it
_BETWEEN_ROWS = b",\n"  # no row has it: JSON writes a line's end in a text as two characters


@dataclass(frozen=True, kw_only=True)
class Source:
    """What the source has: rows in a shape, rounds of changes and deletes among them.

    `latency_ms` is how long it waits before each answer, as a service far away does. The rows
    of a round are spread over the whole table; no row is deleted twice, or changed once gone.
    `failures` is the share of requests that are answered with 429 or 503, half of them each, and
    `Retry-After: 1`; which ones follows from the path and how often it was asked for.
    """

    rows: int
    shape: str = "plain"
    changes: int = 0
    deletes: int = 0
    rounds: int = 0
    latency_ms: int = 0
    failures: float = 0

    @property
    def page(self) -> int:
        """The rows of a page."""
        return SHAPES[self.shape].page

    @property
    def pages(self) -> int:
        """How many pages all rows have."""
        return -(-self.rows // self.page)

    def number(self, index: int) -> int:
        """The number of the row at an index, as the pages of all rows count them."""
        page, place = divmod(index, self.page)
        return (page + 1) * 10 ** len(str(self.page - 1)) + place

    def changed(self, round_: int) -> list[int]:
        """The numbers of the rows that change in a round: others in each, where few change."""
        return self._spread(self.changes, place=0, turn=round_)

    def deleted(self, round_: int) -> list[int]:
        """The numbers of the rows that go in a round."""
        gone = self._spread(self.deletes * self.rounds, place=1)
        return gone[(round_ - 1) * self.deletes : round_ * self.deletes]

    def _spread(self, count: int, *, place: int, turn: int = 0) -> list[int]:
        """So many numbers over the whole table; none of one place is of another."""
        most = max(self.changes, self.deletes * self.rounds, 1)
        step = self.rows // most
        if step < 2:
            raise ValueError(f"{self.rows:,} rows are too few for {most:,} of them to change")
        turns = most // max(count, 1)
        start = turn % turns * step + place
        return [self.number(index * turns * step + start) for index in range(count)]


@contextmanager
def running_source(source: Source) -> Generator[str]:
    """The server in a process of its own, ready to answer; its base URL."""
    arguments = orjson.dumps(source).decode()
    command = [sys.executable, "-m", "benchmarks.source_server", arguments]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            if not address:
                raise RuntimeError("the source server did not start; its error is above")
            yield address
        finally:
            process.terminate()


class Answers:
    """The answer to each path."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._shape = SHAPES[source.shape]
        self._templates = self._make_templates()
        self._changes = {
            (round_, page): body
            for round_ in range(1, source.rounds + 1)
            for page, body in enumerate(self._round(round_))
        }
        self._asked = Counter[str]()

    def failure(self, path: str) -> int | None:
        """The status that this request fails with, if it does."""
        if path == "/again":
            self._asked.clear()
        if not self._source.failures or path == "/again":
            return None
        self._asked[path] += 1
        dice = random.Random(f"{path} {self._asked[path]}")
        return dice.choice((429, 503)) if dice.random() < self._source.failures else None

    def body(self, path: str) -> bytes | None:
        """The answer's body, None if there is nothing at this path."""
        what, *numbers = path.strip("/").split("/")
        match what, [int(number) for number in numbers]:
            case "rows", [page] if page < max(1, self._source.pages):
                return self._page(page)
            case "changes", [round_, page]:
                return self._changes.get((round_, page))
            case "child", [parent]:
                return _body(_numbered(_first(self._templates[0], CHILD_ROWS), parent))
            case "again", []:
                return b"{}"
            case "touch", []:
                self._templates = self._make_templates(touched=True)
                return b"{}"
            case _:
                return None

    def _page(self, page: int) -> bytes:
        source = self._source
        rows = self._templates[page % len(self._templates)]
        if page + 1 >= source.pages:
            rows = _first(rows, source.rows - page * source.page)
            return _body(_numbered(rows, page + 1))
        return _body(_numbered(rows, page + 1), following=f"/rows/{page + 1}")

    def _make_templates(self, *, touched: bool = False) -> list[bytes]:
        """The rows of some pages, with a mark where the page's number goes."""
        source, width = self._source, len(str(self._source.page - 1))
        count = max(1, min(source.pages, _TEMPLATE_ROWS // source.page))

        def row(page: int, place: int) -> bytes:
            number = f"~{place:0{width}}"
            version = int(touched and place == source.page // 2)
            made = self._shape.row(number, _dice(page * source.page + place, version))
            text = orjson.dumps({"id": number, **made})
            return text.replace(b'"id":"%b"' % number.encode(), b'"id":%b' % number.encode(), 1)

        return [
            _BETWEEN_ROWS.join(row(page, place) for place in range(source.page))
            for page in range(count)
        ]

    def _round(self, round_: int) -> Iterator[bytes]:
        """The pages of a round's changes; the last one has the deletes."""
        rows = [
            orjson.dumps({"id": number, **self._shape.row(str(number), _dice(number, round_))})
            for number in self._source.changed(round_)
        ]
        size = self._source.page
        for start in range(0, max(1, len(rows)), size):
            joined = _BETWEEN_ROWS.join(rows[start : start + size])
            if start + size < len(rows):
                yield _body(joined, following=f"/changes/{round_}/{start // size + 1}")
            else:
                yield _body(joined, deleted=self._source.deleted(round_))


def _dice(number: int, version: int) -> random.Random:
    return random.Random(number * 1_000 + version)


def _first(rows: bytes, count: int) -> bytes:
    return _BETWEEN_ROWS.join(rows.split(_BETWEEN_ROWS)[:count])


def _numbered(rows: bytes, page: int) -> bytes:
    return rows.replace(_MARK, b"%d" % page)


def _body(rows: bytes, *, following: str | None = None, deleted: Sequence[int] = ()) -> bytes:
    end = orjson.dumps({"deleted": list(deleted), "next": following})
    return b'{"rows":[' + rows + b"]," + end[1:]


class _Answering(asyncio.Protocol):
    """One kept connection: each request is a GET, answered by its path."""

    def __init__(self, answers: Answers, latency_ms: int) -> None:
        self._answers = answers
        self._latency = latency_ms / 1000
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to write to."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._received += data
        while self._transport and _HEADERS_END in self._received:
            head, _, self._received = self._received.partition(_HEADERS_END)
            path = head.split(b" ", 2)[1].decode()
            failure = self._answers.failure(path)
            answer = _failed(failure) if failure else _response(self._answers.body(path))
            if self._latency:
                loop = asyncio.get_running_loop()
                loop.call_later(self._latency, self._transport.write, answer)
            else:
                self._transport.write(answer)


def _failed(status: int) -> bytes:
    return b"HTTP/1.1 %d Busy\r\nRetry-After: 1\r\nContent-Length: 0" % status + _HEADERS_END


def _response(body: bytes | None) -> bytes:
    if body is None:
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0" + _HEADERS_END
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d" % len(body)
    return head + _HEADERS_END + body


async def _serve(source: Source) -> None:
    answers = Answers(source)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Answering(answers, source.latency_ms), "127.0.0.1", 0
    )
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Source(**orjson.loads(sys.argv[1]))))
