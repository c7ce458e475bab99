"""What `packsync warehouse copy` takes, from a file to a lake in SQLite and back."""

import resource
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import engine_run
from benchmarks.measurement import run_module
from benchmarks.source_server import Source, running_source
from pack_sync.commit.copy_plan import plan_copy
from pack_sync.commit.warehouse_copy import copy_table
from pack_sync.warehouse.warehouse import Warehouse


def main(
    rows: Annotated[int, typer.Option(help="Of the one table.")] = 1_000_000,
    memory_limit: Annotated[str | None, typer.Option(help="DuckDB's, such as 150MB.")] = None,
) -> None:
    """Copy there and back, each compared as always; seconds, and the peak of memory so far."""
    with (
        tempfile.TemporaryDirectory(prefix="copy-benchmark-") as name,
        running_source(Source(rows=rows, changes=0, deletes=0)) as url,
    ):
        run_module("benchmarks.start_tables", "engine", name, url, str(rows))
        places = [
            Warehouse.at(address, memory_limit=memory_limit)
            for address in (
                Path(name, engine_run.DATABASE),
                f"ducklake:sqlite:{name}/lake.sqlite",
                Path(name, "back.duckdb"),
            )
        ]
        for source, target in pairwise(places):
            began, worked = time.monotonic(), time.process_time()
            plan = plan_copy(source, target)
            for table in plan.due:
                copy_table(plan, table)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{source.path.name} to {target.path.name}: {time.monotonic() - began:.1f} s, "
                f"{time.process_time() - worked:.1f} s of processor, peak {peak:.0f} MB"
            )


if __name__ == "__main__":
    typer.run(main)
