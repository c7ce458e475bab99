"""`packsync preview`: run `execute` and show what would be stored, storing nothing."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import dagster as dg
import duckdb
import typer
from rich.markup import escape
from rich.table import Table

from pack_sync.cli.context import (
    choose_pack,
    choose_sync,
    choose_table,
    console,
    fail,
    plain_errors,
    warehouse_resource,
)
from pack_sync.dagster.resources import WAREHOUSE
from pack_sync.dagster.sync_op import sync_job_of
from pack_sync.engine.attempt import Attempt, AttemptFailedError
from pack_sync.engine.collect import collect
from pack_sync.engine.dynamic_schema import ask_schema
from pack_sync.engine.full_or_incremental import ModeDecision
from pack_sync.engine.sync_job import SyncJob
from pack_sync.engine.sync_tables import TableRuns
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.spool.spool import Spool
from pack_sync.stage.stage import Stage, StageCounts, StagePart

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


def _preview(sync: SyncJob, folder: Path, rows: int) -> None:
    attempt = Attempt(
        decision=ModeDecision(mode="full", reason="a preview"),
        fetcher=SyncFetcher(sync.connection),
    )
    spool = Spool.begin(folder / "spool")
    try:
        sync = ask_schema(replace(sync, row_limit=rows), attempt)
        collect(sync, attempt, spool)
    except AttemptFailedError as failure:
        error = failure.error
        fail(sync.connection.redactor.redact(f"{sync.key}: {type(error).__name__}: {error}"))
    finally:
        spool.close()
    with Stage(folder / "stage.duckdb", sync.table.schema) as stage:
        counts = stage.load(spool, [StagePart(sync=sync.key.sync, complete=True)])
        stage.close()
        with duckdb.connect(stage.path, read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            _show_rows(connection, stage, rows)
            _show_rejects(connection, rows)
    _show_summary(spool, counts)


def _show_rows(connection: duckdb.DuckDBPyConnection, stage: Stage, rows: int) -> None:
    table = Table(*(f"{escape(c.name)}\n[dim]{escape(c.sql_type)}[/dim]" for c in stage.columns))
    columns = ", ".join(f"c{i}" for i in range(len(stage.columns)))
    for row in connection.execute(f"SELECT {columns} FROM upserts LIMIT {rows}").fetchall():
        table.add_row(*(_shown(value) for value in row))
    console.print(table)


def _show_rejects(connection: duckdb.DuckDBPyConnection, rows: int) -> None:
    found = connection.execute(f"SELECT page, problem, line FROM rejects LIMIT {rows}").fetchall()
    if found:
        table = Table("page", "why rejected", "row", title="rejected rows", title_style="red")
        for page, problem, line in found:
            table.add_row(str(page), escape(problem), escape(str(line)[:200]))
        console.print(table)


def _show_summary(spool: Spool, counts: StageCounts) -> None:
    console.print(
        f"{spool.page_count} pages, {spool.row_count} rows: {counts.upserts} to store, "
        f"{counts.rejected} rejected, {counts.duplicates} repeated ids. Nothing was written."
    )


def _shown(value: object) -> str:
    if value is None:
        return "[dim]NULL[/dim]"
    text = str(value)
    return escape(text if len(text) <= _WIDEST_VALUE else text[: _WIDEST_VALUE - 1] + "…")
