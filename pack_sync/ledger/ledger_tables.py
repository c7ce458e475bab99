"""The tables of the ledger: where every sync stands, what it did, what waits for a decision.

All of them are in the schema `_sync` of the warehouse, so that they are committed together with
the rows they tell of, and so that users can read them with SQL. Times are TIMESTAMPTZ in UTC.
They are changed by migrations only (`pack_sync.ledger.ledger_versions`).
"""

from typing import Any

import orjson

from pack_sync.warehouse.warehouse import SYSTEM_SCHEMA

CURSORS = f"{SYSTEM_SCHEMA}.cursors"
POSITIONS = f"{SYSTEM_SCHEMA}.positions"  # only in a lake, where `cursors` is a view of it
CURSOR_HISTORY = f"{SYSTEM_SCHEMA}.cursor_history"
RUNS = f"{SYSTEM_SCHEMA}.runs"
REJECTED_ROWS = f"{SYSTEM_SCHEMA}.rejected_rows"
HELD_SYNCS = f"{SYSTEM_SCHEMA}.held_syncs"
LEASES = f"{SYSTEM_SCHEMA}.leases"
BAD_VALUES = f"{SYSTEM_SCHEMA}.bad_values"
ABSENT_ROWS = f"{SYSTEM_SCHEMA}.absent_rows"
AUDIT_ROWS = f"{SYSTEM_SCHEMA}.audit_rows"
DESCRIPTIONS = f"{SYSTEM_SCHEMA}.descriptions"
COPIED_TABLES = f"{SYSTEM_SCHEMA}.copied_tables"

CREATE_TABLES = f"""
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
-- what a ledger from before versions were recorded may lack
ALTER TABLE {SYSTEM_SCHEMA}.cursor_history ADD COLUMN IF NOT EXISTS fingerprint JSON;
ALTER TABLE {SYSTEM_SCHEMA}.runs ADD COLUMN IF NOT EXISTS audit_missed BIGINT;
ALTER TABLE {SYSTEM_SCHEMA}.runs ADD COLUMN IF NOT EXISTS audit_stale BIGINT;
ALTER TABLE {SYSTEM_SCHEMA}.runs ADD COLUMN IF NOT EXISTS audit_undeleted BIGINT;
ALTER TABLE {SYSTEM_SCHEMA}.runs ADD COLUMN IF NOT EXISTS audit_recent BIGINT;
ALTER TABLE {SYSTEM_SCHEMA}.runs ADD COLUMN IF NOT EXISTS audit_samples JSON;
"""


def to_json(value: Any) -> str | None:
    """JSON text of a value, None for None (no value rather than JSON's null)."""
    return None if value is None else orjson.dumps(value).decode()


def from_json(text: str | None) -> Any:
    """The value of a JSON text, None for None."""
    return None if text is None else orjson.loads(text)
