"""`packsync sync`: sync tables now, as a Dagster run that the UI shows."""

from typing import Annotated

import typer

from pack_sync.cli.context import choose_pack, choose_table, open_project
from pack_sync.cli.dry_run import dry_run
from pack_sync.cli.report import report_table
from pack_sync.cli.terminal import console, fail, plain_errors
from pack_sync.dagster.jobs import FULL_REFRESH_JOB, INCREMENTAL_JOB
from pack_sync.dagster.project_definitions import dagster_instance, load_definitions
from pack_sync.dagster.run_job import run_job, was_stopped
from pack_sync.dagster.sync_op import APPROVE_TAG


def sync(
    what: Annotated[str, typer.Argument(metavar="PACK[.TABLE]", help="What to sync.")],
    full: Annotated[bool, typer.Option("--full", help="Fetch all rows, not only changes.")] = False,
    approve_deletes: Annotated[
        bool,
        typer.Option(
            "--approve-deletes",
            help="Apply what is held because it would delete many rows, this once.",
        ),
    ] = False,
    dry: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would change, row by row. Nothing is written."),
    ] = False,
    rows: Annotated[
        int, typer.Option(min=0, help="With --dry-run: how many rows of each kind to show.")
    ] = 5,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks, and what packs log for debugging.")
    ] = False,
) -> None:
    """Sync the tables of a pack, or one of them, as a Dagster run."""
    with plain_errors():
        pack, _, table = what.partition(".")
        component, definition = choose_pack(pack)
        tables = [choose_table(definition, table)] if table else list(definition.configured_tables)
        if dry:
            dry_run(component, definition, tables, full=full, rows=rows, debug=debug)
            return
        keys = [definition.key_of(name) for name in tables]
        project = open_project()
        definitions = load_definitions(project)
        with dagster_instance(project) as instance:
            result = run_job(
                definitions,
                f"{pack}_{FULL_REFRESH_JOB if full else INCREMENTAL_JOB}",
                pack,
                keys,
                instance=instance,
                code_location=project.code_location,
                tags={APPROVE_TAG: "true"} if approve_deletes else {},
                debug=debug,
            )
        console.print(report_table(result))
        if was_stopped(result):
            fail(
                f"the run {result.run_id} was stopped. What it had committed stays; the next sync "
                "goes on from the pages that it has fetched"
            )
        if not result.success:
            fail(
                f"the run {result.run_id} failed; why is said above, and in its log in Dagster's UI"
            )
