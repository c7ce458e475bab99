"""`packsync backfill`: full syncs of any selection, as a Dagster backfill."""

from typing import Annotated

import dagster as dg
import typer

from pack_sdk.wording import counted
from pack_sync.cli.context import (
    choose_pack,
    choose_sync,
    choose_table,
    open_project,
)
from pack_sync.cli.terminal import console, fail, plain_errors
from pack_sync.dagster.backfills import request_backfill
from pack_sync.dagster.project_definitions import dagster_instance, load_definitions


def backfill(
    what: Annotated[list[str], typer.Argument(metavar="PACK[.TABLE]...", help="What to sync.")],
    sync: Annotated[
        list[str] | None,
        typer.Option("--sync", help="Only these syncs, of one table that has several."),
    ] = None,
) -> None:
    """Request full syncs as a Dagster backfill, which Dagster's daemon runs."""
    with plain_errors():
        tables: dict[dg.AssetKey, list[str]] = {}
        for name in what:
            tables |= _tables(name, sync or [])
        if sync and len(tables) > 1:
            fail("--sync names syncs of one table; write PACK.TABLE, and only one")
        project = open_project()
        title = f"packsync backfill {' '.join(what)}"
        with dagster_instance(project) as instance:
            definitions = load_definitions(project)
            backfill_id, running = request_backfill(instance, definitions, tables, title)
        shown = counted(len(tables), "table", "tables")
        console.print(f"Backfill {backfill_id}: {shown}; see it in Dagster's UI, Runs.")
        if not running:
            console.print("No daemon is running: it begins when `dg dev` or the daemon does.")


def _tables(what: str, syncs: list[str]) -> dict[dg.AssetKey, list[str]]:
    pack, _, table = what.partition(".")
    _, definition = choose_pack(pack)
    names = [choose_table(definition, table)] if table else list(definition.configured_tables)
    for name in names if syncs else []:
        for sync in syncs:
            choose_sync(definition, name, sync)
        if not definition.is_partitioned(name):
            fail(f"{definition.name}.{name} has one sync only; leave out --sync")
    return {definition.key_of(name): syncs for name in names}
