"""Which rows of a stage count: of each id the last good one, unless it was deleted afterwards.

Makes the tables `deletes` and `dropped` of a stage and the views `upserts` and `rejects`, from its
tables `rows`, `parts`, `pages` and `deletions`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pack_sync.stage.deleted_where import DeletedWhere, GivenColumns, UnusableDeletions
from pack_sync.stage.relations import REJECTED
from pack_sync.stage.staged_pages import StagePart


@dataclass(frozen=True, kw_only=True)
class RowCounts:
    """How many rows are good, rejected, and good but for values; how many ids came before."""

    good: int
    rejected: int
    bad_values: int
    repeated: int


@dataclass(frozen=True, kw_only=True)
class StageCounts:
    """What the sync returned: rows that count, rejected ones, repeated ids, deletions.

    `bad_values` are rows that count without values that could not be typed; `unusable_deletions`
    are deleted ids that cannot be a value of the id column. `deleted_where` counts the deletions by
    values of properties, but for those that are `unusable_where`.
    """

    upserts: int
    rejected: int
    duplicates: int
    deletes: int
    unusable_deletions: int
    bad_values: int = 0
    deleted_where: int = 0
    unusable_where: UnusableDeletions | None = None


class Deduplication:
    """Works out which rows of a stage count; `key` is its id column, of the type `id_type`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, *, key: str, id_type: str) -> None:
        self._connection = connection
        self._key = key
        self._id_type = id_type
        self._same_row = f"rows.{key} = deletes.id AND rows.sync = deletes.sync"

    def run(
        self,
        parts: Sequence[StagePart],
        counts: RowCounts,
        *,
        any_deletions: bool,
        where: DeletedWhere,
        shared: bool,
    ) -> StageCounts:
        """Work it out; `shared` says that the pages are of several syncs or tries.

        `counts` are of all rows that were returned.
        """
        self._connection.execute(
            f"""
            CREATE TABLE dropped (stage_row BIGINT);
            CREATE TABLE deletes (sync VARCHAR, id {self._id_type}, rows_before BIGINT)
            """
        )
        if shared:
            self._share_out_rows()
        if shared or not parts:
            counts = self._count_rows(parts)
        upserts, rejected = counts.good, counts.rejected
        dropped = duplicates = self._drop_duplicates() if counts.repeated else 0
        given = where.given_columns()
        if given:
            rejects_dropped, ids = self._apply_where(given, repeated=counts.repeated > 0)
            dropped += rejects_dropped
            any_deletions = any_deletions or ids > 0
        deletes, unusable = self._type_deletions() if any_deletions else (0, 0)
        if deletes and self._count(f"rows JOIN deletes ON {self._same_row}"):
            dropped += self._apply_deletions()
            deletes = self._count("deletes")
        self._create_views(any_dropped=dropped > 0, any_bad_values=counts.bad_values > 0)
        if dropped:
            upserts, rejected = self._count("upserts"), self._count("rejects")
        if rejected and any(part.complete for part in parts):
            self._connection.execute(
                f"""
                UPDATE parts SET unproven = '{REJECTED}'
                WHERE unproven IS NULL AND sync IN (SELECT sync FROM rejects WHERE id IS NULL)
                """
            )
        return StageCounts(
            upserts=upserts,
            rejected=rejected,
            duplicates=duplicates,
            deletes=deletes,
            unusable_deletions=unusable,
            bad_values=self._count("bad_values") if counts.bad_values else 0,
            deleted_where=self._count("deleted_where") if given else 0,
            unusable_where=where.unusable,
        )

    def _share_out_rows(self) -> None:
        """Give each row its sync, by the page it came with; rows of failed tries have none.

        They are not deleted: what follows knows rows by their rowid, and a checkpoint of
        DuckDB numbers the rows of a table anew after a large delete.
        """
        self._connection.execute(
            """
            UPDATE rows SET sync = owner.sync
            FROM (
                SELECT rows.rowid AS row, parts.sync
                FROM rows
                ASOF JOIN pages ON rows.rowid >= pages.first_row  -- the last page that begins there
                LEFT JOIN parts ON parts.part = pages.part
            ) AS owner
            WHERE owner.row = rows.rowid
            """
        )

    def _count_rows(self, parts: Sequence[StagePart]) -> RowCounts:
        """Count those of the rows that are of one of the syncs."""
        several = len({part.sync for part in parts}) > 1
        key = f"(sync, {self._key})" if several else self._key
        ((good, rejected, bad_values, repeated),) = self._connection.execute(
            f"""
            SELECT
                count(*) FILTER (problem IS NULL),
                count(problem),
                count(nulled),
                count({self._key}) - count(DISTINCT {key}) FILTER ({self._key} IS NOT NULL)
            FROM rows WHERE sync IS NOT NULL
            """
        ).fetchall()
        return RowCounts(good=good, rejected=rejected, bad_values=bad_values, repeated=repeated)

    def _drop_duplicates(self) -> int:
        """Mark the rows that a later good one with their id replaces (S5); returns how many.

        Rejected rows too: what came good later in the same sync needs no mending (S4).
        """
        return self._change(
            f"""
            INSERT INTO dropped
            WITH repeated AS (
                SELECT sync, {self._key} AS id, max(rowid) FILTER (problem IS NULL) AS last_good
                FROM rows WHERE {self._key} IS NOT NULL AND sync IS NOT NULL
                GROUP BY ALL HAVING count(*) > 1
            )
            SELECT rows.rowid
            FROM rows JOIN repeated
            ON rows.{self._key} = repeated.id AND rows.sync = repeated.sync
                AND rows.rowid < repeated.last_good
            """
        )

    def _apply_where(self, given: Sequence[GivenColumns], *, repeated: bool) -> tuple[int, int]:
        """Find the rows that values of properties delete: ids of good ones, and rejected ones.

        Returns how many rejected rows are dropped, and how many ids are added to `deletions`. A row
        of which a newer good version had come before the deletion is judged by that one.
        """
        last = ""
        if repeated:
            last = f"""AND NOT EXISTS (
                SELECT 1 FROM rows AS newer
                WHERE newer.problem IS NULL AND newer.sync = rows.sync
                    AND newer.{self._key} = rows.{self._key}
                    AND newer.rowid > rows.rowid AND newer.rowid < told.rows_before
            )"""
        ids = rejects = 0
        for columns in given:
            values = {number: f"rows.c{number}" for number in columns.types}
            told = f"""
                FROM rows JOIN deleted_where AS told
                ON told.sync = rows.sync AND rows.rowid < told.rows_before
                    AND {columns.same("told", values)}
                """
            ids += self._change(
                f"""
                INSERT INTO deletions
                SELECT told.rows_before, NULL, told.sync, rows.{self._key} {told}
                WHERE rows.problem IS NULL {last}
                """
            )
            rejects += self._change(
                f"""
                INSERT INTO dropped
                SELECT DISTINCT rows.rowid {told}
                WHERE rows.problem IS NOT NULL
                    AND rows.rowid NOT IN (SELECT stage_row FROM dropped)
                """
            )
        return rejects, ids

    def _type_deletions(self) -> tuple[int, int]:
        """Keep each deleted id once, if it can be one; returns how many are kept, and cannot."""
        usable = self._change(
            """
            INSERT INTO deletes
            SELECT sync, typed, max(rows_before) FROM deletions
            WHERE typed IS NOT NULL GROUP BY ALL
            """
        )
        return usable, self._count("deletions WHERE typed IS NULL")

    def _apply_deletions(self) -> int:
        """Drop the rows that a later deletion removes, and deletions that a later row undoes."""
        dropped = self._change(
            f"""
            INSERT INTO dropped
            SELECT rows.rowid
            FROM rows JOIN deletes ON {self._same_row} AND rows.rowid < deletes.rows_before
            WHERE rows.rowid NOT IN (SELECT stage_row FROM dropped)
            """
        )
        self._change(
            f"""
            DELETE FROM deletes USING rows
            WHERE {self._same_row} AND rows.rowid >= deletes.rows_before AND rows.problem IS NULL
            """
        )
        return dropped

    def _create_views(self, *, any_dropped: bool, any_bad_values: bool) -> None:
        """What counts of the rows; each use is planned anew, so nothing is looked up in vain."""
        kept = "sync IS NOT NULL"
        if any_dropped:
            kept += " AND rows.rowid NOT IN (SELECT stage_row FROM dropped)"
        self._connection.execute(
            f"""
            CREATE VIEW upserts AS
            SELECT *, rowid AS stage_row FROM rows WHERE problem IS NULL AND {kept};

            CREATE VIEW rejects AS
            SELECT page, sync, {self._key} AS id, problem, line, rows.rowid AS stage_row
            FROM rows ASOF JOIN pages ON rows.rowid >= pages.first_row
            WHERE problem IS NOT NULL AND {kept}
            """
        )
        if any_bad_values:
            self._connection.execute(
                f"""
                CREATE VIEW bad_values AS
                SELECT page, sync, {self._key} AS id, nulled AS problem, line, stage_row
                FROM upserts ASOF JOIN pages ON stage_row >= pages.first_row
                WHERE nulled IS NOT NULL
                """
            )

    def _change(self, statement: str) -> int:
        """Execute what writes rows; returns how many."""
        ((count,),) = self._connection.execute(statement).fetchall()
        return count

    def _count(self, what: str) -> int:
        row = self._connection.execute(f"SELECT count(*) FROM {what}").fetchone()
        return row[0] if row else 0
