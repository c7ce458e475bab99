"""`make dev`: `dagster dev` with the demo API behind it."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from pack_sync.cli.context import configured_components
from pack_sync.runtimes.loader import build_if_needed
from packs.demo.api import changing, serve
from packs.demo.source import DemoSource

PROJECT = Path(__file__).resolve().parent.parent


def main(
    port: Annotated[int, typer.Option(help="Where Dagster's UI listens.")] = 3000,
    demo_port: Annotated[int, typer.Option(help="Where the demo API listens.")] = 8765,
    every: Annotated[float, typer.Option(help="Seconds between changes of the source.")] = 30,
) -> None:
    """Serve the demo API, changing by itself, and run `dagster dev` until it is stopped."""
    for component in configured_components():
        build_if_needed(component.pack, print)  # packs in TypeScript
    source = DemoSource(seed=7)
    with serve(source, demo_port) as url, changing(source, timedelta(seconds=every)):
        print(f"The demo API answers at {url}; Dagster's UI: http://localhost:{port}")  # noqa: T201
        raise SystemExit(_run_dagster(port, url))


def _run_dagster(port: int, demo_url: str) -> int:
    """Run `dagster dev` until it ends or we are asked to stop; leaves no process behind."""
    # Started in the background by a script we would inherit an ignored SIGINT, and so would
    # all of Dagster's processes.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    child = subprocess.Popen(  # noqa: S603 - our own environment's dagster
        [Path(sys.executable).with_name("dagster"), "dev", "-h", "127.0.0.1", "-p", str(port)],
        cwd=PROJECT,
        start_new_session=True,
        # The CLI's advice to use `dg dev` instead is not for people who typed `make dev`. Without
        # a home, it says that runs are not kept, though dagster.yaml says where.
        env={
            "DAGSTER_HOME": str(PROJECT),
            **os.environ,
            "DEMO_API_URL": demo_url,
            "PYTHONWARNINGS": "ignore",
        },
    )
    try:
        return child.wait()
    except KeyboardInterrupt:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            child.wait(timeout=20)
        return 0
    finally:  # whatever happened: the code server and the daemon may outlive the one we started
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    typer.run(main)
