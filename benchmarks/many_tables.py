"""How long a run over many tables takes, from its start to its end, as Dagster sees it.

    python -m benchmarks.many_tables --tables 200 --latency-ms 50

One pack with that many tables, an API that takes its time to answer, Dagster's instance as
`dagster.yaml` says, but once with Dagster's own SQLite storage and once with ours: a first run in
full, then one that finds a few changed rows in each table. Each repetition is a process of its own,
with everything fresh; the storages take turns, so that a busy minute slows down both.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import orjson
import typer
import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import run_module
from benchmarks.source_server import PROJECT, Source, running_source

_FILES = {"base_dir": ".dagster/storage"}
STORAGES = {
    "Dagster's own storage": {"sqlite": _FILES},
    "KeptSqliteStorage": {
        "custom": {
            "module": "pack_sync.dagster.internals.sqlite_storage",
            "class": "KeptSqliteStorage",
            "config": _FILES,
        }
    },
}


def main(
    tables: Annotated[int, typer.Option(help="Tables of the pack.", min=1)] = 200,
    latency_ms: Annotated[int, typer.Option(help="Before each answer of the API.", min=0)] = 50,
    rows: Annotated[int, typer.Option(help="Rows of each table.", min=1)] = 200,
    changes: Annotated[int, typer.Option(help="Changed rows of each table.", min=0)] = 5,
    parallel: Annotated[int, typer.Option(help="max_parallel_tables.", min=1)] = 4,
    repeat: Annotated[int, typer.Option(help="Repetitions.", min=1)] = 3,
    op_per_table: Annotated[bool, typer.Option(help="An op for each table.")] = False,
) -> None:
    """Run the tables in full and then incrementally with either storage; print the times."""
    size = Source(rows=rows, changes=changes, deletes=1, rounds=1, latency_ms=latency_ms)
    options = ["--tables", str(tables), "--parallel", str(parallel)]
    options += ["--op-per-table"] if op_per_table else []
    with running_source(size) as url:
        measured = [
            [run for storage in STORAGES.values() for run in _measure(url, options, storage)]
            for _ in range(repeat)
        ]
    names = [f"{storage}, {mode}" for storage in STORAGES for mode in ("full", "incremental")]
    ops = "an op for each table" if op_per_table else "one op"
    table = Table(
        "",
        title=f"{tables} tables, {latency_ms} ms latency, {parallel} at once, {ops}, {repeat} runs",
        title_justify="left",
    )
    for heading in ("best, s", "median, s", "worst, s", "processor, s (median)"):
        table.add_column(heading, justify="right")
    for name, runs in zip(names, zip(*measured, strict=True), strict=True):
        seconds = sorted(run["seconds"] for run in runs)
        values = (seconds[0], median(seconds), seconds[-1], median(run["cpu"] for run in runs))
        table.add_row(name, *(f"{value:.1f}" for value in values))
    Console().print(table)


def _measure(url: str, options: list[str], storage: dict[str, Any]) -> Iterator[dict[str, Any]]:
    settings = yaml.safe_load((PROJECT / "dagster.yaml").read_text()) | {"storage": storage}
    with tempfile.TemporaryDirectory(prefix="sync-benchmark-") as folder:
        Path(folder, "dagster.yaml").write_text(yaml.safe_dump(settings))
        for _ in range(2):
            printed = run_module("benchmarks.many_tables_run", url, folder, *options)
            yield orjson.loads(printed.splitlines()[-1])


if __name__ == "__main__":
    typer.run(main)
