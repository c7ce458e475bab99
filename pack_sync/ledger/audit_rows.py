"""The rows that audits found missed, stale or undeleted, by id (contract C13).

They stay in `_sync.audit_rows` for as long as the lines of `_sync.runs` that count them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from pack_sync.ledger.ledger_tables import AUDIT_ROWS
from pack_sync.ledger.ledger_versions import ledger_exists
from pack_sync.ledger.sync_key import SyncKey

IDS_KEPT = 10_000
"""How many ids of each kind are kept of one commit: the least. Its counts are whole."""


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """A row that an audit found: its sync, how it was at fault, and its id."""

    sync: str
    kind: str
    row_id: str


def keep_audit_rows(
    connection: duckdb.DuckDBPyConnection,
    key: SyncKey,
    found: str,
    *,
    execution_id: str,
    at: datetime,
) -> None:
    """Keep what an audit found: `found` is a relation (kind, rows: list of id and sync)."""
    connection.execute(
        f"""
        INSERT INTO {AUDIT_ROWS}
        SELECT ?, ?, row.sync, kind, row.id, ?, ?
        FROM (SELECT kind, unnest(rows) AS row FROM {found})
        """,
        [key.pack, key.table, execution_id, at],
    )


def read_audit_rows(
    connection: duckdb.DuckDBPyConnection, executions: Sequence[str]
) -> list[AuditRow]:
    """The rows that the audits of these executions found, as far as they are kept."""
    if not ledger_exists(connection):
        return []
    rows = connection.execute(
        f"""
        SELECT sync, kind, row_id FROM {AUDIT_ROWS}
        WHERE execution_id IN (SELECT unnest(?::VARCHAR[]))
        ORDER BY kind, sync, row_id
        """,
        [list(executions)],
    ).fetchall()
    return [AuditRow(sync=sync, kind=kind, row_id=row_id) for sync, kind, row_id in rows]
