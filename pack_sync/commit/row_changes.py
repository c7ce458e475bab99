"""The changes that a sync makes to the rows of its table: found first, then made.

Runs inside the caller's transaction, with the stage attached as `_stage`. What is found is in the
temporary tables or views `changed` (`stage_row`, `sync`, `id`, `is_new`) and `deleted` (`sync`,
`id`). Rows
are known by their key and not by DuckDB's rowid, which a column of that name would hide.

A table may hold many times more rows than change, so what is read of it decides the time: of one
sync's rows the key only, and for an increment the timestamps, which tell nearly always that a row
differs. The other columns are compared where they do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from pack_sync.commit.target_table import HIDDEN_COLUMNS, TargetTable
from pack_sync.stage.column_types import TEMPORAL_TYPES, Column
from pack_sync.stage.stage_file import StagedRows
from pack_sync.warehouse.identifiers import quote_identifier, quote_literal

_FOUND = "CREATE OR REPLACE TEMP TABLE"


@dataclass(frozen=True, kw_only=True)
class RowChanges:
    """How many rows a sync inserts, updates, leaves as they are and deletes.

    `rows_before` counts all rows of the table, and `repeated_ids` those ids that came and were
    there twice, which none may be. `of_full_syncs` says that some came with full syncs; `sync` is
    the one whose rows these are, None if there are several.
    """

    inserted: int
    updated: int
    unchanged: int
    deleted: int
    rows_before: int = 0
    repeated_ids: int = 0
    of_full_syncs: bool = False
    sync: str | None = None


def find_changes(
    connection: duckdb.DuckDBPyConnection,
    table: TargetTable,
    stage: StagedRows,
    *,
    unchanged_since: datetime | None = None,
) -> RowChanges:
    """What it takes to make the staged rows and deletions true for the stage's syncs.

    Where a part is complete (a full sync), rows of its sync which it does not have are
    deleted (contract C10), except those whose id came with a row that was rejected (S4).
    Rows that do not differ are not touched. With `unchanged_since` only rows count that
    are there and have not changed since: for a stage that is older than the table.
    """
    return _Finding(connection, table, stage, unchanged_since).changes()


def make_changes(
    connection: duckdb.DuckDBPyConnection,
    table: TargetTable,
    stage: StagedRows,
    changes: RowChanges,
    *,
    execution_id: str,
    at: datetime,
) -> int:
    """Delete and insert what `find_changes` found; returns how many rows the table has then."""
    rows = changes.rows_before
    if changes.updated or changes.deleted:
        rows -= _delete(connection, table, stage, changes)
    if changes.inserted or changes.updated:
        names = ", ".join(
            quote_identifier(column.name) for column in (*stage.columns, *HIDDEN_COLUMNS)
        )
        values = ", ".join(f"c{i}" for i in range(len(stage.columns)))
        rows += _number(
            connection,
            f"INSERT INTO {table.name} ({names}) SELECT {values}, sync, ?, ? "
            f"FROM {changed_rows(changes)}",
            at,
            execution_id,
        )
    return rows


def changed_rows(changes: RowChanges) -> str:
    """SQL: the staged rows that are inserted or updated."""
    some = "WHERE stage_row IN (SELECT stage_row FROM changed)" if changes.unchanged else ""
    return f"_stage.upserts {some}"


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
        f"DELETE FROM {table.name} AS old USING (SELECT sync, id FROM changed WHERE NOT is_new "
        f"UNION ALL SELECT sync, id FROM deleted) AS gone WHERE {key} = gone.id "
        f"AND {_owned(changes.sync, 'gone')}",
    )
    ids_missing = "SELECT count(*) FROM deleted WHERE id IS NULL"
    if changes.of_full_syncs and _number(connection, ids_missing):
        # rows that are older than the property that is the id now
        count += _number(
            connection,
            f"DELETE FROM {table.name} AS old WHERE {key} IS NULL "
            "AND _sync IN (SELECT sync FROM deleted WHERE id IS NULL)",
        )
    return count


class _Finding:
    """What is to be found for one stage."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: TargetTable,
        stage: StagedRows,
        unchanged_since: datetime | None,
    ) -> None:
        self._connection = connection
        self._table = table
        self._stage = stage
        self._key = quote_identifier(stage.id_name)
        self._since = unchanged_since
        ((self._before, self._complete, self._sync, self._upserts, self._deletes),) = (
            connection.execute(
                f"SELECT (SELECT count(*) FROM {table.name}), coalesce(bool_or(complete), false), "
                "CASE WHEN min(sync) = max(sync) THEN min(sync) END, "
                "(SELECT count(*) FROM _stage.upserts), (SELECT count(*) FROM _stage.deletes) "
                "FROM _stage.parts"
            ).fetchall()
        )
        self._same_key = f"old.{self._key} = new.{stage.id_column} AND {_owned(self._sync, 'new')}"
        self._timestamps = [
            (i, column) for i, column in enumerate(stage.columns) if _is_temporal(column)
        ]

    def changes(self) -> RowChanges:
        repeated = 0
        if not self._before or not self._upserts:
            return self._without_comparison()
        if self._complete or self._since is not None or not self._timestamps:
            repeated = self._table.repeated_ids(self._stage.id_name, staged=self._stage)
            self._compare_all(repeated)
        else:
            repeated = self._compare_timestamps_first()
        deleted = self._find_deleted()
        ((inserted, updated),) = self._connection.execute(
            "SELECT count(*) FILTER (is_new), count(*) FILTER (NOT is_new) FROM changed"
        ).fetchall()
        return self._found(inserted, updated, deleted, repeated)

    def _found(self, inserted: int, updated: int, deleted: int, repeated: int) -> RowChanges:
        return RowChanges(
            inserted=inserted,
            updated=updated,
            unchanged=self._upserts - inserted - updated,
            deleted=deleted,
            rows_before=self._before,
            repeated_ids=repeated,
            of_full_syncs=self._complete,
            sync=self._sync,
        )

    def _without_comparison(self) -> RowChanges:
        """The table or the stage has no rows: all that came are new."""
        none = "WHERE false" if self._since is not None else ""
        self._connection.execute(
            f"CREATE TEMP VIEW changed AS SELECT stage_row, sync, {self._stage.id_column} AS id, "
            f"true AS is_new FROM _stage.upserts {none}"
        )
        inserted = self._upserts if self._since is None else 0
        return self._found(inserted, 0, self._find_deleted(), 0)

    def _compare_all(self, repeated: int) -> None:
        each = "DISTINCT new.stage_row" if repeated else "new.stage_row"
        since = "" if self._since is None else "AND old._changed_at < ?"
        self._connection.execute(
            f"{_FOUND} changed AS SELECT {each}, new.sync, "
            f"new.{self._stage.id_column} AS id, old._sync IS NULL AS is_new "
            f"FROM _stage.upserts AS new LEFT JOIN {self._table.name} AS old ON {self._same_key} "
            f"WHERE (old._sync IS NULL OR {self._differs(self._columns)}) {since}",
            [] if self._since is None else [self._since],
        )

    def _compare_timestamps_first(self) -> int:
        """As `_compare_all`, but reads the other columns only if it must.

        Returns how many of the ids are there twice.
        """
        old = f"JOIN {self._table.name} AS old ON {self._same_key}"
        self._connection.execute(
            f"{_FOUND} found AS SELECT new.stage_row, {self._differs(self._timestamps)} AS differs "
            f"FROM _stage.upserts AS new {old}"
        )
        ((same, repeated),) = self._connection.execute(
            "SELECT count(*) FILTER (NOT differs), count(*) - count(DISTINCT stage_row) FROM found"
        ).fetchall()
        if same:
            self._connection.execute(
                f"{_FOUND} found AS FROM found WHERE differs UNION ALL "
                f"SELECT new.stage_row, {self._differs(self._columns)} "
                "FROM (FROM _stage.upserts WHERE stage_row IN "
                f"(SELECT stage_row FROM found WHERE NOT differs)) AS new {old}"
            )
        self._connection.execute(
            f"{_FOUND} changed AS SELECT new.stage_row, new.sync, "
            f"new.{self._stage.id_column} AS id, found.differs IS NULL AS is_new "
            "FROM _stage.upserts AS new LEFT JOIN "
            "(SELECT stage_row, bool_or(differs) AS differs FROM found GROUP BY stage_row) "
            "AS found USING (stage_row) WHERE coalesce(found.differs, true)"
        )
        return repeated

    def _find_deleted(self) -> int:
        """The rows that go: those deleted by id, and of complete parts those not returned.

        A deletion in a complete part has taken the row out of the stage already (D4).
        """
        if not self._before or not (self._deletes or self._complete):
            self._connection.execute(
                "CREATE TEMP VIEW deleted AS SELECT sync, id FROM changed WHERE false"
            )
            return 0
        old = f"SELECT old._sync AS sync, old.{self._key} AS id FROM {self._table.name} AS old"
        since = "" if self._since is None else "AND old._changed_at < $since"
        by_id = (
            f"{old} JOIN _stage.deletes AS new ON new.id = old.{self._key} "
            f"AND {_owned(self._sync, 'new')} "
            f"WHERE old._sync NOT IN (SELECT sync FROM _stage.parts WHERE complete) {since}"
        )
        of_complete = f"{old} WHERE old._sync IN (SELECT sync FROM _stage.parts WHERE complete)"
        not_returned = (
            f"{of_complete} AND NOT EXISTS (SELECT 1 FROM ("
            f"SELECT {self._stage.id_column} AS id, sync FROM _stage.upserts "
            "UNION ALL SELECT id, sync FROM _stage.rejects "
            "WHERE (id, sync) NOT IN (SELECT (id, sync) FROM _stage.deletes)) AS new "
            f"WHERE new.id = old.{self._key} AND {_owned(self._sync, 'new')}) {since}"
        )
        ((count,),) = self._connection.execute(
            f"{_FOUND} deleted AS {by_id}"
            + (f" UNION ALL {not_returned}" if self._complete else ""),
            {} if self._since is None else {"since": self._since},
        ).fetchall()
        return count

    @property
    def _columns(self) -> list[tuple[int, Column]]:
        return list(enumerate(self._stage.columns))

    def _differs(self, columns: Sequence[tuple[int, Column]]) -> str:
        differing = (
            f"old.{quote_identifier(column.name)} IS DISTINCT FROM new.c{i}"
            for i, column in columns
        )
        return f"({' OR '.join(differing)})"


def _owned(sync: str | None, other: str) -> str:
    """SQL: the row `old` is of this sync; without one, of that of the row `other`.

    To compare with a constant takes a fraction of the time that a join on two columns takes.
    """
    return f"old._sync = {quote_literal(sync) if sync is not None else f'{other}.sync'}"


def _is_temporal(column: Column) -> bool:
    return column.sql_type in TEMPORAL_TYPES.values()


def _number(connection: duckdb.DuckDBPyConnection, statement: str, *values: object) -> int:
    row = connection.execute(statement, values).fetchone()
    return row[0] if row else 0
