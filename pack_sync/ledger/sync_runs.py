"""The runs in the ledger: one line for each sync that succeeded, failed or was held."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import duckdb

from pack_sync.ledger.ledger_tables import RUNS, from_json, to_json
from pack_sync.ledger.ledger_versions import ledger_exists
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.ducklake import add_lines


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One line of the ledger: one sync, from its first page to its end.

    `unconfirmed` counts the rows that a full sync did not return and that were kept all the same.
    `warnings` say what somebody should look at, None if there is nothing. The `audit_…` figures are
    None for a sync that is no audit (`pack_sync.commit.full_sync_audit`). `not_modified` counts the
    requests that were answered with 304; None in a line of an earlier version.
    """

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
    audit_missed: int | None = None
    audit_stale: int | None = None
    audit_undeleted: int | None = None
    audit_recent: int | None = None
    audit_samples: Any = None
    unconfirmed: int | None = None
    warnings: Sequence[str] | None = None
    not_modified: int | None = None


_JSON_FIELDS = ("cursor_before", "cursor_after", "audit_samples", "warnings")


def record_run(connection: duckdb.DuckDBPyConnection, record: RunRecord) -> None:
    """Add a line to the ledger."""
    values = [
        to_json(value) if name in _JSON_FIELDS else value for name, value in vars(record).items()
    ]
    columns = ", ".join(field.name for field in fields(RunRecord))
    marks = ", ".join("?" for _ in values)
    add_lines(connection, f"INSERT INTO {RUNS} ({columns}) VALUES ({marks})", values)


def read_last_run(connection: duckdb.DuckDBPyConnection, key: SyncKey) -> RunRecord | None:
    """The ledger's last line for the sync, None if there is none; replays do not count."""
    if not ledger_exists(connection):
        return None
    ((last,),) = connection.execute(  # to sort the lines takes twice as long to plan
        f"""
        SELECT arg_max(runs, (finished_at, started_at)) FROM {RUNS}
        WHERE pack = ? AND table_name = ? AND sync = ? AND mode <> 'replay'
        """,
        [key.pack, key.table, key.sync],
    ).fetchall()
    if last is None:
        return None
    values = {field.name: last[field.name] for field in fields(RunRecord)}
    for name in _JSON_FIELDS:
        values[name] = from_json(values[name])
    return RunRecord(**values)
