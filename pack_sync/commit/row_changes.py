"""The changes of a sync to the rows of its table, once they are found: counted, and made."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from pack_sync.commit.target_table import HIDDEN_COLUMNS, TargetTable
from pack_sync.stage.relations import CHANGED, DELETED, UPSERTS
from pack_sync.stage.stage_file import StagedRows
from pack_sync.warehouse.identifiers import quote_identifier, quote_literal


@dataclass(frozen=True, kw_only=True)
class RowChanges:
    """How many rows a sync inserts, updates, leaves as they are and deletes.

    `rows_before` counts all rows of the table, and `repeated_ids` those ids that came and were
    there twice, which none may be. `of_full_syncs` says that some came with full syncs; `sync` is
    the one whose rows these are, None if there are several. `unconfirmed` are rows that a full sync
    did not return and that stay all the same.
    """

    inserted: int
    updated: int
    unchanged: int
    deleted: int
    rows_before: int = 0
    repeated_ids: int = 0
    of_full_syncs: bool = False
    sync: str | None = None
    unconfirmed: "UnconfirmedRows" = field(default_factory=lambda: UnconfirmedRows())


@dataclass(frozen=True, kw_only=True)
class UnconfirmedRows:
    """Rows that full syncs did not return, without proof that they are gone.

    How many, some ids, and of which syncs they are.
    `reasons` are those of `_stage.parts` (`RESUMED`, `REJECTED`), and empty where the rows only
    wait for another full sync that does not return them.
    """

    count: int = 0
    ids: Sequence[str] = ()
    syncs: Sequence[str] = ()
    reasons: Sequence[str] = ()


def make_changes(
    connection: duckdb.DuckDBPyConnection,
    table: TargetTable,
    stage: StagedRows,
    changes: RowChanges,
    *,
    execution_id: str,
    at: datetime,
) -> int:
    """Delete and insert what `finding_changes` found; returns how many rows the table has then."""
    rows = changes.rows_before
    if changes.updated or changes.deleted:
        rows -= _delete(connection, table, stage, changes)
    if changes.inserted or changes.updated:
        names = (quote_identifier(column.name) for column in (*stage.columns, *HIDDEN_COLUMNS))
        values = (f"c{i}" for i in range(len(stage.columns)))
        rows += _number(
            connection,
            f"""
            INSERT INTO {table.name} ({", ".join(names)})
            SELECT {", ".join(values)}, sync, ?, ?
            FROM {changed_rows(changes)}
            """,
            at,
            execution_id,
        )
    return rows


def changed_rows(changes: RowChanges) -> str:
    """SQL: the staged rows that are inserted or updated."""
    some = f"WHERE stage_row IN (SELECT stage_row FROM {CHANGED})" if changes.unchanged else ""
    return f"{UPSERTS} {some}"


def _delete(
    connection: duckdb.DuckDBPyConnection,
    table: TargetTable,
    stage: StagedRows,
    changes: RowChanges,
) -> int:
    """Delete the rows that go or are replaced; returns how many they were."""
    key = f"old.{quote_identifier(stage.id_name)}"
    count = _number(
        connection,
        f"""
        DELETE FROM {table.name} AS old
        USING (
            SELECT sync, id FROM {CHANGED} WHERE NOT is_new  -- replaced
            UNION ALL
            SELECT sync, id FROM {DELETED}
        ) AS gone
        WHERE {key} = gone.id AND {owned_by(changes.sync, "gone")}
        """,
    )
    without_id = f"SELECT sync FROM {DELETED} WHERE id IS NULL"
    if changes.of_full_syncs and _number(connection, f"SELECT count(*) FROM ({without_id})"):
        # Rows that are older than the property that is the id now; `=` finds no NULL.
        count += _number(
            connection,
            f"DELETE FROM {table.name} AS old WHERE {key} IS NULL AND _sync IN ({without_id})",
        )
    return count


def owned_by(sync: str | None, other: str) -> str:
    """SQL: the row `old` is of this sync; without one, of that of the row `other`.

    To compare with a constant takes a fraction of the time that a join on two columns takes.
    """
    return f"old._sync = {quote_literal(sync) if sync is not None else f'{other}.sync'}"


def _number(connection: duckdb.DuckDBPyConnection, statement: str, *values: object) -> int:
    row = connection.execute(statement, values).fetchone()
    return row[0] if row else 0
