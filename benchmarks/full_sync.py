"""How fast the engine syncs a table, next to the floor.

    python -m benchmarks.full_sync --rows 100000

A full sync of all rows, then an incremental one of the changes and deletes, each in a
process of its own, into a fresh DuckDB file; then the same through `floor_run`; and all
that `--repeat` times, one after the other, so that whatever else the machine does strikes
both. The tables that both made are compared, row by row through a sum of hashes.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Annotated, TypeAlias

import duckdb
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import Measurement, measure
from benchmarks.source_server import SourceSize, running_source

Pair: TypeAlias = tuple[Measurement, Measurement]
"""The engine's run and the floor's that followed it."""

# The floor's staging is reading the NDJSON, its applying is the rest, commit included.
_SECONDS: Sequence[tuple[str, Callable[[Measurement], float]]] = [
    ("seconds in total", lambda run: run.total_seconds),
    ("  fetching", lambda run: run.fetch_seconds),
    ("  staging", lambda run: run.stage_seconds),
    ("  applying", lambda run: run.apply_seconds),
    ("  the rest (commit, files)", lambda run: _rest(run)),
    ("processor seconds", lambda run: run.cpu_seconds),
    ("seconds open for writing", lambda run: run.held_seconds),
]


def main(
    rows: Annotated[int, typer.Option(help="Rows of the table.", min=1)] = 1_000_000,
    page: Annotated[int, typer.Option(help="Rows of a page.", min=1)] = 1_000,
    changes: Annotated[int, typer.Option(help="Rows that change.", min=0)] = 10_000,
    deletes: Annotated[int, typer.Option(help="Rows that are deleted.", min=0)] = 1_000,
    repeat: Annotated[int, typer.Option(help="Runs of engine and floor.", min=1)] = 3,
) -> None:
    """Sync a table in full and then incrementally, and compare with the floor."""
    if changes + deletes > rows:
        raise typer.BadParameter("more rows change and are deleted than there are")
    console = Console()
    size = SourceSize(rows=rows, changes=changes, deletes=deletes, page=page)
    with console.status("making the pages"), running_source(size) as url:
        pairs = list(_run_all(url, repeat))
    console.print(f"DuckDB {duckdb.__version__}, twelve columns, medians of {repeat} runs\n")
    console.print(_table(f"Full sync of {rows:,} rows", [full for full, _ in pairs]))
    title = f"Incremental sync: {changes:,} changed rows, {deletes:,} deletes"
    console.print(_table(title, [incremental for _, incremental in pairs]))


def _run_all(url: str, repeat: int) -> Iterator[tuple[Pair, Pair]]:
    """The pair of full syncs and that of incremental ones, once for each repetition."""
    for _ in range(repeat):
        with tempfile.TemporaryDirectory(prefix="sync-benchmark-") as folder:
            engine_full, engine_changes, floor_full, floor_changes = (
                measure(f"benchmarks.{who}_run", url, folder)
                for who in ("engine", "engine", "floor", "floor")
            )
        full, changes = (engine_full, floor_full), (engine_changes, floor_changes)
        for engine, floor in (full, changes):
            if engine.content != floor.content:
                raise RuntimeError(
                    f"the engine's table is {engine.content} (rows, hash), but the floor's "
                    f"{floor.content}"
                )
        yield full, changes


def _table(title: str, pairs: Sequence[Pair]) -> Table:
    table = Table("", title=title, title_justify="left", min_width=80)
    for heading in ("engine", "floor", "engine / floor"):
        table.add_column(heading, justify="right")
    engines, floors = zip(*pairs, strict=True)
    per_second = [
        _median(runs, lambda run: run.rows / run.total_seconds) for runs in (engines, floors)
    ]
    table.add_row(
        "rows per second", *(f"{value:,.0f}" for value in per_second), _ratio(*per_second)
    )
    for label, seconds in _SECONDS:
        ours, least = _median(engines, seconds), _median(floors, seconds)
        table.add_row(label, f"{ours:.2f}", f"{least:.2f}", _ratio(ours, least))
    share = [
        _median(runs, lambda run: run.held_seconds / run.total_seconds)
        for runs in (engines, floors)
    ]
    table.add_row("  their share of the total", *(f"{value:.0%}" for value in share), "")
    peaks = [_median(runs, lambda run: run.peak_bytes / 1e6) for runs in (engines, floors)]
    table.add_row("peak memory, MB", *(f"{value:,.0f}" for value in peaks), _ratio(*peaks))
    table.add_section()
    ratios = sorted(engine.total_seconds / floor.total_seconds for engine, floor in pairs)
    spread = f"{median(ratios):.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    table.add_row("[bold]ratio of the totals, run by run", "", "", f"[bold]{spread}")
    return table


def _median(runs: Sequence[Measurement], value: Callable[[Measurement], float]) -> float:
    return median(value(run) for run in runs)


def _ratio(ours: float, least: float) -> str:
    return f"{ours / least:.2f}" if least >= 0.005 else "-"


def _rest(run: Measurement) -> float:
    return run.total_seconds - run.fetch_seconds - run.stage_seconds - run.apply_seconds


if __name__ == "__main__":
    typer.run(main)
