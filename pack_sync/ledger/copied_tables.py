"""Which tables were copied here from another warehouse, and how they were then.

`_sync.copied_tables` has a line for each, written with the copy. As long as the table's ledger is
what it says, no sync has changed the table since.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from pack_sync.ledger.ledger_tables import COPIED_TABLES
from pack_sync.ledger.ledger_versions import ledger_exists
from pack_sync.ledger.sync_key import SyncKey


@dataclass(frozen=True, kw_only=True)
class CopyRecord:
    """How a table was copied: from where, and its ledger and rows, which were then the same here.

    `source` is the other warehouse's identity, `source_address` its address, `ledger` the state
    of the table's ledger. `rows` and `checksum` are None for a table that had only a ledger.
    """

    source: str
    source_address: str
    ledger: str
    rows: int | None
    checksum: str | None
    copied_at: datetime


def read_copies(connection: duckdb.DuckDBPyConnection) -> Mapping[SyncKey, CopyRecord]:
    """The tables that were copied here, by pack and table."""
    if not ledger_exists(connection):
        return {}
    found = connection.execute(
        f"""
        SELECT
            pack, table_name, source, source_address, ledger, row_count, checksum, copied_at
        FROM {COPIED_TABLES}
        """
    ).fetchall()
    return {
        SyncKey(pack=pack, table=table): CopyRecord(
            source=source,
            source_address=address,
            ledger=ledger,
            rows=rows,
            checksum=checksum,
            copied_at=copied_at,
        )
        for pack, table, source, address, ledger, rows, checksum, copied_at in found
    }


def record_copy(connection: duckdb.DuckDBPyConnection, key: SyncKey, record: CopyRecord) -> None:
    """Say how a table was copied, in place of what was said of an earlier copy."""
    connection.execute(
        f"DELETE FROM {COPIED_TABLES} WHERE pack = ? AND table_name = ?", [key.pack, key.table]
    )
    connection.execute(
        f"INSERT INTO {COPIED_TABLES} VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            key.pack,
            key.table,
            record.source,
            record.source_address,
            record.ledger,
            record.rows,
            record.checksum,
            record.copied_at,
        ],
    )
