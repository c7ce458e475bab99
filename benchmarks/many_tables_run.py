"""One run over many tables through Dagster, for `benchmarks.many_tables`."""

import os
import time
from pathlib import Path
from typing import Annotated

import dagster as dg
import orjson
import typer

from benchmarks.engine_run import pack as one_table
from benchmarks.engine_run import sync_items
from pack_sdk import Pack
from resources.runtimes.python_runtime import PythonRuntime
from sync_assets.assets import build_pack_assets
from sync_assets.pack_assets import PackAssets
from sync_assets.resources import ConnectionConfig, PackResource, WarehouseResource

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
    pack = Pack()
    schema = one_table.sync_tables["Items"].schema
    for number in range(tables):
        name = f"Table{number:04}"
        pack.add_sync_table(name=name, identity_name=name, schema=schema, execute=sync_items)
    return pack


def main(
    url: Annotated[str, typer.Argument()],
    folder: Annotated[Path, typer.Argument()],
    tables: Annotated[int, typer.Argument()],
    parallel: Annotated[int, typer.Argument()],
    op_per_table: Annotated[bool, typer.Argument()],
) -> None:
    """Run all tables once; prints seconds from the run's start to its end."""
    os.chdir(folder)
    os.environ["DAGSTER_HOME"] = str(folder)
    _TABLES["pack"] = make_pack(tables)
    connection = ConnectionConfig(endpoint=url, allow_http_localhost=True)
    resource = BenchmarkPack(
        pack="benchmarks.engine_run",
        connections={"default": connection},
        max_parallel_tables=parallel,
    )
    definition = PackAssets(name="bench", pack=_TABLES["pack"], op_per_table=op_per_table)
    definitions = dg.Definitions(
        assets=build_pack_assets(definition),
        resources={
            "bench_pack": resource,
            "warehouse": WarehouseResource(
                path=str(folder / "warehouse.duckdb"), spool_folder=str(folder / "spool")
            ),
        },
        executor=dg.in_process_executor,
    )
    with dg.DagsterInstance.get() as instance:
        job = definitions.resolve_implicit_global_asset_job_def()
        cpu = time.process_time()
        result = job.execute_in_process(instance=instance)
        cpu = time.process_time() - cpu
        stats = instance.get_run_stats(result.run_id)
        count = len(result.get_asset_materialization_events())
    if count != tables or stats.start_time is None or stats.end_time is None:
        raise RuntimeError(f"{count} of {tables} tables were synced")
    print(orjson.dumps({"seconds": stats.end_time - stats.start_time, "cpu": cpu}).decode())


if __name__ == "__main__":
    typer.run(main)
