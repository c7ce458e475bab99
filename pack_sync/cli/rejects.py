"""`packsync rejects`: the rows that could not be stored, and applying them after all."""

from collections.abc import Mapping
from typing import Annotated

import dagster as dg
import typer
from rich.markup import escape
from rich.table import Table

from pack_sdk.schemas import Schema
from pack_sdk.wording import counted
from pack_sync.cli.context import (
    choose_pack,
    choose_sync,
    choose_table,
    open_warehouse,
    warehouse_resource,
)
from pack_sync.cli.groups import ListByDefault
from pack_sync.cli.terminal import console, fail, plain_errors
from pack_sync.commit.rejects_replay import Replay, ReplayRefusedError, replay_rejects
from pack_sync.dagster.component import PackSyncComponent
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.sync_jobs import sync_job_of
from pack_sync.dagster.warehouse_resource import WAREHOUSE
from pack_sync.engine.attempt import Attempt, AttemptFailedError
from pack_sync.engine.dynamic_schema import ask_schema
from pack_sync.engine.fingerprint import schema_part
from pack_sync.engine.full_or_incremental import ModeDecision
from pack_sync.engine.sync_tables import TableRuns
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.ledger.rejected_rows import RejectedRow, RejectFilter, count_rejects, read_rejects
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.spool.folders import scratch_folder

_LONGEST_ROW = 80
_LONGEST_REASON = 100


rejects = typer.Typer(
    cls=ListByDefault,
    help="List the rows that could not be stored, or store them after fixing the pack.",
)


@rejects.command("list")
def list_rejects(
    what: Annotated[
        str | None, typer.Argument(metavar="[PACK[.TABLE]]", help="Whose rows; all if left out.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Only reasons that contain this.")] = None,
    sync: Annotated[str | None, typer.Option(help="Only those of this sync.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many rows to show.")] = 20,
) -> None:
    """List the rejected rows, oldest first, with the reason of each."""
    with plain_errors():
        pack, table = _chosen(what)
        wanted = RejectFilter(pack=pack, table=table, sync=sync, reason=reason)
        with open_warehouse().read() as connection:
            counts = count_rejects(connection, wanted)
            rows = read_rejects(connection, wanted, limit=limit)
    if not counts:
        console.print("No rejected rows are kept" + (" that match." if reason or sync else "."))
        return
    console.print(_table_of(rows))
    _print_counts(counts, shown=len(rows))
    example = ".".join(next(iter(counts)))
    console.print(
        "What to do: fix the pack's schema and run "
        f"`packsync rejects replay {example}`, which stores the rows that then fit. Or fix the "
        "rows at the source: the next sync that returns them stores them.",
        markup=False,
        soft_wrap=True,
    )


def _chosen(what: str | None) -> tuple[str | None, str | None]:
    """Pack and table as they are spelled; exits with the choices if there is no such."""
    if what is None:
        return None, None
    name, _, table = what.partition(".")
    _, definition = choose_pack(name)
    return definition.name, choose_table(definition, table) if table else None


def _table_of(rows: list[RejectedRow]) -> Table:
    table = Table()
    for heading in ("table", "id", "why rejected"):
        table.add_column(heading, overflow="fold")
    table.add_column("page", justify="right", no_wrap=True)
    table.add_column("when (UTC)", no_wrap=True)
    table.add_column("row", overflow="fold")
    for row in rows:
        table.add_row(
            escape(str(row.key)),
            "[dim]none[/dim]" if row.row_id is None else escape(_shortened(row.row_id, 40)),
            escape(_shortened(row.reason, _LONGEST_REASON)),
            str(row.page),
            f"{row.rejected_at:%Y-%m-%d %H:%M}",
            escape(_shortened(row.row, _LONGEST_ROW)),
        )
    return table


