"""What the ledger has of a table, in short: where its syncs stand, and what there is to look at.

One statement, because each takes its time to be planned: what is not there is not looked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import duckdb

from pack_sync.ledger.ledger_tables import CURSORS, HELD_SYNCS, REJECTED_ROWS, RUNS
from pack_sync.ledger.sync_key import SyncKey


@dataclass(frozen=True, kw_only=True)
class TableLedger:
    """Of all syncs of a table: the execution that moved each last, by the sync's name.

    And how many rejected rows are kept, how many syncs are held, and how many were audits.
    """

    executions: Mapping[str, str]
    rejects: int
    held: int
    audits: int

    def only(self, syncs: Sequence[str]) -> bool:
        """Whether no other syncs than these have been committed."""
        return self.executions.keys() <= set(syncs)

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection, key: SyncKey) -> Self:
        """Read it, in a warehouse that has a ledger."""
        of_table = "WHERE pack = $pack AND table_name = $table"
        found = connection.execute(
            f"""
            SELECT 'executions', sync, execution_id, 0 FROM {CURSORS} {of_table}
            UNION ALL
            SELECT 'rejects', '', '', count(*) FROM {REJECTED_ROWS} {of_table}
            UNION ALL
            SELECT 'held', '', '', count(*) FROM {HELD_SYNCS} {of_table}
            UNION ALL
            SELECT 'audits', '', '', count(audit_missed) FROM {RUNS} {of_table}
            """,
            {"pack": key.pack, "table": key.table},
        ).fetchall()
        executions = {sync: execution for what, sync, execution, _ in found if what == "executions"}
        counts = {what: count for what, _, _, count in found if what != "executions"}
        return cls(executions=executions, **counts)
