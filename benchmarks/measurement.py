"""What is measured of one run, and how it comes out of the process that ran."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import orjson

from benchmarks.source_server import PROJECT


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a table holds: the number of its rows, and for each column a sum of hashes.

    A column that a tool cannot keep as the source has it is not there: whoever compares says
    which ones those are.
    """

    rows: int
    columns: Mapping[str, str]

    def differences(self, other: "Content") -> list[str]:
        """In which of the columns that both have they differ; also the number of rows."""
        differing = [
            name
            for name, value in self.columns.items()
            if name in other.columns and other.columns[name] != value
        ]
        if self.rows != other.rows:
            differing.append(f"the number of rows ({self.rows:,} and {other.rows:,})")
        return differing


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One run, full or incremental. Times are in seconds; `rows` are those it fetched.

    `held_seconds` is how long the database was open for writing, `content` what the table then
    held; what nobody measures is zero.
    """

    rows: int
    total_seconds: float
    cpu_seconds: float
    peak_bytes: int
    content: Content | None
    fetch_seconds: float = 0.0
    stage_seconds: float = 0.0
    apply_seconds: float = 0.0
    held_seconds: float = 0.0

    @property
    def held_share(self) -> float:
        """The share of the time for which the database was open for writing, 0 to 1."""
        return self.held_seconds / self.total_seconds


class ContentError(RuntimeError):
    """Two that were to end with the same rows do not."""


class Clock:
    """Time, processor time and peak memory of this process and its children."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.monotonic(), _cpu_seconds()

    def seconds(self) -> float:
        """The time since it was made."""
        return time.monotonic() - self._wall

    def stop(self) -> "Stopped":
        """What it shows now."""
        return Stopped(
            total_seconds=self.seconds(),
            cpu_seconds=_cpu_seconds() - self._cpu,
            peak_bytes=max(_own_peak(), _peak(resource.RUSAGE_CHILDREN)),
        )


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """Seconds, seconds of the processors, and the peak of the largest process in bytes."""

    total_seconds: float
    cpu_seconds: float
    peak_bytes: int


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _own_peak() -> int:
    """The peak of this process; what `getrusage` tells begins with the peak of its parent."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return _peak(resource.RUSAGE_SELF)
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def _peak(who: int) -> int:
    return resource.getrusage(who).ru_maxrss * 1024


def content_of(database: Path, table: str, columns: Mapping[str, str]) -> Content:
    """The content of a table; `columns` are expressions by the name of the column."""
    with duckdb.connect(database, read_only=True) as connection:
        return content_in(connection, table, columns)


def content_in(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]
) -> Content:
    """The same, through a connection that there is."""
    sums = ", ".join(f"CAST(sum(hash({value})) AS VARCHAR)" for value in columns.values())
    connection.execute("SET TimeZone = 'UTC'")
    found = connection.execute(f"SELECT count(*), {sums} FROM {table}").fetchone() or (0,)
    return Content(rows=found[0], columns=dict(zip(columns, found[1:], strict=True)))


def columns_as_they_are(types: Mapping[str, str]) -> dict[str, str]:
    """For `content_of`: the columns of a table that has them as declared."""
    return {name: f'"{name}"' for name in types}


def require_same(who: str, found: Content | None, expected: Content | None) -> None:
    """Raise `ContentError` unless the contents are the same where both tell."""
    if found is None or expected is None:
        raise ContentError(f"{who}: nobody looked at what it ended with")
    if differences := found.differences(expected):
        raise ContentError(f"{who} ended with other values: {', '.join(differences)}")


def report(measurement: Measurement) -> None:
    """Print the measurement for `measure`, in the process that ran."""
    print(orjson.dumps(measurement).decode())


def measure(module: str, *arguments: str) -> Measurement:
    """Run a module in a process of its own and take the measurement that it prints.

    Raises `RuntimeError` with the last line that it wrote when it fails.
    """
    fields = orjson.loads(run_module(module, *arguments).splitlines()[-1])
    fields["content"] = Content(**fields["content"]) if fields["content"] else None
    return Measurement(**fields)


def run_module(module: str, *arguments: str, timeout: float | None = None) -> str:
    """Run a module in a process of its own; what it printed.

    Raises `RuntimeError` with the last line that it wrote when it fails, or takes longer than
    `timeout` seconds.
    """
    command: Sequence[str] = [sys.executable, "-W", "ignore", "-m", module, *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env=os.environ | {"TYPER_STANDARD_TRACEBACK": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{module} was given up after {timeout:g} s") from error
    if done.returncode:
        raise RuntimeError(f"{module} failed: {done.stderr.strip().rpartition(chr(10))[2]}")
    return done.stdout
