"""`packsync sync`: sync tables now, as a Dagster run that the UI shows."""

from typing import Annotated

import typer

from sync_assets.cli.project import (
    choose_pack,
    choose_table,
    console,
    dagster_instance,
    fail,
    plain_errors,
)
from sync_assets.report import report_table
from sync_assets.runs import run_job
from sync_assets.schedules import FULL_REFRESH_JOB, INCREMENTAL_JOB


def sync(
    what: Annotated[str, typer.Argument(metavar="PACK[.TABLE]", help="What to sync.")],
    full: Annotated[bool, typer.Option("--full", help="All rows anew, not only changes.")] = False,
) -> None:
    """Sync a pack's tables, or one of them, through Dagster."""
    with plain_errors():
        pack, _, table = what.partition(".")
        _, definition = choose_pack(pack)
        tables = [choose_table(definition, table)] if table else definition.configured_tables
        keys = [definition.key_of(name) for name in tables]
        with dagster_instance() as instance:
            job = FULL_REFRESH_JOB if full else INCREMENTAL_JOB
            result = run_job(job, keys, instance)
    console.print(report_table(result))
    if not result.success:
        fail(f"the run {result.run_id} failed; `packsync status` and the UI say why")