def _print_counts(counts: Mapping[tuple[str, str], int], *, shown: int) -> None:
    for (pack, table), count in counts.items():
        console.print(f"{pack}.{table}: {count:,} rejected", markup=False, highlight=False)
    total = sum(counts.values())
    if shown < total:
        console.print(f"The oldest {shown:,} of {total:,} are shown; --limit shows more.")


@rejects.command("replay")
def replay(
    what: Annotated[str, typer.Argument(metavar="PACK.TABLE", help="Which table's rows.")],
    sync: Annotated[str | None, typer.Option(help="Only those of this sync.")] = None,
) -> None:
    """Try to store the rejected rows again, with the pack's current schema."""
    with plain_errors():
        pack, _, table = what.partition(".")
        if not table:
            fail(f"{what!r} names no table; write PACK.TABLE, such as {what}.Tasks")
        component, definition = choose_pack(pack)
        name = choose_table(definition, table)
        syncs = [choose_sync(definition, name, sync).sync] if sync else definition.syncs_of(name)
        for each in syncs:
            key = SyncKey(pack=definition.name, table=name, sync=each)
            schema = _present_schema(component, definition, key)
            with scratch_folder(warehouse_resource().spool) as folder:
                try:
                    done = replay_rejects(
                        open_warehouse(),
                        key,
                        schema,
                        folder,
                        schema_fingerprint=schema_part(schema),
                        bad_values=definition.bad_values_of(name),
                    )
                except ReplayRefusedError as error:
                    fail(str(error))
            _print_replay(key, done)


def _present_schema(component: PackSyncComponent, definition: PackTables, key: SyncKey) -> Schema:
    """The schema that the pack declares, or says when it is asked (contract C23)."""
    table = definition.table_of(key.table)
    if table.dynamic is None:
        return table.schema
    resources = {definition.resource_key: component.resource(), WAREHOUSE: warehouse_resource()}
    with dg.build_resources(resources) as built:
        pack = getattr(built, definition.resource_key)
        runs = TableRuns(max_parallel=1)
        sync = sync_job_of(definition, key, pack, built.warehouse, runs, None)
        try:
            attempt = Attempt(
                decision=ModeDecision(mode="full", reason="a replay of rejected rows"),
                fetcher=SyncFetcher(sync.connection),
            )
            return ask_schema(sync, attempt).table.schema
        except AttemptFailedError as failure:
            fail(sync.connection.redactor.redact(f"{key}: {failure.reason}"))


def _print_replay(key: SyncKey, done: Replay) -> None:
    lines = [f"{key}: {_applied(done)}"]
    lines += [f"  the table's columns: {change}" for change in done.schema_changes]
    if done.without_values:
        lacking = counted(done.without_values, "of them lacks", "of them lack")
        lines.append(f"  {lacking} values that do not fit: _sync.bad_values keeps these")
    if done.remaining:
        stay = ("still does not fit, and stays:", "still do not fit, and stay:")
        lines.append(f"  {counted(done.remaining, *stay)}")
        lines += [f"  - {_shortened(str(reason), 240)}" for reason in done.reasons]
    if done.without_id:
        they = counted(
            done.without_id,
            "without an id stays: nothing tells whether it has come again since. A full sync "
            "settles it",
            "without an id stay: nothing tells whether they have come again since. A full sync "
            "settles them",
        )
        lines.append(f"  {they}: packsync sync {key.pack}.{key.table} --full")
    if done.of_failed_syncs:
        they = counted(
            done.of_failed_syncs,
            "of a failed sync stays: the next sync brings it again",
            "of a failed sync stay: the next sync brings them again",
        )
        lines.append(f"  {they}")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _applied(done: Replay) -> str:
    if done.execution_id is None:
        return "there are no rejected rows to replay"
    changes = done.changes
    return (
        f"{counted(done.applied, 'rejected row was', 'rejected rows were')} applied "
        f"({changes.inserted:,} inserted, {changes.updated:,} updated, {changes.unchanged:,} "
        "unchanged)"
    )


def _shortened(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
