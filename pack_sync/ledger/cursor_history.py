"""Which cursors a sync has had: what `_sync.cursor_history` tells, for people."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import duckdb

from pack_sync.ledger.ledger_tables import CURSOR_HISTORY, CURSORS, from_json
from pack_sync.ledger.ledger_versions import ledger_exists
from pack_sync.ledger.sync_key import SyncKey


@dataclass(frozen=True, kw_only=True)
class CursorEntry:
    """A cursor, None if the sync then had none: who wrote it, when (UTC) and why.

    `fingerprint` is what the cursor depends on (contract D5), None if that was not recorded.
    `kept` is off for the standing cursor of a crawled child, which the history has not.
    """

    cursor: Any
    reason: str
    execution_id: str
    recorded_at: datetime
    fingerprint: dict[str, str] | None
    kept: bool = True


def read_history(connection: duckdb.DuckDBPyConnection, key: SyncKey) -> list[CursorEntry]:
    """The cursors of a sync, newest first; empty if it has never been synced.

    The first is where the sync stands, also for a crawled child, of whose cursors only those
    set by hand are in the history.
    """
    if not ledger_exists(connection):
        return []
    of_sync = "WHERE pack = ? AND table_name = ? AND sync = ?"
    values = [key.pack, key.table, key.sync]
    found = connection.execute(
        f"SELECT * FROM {CURSOR_HISTORY} {of_sync} ORDER BY recorded_at DESC, rowid DESC",
        values,
    )
    entries = _entries(found)
    standing = connection.execute(
        f"""
        SELECT
            cursor, 'sync of a crawled child' AS reason, execution_id,
            updated_at AS recorded_at, fingerprint
        FROM {CURSORS} {of_sync}
        """,
        values,
    )
    for entry in _entries(standing):
        if not entries or entries[0].execution_id != entry.execution_id:
            entries.insert(0, replace(entry, kept=False))
    return entries


def _entries(found: duckdb.DuckDBPyConnection) -> list[CursorEntry]:
    names = [column[0] for column in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return [
        CursorEntry(
            cursor=from_json(row["cursor"]),
            reason=row["reason"],
            execution_id=row["execution_id"],
            recorded_at=row["recorded_at"],
            fingerprint=from_json(row.get("fingerprint")),  # earlier versions had none
        )
        for row in rows
    ]
