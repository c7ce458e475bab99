"""Finding what a sync changes: which staged rows are new or differ, and which rows go.

Runs inside the caller's transaction, with the stage attached. What is found is in `changed`,
`deleted` and `absent` (`pack_sync.stage.relations`). Rows are known by their key and not by
DuckDB's rowid, which a column of that name would hide.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import duckdb

from pack_sync.commit.row_changes import RowChanges, UnconfirmedRows, owned_by
from pack_sync.commit.row_comparison import FOUND_BY_IDS, RowComparison
from pack_sync.commit.target_table import TargetTable
from pack_sync.commit.told_deletions import deleted_by_ids, deleted_by_values
from pack_sync.ledger.absent_rows import confirmed_absent
from pack_sync.stage.deleted_where import GivenColumns
from pack_sync.stage.relations import (
    ABSENT,
    CHANGED,
    DELETED,
    DELETES,
    FULL_SYNCS,
    PARTS,
    PROVEN_SYNCS,
    REJECTS,
    UPSERTS,
)
from pack_sync.stage.stage_file import StagedRows
from pack_sync.warehouse.duckdb_sharing import prepare_for_many_rows
from pack_sync.warehouse.identifiers import quote_identifier, text_of

_FOUND = "CREATE OR REPLACE TEMP TABLE"
_SHOWN_IDS = 5
_MANY_ROWS = 100_000


def find_changes(
    connection: duckdb.DuckDBPyConnection,
    table: TargetTable,
    stage: StagedRows,
    *,
    unchanged_since: datetime | None = None,
    confirm_deletes: int = 1,
    deleted_where: Sequence[GivenColumns] = (),
) -> RowChanges:
    """What it takes to make the staged rows and deletions true for the stage's syncs.

    Where a part is complete (a full sync), rows of its sync which it does not have are
    deleted (contract C10), except those whose id came with a row that was rejected (S4), and none
    where the part does not prove that they are gone (D9). `confirm_deletes` is how many full syncs
    in a row must lack a row before it is deleted.
    Rows that do not differ are not touched. With `unchanged_since` only rows count that
    are there and have not changed since: for a stage that is older than the table.
    `deleted_where` are the columns by whose values the stage deletes rows.
    """
    finding = _Finding(connection, table, stage, unchanged_since, confirm_deletes, deleted_where)
    return finding.changes()


class _Finding:
    """What is to be found for one stage."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: TargetTable,
        stage: StagedRows,
        unchanged_since: datetime | None,
        confirm_deletes: int,
        deleted_where: Sequence[GivenColumns],
    ) -> None:
        self._connection = connection
        self._table = table
        self._stage = stage
        self._key = quote_identifier(stage.id_name)
        self._since = unchanged_since
        self._confirm_deletes = confirm_deletes
        self._deleted_where = deleted_where
        (counted,) = connection.execute(
            f"""
            SELECT
                (SELECT count(*) FROM {table.name}),
                (SELECT count(*) FROM {UPSERTS}),
                (SELECT count(*) FROM {DELETES}),
                coalesce(bool_or(complete), false),
                list(DISTINCT unproven) FILTER (complete AND unproven IS NOT NULL),
                CASE WHEN min(sync) = max(sync) THEN min(sync) END  -- NULL if there are several
            FROM {PARTS}
            """
        ).fetchall()
        self._before, self._upserts, self._deletes, self._complete, *parts = counted
        self._unproven, self._sync = parts

    @property
    def _may_be_unconfirmed(self) -> bool:
        """Whether a row that a full sync lacks may have to stay: then `absent` is made."""
        return bool(self._unproven) or (self._complete and self._confirm_deletes > 1)

    def changes(self) -> RowChanges:
        if self._before > _MANY_ROWS:
            prepare_for_many_rows(self._connection)
        if not self._before or not self._upserts:
            return self._without_comparison()
        comparison = RowComparison(self._connection, self._table, self._stage, self._sync)
        if self._complete or self._since is not None:
            repeated = comparison.compare_all(self._since)
            deleted = self._find_deleted()
        else:
            repeated = comparison.compare_increment(deletes=self._deletes > 0)
            deleted = self._find_deleted(by_ids=FOUND_BY_IDS)
        ((inserted, updated),) = self._connection.execute(
            f"SELECT count(*) FILTER (is_new), count(*) FILTER (NOT is_new) FROM {CHANGED}"
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
            unconfirmed=self._unconfirmed(),
        )

    def _without_comparison(self) -> RowChanges:
        """The table or the stage has no rows: all that came are new."""
        none = "WHERE false" if self._since is not None else ""
        self._connection.execute(
            f"""
            CREATE TEMP VIEW {CHANGED} AS
            SELECT stage_row, sync, {self._stage.id_column} AS id, true AS is_new
            FROM {UPSERTS} {none}
            """
        )
        inserted = self._upserts if self._since is None else 0
        return self._found(inserted, 0, self._find_deleted(), 0)

    def _find_deleted(self, by_ids: str = "") -> int:
        """The rows that go: those deleted by what the pack says, and those that a full sync lacks.

        A deletion in a proven full sync has taken the row out of the stage already (D4), so there
        only what was returned counts; an unproven one says of those alone that they are gone.
        `by_ids` is SQL for those with a deleted id, if they have been found.
        """
        if not self._before or not (self._deletes or self._deleted_where or self._complete):
            self._connection.execute(
                f"CREATE TEMP VIEW {DELETED} AS SELECT sync, id FROM {CHANGED} WHERE false"
            )
            return 0
        since = "" if self._since is None else "AND old._changed_at < $since"
        of = (self._table, self._stage, self._sync)
        by_values = deleted_by_values(*of, self._deleted_where, since)
        told = " UNION ".join([by_ids or deleted_by_ids(*of, since), *by_values])
        values = {} if self._since is None else {"since": self._since}
        if not self._complete:
            return self._change(f"{_FOUND} {DELETED} AS {told}", values)
        gone = self._not_returned(since)
        if self._may_be_unconfirmed:
            self._change(f"{_FOUND} {ABSENT} AS {gone}", values)
            gone = f"SELECT sync, id FROM {ABSENT} WHERE sync IN {PROVEN_SYNCS}"
        if self._confirm_deletes > 1:
            # A row without an id is older than the id property, and no sync can return it.
            gone += (
                f" AND (id IS NULL OR {confirmed_absent(self._table.key, self._confirm_deletes)})"
            )
        return self._change(f"{_FOUND} {DELETED} AS ({told}) UNION ALL {gone}", values)

    def _not_returned(self, since: str) -> str:
        """SQL: rows of full syncs that were not returned, neither good nor rejected (S4)."""
        return f"""
            SELECT old._sync AS sync, old.{self._key} AS id
            FROM {self._table.name} AS old
            WHERE old._sync IN {FULL_SYNCS} AND NOT EXISTS (
                SELECT 1 FROM (
                    SELECT {self._stage.id_column} AS id, sync FROM {UPSERTS}
                    UNION ALL
                    SELECT id, sync FROM {REJECTS}
                    WHERE (id, sync) NOT IN (SELECT (id, sync) FROM {DELETES})
                ) AS new
                WHERE new.id = old.{self._key} AND {owned_by(self._sync, "new")}
            ) {since}
            """

    def _unconfirmed(self) -> UnconfirmedRows:
        if not self._before or not self._may_be_unconfirmed:
            return UnconfirmedRows()
        ((count, ids, syncs),) = self._connection.execute(
            f"""
            SELECT count(*), list(id ORDER BY id)[:{_SHOWN_IDS}], list(DISTINCT sync)
            FROM (
                SELECT sync, {text_of(f"{ABSENT}.id")} AS id FROM {ABSENT}
                ANTI JOIN {DELETED} AS gone
                ON gone.sync = {ABSENT}.sync AND gone.id IS NOT DISTINCT FROM {ABSENT}.id
            )
            """
        ).fetchall()
        return UnconfirmedRows(
            count=count,
            ids=ids or (),
            syncs=syncs or (),
            reasons=sorted(self._unproven or ()),
        )

    def _change(self, statement: str, values: dict[str, Any]) -> int:
        """Execute what makes a table of rows; returns how many."""
        ((count,),) = self._connection.execute(statement, values).fetchall()
        return count
