"""What is held of a table, in short (contract D8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import orjson

from pack_sync.ledger.ledger_tables import HELD_SYNCS
from pack_sync.ledger.ledger_versions import ledger_exists
from pack_sync.ledger.sync_key import SyncKey


@dataclass(frozen=True, kw_only=True)
class HeldSummary:
    """How many syncs of a table are held, since when (UTC), and what they would delete.

    `sample` are some of the rows that the largest of them would delete.
    """

    count: int = 0
    rows_before: int = 0
    deletes: int = 0
    since: datetime | None = None
    sample: Sequence[dict[str, Any]] = ()


def summarize_held(connection: duckdb.DuckDBPyConnection, key: SyncKey) -> HeldSummary:
    """What is held of the whole table."""
    if not ledger_exists(connection):
        return HeldSummary()
    row = connection.execute(
        f"""
        SELECT count(*), sum(rows_before), sum(deletes), min(held_at), arg_max(sample, deletes)
        FROM {HELD_SYNCS} WHERE pack = ? AND table_name = ?
        """,
        [key.pack, key.table],
    ).fetchone()
    if row is None or not row[0]:
        return HeldSummary()
    count, rows_before, deletes, since, sample = row
    return HeldSummary(
        count=count,
        rows_before=int(rows_before),
        deletes=int(deletes),
        since=since,
        sample=orjson.loads(sample),
    )


def held_stages(connection: duckdb.DuckDBPyConnection) -> list[tuple[SyncKey, str]]:
    """Which syncs are held, and where the staged rows of each are."""
    if not ledger_exists(connection):
        return []
    found = connection.execute(
        f"SELECT pack, table_name, sync, stage FROM {HELD_SYNCS} ORDER BY ALL"
    ).fetchall()
    return [(SyncKey(pack=p, table=t, sync=s), stage) for p, t, s, stage in found]
