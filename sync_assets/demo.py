"""`make demo`: the main job on built-in data, step by step, through Dagster."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import dagster as dg
from rich.console import Console

from pack_sync import PackSyncComponent
from pack_sync.cli.report import report_table
from pack_sync.dagster.run_job import run_job
from packs.demo.api import serve
from packs.demo.source import DemoSource, SourceChange
from sync_assets.definitions import defs

PROJECT = Path(__file__).resolve().parent.parent

_console = Console()


def main() -> None:
    """Run the demo; exits with 1 when a step fails."""
    os.chdir(PROJECT)  # the paths in dagster.yaml are relative to the working directory
    os.environ["DAGSTER_HOME"] = str(PROJECT)
    os.environ["PACK_SYNC_WAREHOUSE"] = str(PROJECT / "warehouse.duckdb")
    began = time.monotonic()
    source = DemoSource(seed=7)
    with serve(source) as url, dg.DagsterInstance.get() as instance:
        os.environ["DEMO_API_URL"] = url
        _console.print(f"The demo API answers at {url}. Every step below is a Dagster run.")
        _start_afresh()
        keys = _demo_assets()
        _step("1. First sync: nothing is known yet, so every table is synced fully")
        _run("demo_incremental", keys, instance)
        _step("2. The source changes; the next sync brings only that, where the API can tell")
        _say_change(source.change())
        _run("demo_incremental", keys, instance)
        _step("3. The sync token of Events expires (the API answers 410): a full sync follows")
        _say_change(source.change())
        source.expire_sync_tokens()
        _run("demo_incremental", keys, instance)
        _step("4. Full refresh: finds the deleted tasks that no timestamp cursor could see")
        _run("demo_full_refresh", keys, instance)
    _console.print(_ENDING.format(seconds=time.monotonic() - began), highlight=False)


_ENDING = """
[bold green]Done in {seconds:.1f} s.[/bold green] The tables are in warehouse.duckdb.

  Look at the runs:   [bold]make dev[/bold], then open http://localhost:3000
  How each stands:    [bold].venv/bin/packsync status[/bold]
  Query the data:     [bold].venv/bin/packsync query "FROM demo.Tasks LIMIT 5"[/bold]
  The ledger in SQL:  schema _sync: runs, cursors, cursor_history, rejected_rows
"""


def _start_afresh() -> None:
    """Remove the warehouse of an earlier demo: its source lived in memory and is gone."""
    file = PROJECT / "warehouse.duckdb"
    if file.exists():
        file.unlink()
        _console.print("The warehouse of an earlier run was removed.")


def _demo_assets() -> list[dg.AssetKey]:
    tree = dg.ComponentTree.for_project(PROJECT)
    definitions = (
        component.definition() for component in tree.get_all_components(PackSyncComponent)
    )
    demo = next(definition for definition in definitions if definition.name == "demo")
    return [demo.key_of(table) for table in demo.configured_tables]


def _step(title: str) -> None:
    _console.print(f"\n[bold]{title}[/bold]")


def _say_change(change: SourceChange) -> None:
    parts = (
        f"{name}: {len(part.inserted)} inserted, {len(part.updated)} updated, "
        f"{len(part.deleted)} deleted"
        for name, part in vars(change).items()
    )
    _console.print(f"At the source: {'; '.join(parts)}", highlight=False)


def _run(job: str, keys: Sequence[dg.AssetKey], instance: dg.DagsterInstance) -> None:
    result = run_job(defs(), job, "demo", keys, instance=instance, code_location="pack_sync")
    _console.print(report_table(result))
    if not result.success:
        raise SystemExit(f"the run {result.run_id} failed")


if __name__ == "__main__":
    main()
