"""Rejected rows in the warehouse: kept, forgotten, counted, listed (contract S4).

`_sync.rejected_rows` holds each row that could not be typed, whole, with its reason. A row
with an id stays until a newer version of that id is committed: a good one, a deletion, or
another reject. A row without an id stays until a full sync brings the complete set.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from pack_sync.ledger.ledger_tables import REJECTED_ROWS, RUNS
from pack_sync.ledger.ledger_versions import ledger_exists
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.stage.deleted_where import GivenColumns
from pack_sync.stage.reject_reasons import ReasonCount, count_reasons
from pack_sync.stage.relations import (
    DELETED_WHERE,
    DELETES,
    FULL_SYNCS,
    PARTS,
    REJECTS,
    UPSERTS,
)
from pack_sync.warehouse.identifiers import text_of

FAILED = f"execution_id NOT IN (SELECT execution_id FROM {RUNS} WHERE status = 'succeeded')"
"""SQL: a rejected row came with a sync of which nothing was applied.

Not "that failed": a sync that fails and is resumed has one id and both lines in the ledger (D9).
"""


@dataclass(frozen=True, kw_only=True)
class RejectSummary:
    """How many rejected rows a table has kept, and the most frequent reasons."""

    count: int = 0
    reasons: Sequence[ReasonCount] = ()


@dataclass(frozen=True, kw_only=True)
class RejectFilter:
    """Which rejected rows are meant; None means all.

    `sync` also names the children that are crawled under it; `reason` is a part of the
    reason, in any case.
    """

    pack: str | None = None
    table: str | None = None
    sync: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class RejectedRow:
    """A rejected row that is kept."""

    key: SyncKey
    row_id: str | None
    reason: str
    row: str
    page: int
    execution_id: str
    rejected_at: datetime


def keep_rejects(
    connection: duckdb.DuckDBPyConnection,
    key: SyncKey,
    *,
    id_column: str,
    execution_id: str,
    at: datetime,
) -> None:
    """Keep the rows that the attached stage rejects, and forget those that it replaces.

    Forgotten are: all of a sync that is complete; those whose id has come again, good,
    deleted or rejected; those of failed syncs, whose changes this one has brought again; and
    those without an id that have come again unchanged. `id_column` is the stage's.
    """
    kept = count_rejects(connection, RejectFilter(pack=key.pack, table=key.table))
    if kept:
        _forget_failed(connection, key)
        _forget_replaced(connection, key, id_column)
    _insert(connection, key, execution_id=execution_id, at=at)


def _forget_replaced(connection: duckdb.DuckDBPyConnection, key: SyncKey, id_column: str) -> None:
    """Forget rows that have come again, or that full syncs replace."""
    # As ids and not as texts: a column of numbers may have been of another type.
    (id_type,) = connection.execute(f"SELECT typeof(any_value(id)) FROM {DELETES}").fetchall()[0]
    connection.execute(
        f"""
        DELETE FROM {REJECTED_ROWS} AS old
        WHERE pack = ? AND table_name = ? AND (
            sync IN {FULL_SYNCS}
            OR EXISTS (  -- the id has come again, in whichever way
                SELECT 1 FROM (
                    SELECT {id_column} AS id, sync FROM {UPSERTS}
                    UNION ALL
                    SELECT id, sync FROM {DELETES}
                    UNION ALL
                    SELECT id, sync FROM {REJECTS}
                ) AS newer
                WHERE newer.id = TRY_CAST(old.row_id AS {id_type}) AND newer.sync = old.sync
            )
        )
        """,
        [key.pack, key.table],
    )
    connection.execute(
        f"""
        DELETE FROM {REJECTED_ROWS}
        WHERE pack = ? AND table_name = ? AND row_id IS NULL
            AND (sync, reason, row) IN (SELECT (sync, problem, line) FROM {REJECTS})
        """,
        [key.pack, key.table],
    )


def forget_deleted_where(
    connection: duckdb.DuckDBPyConnection,
    key: SyncKey,
    where: Sequence[GivenColumns],
    value_in_row: Callable[[int, str], str],
) -> None:
    """Forget kept rows that have the values by which the attached stage deletes rows.

    `value_in_row` makes SQL for the value of a column in a row's JSON.
    """
    for columns in where:
        values = {number: value_in_row(number, "old.row") for number in columns.types}
        connection.execute(
            f"""
            DELETE FROM {REJECTED_ROWS}
            WHERE rowid IN (
                SELECT old.rowid
                FROM {REJECTED_ROWS} AS old
                JOIN {DELETED_WHERE} AS told
                ON told.sync = old.sync AND {columns.same("told", values)}
                WHERE old.pack = ? AND old.table_name = ?
            )
            """,
            [key.pack, key.table],
        )


def keep_failed_rejects(
    connection: duckdb.DuckDBPyConnection, key: SyncKey, *, execution_id: str, at: datetime
) -> None:
    """Keep the rejected rows of a sync that is not applied, in place of an earlier failure's.

    They are there to be looked at. Nothing else is forgotten, and they are not replayed: the
    cursor stays, so the next sync brings their changes again and forgets them.
    """
    _forget_failed(connection, key)
    _insert(connection, key, execution_id=execution_id, at=at)


def _forget_failed(connection: duckdb.DuckDBPyConnection, key: SyncKey) -> None:
    connection.execute(
        f"""
        DELETE FROM {REJECTED_ROWS}
        WHERE pack = ? AND table_name = ? AND sync IN (SELECT sync FROM {PARTS}) AND {FAILED}
        """,
        [key.pack, key.table],
    )


def _insert(
    connection: duckdb.DuckDBPyConnection, key: SyncKey, *, execution_id: str, at: datetime
) -> None:
    """Insert the stage's rejects in order of arrival; identical ones, or kept ones, once."""
    connection.execute(
        f"""
        INSERT INTO {REJECTED_ROWS}
        SELECT $pack, $table, sync, {text_of("id")}, problem, line, max(page), $execution, $at
        FROM {REJECTS} AS new
        ANTI JOIN (FROM {REJECTED_ROWS} WHERE pack = $pack AND table_name = $table) AS kept
        ON kept.sync = new.sync AND kept.reason = new.problem AND kept.row = new.line
        GROUP BY sync, id, problem, line
        ORDER BY max(stage_row)
        """,
        {"pack": key.pack, "table": key.table, "execution": execution_id, "at": at},
    )


