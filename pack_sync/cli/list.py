"""`packsync list`: packs, tables, syncs, next runs."""

from typing import Annotated

import dagster as dg
import typer
from rich.markup import escape
from rich.table import Column, Table

from pack_sync.cli.accounts import account_names
from pack_sync.cli.context import configured_packs, open_project
from pack_sync.cli.next_runs import next_runs, read_switches
from pack_sync.cli.terminal import console, plain_errors
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.ledger.sync_key import SyncKey


def list_packs(
    accounts: Annotated[
        bool, typer.Option("--accounts", help="Ask each service which account is connected.")
    ] = False,
) -> None:
    """List the packs that are switched on, their tables, and when they sync next."""
    with plain_errors():
        packs = configured_packs()
        project = open_project()
        switches = read_switches(project)
        for name, (component, definition) in packs.known.items():
            console.print(f"[bold]{name}[/bold]  {next_runs(component.schedule, name, switches)}")
            table = Table(
                Column("table", overflow="fold"), "connection", "parameters", "description"
            )
            for key in definition.configured_tables:
                for sync, configuration in definition.syncs_of(key).items():
                    values = definition.parameters_of(key, sync).items()
                    table.add_row(
                        escape(str(SyncKey(pack=name, table=key, sync=sync))),
                        escape(configuration.connection),
                        escape(", ".join(f"{k}={v}" for k, v in values if v is not None)),
                        escape(definition.table_of(key).description),
                    )
            console.print(table)
            _print_left_out(definition)
            for connection, account in account_names(component, definition) if accounts else ():
                console.print(f"{connection}: {account}", markup=False, soft_wrap=True)
        if not packs.known:
            folder = dg.ComponentTree.for_project(project.root).defs_module_path
            shown = folder.relative_to(project.root)
            console.print(f"No pack is switched on; write {shown}/<pack>/defs.yaml.")


def _print_left_out(definition: PackTables) -> None:
    """What the pack has and the defs.yaml does not switch on, dynamic tables too (contract C23)."""
    if left_out := definition.not_synced:
        console.print(left_out, markup=False, highlight=False, soft_wrap=True)
    there = {definition.table_of(entry).name for entry in definition.configured_tables}
    for table in definition.pack.sync_tables.values():
        if table.is_dynamic and table.name not in there:
            console.print(
                f"{definition.name}.{table.name} is dynamic and not included: "
                f"`packsync discover {definition.name} {table.name}` lists what there is",
                markup=False,
                soft_wrap=True,
            )
