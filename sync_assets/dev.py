"""`make dev`: `dagster dev` with the demo API behind it."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from packs.demo.api import changing, serve
from packs.demo.source import DemoSource
from sync_assets.definitions import PROJECT


def main(
    port: Annotated[int, typer.Option(help="Where Dagster's UI listens.")] = 3000,
    demo_port: Annotated[int, typer.Option(help="Where the demo API listens.")] = 8765,
    every: Annotated[float, typer.Option(help="Seconds between changes of the source.")] = 30,
) -> None:
    """Serve the demo API, changing by itself, and run `dagster dev` until it is stopped."""
    source = DemoSource(seed=7)
    with serve(source, demo_port) as url, changing(source, timedelta(seconds=every)):
        print(f"The demo API answers at {url}; Dagster's UI: http://localhost:{port}")  # noqa: T201
        dagster = Path(sys.executable).with_name("dagster")
        child = subprocess.Popen(  # noqa: S603 - our own environment's dagster
            [dagster, "dev", "--host", "127.0.0.1", "--port", str(port)],
            cwd=PROJECT,
            env={
                **os.environ,
                "DEMO_API_URL": url,
                # The CLI's advice to use `dg dev` instead is not for people who typed `make dev`.
                "PYTHONWARNINGS": "ignore",
            },
        )
        try:
            raise SystemExit(child.wait())
        except KeyboardInterrupt:
            child.wait()  # the terminal sent it the same signal


if __name__ == "__main__":
    typer.run(main)
