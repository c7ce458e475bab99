"""The ledger: what every sync did, where each one stands, and why.

All of it is in the schema `_sync` of the warehouse, so that it is committed together with
the rows it tells of, and so that users can read it with SQL. Times are TIMESTAMPTZ in UTC.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import duckdb
import orjson

from resources.warehouse import SYSTEM_SCHEMA

DEFAULT_SYNC = "default"
"""The name of a table's only sync."""

_TABLES = f"""
CREATE SCHEMA IF NOT EXISTS {SYSTEM_SCHEMA};
CREATE TABLE IF NOT EXISTS {SYSTEM_SCHEMA}.cursors (
    pack VARCHAR NOT NULL, table_name VARCHAR NOT NULL, sync VARCHAR NOT NULL,
    cursor JSON, no_cursor_reason VARCHAR, fingerprint JSON,
    last_full_at TIMESTAMPTZ, last_incremental_at TIMESTAMPTZ,
    execution_id VARCHAR NOT NULL, updated_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS {SYSTEM_SCHEMA}.cursor_history (
    pack VARCHAR NOT NULL, table_name VARCHAR NOT NULL, sync VARCHAR NOT NULL,
    cursor JSON, reason VARCHAR NOT NULL,
    execution_id VARCHAR NOT NULL, recorded_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS {SYSTEM_SCHEMA}.runs (
    execution_id VARCHAR NOT NULL, dagster_run_id VARCHAR,
    pack VARCHAR NOT NULL, table_name VARCHAR NOT NULL, sync VARCHAR NOT NULL,
    mode VARCHAR NOT NULL, mode_reason VARCHAR NOT NULL, status VARCHAR NOT NULL,
    started_at TIMESTAMPTZ NOT NULL, finished_at TIMESTAMPTZ NOT NULL,
    pages BIGINT, rows_returned BIGINT, inserted BIGINT, updated BIGINT, unchanged BIGINT,
    deleted BIGINT, rejected BIGINT, duplicates BIGINT,
    requests BIGINT, retries BIGINT, bytes_received BIGINT,
    fetch_seconds DOUBLE, stage_seconds DOUBLE, apply_seconds DOUBLE,
    cursor_before JSON, cursor_after JSON,
    error_type VARCHAR, error_status_code INTEGER, error_message VARCHAR
);
CREATE TABLE IF NOT EXISTS {SYSTEM_SCHEMA}.rejected_rows (
    pack VARCHAR NOT NULL, table_name VARCHAR NOT NULL, sync VARCHAR NOT NULL,
    row_id VARCHAR, reason VARCHAR NOT NULL, row JSON NOT NULL, page BIGINT NOT NULL,
    execution_id VARCHAR NOT NULL, rejected_at TIMESTAMPTZ NOT NULL
);
"""


@dataclass(frozen=True, kw_only=True)
class SyncKey:
    """Which sync: a table of a pack, and the name of one of its syncs (contract C18)."""

    pack: str
    table: str
    sync: str = DEFAULT_SYNC

    def __str__(self) -> str:
        name = f"{self.pack}.{self.table}"
        return name if self.sync == DEFAULT_SYNC else f"{name}[{self.sync}]"


@dataclass(frozen=True, kw_only=True)
class SyncPosition:
    """Where a sync stands: its cursor and what that cursor describes.

    `cursor` None means that there is none; `no_cursor_reason` then says why.
    `execution_id` is the sync that wrote this position.
    """

    cursor: Any = None
    no_cursor_reason: str = "it has never been synced"
    fingerprint: dict[str, str] | None = None
    last_full_at: datetime | None = None
    last_incremental_at: datetime | None = None
    execution_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One line of the ledger: one sync, from its first page to its end."""

    execution_id: str
    dagster_run_id: str | None
    pack: str
    table_name: str
    sync: str
    mode: str
    mode_reason: str
    status: str
    started_at: datetime
    finished_at: datetime
    pages: int = 0
    rows_returned: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    rejected: int = 0
    duplicates: int = 0
    requests: int = 0
    retries: int = 0
    bytes_received: int = 0
    fetch_seconds: float = 0.0
    stage_seconds: float = 0.0
    apply_seconds: float = 0.0
    cursor_before: Any = None
    cursor_after: Any = None
    error_type: str | None = None
    error_status_code: int | None = None
    error_message: str | None = None


def create_ledger(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables of the ledger where they are missing."""
    connection.execute(_TABLES)