def summarize_rejects(connection: duckdb.DuckDBPyConnection, key: SyncKey) -> RejectSummary:
    """The rejected rows that are kept of a table, of all its syncs together."""
    counts = count_rejects(connection, RejectFilter(pack=key.pack, table=key.table))
    if not counts:
        return RejectSummary()
    connection.execute(
        f"""
        CREATE TEMP TABLE kept AS
        SELECT reason, row_id FROM {REJECTED_ROWS} WHERE pack = ? AND table_name = ?
        """,
        [key.pack, key.table],
    )
    reasons = count_reasons(connection, "kept")
    connection.execute("DROP TABLE kept")
    return RejectSummary(count=sum(counts.values()), reasons=reasons)


def count_rejects(
    connection: duckdb.DuckDBPyConnection, wanted: RejectFilter
) -> dict[tuple[str, str], int]:
    """How many rejected rows are kept, by pack and table; tables without any are left out."""
    if not ledger_exists(connection):
        return {}
    where, values = where_of(wanted)
    rows = connection.execute(
        f"""
        SELECT pack, table_name, count(*) FROM {REJECTED_ROWS}
        WHERE {where} GROUP BY ALL ORDER BY ALL
        """,
        values,
    ).fetchall()
    return {(pack, table): count for pack, table, count in rows}


def read_rejects(
    connection: duckdb.DuckDBPyConnection, wanted: RejectFilter, *, limit: int | None = None
) -> list[RejectedRow]:
    """The rejected rows that are kept, oldest first, at most `limit`."""
    if not ledger_exists(connection):
        return []
    where, values = where_of(wanted)
    rows = connection.execute(
        f"""
        SELECT
            pack, table_name, sync, row_id, reason, CAST(row AS VARCHAR), page,
            execution_id, rejected_at
        FROM {REJECTED_ROWS} WHERE {where}
        ORDER BY rejected_at, pack, table_name, sync, page, rowid LIMIT ?
        """,
        [*values, limit],
    ).fetchall()
    return [
        RejectedRow(
            key=SyncKey(pack=pack, table=table, sync=sync),
            row_id=row_id,
            reason=reason,
            row=row,
            page=page,
            execution_id=execution_id,
            rejected_at=rejected_at,
        )
        for pack, table, sync, row_id, reason, row, page, execution_id, rejected_at in rows
    ]


def where_of(wanted: RejectFilter) -> tuple[str, list[Any]]:
    """The filter as an SQL condition over `_sync.rejected_rows`, with its values."""
    conditions = ["true"]
    values: list[Any] = []
    for column, value in (("pack", wanted.pack), ("table_name", wanted.table)):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    if wanted.sync is not None:
        conditions.append("(sync = ? OR starts_with(sync, ?))")
        values += [wanted.sync, f"{wanted.sync}/"]
    if wanted.reason is not None:
        conditions.append("contains(lower(reason), lower(?))")
        values.append(wanted.reason)
    return " AND ".join(conditions), values
