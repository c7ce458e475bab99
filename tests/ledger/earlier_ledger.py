"""A warehouse as an earlier version made it, without the columns that came later."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb

WRITTEN = datetime(2026, 1, 2, 12, tzinfo=UTC)

_TABLES = """
CREATE SCHEMA _sync;
CREATE TABLE _sync.cursors (
    pack VARCHAR NOT NULL, table_name VARCHAR NOT NULL, sync VARCHAR NOT NULL,
    cursor JSON, no_cursor_reason VARCHAR, fingerprint JSON,
    last_full_at TIMESTAMPTZ, last_incremental_at TIMESTAMPTZ,
    execution_id VARCHAR NOT NULL, updated_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE _sync.cursor_history (
    pack VARCHAR NOT NULL, table_name VARCHAR NOT NULL, sync VARCHAR NOT NULL,
    cursor JSON, reason VARCHAR NOT NULL,
    execution_id VARCHAR NOT NULL, recorded_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE _sync.runs (
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
CREATE TABLE _sync.rejected_rows (
    pack VARCHAR NOT NULL, table_name VARCHAR NOT NULL, sync VARCHAR NOT NULL,
    row_id VARCHAR, reason VARCHAR NOT NULL, row JSON NOT NULL, page BIGINT NOT NULL,
    execution_id VARCHAR NOT NULL, rejected_at TIMESTAMPTZ NOT NULL
);
"""


def make_earlier_warehouse(path: Path) -> None:
    """A warehouse in which `acme.Items` was fully synced once, with the row `a`, by `e1`."""
    with duckdb.connect(path) as connection:
        connection.execute(_TABLES)
        connection.execute(
            "CREATE SCHEMA acme; CREATE TABLE acme.Items (id VARCHAR, name VARCHAR, "
            "_sync VARCHAR, _changed_at TIMESTAMPTZ, _run_id VARCHAR)"
        )
        connection.execute(
            "INSERT INTO acme.Items VALUES ('a', 'first', 'default', ?, 'e1')", [WRITTEN]
        )
        connection.execute(
            "INSERT INTO _sync.cursors VALUES ('acme', 'Items', 'default', '\"t1\"', NULL, NULL, "
            "?, NULL, 'e1', ?)",
            [WRITTEN, WRITTEN],
        )
        connection.execute(
            "INSERT INTO _sync.cursor_history VALUES ('acme', 'Items', 'default', '\"t1\"', "
            "'full sync', 'e1', ?)",
            [WRITTEN],
        )
        connection.execute(
            "INSERT INTO _sync.runs (execution_id, pack, table_name, sync, mode, mode_reason, "
            "status, started_at, finished_at, inserted) VALUES ('e1', 'acme', 'Items', 'default', "
            "'full', 'it has never been synced', 'succeeded', ?, ?, 1)",
            [WRITTEN, WRITTEN],
        )
