"""`packsync preview`: run `execute` and show what would be stored, storing nothing."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import dagster as dg
import typer
from rich.text import Text

from pack_sdk.wording import counted
from pack_sync.cli.context import (
    choose_pack,
    choose_sync,
    choose_table,
    warehouse_resource,
)
from pack_sync.cli.preview_child import child_to_preview
from pack_sync.cli.preview_json import preview_json
from pack_sync.cli.preview_rows import print_rows, printable
from pack_sync.cli.terminal import console, errors, fail, plain_errors
from pack_sync.commit.data_warnings import unusable_deletions
from pack_sync.dagster.sync_jobs import sync_job_of
from pack_sync.dagster.warehouse_resource import WAREHOUSE
from pack_sync.engine.attempt import AttemptFailedError
from pack_sync.engine.preview import NoSuchPageError, Preview, preview_rows
from pack_sync.engine.sync_job import SyncJob
from pack_sync.engine.sync_tables import TableRuns
from pack_sync.http.request_observer import SentRequest, SentRequests

_MOST_REQUESTS = 20
"""So many requests are shown; all of them with --json."""
_LONGEST_ROW = 200


def preview(
    pack: Annotated[str, typer.Argument(help="The pack.")],
    table: Annotated[str, typer.Argument(help="One of its tables.")],
    rows: Annotated[int, typer.Option(min=1, help="How many rows to fetch, at least.")] = 20,
    page: Annotated[
        int | None, typer.Option(min=1, help="Show this page; those before are fetched as well.")
    ] = None,
    sync: Annotated[
        str | None, typer.Option(help="Which of the table's syncs, or of its children.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
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
                errors.print(
                    f"One child: {previewed.key}. --sync {found.key.sync}/VALUE shows another, by "
                    f"its row of {parent}.",
                    markup=False,
                    soft_wrap=True,
                )
            found, requests = _fetched(previewed, Path(folder), rows, page)
            if as_json:
                typer.echo(preview_json(previewed.key, found, requests))
            else:
                _print(found, requests, page)


def _fetched(
    sync: SyncJob, folder: Path, limit: int, page: int | None
) -> tuple[Preview, Sequence[SentRequest]]:
    """What the pack returned, and the requests that it made, which are shown if it fails too."""
    observer = SentRequests()

    def tell(why: str) -> None:
        errors.print(why, markup=False, highlight=False, soft_wrap=True)

    try:
        found = preview_rows(sync, folder, limit, tell, page=page, observer=observer)
    except (AttemptFailedError, NoSuchPageError) as failure:
        for line in _request_lines(observer.all):
            tell(line)
        reason = failure.reason if isinstance(failure, AttemptFailedError) else str(failure)
        fail(sync.connection.redactor.redact(f"{sync.key}: {reason}"))
    return found, observer.all


def _print(found: Preview, requests: Sequence[SentRequest], page: int | None) -> None:
    print_rows(console, found.columns, found.rows)
    _print_problems("rejected rows", found.rejects)
    _print_problems("rows with values that become NULL", found.bad_values)
    for line in _request_lines(requests):
        console.print(Text(line, "dim"), soft_wrap=True)
    counts = found.counts
    bad = f" ({counts.bad_values:,} without some values)" if counts.bad_values else ""
    deleted = f", {counted(counts.deletes, 'deleted id', 'deleted ids')}" if counts.deletes else ""
    if counts.deleted_where:
        deleted += f", {counted(counts.deleted_where, 'deletion', 'deletions')} by values"
    console.print(
        f"{counted(found.pages, 'page', 'pages')}, {counted(found.rows_returned, 'row', 'rows')}: "
        f"{counts.upserts:,} to store{bad}, {counts.rejected:,} rejected, "
        f"{counted(counts.duplicates, 'repeated id', 'repeated ids')}{deleted}. "
        "Nothing was written.",
        soft_wrap=True,
    )
    for warning in unusable_deletions(counts):
        console.print(Text(f"warning: {warning}"), soft_wrap=True)
    if page is not None:
        shown = counted(len(found.rows), "row", "rows")
        console.print(f"Page {page} is shown: {shown}.", soft_wrap=True)
    elif found.has_more:
        shown = counted(len(found.rows), "row is", "rows are")
        console.print(f"Only the first {shown} shown: --rows asks for more.", soft_wrap=True)


def _print_problems(title: str, problems: Sequence[tuple[int, str, str]]) -> None:
    """Each row with its page and why, and below it the row as it came."""
    if not problems:
        return
    console.print(Text(title, "bold red"))
    for page, reason, line in problems:
        console.print(Text(f"page {page}: {printable(reason)}"), soft_wrap=True)
        row = printable(line.strip())
        row = row if len(row) <= _LONGEST_ROW else f"{row[: _LONGEST_ROW - 1]}…"
        console.print(Text(f"  {row}", "dim"), soft_wrap=True)


def _request_lines(requests: Sequence[SentRequest]) -> list[str]:
    """A line for each request: method, status, time, size, and the URL last, as it is longest."""
    lines = [
        f"{each.method:4} {each.status or 'no answer'} {each.seconds * 1000:6,.0f} ms "
        f"{each.bytes_received:10,} bytes  {printable(each.url)}"
        for each in requests[:_MOST_REQUESTS]
    ]
    if more := len(requests) - len(lines):
        lines.append(f"and {counted(more, 'further request', 'further requests')}")
    return lines
