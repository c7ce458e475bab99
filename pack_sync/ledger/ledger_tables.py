"""The tables of the ledger: where every sync stands, what it did, what waits for a decision.

All of them are in the schema `_sync` of the warehouse. Times are TIMESTAMPTZ in UTC.
"""

import contextlib
import re
import weakref

import duckdb

from pack_sync.warehouse.duckdb_file import SYSTEM_SCHEMA, Warehouse, WarehouseLockedError

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
    execution_id VARCHAR NOT NULL, recorded_at TIMESTAMPTZ NOT NULL, fingerprint JSON
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
    error_type VARCHAR, error_status_code INTEGER, error_message VARCHAR,
    audit_missed BIGINT, audit_stale BIGINT, audit_undeleted BIGINT, audit_recent BIGINT,
    audit_samples JSON
);
CREATE TABLE IF NOT EXISTS {SYSTEM_SCHEMA}.rejected_rows (
    pack VARCHAR NOT NULL, table_name VARCHAR NOT NULL, sync VARCHAR NOT NULL,
    row_id VARCHAR, reason VARCHAR NOT NULL, row JSON NOT NULL, page BIGINT NOT NULL,
    execution_id VARCHAR NOT NULL, rejected_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS {SYSTEM_SCHEMA}.held_syncs (
    pack VARCHAR NOT NULL, table_name VARCHAR NOT NULL, sync VARCHAR NOT NULL,
    execution_id VARCHAR NOT NULL, held_at TIMESTAMPTZ NOT NULL,
    rows_before BIGINT NOT NULL, rows_returned BIGINT NOT NULL, deletes BIGINT NOT NULL,
    sample JSON NOT NULL, columns JSON NOT NULL, id_index BIGINT NOT NULL,
    change JSON NOT NULL, run JSON NOT NULL, stage VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS {SYSTEM_SCHEMA}.leases (
    pack VARCHAR NOT NULL, table_name VARCHAR NOT NULL, sync VARCHAR NOT NULL,
    holder VARCHAR NOT NULL, dagster_run_id VARCHAR, host VARCHAR NOT NULL,
    process BIGINT NOT NULL, process_started DOUBLE NOT NULL,
    taken_at TIMESTAMPTZ NOT NULL, renewed_at TIMESTAMPTZ NOT NULL
);
"""

_NAMES = re.findall(rf"EXISTS {SYSTEM_SCHEMA}\.(\w+)", _TABLES)
_ADDED_COLUMNS = (
    ("cursor_history", "fingerprint", "JSON"),
    ("runs", "audit_missed", "BIGINT"),
    ("runs", "audit_stale", "BIGINT"),
    ("runs", "audit_undeleted", "BIGINT"),
    ("runs", "audit_recent", "BIGINT"),
    ("runs", "audit_samples", "JSON"),
)
"""Columns (table, name, type) that a warehouse made by an earlier version lacks."""


_with_ledger: "weakref.WeakSet[duckdb.DuckDBPyConnection]" = weakref.WeakSet()
"""Connections that have seen a ledger; each lives for one opening of the file at most."""


def create_ledger(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables and columns of the ledger where they are missing.

    Must come before any write of the transaction: DuckDB cannot commit an ALTER that follows.
    `ledger_exists` costs a tenth, for who knows that `upgrade_ledger` has been called.
    """
    connection.execute(_TABLES)
    for table, column, sql_type in _ADDED_COLUMNS:
        connection.execute(
            f"ALTER TABLE {SYSTEM_SCHEMA}.{table} ADD COLUMN IF NOT EXISTS {column} {sql_type}"
        )


def ledger_exists(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether this warehouse has a ledger yet; a connection is looked at once.

    Looks for its schema: a look for its tables takes longer the more others there are.
    """
    if connection in _with_ledger:
        return True
    found = connection.execute(
        "SELECT 1 FROM duckdb_schemas() WHERE schema_name = ? "
        "AND database_name = current_database()",
        [SYSTEM_SCHEMA],
    ).fetchone()
    if found is not None:
        _with_ledger.add(connection)
    return found is not None


def upgrade_ledger(warehouse: Warehouse) -> None:
    """Add what a ledger lacks that an earlier version made, so that it can be read.

    Writes only then. A warehouse that cannot be opened is left to whoever opens it next, who
    says what is wrong with it.
    """
    with contextlib.suppress(duckdb.Error, OSError, WarehouseLockedError):
        with warehouse.read() as connection:
            outdated = ledger_exists(connection) and not _is_complete(connection)
        if outdated:
            with warehouse.write() as connection:
                create_ledger(connection)


def _is_complete(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() "
        "WHERE schema_name = ? AND database_name = current_database()",
        [SYSTEM_SCHEMA],
    ).fetchall()
    columns = set(found)
    return {table for table, _ in columns} >= set(_NAMES) and all(
        (table, column) in columns for table, column, _ in _ADDED_COLUMNS
    )
