"""How long definitions of many tables take to load, above `import dagster`.

    python -m benchmarks.definitions_load --tables 1000

Each measurement is a process of its own: once only `import dagster`, once the definitions of a
pack of that many tables too, with their asset graph and jobs as a code server resolves them.
Modules are compiled before, as in any installation, also where PYTHONDONTWRITEBYTECODE is set.
"""

import os
import subprocess
import sys
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.source_server import PROJECT

_IMPORT = """
import time
began, cpu = time.monotonic(), time.process_time()
import dagster as dg
imported, imported_cpu = time.monotonic() - began, time.process_time() - cpu
"""
_LOAD = """
import sys
from benchmarks.many_tables_run import make_pack
from pack_sync.dagster.assets import build_pack_assets
from pack_sync.dagster.configuration import ScheduleConfiguration
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.pack_resource import PackResource
from pack_sync.dagster.warehouse_resource import WarehouseResource
from pack_sync.dagster.jobs import build_sync_jobs
from pack_sync.dagster.schedules import build_pack_schedules
pack = PackTables(name="bench", pack=make_pack(int(sys.argv[1])))
defs = dg.Definitions(
    assets=build_pack_assets(pack), jobs=build_sync_jobs(),
    schedules=build_pack_schedules(pack, ScheduleConfiguration()),
    resources={"bench_pack": PackResource(pack="bench"),
               "warehouse": WarehouseResource(path="none.duckdb")},
    executor=dg.in_process_executor,
)
dg.Definitions.validate_loadable(defs)
"""
_PRINT = """
print(time.monotonic() - began - imported, time.process_time() - cpu - imported_cpu, imported)
"""


def main(
    tables: Annotated[int, typer.Option(help="Tables of the pack.", min=1)] = 1_000,
    repeat: Annotated[int, typer.Option(help="Repetitions.", min=1)] = 5,
) -> None:
    """Print the best and the median of several loads."""
    _measure(1)  # compiles
    runs = [_measure(tables) for _ in range(repeat)]
    table = Table("", title=f"{tables:,} tables, {repeat} loads", title_justify="left")
    for heading in ("best, s", "median, s"):
        table.add_column(heading, justify="right")
    names = ("above import dagster", "  of it processor time", "import dagster")
    for name, values in zip(names, zip(*runs, strict=True), strict=True):
        table.add_row(name, f"{min(values):.2f}", f"{median(values):.2f}")
    Console().print(table)


def _measure(tables: int) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _IMPORT + _LOAD + _PRINT, str(tables)],
        cwd=PROJECT,
        env={name: v for name, v in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return [float(word) for word in done.stdout.split()]


if __name__ == "__main__":
    typer.run(main)
