"""What the ledger has of a table, in short: where its syncs stand, and what there is to look at.

One statement, because each takes its time to be planned: what is not there is not looked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import duckdb

from pack_sync.ledger.ledger_tables import (
    BAD_VALUES,
    CURSORS,
    DESCRIPTIONS,
    HELD_SYNCS,
    REJECTED_ROWS,
    RUNS,
    from_json,
)
from pack_sync.ledger.sync_key import SyncKey


@dataclass(frozen=True, kw_only=True)
class TableLedger:
    """Of all syncs of a table: the execution that moved each last, by the sync's name.

    `full_due` is why the next one of some is to be full. And how many rejected rows are kept, how
    many rows with values that were not stored, how many syncs are held, and how many were audits;
    and the descriptions that its columns have, by name, that of the table by an empty one.
    """

    executions: Mapping[str, str]
    full_due: Mapping[str, str]
    rejects: int
    bad_values: int
    held: int
    audits: int
    descriptions: Mapping[str, str]

    def only(self, syncs: Sequence[str]) -> bool:
        """Whether no other syncs than these have been committed."""
        return self.executions.keys() <= set(syncs)

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection, key: SyncKey) -> Self:
        """Read it, in a warehouse that has a ledger."""
        of_table = "WHERE pack = $pack AND table_name = $table"
        found = connection.execute(
            f"""
            SELECT 'executions', sync, execution_id, 0, full_due_reason FROM {CURSORS} {of_table}
            UNION ALL
            SELECT 'rejects', '', '', count(*), NULL FROM {REJECTED_ROWS} {of_table}
            UNION ALL
            SELECT 'bad_values', '', '', count(*), NULL FROM {BAD_VALUES} {of_table}
            UNION ALL
            SELECT 'held', '', '', count(*), NULL FROM {HELD_SYNCS} {of_table}
            UNION ALL
            SELECT 'audits', '', '', count(audit_missed), NULL FROM {RUNS} {of_table}
            UNION ALL
            SELECT 'descriptions', '', descriptions::VARCHAR, 0, NULL
            FROM {DESCRIPTIONS} {of_table}
            """,
            {"pack": key.pack, "table": key.table},
        ).fetchall()
        syncs = [line for line in found if line[0] == "executions"]
        texts = [text for what, _, text, *_ in found if what == "descriptions"]
        counts = {what: count for what, _, text, count, _ in found if not text}
        return cls(
            executions={sync: execution for _, sync, execution, *_ in syncs},
            full_due={sync: due for _, sync, *_, due in syncs if due},
            descriptions=from_json(texts[0]) if texts else {},
            **counts,
        )