def ledger_exists(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether this warehouse has a ledger yet."""
    found = connection.execute(
        "SELECT 1 FROM duckdb_tables() WHERE schema_name = ? AND table_name = 'runs' "
        "AND NOT internal AND database_name = current_database()",
        [SYSTEM_SCHEMA],
    ).fetchone()
    return found is not None


def read_position(connection: duckdb.DuckDBPyConnection, key: SyncKey) -> SyncPosition:
    """Where the sync stands; the default position if it has never been synced."""
    if not ledger_exists(connection):
        return SyncPosition()
    row = connection.execute(
        "SELECT cursor, no_cursor_reason, fingerprint, last_full_at, last_incremental_at, "
        f"execution_id FROM {SYSTEM_SCHEMA}.cursors "
        "WHERE pack = ? AND table_name = ? AND sync = ?",
        [key.pack, key.table, key.sync],
    ).fetchone()
    if row is None:
        return SyncPosition()
    cursor, reason, fingerprint, last_full_at, last_incremental_at, execution_id = row
    return SyncPosition(
        cursor=_from_json(cursor),
        no_cursor_reason=reason or "",
        fingerprint=_from_json(fingerprint),
        last_full_at=last_full_at,
        last_incremental_at=last_incremental_at,
        execution_id=execution_id,
    )


def write_position(
    connection: duckdb.DuckDBPyConnection,
    key: SyncKey,
    position: SyncPosition,
    *,
    reason: str,
    at: datetime,
) -> None:
    """Replace where the sync stands, and add the cursor to its history."""
    where = [key.pack, key.table, key.sync]
    cursor = to_json(position.cursor)
    connection.execute(
        f"DELETE FROM {SYSTEM_SCHEMA}.cursors WHERE pack = ? AND table_name = ? AND sync = ?", where
    )
    connection.execute(
        f"INSERT INTO {SYSTEM_SCHEMA}.cursors VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *where,
            cursor,
            position.no_cursor_reason if cursor is None else None,
            to_json(position.fingerprint),
            position.last_full_at,
            position.last_incremental_at,
            position.execution_id,
            at,
        ],
    )
    connection.execute(
        f"INSERT INTO {SYSTEM_SCHEMA}.cursor_history VALUES (?, ?, ?, ?, ?, ?, ?)",
        [*where, cursor, reason, position.execution_id, at],
    )


def record_run(connection: duckdb.DuckDBPyConnection, record: RunRecord) -> None:
    """Add a line to the ledger."""
    values = [
        to_json(value) if name.startswith("cursor_") else value
        for name, value in vars(record).items()
    ]
    columns = ", ".join(field.name for field in fields(RunRecord))
    marks = ", ".join("?" for _ in values)
    connection.execute(f"INSERT INTO {SYSTEM_SCHEMA}.runs ({columns}) VALUES ({marks})", values)


def read_last_run(connection: duckdb.DuckDBPyConnection, key: SyncKey) -> RunRecord | None:
    """The ledger's last line for the sync, None if there is none."""
    if not ledger_exists(connection):
        return None
    columns = ", ".join(field.name for field in fields(RunRecord))
    row = connection.execute(
        f"SELECT {columns} FROM {SYSTEM_SCHEMA}.runs WHERE pack = ? AND table_name = ? "
        "AND sync = ? ORDER BY finished_at DESC, started_at DESC LIMIT 1",
        [key.pack, key.table, key.sync],
    ).fetchone()
    if row is None:
        return None
    values = dict(zip((field.name for field in fields(RunRecord)), row, strict=True))
    for name in ("cursor_before", "cursor_after"):
        values[name] = _from_json(values[name])
    return RunRecord(**values)


def to_json(value: Any) -> str | None:
    """JSON text of a value, None for None (no value rather than JSON's null)."""
    return None if value is None else orjson.dumps(value).decode()


def _from_json(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)
