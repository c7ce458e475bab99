"""How long a run over many tables takes, from its start to its end, as Dagster sees it.

    python -m benchmarks.many_tables --tables 200 --latency-ms 50

One pack with that many tables, an API that takes its time to answer, Dagster's instance as
`dagster.yaml` says, SQLite and all: a first run in full, then one that finds a few changed
rows in each table. Each repetition is a process of its own, with everything fresh.
"""

import shutil
import tempfile
from collections.abc import Iterator
from statistics import median
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import run_module
from benchmarks.source_server import PROJECT, Source, running_source


def main(
    tables: Annotated[int, typer.Option(help="Tables of the pack.", min=1)] = 200,
    latency_ms: Annotated[int, typer.Option(help="Before each answer of the API.", min=0)] = 50,
    rows: Annotated[int, typer.Option(help="Rows of each table.", min=1)] = 200,
    changes: Annotated[int, typer.Option(help="Changed rows of each table.", min=0)] = 5,
    parallel: Annotated[int, typer.Option(help="max_parallel_tables.", min=1)] = 4,
    repeat: Annotated[int, typer.Option(help="Repetitions.", min=1)] = 3,
    op_per_table: Annotated[bool, typer.Option(help="An op for each table.")] = False,
) -> None:
    """Run the tables in full and then incrementally; print the best and the median."""
    size = Source(rows=rows, changes=changes, deletes=1, rounds=1, latency_ms=latency_ms)
    options = ["--tables", str(tables), "--parallel", str(parallel)]
    options += ["--op-per-table"] if op_per_table else []
    with running_source(size) as url:
        measured = [list(_measure(url, options)) for _ in range(repeat)]
    ops = "an op for each table" if op_per_table else "one op"
    table = Table(
        "",
        title=f"{tables} tables, {latency_ms} ms latency, {parallel} at once, {ops}, {repeat} runs",
        title_justify="left",
    )
    for heading in ("best, s", "median, s", "worst, s", "processor, s (median)"):
        table.add_column(heading, justify="right")
    for name, runs in zip(("full", "incremental"), zip(*measured, strict=True), strict=True):
        seconds = sorted(run["seconds"] for run in runs)
        values = (seconds[0], median(seconds), seconds[-1], median(run["cpu"] for run in runs))
        table.add_row(name, *(f"{value:.1f}" for value in values))
    Console().print(table)


def _measure(url: str, options: list[str]) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="sync-benchmark-") as folder:
        shutil.copy(PROJECT / "dagster.yaml", folder)
        for _ in range(2):
            printed = run_module("benchmarks.many_tables_run", url, folder, *options)
            yield orjson.loads(printed.splitlines()[-1])


if __name__ == "__main__":
    typer.run(main)
