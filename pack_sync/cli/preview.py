"""`packsync preview`: run `execute` and show what would be stored, storing nothing."""

import tempfile
from collections.abc import Sequence
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
    errors,
    fail,
    plain_errors,
    warehouse_resource,
)
from pack_sync.cli.preview_child import child_to_preview
from pack_sync.dagster.sync_jobs import sync_job_of
from pack_sync.dagster.warehouse_resource import WAREHOUSE
from pack_sync.engine.attempt import AttemptFailedError
from pack_sync.engine.preview import Preview, preview_rows
from pack_sync.engine.sync_job import SyncJob
from pack_sync.engine.sync_tables import TableRuns

_WIDEST_VALUE = 60
_NARROWEST_VALUE = 16
"""So much of a value must fit beside others, or the rows are shown one below the other."""
_FRAME = 3
"""What a column takes beside its values."""


def preview(
    pack: Annotated[str, typer.Argument(help="The pack.")],
    table: Annotated[str, typer.Argument(help="One of its tables.")],
    rows: Annotated[int, typer.Option(help="How many rows to fetch, at least.")] = 20,
    sync: Annotated[
        str | None, typer.Option(help="Which of the table's syncs, or of its children.")
    ] = None,
) -> None:
    """Fetch some rows of a table and show them as they would be stored. Nothing is written."""
    with plain_errors():
        component, definition = choose_pack(pack)
        name = choose_table(definition, table)
        runs = TableRuns(max_parallel=1)
        resources = {definition.resource_key: component.resource(), WAREHOUSE: warehouse_resource()}
        with dg.build_resources(resources) as built, tempfile.TemporaryDirectory() as folder:
            resource = getattr(built, definition.resource_key)

            def job_of(table: str, sync: str | None) -> SyncJob:
                key = choose_sync(definition, table, sync)
                return sync_job_of(definition, key, resource, built.warehouse, runs, None)

            root, child, _ = (sync or "").partition("/")
            found = job_of(name, root or None)
            previewed = child_to_preview(
                found,
                built.warehouse.open(),
                Path(folder),
                sync if child else None,
                lambda source: job_of(source.parent_table, source.parent_sync),
            )
            if previewed is not found:
                parent = found.crawl.parent_table if found.crawl else ""
                console.print(
                    f"One child: {previewed.key}. --sync {found.key.sync}/VALUE shows another, by "
                    f"its row of {parent}.",
                    markup=False,
                    soft_wrap=True,
                )
            _preview(previewed, Path(folder), rows)


def _tell(why: str) -> None:
    errors.print(why, markup=False, highlight=False, soft_wrap=True)


def _preview(sync: SyncJob, folder: Path, limit: int) -> None:
    try:
        found = preview_rows(sync, folder, limit, _tell)
    except AttemptFailedError as failure:
        fail(sync.connection.redactor.redact(f"{sync.key}: {failure.reason}"))
    _print_rows(found)
    _print_problems("rejected rows", "why rejected", found.rejects)
    _print_problems("rows with values that become NULL", "which values, and why", found.bad_values)
    counts = found.counts
    bad = f" ({counts.bad_values:,} without some values)" if counts.bad_values else ""
    console.print(
        f"{counted(found.pages, 'page', 'pages')}, {counted(found.rows_returned, 'row', 'rows')}: "
        f"{counts.upserts:,} to store{bad}, {counts.rejected:,} rejected, "
        f"{counted(counts.duplicates, 'repeated id', 'repeated ids')}. Nothing was written."
    )
    if found.has_more:
        shown = counted(len(found.rows), "row is", "rows are")
        console.print(f"Only the first {shown} shown: --rows asks for more.", soft_wrap=True)


def _print_problems(title: str, what: str, rows: Sequence[tuple[int, str, str]]) -> None:
    if not rows:
        return
    table = Table("page", what, "row", title=title, title_style="red")
    for page, reason, line in rows:
        table.add_row(str(page), escape(reason), escape(str(line)[:200]))
    console.print(table)


def _print_rows(found: Preview) -> None:
    """The rows as a table; where the terminal is too narrow for it, one below the other."""
    cells = [[_shown(value) for value in row] for row in found.rows]
    widths = [
        max(len(column.name), len(column.sql_type), min(_NARROWEST_VALUE, _longest(cells, at)))
        for at, column in enumerate(found.columns)
    ]
    names = [escape(column.name) for column in found.columns]
    types = [f"[dim]{escape(column.sql_type)}[/dim]" for column in found.columns]
    if sum(widths) + _FRAME * len(widths) + 1 <= console.width:
        table = Table(*(f"{name}\n{kind}" for name, kind in zip(names, types, strict=True)))
        for row in cells:
            table.add_row(*row)
        console.print(table)
        return
    for number, row in enumerate(cells, start=1):
        console.print(f"[bold]row {number:,}[/bold]")
        record = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for line in zip(names, types, row, strict=True):
            record.add_row(*line)
        console.print(record)


def _longest(cells: Sequence[Sequence[str]], at: int) -> int:
    return max((len(row[at]) for row in cells), default=0)


def _shown(value: object) -> str:
    if value is None:
        return "[dim]NULL[/dim]"
    text = str(value)
    return escape(text if len(text) <= _WIDEST_VALUE else text[: _WIDEST_VALUE - 1] + "…")
