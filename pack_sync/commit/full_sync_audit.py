"""The audit: what a full sync finds that the incremental syncs before it should have brought.

A full sync of a sync that had a cursor, with an unchanged configuration, is one: what differs
then between the table and the source is what the increments had missed, left stale or failed to
delete, or what changed so late that none of them could have seen it. The latter is known of rows
with a timestamp of that time; a deletion leaves none, so a recent one counts as undeleted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from pack_sync.commit.target_table import TargetTable
from pack_sync.ledger.audit_rows import IDS_KEPT, keep_audit_rows
from pack_sync.ledger.cursors import PositionChange
from pack_sync.ledger.ledger_tables import CURSORS, RUNS, from_json
from pack_sync.ledger.ledger_versions import ledger_exists
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.ledger.sync_runs import RunRecord
from pack_sync.stage.column_types import TEMPORAL_TYPES, ValueHint
from pack_sync.stage.relations import CHANGED, DELETED, FULL_SYNCS, UPSERTS
from pack_sync.stage.stage_file import StagedRows
from pack_sync.warehouse.identifiers import quote_identifier, text_of

SAMPLES = 5
"""How many ids of each kind a line of the ledger has; `_sync.audit_rows` has the others."""


_FIGURES = ("missed", "stale", "undeleted", "recent", "samples")


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What an audit found, in rows.

    `missed` were new, `stale` differed, `undeleted` were gone at the source. `recent` were new
    or differed too, but changed after the last sync had begun: no fault of the increments.
    `samples` has up to five ids of each of the first three, by their names.
    """

    missed: int = 0
    stale: int = 0
    undeleted: int = 0
    recent: int = 0
    samples: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])

    @property
    def faults(self) -> int:
        """How many rows the increments should have brought or deleted, and did not."""
        return self.missed + self.stale + self.undeleted

    @classmethod
    def of(cls, record: RunRecord) -> "Audit | None":
        """The audit that a line of the ledger tells of, None if it was none."""
        if record.audit_missed is None:
            return None
        figures = {name: getattr(record, f"audit_{name}") for name in _FIGURES}
        return cls(**{name: value for name, value in figures.items() if value is not None})

    def figures(self) -> dict[str, Any]:
        """The audit as fields of the ledger's line."""
        return {f"audit_{name}": getattr(self, name) for name in _FIGURES}

    def __add__(self, other: "Audit") -> "Audit":
        kinds = dict.fromkeys((*self.samples, *other.samples))
        return Audit(
            missed=self.missed + other.missed,
            stale=self.stale + other.stale,
            undeleted=self.undeleted + other.undeleted,
            recent=self.recent + other.recent,
            samples={
                kind: [*self.samples.get(kind, ()), *other.samples.get(kind, ())][:SAMPLES]
                for kind in kinds
            },
        )


@dataclass(frozen=True, kw_only=True)
class AuditLine:
    """An audit in the ledger: of which sync, when (UTC), over how many rows.

    `executions` are those of its commits, as `_sync.audit_rows` has them.
    """

    key: SyncKey
    finished_at: datetime
    rows: int
    audit: Audit
    executions: Sequence[str] = ()

    @property
    def share(self) -> float:
        """The share of faults among the rows that are or should be there, 0 to 1."""
        every = self.rows + self.audit.undeleted
        return self.audit.faults / every if every else 0.0


def audited_since(changes: Sequence[PositionChange]) -> dict[str, datetime | None]:
    """The syncs that are audits if they are full, and when the last sync of each began (UTC).

    Those that had a cursor, and have the configuration that it was for (contract D5); and not those
    whose increments said themselves that they are incomplete (C8).
    """
    return {
        change.sync: max(filter(None, _last_syncs(change)), default=None)
        for change in changes
        if change.before.cursor is not None
        and not change.cursor_expired
        and change.before.fingerprint == change.after.fingerprint
    }


def _last_syncs(change: PositionChange) -> tuple[datetime | None, datetime | None]:
    return change.before.last_full_at, change.before.last_incremental_at


def audit_changes(
    connection: duckdb.DuckDBPyConnection,
    table: TargetTable,
    stage: StagedRows,
    since: Mapping[str, datetime | None],
    *,
    until: datetime,
    execution_id: str,
) -> Audit | None:
    """What the full syncs of the attached stage find; None if none of them is an audit.

    Reads what `find_changes` found, before it is applied to `table`. A row counts as recent if it
    has a timestamp from `since` to `until` that it did not have before; one in the future, such as
    a due date, says nothing. The ids that are found are kept as those of `execution_id`.
    """
    if not since:
        return None
    connection.execute(
        f"""
        CREATE TEMP TABLE audited AS
        SELECT sync, date_trunc('second', since) AS since  -- services often give whole seconds
        FROM (SELECT unnest(?::VARCHAR[]) AS sync, unnest(?::TIMESTAMPTZ[]) AS since)
        WHERE sync IN {FULL_SYNCS}
        """,
        [list(since), list(since.values())],
    )
    try:
        ((count,),) = connection.execute("SELECT count(*) FROM audited").fetchall()
        if not count:
            return None
        _find(connection, table.name, stage, until)
        found = connection.execute(
            f"""
            SELECT kind, counted, list_transform(rows[:{SAMPLES}], lambda row: row.id)
            FROM audit_found
            """
        ).fetchall()
        samples = {kind: ids for kind, _, ids in found if ids is not None}
        if samples:
            keep_audit_rows(
                connection, table.key, "audit_found", execution_id=execution_id, at=until
            )
        return Audit(**{kind: counted for kind, counted, _ in found}, samples=samples)
    finally:
        connection.execute("DROP TABLE audited; DROP TABLE IF EXISTS audit_found")


