"""What the ledger says of all tables at once, as far as somebody is to be told of it.

A few statements over all tables, because this is asked again and again, in a lake from afar.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

import duckdb

from pack_sync.commit.full_sync_audit import AuditLine, last_audits
from pack_sync.ledger.ledger_tables import CURSOR_HISTORY, HELD_SYNCS, REJECTED_ROWS, RUNS
from pack_sync.ledger.ledger_versions import ledger_exists
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.stage.reject_reasons import KIND_OF_REASON

TableName: TypeAlias = tuple[str, str]
"""A pack and one of its tables."""


@dataclass(frozen=True, kw_only=True)
class Failing:
    """A sync whose last run failed: since when (UTC), in how many runs, and the last error."""

    sync: str
    since: datetime
    runs: int
    error: str
    run_id: str | None


@dataclass(frozen=True, kw_only=True)
class Held:
    """Full syncs of a table that wait for approval, since when (UTC), and what they would do."""

    since: datetime
    deletes: int
    rows_before: int
    run_id: str | None


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """The rejected rows that a table has kept, since when (UTC).

    `reason` is the most frequent, without the value at fault.
    """

    since: datetime
    rows: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class SchemaChange:
    """A table whose schema became another one at a time (UTC)."""

    at: datetime
    execution_id: str
    run_id: str | None


@dataclass(frozen=True, kw_only=True)
class Activity:
    """The successful runs of a sync, and those that changed rows; all times in UTC.

    Since `last_change` there were `empty_runs` that changed nothing. `usual_gap_seconds` is the
    second longest time between two changes: the longest may be a fault of before.
    """

    sync: str
    last_success: datetime
    last_change: datetime | None
    first_change: datetime | None
    changes: int
    empty_runs: int
    usual_gap_seconds: float | None
    run_id: str | None


@dataclass(kw_only=True)
class TableFacts:
    """What the ledger says of a table."""

    failing: list[Failing] = field(default_factory=list[Failing])
    held: Held | None = None
    rejected: Rejected | None = None
    schema_change: SchemaChange | None = None
    audits: Sequence[AuditLine] = ()
    activities: list[Activity] = field(default_factory=list[Activity])


def read_facts(
    connection: duckdb.DuckDBPyConnection, now: datetime
) -> Mapping[TableName, TableFacts]:
    """The facts of all tables that the ledger knows; nothing without a ledger."""
    facts: dict[TableName, TableFacts] = {}
    if not ledger_exists(connection):
        return facts

    def of(row: tuple[Any, ...]) -> TableFacts:
        return facts.setdefault((row[0], row[1]), TableFacts())

    for row in connection.execute(_FAILING).fetchall():
        sync, since, runs, (error, run_id) = row[2], row[3], row[4], row[5].values()
        of(row).failing.append(
            Failing(sync=sync, since=since, runs=runs, error=error or "", run_id=run_id)
        )
    for row in connection.execute(_HELD).fetchall():
        of(row).held = Held(since=row[2], deletes=row[3], rows_before=row[4], run_id=row[5])
    for row in connection.execute(_REJECTED).fetchall():
        of(row).rejected = Rejected(since=row[2], rows=row[3], reason=row[4])
    for row in connection.execute(_SCHEMA_CHANGES, {"now": now}).fetchall():
        of(row).schema_change = SchemaChange(at=row[2], execution_id=row[3], run_id=row[4])
    for pack, table in connection.execute(_AUDITED).fetchall():
        audits = last_audits(connection, SyncKey(pack=pack, table=table))
        of((pack, table)).audits = audits
    for row in connection.execute(_ACTIVITY, {"now": now}).fetchall():
        of(row).activities.append(
            Activity(
                sync=row[2],
                last_success=row[3],
                last_change=row[4],
                first_change=row[5],
                changes=row[6],
                empty_runs=row[7],
                usual_gap_seconds=row[8],
                run_id=row[9],
            )
        )
    return facts


_NOT_SYNCED = "status IN ('failed', 'postponed')"

# A crawl's children are of one sync, which failed if one of them did. What counts of several
# attempts in a run is the last.
_RUNS = f"""
    SELECT
        pack, table_name, split_part(sync, '/', 1) AS sync, run,
        max(finished_at) AS finished_at, bool_or({_NOT_SYNCED}) AS failed,
        sum(changes) AS changes, any_value(run_id) AS run_id,
        arg_max(error_message, finished_at) FILTER ({_NOT_SYNCED}) AS error_message
    FROM (
        SELECT
            pack, table_name, sync, coalesce(dagster_run_id, execution_id) AS run,
            max(finished_at) AS finished_at, arg_max(status, (finished_at, started_at)) AS status,
            sum(coalesce(inserted + updated + deleted, 0)) AS changes,
            any_value(dagster_run_id) AS run_id,
            arg_max(error_message, finished_at) AS error_message
        FROM {RUNS}
        WHERE mode <> 'replay' AND status IN ('succeeded', 'failed', 'postponed', 'held')
        GROUP BY pack, table_name, sync, run
    )
    GROUP BY pack, table_name, split_part(sync, '/', 1), run
