"""How a synced table stands, all its syncs together: what checks look at."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pack_sync.commit.full_sync_audit import AuditLine, last_audits
from pack_sync.commit.target_table import TargetTable
from pack_sync.ledger.held_summary import HeldSummary, summarize_held
from pack_sync.ledger.rejected_rows import RejectSummary, summarize_rejects
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.ledger.sync_runs import RunRecord, read_last_run


@dataclass(frozen=True, kw_only=True)
class TableState:
    """How a table stands: after a commit, or as it is found.

    `rejects` are the rejected rows that are kept, `held` the held syncs, `audits` the last audit
    of each sync, `last_run` the last line of the ledger. `repeated_ids` counts ids that a sync's
    rows have twice, which none may: after a commit, of the ids that it brought.
    """

    key: SyncKey
    rejects: RejectSummary
    held: HeldSummary
    audits: Sequence[AuditLine] = ()
    last_run: RunRecord | None = None
    repeated_ids: int = 0

    @property
    def name(self) -> str:
        """The table as `packsync` takes it."""
        return f"{self.key.pack}.{self.key.table}"


def read_table_state(
    connection: duckdb.DuckDBPyConnection, key: SyncKey, id_name: str | None
) -> TableState:
    """How a table stands now; `id_name` is its id column, None where that is not known."""
    table = TargetTable(connection, key)
    there = id_name is not None and id_name in table.existing_columns()
    return TableState(
        key=key,
        rejects=summarize_rejects(connection, key),
        held=summarize_held(connection, key),
        audits=last_audits(connection, key),
        last_run=read_last_run(connection, key),
        repeated_ids=table.repeated_ids(id_name) if id_name and there else 0,
    )


def state_after_commit(
    connection: duckdb.DuckDBPyConnection,
    record: RunRecord,
    key: SyncKey,
    *,
    repeated_ids: int,
    rejects: bool,
    held: bool,
    audits: bool,
) -> TableState:
    """How a table stands after a commit, whose line in the ledger is `record`.

    What there is none of is not looked up: each query takes time to be planned.
    """
    return TableState(
        key=key,
        rejects=summarize_rejects(connection, key) if rejects else RejectSummary(),
        held=summarize_held(connection, key) if held else HeldSummary(),
        audits=last_audits(connection, key) if audits else [],
        last_run=record,
        repeated_ids=repeated_ids,
    )
