"""How much the ledger has of a table: what is not there need not be looked for."""

from dataclasses import dataclass
from typing import Self

import duckdb

from resources.warehouse.ledger import SyncKey
from resources.warehouse.warehouse import SYSTEM_SCHEMA


@dataclass(frozen=True, kw_only=True)
class LedgerCounts:
    """Rejected rows that are kept, held syncs and audited ones, of all syncs of a table."""

    rejects: int
    held: int
    audits: int

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection, key: SyncKey) -> Self:
        """Count them, in a warehouse that has a ledger: one statement, whatever there is."""
        of_table = "WHERE pack = $pack AND table_name = $table"
        found = connection.execute(
            f"SELECT 'rejects', count(*) FROM {SYSTEM_SCHEMA}.rejected_rows {of_table} UNION ALL "
            f"SELECT 'held', count(*) FROM {SYSTEM_SCHEMA}.held_syncs {of_table} UNION ALL "
            f"SELECT 'audits', count(audit_missed) FROM {SYSTEM_SCHEMA}.runs {of_table}",
            {"pack": key.pack, "table": key.table},
        ).fetchall()
        return cls(**dict(found))