"""

_FAILING = f"""
    WITH each_run AS ({_RUNS}),
    good AS (
        SELECT pack, table_name, sync, max(finished_at) AS good_at
        FROM each_run WHERE NOT failed GROUP BY pack, table_name, sync
    )
    SELECT
        pack, table_name, sync, min(finished_at), count(*),
        arg_max({{'error': error_message, 'run': run_id}}, finished_at)
    FROM each_run LEFT JOIN good USING (pack, table_name, sync)
    WHERE failed AND (good_at IS NULL OR finished_at > good_at)
    GROUP BY pack, table_name, sync
"""

_HELD = f"""
    SELECT
        pack, table_name, min(held_at), sum(deletes)::BIGINT, sum(rows_before)::BIGINT,
        arg_max(run ->> 'dagster_run_id', held_at)
    FROM {HELD_SYNCS} GROUP BY pack, table_name
"""

_REJECTED = f"""
    SELECT pack, table_name, min(rejected_at), count(*), mode({KIND_OF_REASON})
    FROM {REJECTED_ROWS} GROUP BY pack, table_name
"""

_SCHEMA_CHANGES = f"""
    SELECT
        pack, table_name, max(recorded_at), arg_max(execution_id, recorded_at),
        arg_max(run_id, recorded_at)
    FROM (
        SELECT
            *, fingerprint ->> 'schema' AS schema,
            lag(fingerprint ->> 'schema') OVER (
                PARTITION BY pack, table_name, sync ORDER BY recorded_at
            ) AS schema_before
        FROM {CURSOR_HISTORY} WHERE fingerprint ->> 'schema' IS NOT NULL
    )
    LEFT JOIN (
        SELECT execution_id, any_value(dagster_run_id) AS run_id FROM {RUNS} GROUP BY execution_id
    ) USING (execution_id)
    WHERE schema <> schema_before AND recorded_at > $now::TIMESTAMPTZ - INTERVAL 3 DAY
    GROUP BY pack, table_name
"""

_AUDITED = f"""
    SELECT DISTINCT pack, table_name FROM {RUNS}
    WHERE audit_missed + audit_stale + audit_undeleted > 0
"""

_ACTIVITY = f"""
    WITH good AS (SELECT * FROM ({_RUNS}) WHERE NOT failed),
    changed AS (
        SELECT
            pack, table_name, sync, finished_at,
            epoch(finished_at - lag(finished_at) OVER (
                PARTITION BY pack, table_name, sync ORDER BY finished_at
            )) AS gap
        FROM good WHERE changes > 0 AND finished_at > $now::TIMESTAMPTZ - INTERVAL 90 DAY
    ),
    gaps AS (
        SELECT
            pack, table_name, sync, count(*) AS changes, min(finished_at) AS first_change,
            max(finished_at) AS last_change, max(gap, 2)[2] AS usual
        FROM changed GROUP BY pack, table_name, sync
    )
    SELECT
        pack, table_name, sync, max(finished_at), any_value(last_change), any_value(first_change),
        coalesce(any_value(gaps.changes), 0), count(*) FILTER (finished_at > last_change),
        any_value(usual), arg_max(run_id, finished_at)
    FROM good LEFT JOIN gaps USING (pack, table_name, sync)
    GROUP BY pack, table_name, sync
"""
