"""Comparing the staged rows with the table's: which are new, and which differ (`changed`).

A table may hold many times more rows than change, so what is read of it decides the time: of one
sync's rows the key only, and for an increment the timestamps, which tell nearly always that a row
differs. The other columns are compared where they do not. The rows that an increment deletes by
their ids are found with those that it brings, for in a large table it takes as long to look for few
ids as for many.
"""

from collections.abc import Sequence
from datetime import datetime

import duckdb

from pack_sync.commit.row_changes import owned_by
from pack_sync.commit.target_table import TargetTable
from pack_sync.commit.told_deletions import deleted_ids
from pack_sync.stage.column_types import TEMPORAL_TYPES, Column
from pack_sync.stage.relations import CHANGED, UPSERTS
from pack_sync.stage.stage_file import StagedRows
from pack_sync.warehouse.identifiers import quote_identifier

FOUND_BY_IDS = "SELECT sync, id FROM found WHERE stage_row IS NULL"
"""SQL: the rows with a deleted id, after `compare_increment`."""

_TIMESTAMPS = frozenset(TEMPORAL_TYPES.values())


class RowComparison:
    """Makes `changed` for the rows of one sync, or with None of several."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: TargetTable,
        stage: StagedRows,
        sync: str | None,
    ) -> None:
        self._connection = connection
        self._table = table
        self._stage = stage
        key = quote_identifier(stage.id_name)
        same_key = f"old.{key} = new.{stage.id_column} AND {owned_by(sync, 'new')}"
        self._old = f"JOIN {table.name} AS old ON {same_key}"
        self._columns = list(enumerate(stage.columns))

    def compare_all(self, unchanged_since: datetime | None) -> int:
        """Compare all columns; with `unchanged_since` only rows count that have not changed since.

        Returns how many of the ids are there twice.
        """
        repeated = self._table.repeated_ids(self._stage.id_name, staged=self._stage)
        each = "DISTINCT new.stage_row" if repeated else "new.stage_row"
        since = "" if unchanged_since is None else "AND old._changed_at < ?"
        self._connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE {CHANGED} AS
            SELECT {each}, new.sync, new.{self._stage.id_column} AS id, old._sync IS NULL AS is_new
            FROM {UPSERTS} AS new LEFT {self._old}
            WHERE (old._sync IS NULL OR {self._differs(self._columns)}) {since}
            """,
            [] if unchanged_since is None else [unchanged_since],
        )
        return repeated

    def compare_increment(self, *, deletes: bool) -> int:
        """As `compare_all`, but other columns than timestamps are only read if they must be.

        Also finds the rows with a deleted id, if there are `deletes`.
        """
        self._find(deletes=deletes)
        ((same, repeated),) = self._connection.execute(
            """
            SELECT count(*) FILTER (NOT differs), count(*) - count(DISTINCT stage_row)
            FROM found WHERE stage_row IS NOT NULL
            """
        ).fetchall()
        if same:
            self._connection.execute(
                f"""
                INSERT INTO found (stage_row, differs)
                SELECT new.stage_row, true
                FROM (
                    FROM {UPSERTS}
                    WHERE stage_row IN (SELECT stage_row FROM found WHERE NOT differs)
                ) AS new {self._old}
                WHERE {self._differs(self._columns)}
                """
            )
        self._connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE {CHANGED} AS
            SELECT new.stage_row, new.sync, new.{self._stage.id_column} AS id,
                found.differs IS NULL AS is_new
            FROM {UPSERTS} AS new
            LEFT JOIN (
                SELECT stage_row, bool_or(differs) AS differs FROM found GROUP BY stage_row
            ) AS found USING (stage_row)
            WHERE coalesce(found.differs, true)
            """
        )
        return repeated

    def _find(self, *, deletes: bool) -> None:
        """Make `found`: the rows that are there, and whether a timestamp differs.

        Those with a deleted id have no `stage_row`.
        """
        looked_for = UPSERTS
        if deletes:
            ids = deleted_ids(self._table, self._stage)
            looked_for = (
                f"(FROM {UPSERTS} UNION ALL BY NAME "
                f"SELECT sync, id AS {self._stage.id_column} FROM {ids})"
            )
        timestamps = [each for each in self._columns if each[1].sql_type in _TIMESTAMPS]
        self._connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE found AS
            SELECT new.stage_row, new.sync, new.{self._stage.id_column} AS id,
                new.stage_row IS NOT NULL AND {self._differs(timestamps)} AS differs
            FROM {looked_for} AS new {self._old}
            """
        )

    def _differs(self, columns: Sequence[tuple[int, Column]]) -> str:
        differing = (
            f"old.{quote_identifier(column.name)} IS DISTINCT FROM new.c{i}"
            for i, column in columns
        )
        return f"({' OR '.join(differing) or 'false'})"
