"""`packsync list`: packs, tables, syncs, next runs."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from cronsim import CronSim
from rich.markup import escape
from rich.table import Table

from pack_sync.cli.accounts import account_names
from pack_sync.cli.context import configured_packs, console, plain_errors
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.settings import ScheduleSettings


def list_packs(
    accounts: Annotated[
        bool, typer.Option("--accounts", help="Ask each service which account is connected.")
    ] = False,
) -> None:
    """List the packs that are switched on, their tables, and when they sync next."""
    with plain_errors():
        packs = configured_packs()
        for name, (component, definition) in packs.known.items():
            console.print(f"[bold]{name}[/bold]  {_next_runs(component.schedule, name)}")
            table = Table("table", "connection", "parameters", "description")
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
            console.print("No pack is switched on; write sync_assets/defs/<pack>/defs.yaml.")


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


def _next_runs(schedule: ScheduleSettings, pack: str) -> str:
    if not schedule.enabled:
        return "schedules are off by default; switch them on in Dagster's UI or in defs.yaml"
    return (
        f"next incremental {_next(schedule, schedule.cron('incremental', pack))}, "
        f"tables without a cursor {_next(schedule, schedule.cron('without_cursor', pack))}, "
        f"full refresh {_next(schedule, schedule.cron('full_refresh', pack))}"
    )


def _next(schedule: ScheduleSettings, cron: str) -> str:
    """When a schedule ticks next, in its time zone."""
    now = datetime.now(UTC).astimezone(ZoneInfo(schedule.time_zone))
    return f"{next(CronSim(cron, now)):%a %d %b %H:%M} {schedule.time_zone}"
