"""One load by PyAirbyte from a hand-written source into its DuckDB cache.

PyAirbyte has an environment of its own (`benchmarks/peers/airbyte`), because it needs another
DuckDB. Its seconds are those of `Source.read`, with the source's processes; starting Python and
importing PyAirbyte, some seconds more, are left out. It keeps numbers as DECIMAL(38,9), so
columns of floats cannot be compared; times without their zone; and nested values as JSON
(https://airbytehq.github.io/PyAirbyte/airbyte/caches.html).
"""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import orjson
import typer

from benchmarks.measurement import Clock, Measurement, content_of, report
from benchmarks.peers.kept_types import as_json, times_in_utc
from benchmarks.shapes import SHAPES
from benchmarks.source_server import PROJECT

_ENVIRONMENT = Path(sys.prefix)
_PYTHON = _ENVIRONMENT.with_name(f"{_ENVIRONMENT.name}-airbyte") / "bin" / "python"
_LOAD = Path(__file__).parent / "airbyte" / "load.py"
_OFFLINE = {"AIRBYTE_OFFLINE_MODE": "1", "DO_NOT_TRACK": "1"}


def main(
    url: Annotated[str, typer.Argument()],
    folder: Annotated[Path, typer.Argument()],
    shape: Annotated[str, typer.Option()] = "plain",
) -> None:
    """Load all rows once into `folder`."""
    if not _PYTHON.exists():
        raise RuntimeError("PyAirbyte is not installed: `make bench` does that")
    database, source, types = folder / "airbyte.duckdb", folder / "source", SHAPES[shape].types
    module = "benchmarks.peers.airbyte_source"
    source.write_text(f'#!/bin/sh\ncd {PROJECT}\nexec {sys.executable} -m {module} "$@"\n')
    source.chmod(0o755)
    job = {
        "url": url,
        "shape": shape,
        "source": str(source),
        "database": str(database),
        "cache": str(folder / "cache"),
    }
    (folder / "job.json").write_bytes(orjson.dumps(job))
    clock = Clock()
    done = subprocess.run(
        [_PYTHON, "-W", "ignore", _LOAD, folder / "job.json"],
        cwd=folder,
        env=os.environ | _OFFLINE,
        capture_output=True,
        text=True,
        check=False,
    )
    stopped = clock.stop()
    if done.returncode:
        raise RuntimeError(f"PyAirbyte said: {' '.join(done.stderr[-600:].split())}")
    stopped = replace(stopped, total_seconds=float(done.stdout.split()[-1]))
    compared = {
        name: expression
        for name, expression in (as_json(types) | times_in_utc(types)).items()
        if types[name] != "DOUBLE"
    }
    content = content_of(database, "bench.items", compared)
    report(Measurement(**vars(stopped), rows=content.rows, content=content))


if __name__ == "__main__":
    typer.run(main)
