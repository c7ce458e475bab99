"""A tool that joins the benchmark: its file, its command, and what it left.

The protocol is in benchmarks/README.md.
"""

import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shlex import split

import duckdb
import orjson
import psutil

from benchmarks.measurement import Content, content_in
from benchmarks.shapes import SHAPES
from benchmarks.source_server import PROJECT

CANNOT = 3
"""The exit code of a tool that has no way to do what the job asks."""

_LOOK_SECONDS = 0.1
_KILLED_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Tool:
    """What a tool's TOML file says; the fields are its keys.

    `command` has `{job}`, `{url}`, `{folder}` and others where these go. `advice` is where the
    documentation says to set it up so. `not_compared` has the columns whose values it cannot
    keep, each with the reason.
    """

    name: str
    command: str
    advice: str
    database: str = "result.duckdb"
    table: str = "items"
    not_compared: Mapping[str, str] = field(default_factory=dict[str, str])


class CannotError(RuntimeError):
    """The tool ended with the exit code that says it has no way to do this."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a tool is asked for; written as JSON to `job.json` in its folder.

    `url` is the first page's, `round` 0 for all rows, `columns` are DuckDB's types by name.
    """

    url: str
    folder: str
    mode: str
    round: int
    shape: str
    key: str
    columns: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ToolRun:
    """Seconds and processor seconds of a whole command, and the peak of its processes together."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def read_tool(path: Path) -> Tool:
    """The tool of a TOML file. Raises `ValueError` naming the file and what is wrong in it."""
    try:
        return Tool(**tomllib.loads(path.read_text()))
    except (TypeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path} does not describe a tool: {error}") from error


def run_tool(
    tool: Tool, source: str, folder: Path, shape: str, round_: int, limit: float
) -> ToolRun:
    """Have the tool load all rows, or the changes of a round, into its folder.

    Raises `CannotError` if it says that it cannot, `RuntimeError` with its last line if it fails
    or takes longer than `limit` seconds.
    """
    job = Job(
        url=f"{source}/changes/{round_}/0" if round_ else f"{source}/rows/0",
        folder=str(folder),
        mode="incremental" if round_ else "full",
        round=round_,
        shape=shape,
        key="id",
        columns=SHAPES[shape].types,
    )
    file = folder / "job.json"
    file.write_bytes(orjson.dumps(job))
    places = {"job": str(file), "url": job.url, "folder": str(folder), "source": source}
    places |= {"shape": shape, "round": str(round_), "python": sys.executable}
    command = [word.format_map(places) for word in split(tool.command)]
    said = folder / "stderr.txt"
    code, run = _measured(command, said, limit)
    if code:
        last = said.read_text(errors="replace").strip().rpartition("\n")[2][-300:]
        told = f"{tool.name}, {job.mode}: exit code {code}. {last}"
        raise CannotError(told) if code == CANNOT else RuntimeError(told)
    return run


def _measured(command: Sequence[str], said: Path, limit: float) -> tuple[int, ToolRun]:
    """The exit code and the measurement; the processes are looked at ten times a second.

    Of processes that nobody waited for, the processor time is not known.
    """
    began, before, peak = time.monotonic(), _children_seconds(), 0
    with said.open("wb") as stderr:
        process = subprocess.Popen(command, cwd=PROJECT, stdout=stderr, stderr=stderr)
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            peak = max(peak, _resident(watched))
            if time.monotonic() - began > limit:
                _kill(watched)
                process.wait()
                raise RuntimeError(f"given up after {limit:g} s: {command[0]}")
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_SECONDS)
    seconds = time.monotonic() - began
    used = _children_seconds() - before
    return process.returncode, ToolRun(seconds=seconds, cpu_seconds=used, peak_bytes=peak)


def _children_seconds() -> float:
    """Of all children of this process that have ended; only one runs at a time."""
    times = psutil.Process().cpu_times()
    return times.children_user + times.children_system


def _tree(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return [process, *process.children(recursive=True)]
    return []


def _resident(process: psutil.Process) -> int:
    total = 0
    for one in _tree(process):
        with suppress(psutil.NoSuchProcess):
            total += one.memory_info().rss
    return total


def _kill(process: psutil.Process) -> None:
    for one in (tree := _tree(process)):
        with suppress(psutil.NoSuchProcess):
            one.kill()
    psutil.wait_procs(tree, timeout=_KILLED_SECONDS)


def left_content(tool: Tool, folder: Path, shape: str) -> Content:
    """What the tool's table holds, in the types of the source.

    Raises `RuntimeError` if there is no such file, table or column.
    """
    database, parquet = folder / tool.database, folder / "result.parquet"
    try:
        if database.exists():
            with duckdb.connect(database, read_only=True) as connection:
                return _content(connection, tool.table, tool, shape)
        if parquet.exists():
            with duckdb.connect() as connection:
                connection.read_parquet(str(parquet)).create_view("items")
                return _content(connection, "items", tool, shape)
    except duckdb.Error as error:
        raise RuntimeError(f"{tool.name}: what it left cannot be read: {error}") from error
    raise RuntimeError(f"{tool.name} left neither {database.name} nor {parquet.name}")


def _content(connection: duckdb.DuckDBPyConnection, table: str, tool: Tool, shape: str) -> Content:
    described = connection.execute(f"DESCRIBE {table}").fetchall()
    found = {name.lower(): kind for name, kind, *_ in described}
    columns = {
        name: kind for name, kind in SHAPES[shape].types.items() if name not in tool.not_compared
    }
    if missing := [name for name in columns if name.lower() not in found]:
        raise RuntimeError(f"{tool.name}: {table} has no column {', '.join(missing)}")
    expressions = {name: _as(name, found[name.lower()], kind) for name, kind in columns.items()}
    return content_in(connection, table, expressions)


def _as(name: str, found: str, declared: str) -> str:
    """A column in its declared type: JSON in a text is read, a time without a zone is UTC."""
    if found == declared:
        return f'"{name}"'
    if found == "TIMESTAMP":
        return f"\"{name}\" AT TIME ZONE 'UTC'"
    value = f'CAST("{name}" AS JSON)' if declared.endswith((")", "]")) else f'"{name}"'
    return f"CAST({value} AS {declared})"