def _find(
    connection: duckdb.DuckDBPyConnection, table: str, stage: StagedRows, until: datetime
) -> None:
    """Make `audit_found` (kind, counted, rows): the differences of the audited syncs.

    Only rows that differ are looked at. `rows` is a list of id and sync, NULL if it were empty.
    """
    key = quote_identifier(stage.id_name)
    connection.execute(
        f"""
        CREATE TEMP TABLE audit_found AS
        WITH until AS (SELECT ?::TIMESTAMPTZ AS until)
        SELECT
            kind, count(*) AS counted,
            min({{'id': id, 'sync': sync}}, {IDS_KEPT})
                FILTER (kind <> 'recent' AND id IS NOT NULL) AS rows
        FROM (
            SELECT
                change.sync,
                {text_of("change.id")} AS id,
                CASE
                    WHEN {_is_recent(stage)} THEN 'recent'
                    WHEN is_new THEN 'missed'
                    ELSE 'stale'
                END AS kind
            FROM {CHANGED} AS change
            JOIN {UPSERTS} AS new USING (stage_row)
            JOIN audited ON audited.sync = new.sync
            LEFT JOIN {table} AS old  -- the row as it was, unless it is new
            ON old.{key} = change.id AND old._sync = change.sync
            UNION ALL
            SELECT gone.sync, {text_of("gone.id")}, 'undeleted'
            FROM {DELETED} AS gone JOIN audited USING (sync)
        )
        GROUP BY kind
        """,
        [until],
    )


def _is_recent(stage: StagedRows) -> str:
    """SQL: a row has a timestamp of the audited time that it did not have before."""
    conditions = [
        f"""(
            new.c{i} BETWEEN since AND (SELECT until FROM until)
            AND new.c{i} IS DISTINCT FROM old.{quote_identifier(column.name)}
        )"""
        for i, column in enumerate(stage.columns)
        if column.sql_type == TEMPORAL_TYPES[ValueHint.DATE_TIME]
    ]
    return " OR ".join(conditions) or "false"


def audit_figures(records: Sequence[RunRecord]) -> dict[str, Any]:
    """The audits of several lines as one; nothing if none of them is one."""
    found = [audit for record in records if (audit := Audit.of(record))]
    return sum(found, Audit()).figures() if found else {}


def read_audits(
    connection: duckdb.DuckDBPyConnection, pack: str | None = None, table: str | None = None
) -> list[AuditLine]:
    """The audits in the ledger, newest first."""
    if not ledger_exists(connection):
        return []
    found = connection.execute(
        f"""
        SELECT
            pack, table_name, sync,
            max(finished_at) AS finished_at,
            sum(inserted + updated + unchanged)::BIGINT,
            sum(audit_missed)::BIGINT,
            sum(audit_stale)::BIGINT,
            sum(audit_undeleted)::BIGINT,
            sum(audit_recent)::BIGINT,
            list(audit_samples ORDER BY finished_at),
            list(execution_id)
        FROM {RUNS}
        WHERE audit_missed IS NOT NULL
            AND (? IS NULL OR pack = ?)
            AND (? IS NULL OR table_name = ?)
        GROUP BY pack, table_name, sync,
            coalesce(dagster_run_id, execution_id)  -- the batches of a run are one audit
        ORDER BY finished_at DESC
        """,
        [pack, pack, table, table],
    ).fetchall()
    return [
        AuditLine(
            key=SyncKey(pack=row[0], table=row[1], sync=row[2]),
            finished_at=row[3],
            rows=row[4],
            audit=sum(
                (Audit(samples=from_json(samples) or {}) for samples in row[9]),
                Audit(missed=row[5], stale=row[6], undeleted=row[7], recent=row[8]),
            ),
            executions=row[10],
        )
        for row in found
    ]


def last_audits(connection: duckdb.DuckDBPyConnection, key: SyncKey) -> list[AuditLine]:
    """The last audit of each sync that the key's table has; empty if there was none yet."""
    latest: dict[str, AuditLine] = {}
    for line in read_audits(connection, key.pack, key.table):
        latest.setdefault(line.key.sync, line)
    if not latest:
        return []
    rows = connection.execute(
        f"""
        SELECT DISTINCT split_part(sync, '/', 1)  -- a crawl's children are of one sync
        FROM {CURSORS} WHERE pack = ? AND table_name = ?
        """,
        [key.pack, key.table],
    ).fetchall()
    standing = {name for (name,) in rows}
    return [line for name, line in latest.items() if name in standing]
