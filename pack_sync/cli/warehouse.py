"""`packsync warehouse`: moving to another warehouse, and what a lake needs from time to time."""

from contextlib import suppress
from datetime import timedelta
from typing import Annotated

import typer

from pack_sdk.wording import counted
from pack_sync.cli.context import open_project, open_warehouse
from pack_sync.cli.terminal import console, errors, fail, plain_errors
from pack_sync.commit.copy_plan import CopyPlan, plan_copy
from pack_sync.commit.held_files import copy_stages, is_shared
from pack_sync.commit.warehouse_copy import CopyFailedError, copy_table
from pack_sync.ledger.lake_upkeep import tend_lake
from pack_sync.ledger.lease_store import lease_store
from pack_sync.ledger.leases import SILENT
from pack_sync.project import NoProjectError
from pack_sync.settings import LakeUpkeepSettings
from pack_sync.state.shared_files import shared_files
from pack_sync.warehouse.warehouse import Warehouse

_KEEP = LakeUpkeepSettings.model_fields["keep_days"]

warehouse = typer.Typer(help="Copy a warehouse to another one, such as a lake; tend a lake.")


@warehouse.command("copy")
def copy(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FROM",
            help="The warehouse with the tables: a DuckDB file, or the address of a lake, as "
            "`path` of the warehouse resource takes it; relative paths start here.",
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(metavar="TO", help="An empty warehouse, or an earlier copy of FROM."),
    ],
    data_path: Annotated[
        str | None, typer.Option(help="Where the files of the lake TO are to be.")
    ] = None,
    from_data_path: Annotated[
        str | None, typer.Option(help="Where the files of the lake FROM are.")
    ] = None,
    memory_limit: Annotated[
        str | None, typer.Option(help="DuckDB's memory limit, such as 2GB.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be copied, and copy nothing.")
    ] = False,
) -> None:
    """Copy all tables to another warehouse, with where their syncs stand; the next ones go on.

    Each table is compared with the original before it counts as copied. A copy that was
    interrupted goes on, and a later one brings the tables that were synced since.
    """
    with plain_errors():
        with suppress(NoProjectError):
            open_project()  # its .env may have what the addresses need
        options = {"memory_limit": memory_limit}
        plan = plan_copy(
            Warehouse.at(source, data_path=from_data_path, **options),
            Warehouse.at(target, data_path=data_path, **options),
        )
        _tell_plan(plan)
        if dry_run:
            for table in plan.due:
                _tell(f"{table.key} would be copied: {_rows(table.rows)}")
            return
        _copy_tables(plan)
        _tell_end(plan, data_path)


def _tell_plan(plan: CopyPlan) -> None:
    current = len(plan.tables) - len(plan.due)
    if current:
        _tell(f"{counted(current, 'table is', 'tables are')} there already, as in FROM")
    if plan.left_out:
        _tell(f"not copied, since no sync made them: {', '.join(plan.left_out)}")
    for key, stage in plan.held:
        _tell(f"{key} has a held sync, whose rows {_becomes_of(stage, plan)}")


def _becomes_of(stage: str, plan: CopyPlan) -> str:
    """What a copy does with the rows of a held sync."""
    if not is_shared(stage):
        return f"stay in {stage}: approve or discard it on the machine that has them"
    if shared_files(plan.target.database) is not None:
        return "are copied too: it can be approved in either"
    return (
        "are among the files of the lake, and TO has no place for them: approve it in FROM before "
        "you switch; in TO it can only be discarded"
    )


def _copy_tables(plan: CopyPlan) -> None:
    """Copy what is due; exits with 1 when some of it could not be."""
    copy_stages(plan.source, plan.target, [stage for _, stage in plan.held])
    failed = 0
    for number, table in enumerate(plan.due, start=1):
        with errors.status(f"{number} of {len(plan.due)}: {table.key}, {_rows(table.rows)}"):
            try:
                copied = copy_table(plan, table)
            except CopyFailedError as error:
                failed += 1
                errors.print(str(error), style="red", highlight=False, soft_wrap=True, markup=False)
                continue
        checksum = f", checksum {copied.checksum}" if copied.checksum else ""
        _tell(f"{copied.key}: {_rows(copied.rows)}{checksum}")
    if failed:
        fail(
            f"{counted(failed, 'table was', 'tables were')} not copied. Go on with FROM, and copy "
            "again when what is said above is mended"
        )


def _tell_end(plan: CopyPlan, data_path: str | None) -> None:
    """Say whether that is all, and what to do next."""
    moved = plan_copy(plan.source, plan.target).due
    if moved:
        names = ", ".join(str(table.key) for table in moved)
        _tell(f"Synced since they were copied: {names}. Copy again before you switch")
        return
    for lease in lease_store(plan.source).running(SILENT):
        _tell(f"{lease.key} is being synced into FROM by {lease}: copy again when that is done")
    files = f" and its `data_path` to {data_path}" if data_path else ""
    _tell(
        f"{counted(len(plan.tables), 'table is', 'tables are')} the same in both. Let no sync run, "
        f"and set the `path` of the warehouse resource to {plan.target.database}{files}; the next "
        "syncs go on there"
    )


def _rows(rows: int | None) -> str:
    return "never filled, history only" if rows is None else counted(rows, "row", "rows")


def _tell(text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True, markup=False)


@warehouse.command("upkeep")
def upkeep(
    keep_days: Annotated[
        float,
        typer.Option(min=0, help=_KEEP.description),
    ] = _KEEP.default,
) -> None:
    """Write the lake's small files together, and remove old and orphaned ones. Syncs may go on."""
    with plain_errors():
        done = tend_lake(open_warehouse(), keep=timedelta(days=keep_days))
    _tell(
        f"{counted(done.compacted_tables, 'table', 'tables')} compacted, "
        f"{counted(done.expired_snapshots, 'old snapshot', 'old snapshots')} expired, "
        f"{counted(done.removed_files, 'file', 'files')} removed; the lake has "
        f"{counted(done.data_files, 'data file', 'data files')}"
    )
    if done.removed_shared_files:
        left = counted(done.removed_shared_files, "file", "files")
        _tell(f"{left} removed of pages and held rows that are of no use any more")
    if done.unknown_file:
        _tell(
            f"left alone, because no table of this lake can have written it: {done.unknown_file}. "
            "Keep other files, and other lakes, in another place than the lake's"
        )
