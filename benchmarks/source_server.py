"""The source of the benchmark: an HTTP server with all its answers made beforehand.

It runs in a process of its own and does next to nothing for a request, so that the time of
a sync is the time of who syncs. `GET /rows/0` is the first page of all rows,
`GET /changes/0` the first page of what changed since; each page names the next one.
"""

import asyncio
import random
import subprocess
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

PROJECT = Path(__file__).parent.parent
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
_STATUSES = ["open", "in progress", "blocked", "done"]
_HEADERS_END = b"\r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class SourceSize:
    """How many rows the source has, how many of them change, go, and fit on a page.

    `latency_ms` is how long it waits before each answer, as a service far away does.
    """

    rows: int
    changes: int
    deletes: int
    page: int
    latency_ms: int = 0


@contextmanager
def running_source(size: SourceSize) -> Generator[str]:
    """The server in a process of its own, ready to answer; its base URL."""
    numbers = [str(number) for number in vars(size).values()]
    command = [sys.executable, "-m", "benchmarks.source_server", *numbers]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            if not address:
                raise RuntimeError("the source server did not start; its error is above")
            yield address
        finally:
            process.terminate()


def make_row(number: int, *, version: int = 0) -> dict[str, Any]:
    """Row `number`, always the same for the same version."""
    dice = random.Random(number * 2 + version)
    created = _EPOCH + timedelta(seconds=dice.randrange(150_000_000))
    modified = created + timedelta(seconds=dice.randrange(1_000_000), milliseconds=version)
    name = f"{dice.choice(_WORDS)} {dice.choice(_WORDS)}"
    return {
        "id": number,
        "count": dice.randrange(1_000_000),
        "score": round(dice.random() * 100, 3),
        "ratio": dice.random(),
        "active": dice.random() < 0.5,
        "name": f"{name} {number}",
        "email": f"{dice.choice(_WORDS)}.{number}@example.com",
        "status": dice.choice(_STATUSES),
        "created_at": created.isoformat(),
        "modified_at": modified.isoformat(),
        "owner": {"name": name.title(), "email": f"{dice.choice(_WORDS)}@example.com"},
        "labels": dice.sample(_WORDS, dice.randrange(4)),
    }


def make_answers(size: SourceSize) -> dict[bytes, bytes]:
    """The whole HTTP answer to each path."""
    step = size.rows // max(1, size.changes + size.deletes)
    touched = range(0, size.rows, max(1, step))
    changed = touched[: size.changes]
    deleted = touched[size.changes : size.changes + size.deletes]
    answers = {
        path: _answer([make_row(number) for number in numbers], [], following)
        for path, numbers, following in _pages("rows", range(size.rows), size.page)
    }
    for path, numbers, following in _pages("changes", changed, size.page):
        gone = [] if following else list(deleted)
        rows = [make_row(number, version=1) for number in numbers]
        answers[path] = _answer(rows, gone, following)
    return answers


def _pages(
    what: str, numbers: Sequence[int], page: int
) -> Iterator[tuple[bytes, Sequence[int], str | None]]:
    """Path, numbers and the next page's path, page by page; one empty page for no numbers."""
    count = max(1, -(-len(numbers) // page))
    for index in range(count):
        following = f"/{what}/{index + 1}" if index + 1 < count else None
        yield f"/{what}/{index}".encode(), numbers[index * page : (index + 1) * page], following


def _answer(rows: list[dict[str, Any]], deleted: list[int], following: str | None) -> bytes:
    body = orjson.dumps({"rows": rows, "deleted": deleted, "next": following})
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d%b%b" % (
        len(body),
        _HEADERS_END,
        body,
    )


class _Answering(asyncio.Protocol):
    """One kept connection: each request is a GET, answered by its path."""

    def __init__(self, answers: dict[bytes, bytes], latency_ms: int) -> None:
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
            path = head.split(b" ", 2)[1]
            missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0" + _HEADERS_END
            answer = self._answers.get(path, missing)
            if self._latency:
                loop = asyncio.get_running_loop()
                loop.call_later(self._latency, self._transport.write, answer)
            else:
                self._transport.write(answer)


async def _serve(size: SourceSize) -> None:
    answers = make_answers(size)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Answering(answers, size.latency_ms), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}", flush=True)
    await server.serve_forever()


def main(
    rows: Annotated[int, typer.Argument()],
    changes: Annotated[int, typer.Argument()],
    deletes: Annotated[int, typer.Argument()],
    page: Annotated[int, typer.Argument()],
    latency_ms: Annotated[int, typer.Argument()],
) -> None:
    """Make the answers, print the base URL, and serve until terminated."""
    size = SourceSize(rows=rows, changes=changes, deletes=deletes, page=page, latency_ms=latency_ms)
    asyncio.run(_serve(size))


if __name__ == "__main__":
    typer.run(main)
