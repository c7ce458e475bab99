"""`packsync preview`: run `execute` and show what would be stored, storing nothing."""

import tempfile
from pathlib import Path
from typing import Annotated

import dagster as dg
import typer
from rich.markup import escape
from rich.table import Table

from pack_sdk.wording import counted
from pack_sync.cli.context import (
    choose_pack,
    choose_sync,
    choose_table,
    console,
    fail,
    plain_errors,
    warehouse_resource,
)
from pack_sync.dagster.sync_op import sync_job_of
from pack_sync.dagster.warehouse_resource import WAREHOUSE
from pack_sync.engine.attempt import AttemptFailedError
from pack_sync.engine.preview import preview_rows
from pack_sync.engine.sync_job import SyncJob
from pack_sync.engine.sync_tables import TableRuns

_WIDEST_VALUE = 60


def preview(
    pack: Annotated[str, typer.Argument(help="The pack.")],
    table: Annotated[str, typer.Argument(help="One of its tables.")],
    rows: Annotated[int, typer.Option(help="How many rows to fetch, at least.")] = 20,
    sync: Annotated[str | None, typer.Option(help="Which of the table's syncs.")] = None,
) -> None:
    """Fetch some rows of a table and show them as they would be stored. Nothing is written."""
    with plain_errors():
        component, definition = choose_pack(pack)
        name = choose_table(definition, table)
        runs = TableRuns(max_parallel=1)
        resources = {definition.resource_key: component.resource(), WAREHOUSE: warehouse_resource()}
        with dg.build_resources(resources) as built, tempfile.TemporaryDirectory() as folder:
            resource = getattr(built, definition.resource_key)
            key = choose_sync(definition, name, sync)
            _preview(
                sync_job_of(definition, key, resource, built.warehouse, runs, None),
                Path(folder),
                rows,
            )


def _preview(sync: SyncJob, folder: Path, limit: int) -> None:
    try:
        found = preview_rows(sync, folder, limit)
    except AttemptFailedError as failure:
        error = failure.error
        fail(sync.connection.redactor.redact(f"{sync.key}: {type(error).__name__}: {error}"))
    rows = Table(*(f"{escape(c.name)}\n[dim]{escape(c.sql_type)}[/dim]" for c in found.columns))
    for row in found.rows:
        rows.add_row(*(_shown(value) for value in row))
    console.print(rows)
    if found.rejects:
        rejects = Table("page", "why rejected", "row", title="rejected rows", title_style="red")
        for page, reason, line in found.rejects:
            rejects.add_row(str(page), escape(reason), escape(str(line)[:200]))
        console.print(rejects)
    counts = found.counts
    console.print(
        f"{counted(found.pages, 'page', 'pages')}, {counted(found.rows_returned, 'row', 'rows')}: "
        f"{counts.upserts:,} to store, {counts.rejected:,} rejected, "
        f"{counted(counts.duplicates, 'repeated id', 'repeated ids')}. Nothing was written."
    )
    if found.has_more:
        shown = counted(len(found.rows), "row is", "rows are")
        console.print(f"Only the first {shown} shown: --rows asks for more.", soft_wrap=True)


def _shown(value: object) -> str:
    if value is None:
        return "[dim]NULL[/dim]"
    text = str(value)
    return escape(text if len(text) <= _WIDEST_VALUE else text[: _WIDEST_VALUE - 1] + "…")
