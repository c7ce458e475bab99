"""`packsync status`: how each table stands."""

from datetime import datetime

import duckdb
import orjson
from rich.markup import escape
from rich.table import Table

from resources.warehouse.ledger import SyncKey, SyncPosition, read_last_run, read_position
from resources.warehouse.synced_table import SyncedTable
from sync_assets.cli.project import configured_packs, console, open_warehouse, plain_errors


def status() -> None:
    """Show rows, cursor, last full and incremental sync, and last error of every table."""
    with plain_errors():
        packs = configured_packs()
        keys = [
            SyncKey(pack=name, table=table, sync=sync)
            for name, (_, definition) in packs.items()
            for table in definition.configured_tables
            for sync in definition.syncs_of(table)
        ]
        table = Table("table", "rows", "last full", "last incremental", "cursor")
        failures: list[str] = []
        with open_warehouse().read() as connection:
            for key in keys:
                table.add_row(*_line(connection, key))
                failures += _failure(connection, key)
        console.print(table)
        for failure in failures:
            console.print(failure, soft_wrap=True, highlight=False)


def _line(connection: duckdb.DuckDBPyConnection, key: SyncKey) -> list[str]:
    position = read_position(connection, key)
    synced = SyncedTable(connection, key)
    return [
        str(key),
        f"{synced.row_count(key.sync):,}" if synced.existing_columns() else "-",
        _time(position.last_full_at),
        _time(position.last_incremental_at),
        escape(_cursor(position)),
    ]


def _failure(connection: duckdb.DuckDBPyConnection, key: SyncKey) -> list[str]:
    """The last run's error, if the last run failed."""
    run = read_last_run(connection, key)
    if run is None or run.status != "failed":
        return []
    return [
        f"[red]{key} failed at {_time(run.finished_at)}:[/red] {escape(run.error_message or '')}"
    ]


def _cursor(position: SyncPosition) -> str:
    if position.cursor is None:
        return f"none: {position.no_cursor_reason}"
    text = orjson.dumps(position.cursor).decode()
    return text if len(text) <= 40 else text[:39] + "…"


def _time(moment: datetime | None) -> str:
    return f"{moment:%d %b %H:%M} UTC" if moment else "never"
