"""Where the processor time of a table of one page goes, by function: nearly all of it is DuckDB's.

    python -m benchmarks.small_sync_profile

Tables of ten rows, one after the other in one thread, by the engine alone: first in full, then with
two changed rows and one deletion each. A function's own time has that of the statements which it
has DuckDB execute, in milliseconds of this thread for each table. What the pack's thread does, the
request among it, and DuckDB's own threads are not in it. Profiling itself adds a tenth.
"""

import cProfile
import pstats
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.engine_run import DATABASE, KEY, item_sync
from benchmarks.source_server import PROJECT, Source, running_source
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync import run_sync
from pack_sync.engine.sync_job import SyncJob
from pack_sync.engine.sync_lease import leased
from pack_sync.warehouse.warehouse import Warehouse

_SHAPE = "tiny-pages"


def main(
    tables: Annotated[int, typer.Option(help="How many tables.", min=1)] = 60,
    lines: Annotated[int, typer.Option(help="How many functions are shown.", min=1)] = 30,
) -> None:
    """Sync all tables twice; print where the time of either went."""
    source = Source(rows=10, shape=_SHAPE, changes=2, deletes=1, rounds=1)
    with (
        running_source(source) as url,
        tempfile.TemporaryDirectory(prefix="sync-benchmark-") as name,
        item_sync(url, Path(name), _SHAPE) as sync,
    ):
        warehouse = Warehouse.at(Path(name, DATABASE))
        syncs = [_of_table(sync, f"Table{number:04}") for number in range(tables)]
        for what in ("full", "incremental"):
            stats = _profiled(syncs, warehouse)
            Console().print(_shown(what, stats, tables, lines))


def _of_table(sync: SyncJob, table: str) -> SyncJob:
    folder = sync.spool_folder / table
    return replace(sync, key=replace(KEY, table=table), spool_folder=folder)


def _profiled(syncs: list[SyncJob], warehouse: Warehouse) -> pstats.Stats:
    profile, request = cProfile.Profile(time.thread_time), ModeRequest()
    with profile:
        for sync in syncs:
            with leased(sync, warehouse, request) as ours:
                run_sync(ours, warehouse, request)
    return pstats.Stats(profile)


def _shown(what: str, stats: pstats.Stats, tables: int, lines: int) -> Table:
    # By place: by name alone, as the public profile has it, functions of one name are one.
    raw = cast(
        "dict[tuple[str, int, str], tuple[int, int, float, float, object]]", vars(stats)["stats"]
    )
    total = sum(own for _, _, own, *_ in raw.values())
    shown = Table("", title=f"{what}: {total / tables * 1000:.1f} ms a table", title_justify="left")
    shown.add_column("ms", justify="right")
    shown.add_column("calls", justify="right")
    for (file, line, name), (_, calls, own, *_) in sorted(
        raw.items(), key=lambda each: -each[1][2]
    )[:lines]:
        place = file.removeprefix(f"{PROJECT}/")
        shown.add_row(
            f"{place}:{line} {name}", f"{own / tables * 1000:.2f}", f"{calls / tables:.1f}"
        )
    return shown


if __name__ == "__main__":
    typer.run(main)
