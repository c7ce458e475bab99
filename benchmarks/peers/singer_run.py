"""One load through a Singer tap, written with the Singer SDK, into `target-duckdb`.

Two processes and a pipe between them, as a user runs them, from their start to their end. The
target has its default settings: batches of 100,000 rows. It keeps times without their zone,
here always UTC, what is nested as JSON, and empty lists as NULL, which the comparison of the
contents undoes (https://pypi.org/project/target-duckdb).
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import orjson
import typer

from benchmarks.measurement import Clock, Measurement, content_of, report
from benchmarks.peers.kept_types import as_json, times_in_utc
from benchmarks.shapes import SHAPES

DATABASE = "singer.duckdb"


def main(
    url: Annotated[str, typer.Argument()],
    folder: Annotated[Path, typer.Argument()],
    shape: Annotated[str, typer.Option()] = "plain",
) -> None:
    """Load all rows once into `folder`."""
    target = Path(sys.executable).with_name("target-duckdb")
    if not target.exists():
        raise RuntimeError("target-duckdb is not installed")
    database, types = folder / DATABASE, SHAPES[shape].types
    tap_config, target_config = folder / "tap.json", folder / "target.json"
    tap_config.write_bytes(orjson.dumps({"url": url, "shape": shape}))
    target_config.write_bytes(
        orjson.dumps({"path": str(database), "default_target_schema": "bench"})
    )
    clock = Clock()
    pipe(
        [sys.executable, "-m", "benchmarks.peers.singer_tap", "--config", str(tap_config)],
        [str(target), "--config", str(target_config)],
    )
    stopped = clock.stop()
    content = content_of(database, "bench.items", _columns(types))
    report(Measurement(**vars(stopped), rows=content.rows, content=content))


def _columns(types: Mapping[str, str]) -> dict[str, str]:
    """What gives the source's values back: zones, and the empty lists that became NULL."""
    columns = as_json(types) | times_in_utc(types)
    for name, kind in types.items():
        if kind.endswith("[]"):
            columns[name] = f"coalesce({columns[name]}, [])"
    return columns


def pipe(tap: list[str], target: list[str]) -> None:
    """Run both; raises `RuntimeError` with the last words of each if one of them fails."""
    with tempfile.TemporaryFile() as said:  # a pipe that nobody reads would stop the tap
        with subprocess.Popen(tap, stdout=subprocess.PIPE, stderr=said) as source:
            done = subprocess.run(target, stdin=source.stdout, capture_output=True, check=False)
            if source.stdout:
                source.stdout.close()
        said.seek(0)
        ends = [" ".join(text[-300:].decode().split()) for text in (said.read(), done.stderr)]
    if source.returncode or done.returncode:
        raise RuntimeError(f"the tap said: {ends[0]}; the target said: {ends[1]}")


if __name__ == "__main__":
    typer.run(main)
