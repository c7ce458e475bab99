"""What is measured of one run, and how it comes out of the process that ran."""

import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import orjson

from benchmarks.source_server import PROJECT

TYPES = {
    "id": "BIGINT",
    "count": "BIGINT",
    "score": "DOUBLE",
    "ratio": "DOUBLE",
    "active": "BOOLEAN",
    "name": "VARCHAR",
    "email": "VARCHAR",
    "status": "VARCHAR",
    "created_at": "TIMESTAMPTZ",
    "modified_at": "TIMESTAMPTZ",
    "owner": "STRUCT(name VARCHAR, email VARCHAR)",
    "labels": "VARCHAR[]",
}
"""The columns of the table and their types, in DuckDB's words."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One run, full or incremental. Times are in seconds; `rows` are those it fetched.

    `held_seconds` is how long the database was open for writing. `content` tells whether
    two tables are the same: their count of rows and a sum of hashes.
    """

    rows: int
    total_seconds: float
    cpu_seconds: float
    fetch_seconds: float
    stage_seconds: float
    apply_seconds: float
    held_seconds: float
    peak_bytes: int
    content: Sequence[Any]


class Clock:
    """Time, processor time and peak memory of this process, from when it is made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def stop(self) -> dict[str, Any]:
        """The fields of a `Measurement` that any run has."""
        return {
            "total_seconds": time.monotonic() - self._wall,
            "cpu_seconds": time.process_time() - self._cpu,
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }


def content_of(database: Path, table: str) -> Sequence[Any]:
    """The count of rows of a table and the sum of their hashes."""
    values = ", ".join(f'"{name}"' for name in TYPES)
    with duckdb.connect(database, read_only=True) as connection:
        found = connection.execute(
            f"SELECT count(*), CAST(sum(hash({values})) AS VARCHAR) FROM {table}"
        ).fetchone()
    return list(found or ())


def report(measurement: Measurement) -> None:
    """Print the measurement for `measure`, in the process that ran."""
    print(orjson.dumps(measurement).decode())


def measure(module: str, *arguments: str) -> Measurement:
    """Run a module in a process of its own and take the measurement that it prints."""
    # The peak memory of a new process begins with its parent's, so this one stays small.
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        check=True,
    )
    fields: dict[str, Any] = orjson.loads(done.stdout.splitlines()[-1])
    return Measurement(**fields)
