"""One run over many tables, through Dagster or by the engine alone.

For `benchmarks.many_tables` and `benchmarks.latency`. The tables are those of one pack, each
with rows of its own or crawled from a table of parents.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
import orjson
import typer

from benchmarks import engine_run
from benchmarks.shapes import SHAPES
from pack_sdk import Pack, SyncExecutionContext
from pack_sync.dagster.assets import build_pack_assets
from pack_sync.dagster.pack_resource import PackConnection, PackResource
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.sync_jobs import sync_job_of
from pack_sync.dagster.warehouse_resource import WarehouseResource
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync_tables import LogLine, TableFinished, TableRuns
from pack_sync.ledger.sync_key import DEFAULT_SYNC, SyncKey
from pack_sync.runtimes.python.runtime import PythonRuntime

_TABLES: dict[str, Pack] = {}


class BenchmarkPack(PackResource):
    """A pack that is no module."""

    def load(self) -> Pack:
        """The pack of many tables."""
        return _TABLES["pack"]

    def code_version(self) -> str:
        """Always the same code."""
        return "benchmark"

    def runtime(self) -> PythonRuntime:
        """What runs its code."""
        return PythonRuntime(self.load())


def make_pack(tables: int) -> Pack:
    """A pack with that many tables of twelve columns."""
    return engine_run.make_pack("plain", [f"Table{number:04}" for number in range(tables)])


def make_crawled_pack() -> Pack:
    """A pack with a table of parents and one that is crawled from it, a page for each parent."""
    made = engine_run.make_pack("plain", ["Parents"])
    crawled = {"parentTable": {"tableName": "Parents", "propertyKey": "id"}}
    parameter: Any = {"name": "parent", "type": "number", "crawl_strategy": crawled}
    schema = SHAPES["plain"].schema

    @made.add_sync_table(
        name="Children", identity_name="Child", schema=schema, parameters=[parameter]
    )
    def sync_children(args: Sequence[Any], context: SyncExecutionContext) -> dict[str, Any]:
        return {"result": context.fetcher.fetch(url=f"/child/{int(args[0])}").body["rows"]}

    del sync_children
    return made


def main(
    url: Annotated[str, typer.Argument()],
    folder: Annotated[Path, typer.Argument()],
    tables: Annotated[int, typer.Option(help="0: one table, crawled from another.")] = 0,
    parallel: Annotated[int, typer.Option(help="max_parallel_tables.")] = 4,
    requests: Annotated[int, typer.Option(help="max_concurrent_requests.")] = 8,
    op_per_table: Annotated[bool, typer.Option()] = False,
    dagster: Annotated[bool, typer.Option(help="Or the engine alone.")] = True,
) -> None:
    """Run all tables once; prints seconds and processor seconds from the run's start to its end."""
    os.chdir(folder)
    os.environ["DAGSTER_HOME"] = str(folder)
    _TABLES["pack"] = make_pack(tables) if tables else make_crawled_pack()
    connection = PackConnection(
        endpoint=url, allow_http_localhost=True, max_concurrent_requests=requests
    )
    pack = BenchmarkPack(
        pack="benchmarks.engine_run",
        connections={"default": connection},
        max_parallel_tables=parallel,
    )
    warehouse = WarehouseResource(
        path=str(folder / "warehouse.duckdb"), spool_folder=str(folder / "spool")
    )
    definition = PackTables(name="bench", pack=_TABLES["pack"], op_per_table=op_per_table)
    run = _run_by_dagster if dagster else _run_by_engine
    cpu = time.process_time()
    seconds, count = run(definition, pack, warehouse)
    cpu = time.process_time() - cpu
    if count != len(_TABLES["pack"].sync_tables):
        raise RuntimeError(f"{count} of {len(_TABLES['pack'].sync_tables)} tables were synced")
    print(orjson.dumps({"seconds": seconds, "cpu": cpu}).decode())


def _run_by_dagster(
    definition: PackTables, pack: PackResource, warehouse: WarehouseResource
) -> tuple[float, int]:
    """Seconds from the run's start to its end, and how many tables were materialized."""
    definitions = dg.Definitions(
        assets=build_pack_assets(definition),
        resources={"bench_pack": pack, "warehouse": warehouse},
        executor=dg.in_process_executor,
    )
    with dg.DagsterInstance.get() as instance:
        job = definitions.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(instance=instance)
        stats = instance.get_run_stats(result.run_id)
        count = len(result.get_asset_materialization_events())
    if stats.start_time is None or stats.end_time is None:
        raise RuntimeError("the run did not end")
    return stats.end_time - stats.start_time, count


def _run_by_engine(
    definition: PackTables, pack: PackResource, warehouse: WarehouseResource
) -> tuple[float, int]:
    """Seconds, and how many tables were synced."""
    runs = TableRuns(max_parallel=pack.max_parallel_tables)
    keys = [
        SyncKey(pack=definition.name, table=table, sync=DEFAULT_SYNC)
        for table in definition.configured_tables
    ]
    syncs = [sync_job_of(definition, key, pack, warehouse, runs, None) for key in keys]
    began, count = time.monotonic(), 0
    for event in runs.run(syncs, warehouse.open(), ModeRequest()):
        count += isinstance(event, TableFinished)
        if not isinstance(event, (LogLine, TableFinished)):
            raise RuntimeError(event.message)
    return time.monotonic() - began, count


if __name__ == "__main__":
    typer.run(main)
