"""The demo service over HTTP: in a thread with `serve`, in the foreground with `python -m`.

`python -m packs.demo.api --port 8765 --changing 30` runs an API whose data changes every 30
seconds, so that each sync has something to bring. The data lives in memory: after a
restart it is another service, and its tables need a full sync.
"""

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
import uvicorn

from packs.demo.routes import make_app
from packs.demo.source import DemoSource

__all__ = ["changing", "make_app", "serve"]


class _Server(uvicorn.Server):
    """A server that says when it is ready, or has failed."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    def serve_socket(self, listener: socket.socket) -> None:
        try:
            self.run(sockets=[listener])
        finally:
            self.settled.set()


def _server(source: DemoSource) -> _Server:
    config = uvicorn.Config(
        make_app(source),
        access_log=False,
        lifespan="off",
        # uvloop outlives the interpreter's end and keeps alive what it last served for: DuckDB
        # then prints pages of "leaked instance" after the demo's last word.
        loop="asyncio",
        log_config=None,
        timeout_graceful_shutdown=5,
        ws="none",
    )
    return _Server(config)


def _listen(port: int) -> tuple[socket.socket, str]:
    listener = socket.create_server(("127.0.0.1", port))
    return listener, f"http://localhost:{listener.getsockname()[1]}"


@contextmanager
def serve(source: DemoSource, port: int = 0) -> Generator[str]:
    """Serve the API on loopback, in a thread, and yield its base URL; port 0 picks a free one.

    The host in the URL is "localhost", the network domain that the pack declares.
    """
    listener, url = _listen(port)
    server = _server(source)
    thread = threading.Thread(target=server.serve_socket, args=[listener], name="demo API")
    with listener:
        thread.start()
        try:
            server.settled.wait()
            if not server.started:
                raise RuntimeError("the demo API did not start; its log says why")
            yield url
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def changing(source: DemoSource, every: timedelta) -> Generator[None]:
    """Meanwhile let the source change by itself, its clock going with ours."""
    ended = threading.Event()

    def keep_changing() -> None:
        while not ended.wait(every.total_seconds()):
            source.change(after=every)

    thread = threading.Thread(target=keep_changing, name="demo changes")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def main(
    port: Annotated[int, typer.Option(help="0 picks a free one.")] = 8765,
    seed: int = 0,
    tasks: Annotated[int, typer.Option(min=0)] = 2_000,
    events: Annotated[int, typer.Option(min=0)] = 3_000,
    changing_every: Annotated[
        float | None,
        typer.Option("--changing", min=0.01, help="Change the data every so many seconds."),
    ] = None,
) -> None:
    """Run the demo API until it is interrupted. The data is gone when it ends."""
    source = DemoSource(seed=seed, now=datetime.now(UTC), task_count=tasks, event_count=events)
    try:
        listener, url = _listen(port)
    except (OSError, OverflowError) as error:
        raise typer.BadParameter(f"cannot listen on port {port}: {error}") from None
    every = None if changing_every is None else timedelta(seconds=changing_every)
    with listener, changing(source, every) if every else nullcontext():
        typer.echo(f"The demo API is at {url}")
        _server(source).serve_socket(listener)


if __name__ == "__main__":
    typer.run(main)
