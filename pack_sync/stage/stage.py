"""The stage: a scratch DuckDB database where a sync's rows are typed before they are applied.

Typing the rows is the larger part of the work, and a DuckDB file that one process writes
is shut to all others. Doing that part elsewhere keeps the warehouse free until the moment of the
transaction. The stage is made from the spool and can always be made again.

What the commit reads of it is described in `relations`. Beside that it has the tables `rows` (one
for each returned row, in order of arrival: `c0`, `c1`, …, `sync`, `problem`, `line`), `pages`,
`deletions` (ids as the pack gave them, and typed, with the count of rows that arrived before) and
`dropped` (rows that a later row or deletion of the same sync replaced).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pack_sdk.schemas import Schema
from pack_sync.spool.spool import Spool
from pack_sync.stage.absent_properties import absent_properties
from pack_sync.stage.column_types import Column
from pack_sync.stage.reject_reasons import ReasonCount, count_reasons
from pack_sync.stage.relations import REJECTED
from pack_sync.stage.row_conversion import RowConversion
from pack_sync.stage.staged_pages import StagedJournal, StagePart
from pack_sync.stage.typed_rows import TypedRows
from pack_sync.warehouse.duckdb_handles import (
    OF_A_STAGE,
    OF_THE_WAREHOUSE,
    STAGE,
    Instance,
    borrow_instance,
    return_instance,
)
from pack_sync.warehouse.storage_errors import explained_failures

_MANY_COLUMNS = 200

_WITHOUT_LOG = "(RECOVERY_MODE no_wal_writes)"
"""What a crash leaves of a stage is of no use anyway."""


@dataclass(frozen=True, kw_only=True)
class StageCounts:
    """What the sync returned: rows that count, rejected ones, repeated ids, deletions.

    `unusable_deletions` are deleted ids that cannot be a value of the id column.
    """

    upserts: int
    rejected: int
    duplicates: int
    deletes: int
    unusable_deletions: int


class Stage:
    """Types what a spool holds. Use as a context manager; `path` is the file to attach.

    `memory_limit` is DuckDB's setting, such as that of the warehouse which the rows are for. A
    stage `in_memory` is for few rows: it becomes a file only if it is closed before its end.
    """

    def __init__(
        self,
        path: Path,
        schema: Schema,
        *,
        memory_limit: str | None = None,
        in_memory: bool = False,
    ) -> None:
        self.path = path
        self._in_memory = in_memory
        self._schema = schema
        self._conversion = RowConversion(schema)
        with explained_failures(path):
            path.unlink(missing_ok=True)
            self._instance: Instance | None = borrow_instance(
                temp_directory=f"{path}.tmp",
                memory_limit=memory_limit,
                **(OF_THE_WAREHOUSE if in_memory else OF_A_STAGE),  # see `lend`
                # It takes time with the square of their number: 25 s for 2,000. For few it pays.
                disabled_optimizers="common_subexpressions"
                if len(self.columns) > _MANY_COLUMNS
                else None,
            )
            self._connection = self._instance.connection
            if in_memory:
                self._instance.attach(":memory:", STAGE)
            else:
                self._instance.attach(path, STAGE, _WITHOUT_LOG)
            self._connection.execute(f"USE {STAGE}")
        self._rows = TypedRows(self._connection, self._conversion, schema)
        self._id_type = self.columns[self.id_index].sql_type
        typed_id = self._conversion.id_from_text("id")
        self._journal = StagedJournal(self._connection, id_type=self._id_type, typed_id=typed_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if error is not None and self._instance is not None:
            self._instance.close()  # nobody wants the rows; a file's checkpoint may fail as well
        self._end(keep=not self._in_memory)

    @property
    def columns(self) -> Sequence[Column]:
        """The columns of the synced table; number n is `c{n}` in the stage."""
        return self._conversion.columns

    @property
    def id_column(self) -> str:
        """The stage's name of the id column."""
        return f"c{self._conversion.id_index}"

    @property
    def id_name(self) -> str:
        """The synced table's name of the id column."""
        return self.columns[self._conversion.id_index].name

    def load(self, spool: Spool, parts: Sequence[StagePart]) -> StageCounts:
        """Type all rows of these parts of the spool and work out which of them count.

        Rows are rejected by S4; of rows with the same id the last good one counts (S5); a
        deleted id removes the rows that arrived before it, deletions of a page coming before
        its rows (D1). A rejected row that a later one or a deletion replaced is dropped like
        any other. Raises `StorageError` when the disk is full, and `duckdb.Error` when a row is
        longer than `MAX_ROW_BYTES`.
        """
        with explained_failures(self.path):
            return self._load(spool, parts)

    def load_early(self, spool: Spool, sync: str) -> None:
        """Type the spool's whole files, before all its pages are there; `load` does the rest.

        May be called in another thread, if one at a time. Raises as `load` does.
        """
        with explained_failures(self.path):
            self._rows.load_early(spool, sync)

    def interrupt(self) -> None:
        """Stop what another thread is loading; it raises."""
        self._connection.interrupt()

    def _load(self, spool: Spool, parts: Sequence[StagePart]) -> StageCounts:
        self._rows.load(spool, parts[0].sync if parts else None)
        deletions = self._journal.load(spool, parts)
        self._connection.execute(
            "CREATE TABLE dropped (stage_row BIGINT); CREATE TABLE deletes "
            f"(sync VARCHAR, id {self._id_type}, rows_before BIGINT)"
        )
        if spool.part_count > 1:
            self._share_out_rows()
        upserts, rejected, repeated = self._count_rows(parts)
        dropped = duplicates = self._drop_duplicates() if repeated else 0
        deletes = unusable = 0
        if deletions:
            deletes, unusable = self._type_deletions()
        if deletes and self._count(f"rows JOIN deletes ON {self._same_row}"):
            dropped += self._apply_deletions()
            deletes = self._count("deletes")
        self._create_views(any_dropped=dropped > 0)
        if dropped:
            upserts, rejected = self._count("upserts"), self._count("rejects")
        if rejected and any(part.complete for part in parts):
            self._connection.execute(
                f"UPDATE parts SET unproven = '{REJECTED}' WHERE unproven IS NULL "
                "AND sync IN (SELECT sync FROM rejects WHERE id IS NULL)"
            )
        return StageCounts(
            upserts=upserts,
            rejected=rejected,
            duplicates=duplicates,
            deletes=deletes,
            unusable_deletions=unusable,
        )

    def _count_rows(self, parts: Sequence[StagePart]) -> tuple[int, int, int]:
        """How many rows are good, how many rejected, and how many ids came before."""
        several = len({part.sync for part in parts}) > 1
        key = f"(sync, {self.id_column})" if several else self.id_column
        ((good, rejected, repeated),) = self._connection.execute(
            "SELECT count(*) FILTER (problem IS NULL), count(problem), "
            f"count({self.id_column}) - count(DISTINCT {key}) FILTER ({self.id_column} IS NOT NULL)"
            " FROM rows WHERE sync IS NOT NULL"
        ).fetchall()
        return good, rejected, repeated

    def _create_views(self, *, any_dropped: bool) -> None:
        """What counts of the rows; each use is planned anew, so nothing is looked up in vain."""
        kept = "sync IS NOT NULL"
        if any_dropped:
            kept += " AND rows.rowid NOT IN (SELECT stage_row FROM dropped)"
        self._connection.execute(
            "CREATE VIEW upserts AS SELECT *, rowid AS stage_row FROM rows "
            f"WHERE problem IS NULL AND {kept}; "
            f"CREATE VIEW rejects AS SELECT page, sync, {self.id_column} AS id, problem, line, "
            "rows.rowid AS stage_row FROM rows ASOF JOIN pages ON rows.rowid >= pages.first_row "
            f"WHERE problem IS NOT NULL AND {kept}"
        )

    def absent_properties(self, spool: Spool) -> list[str]:
        """Sentences about properties whose fields no row has."""
        counts = ", ".join(f"count(c{i})" for i in range(len(self.columns)))
        (found,) = self._connection.execute(f"SELECT {counts} FROM rows").fetchall()
        properties = list(self._schema.properties)
        empty = [name for name, count in zip(properties, found, strict=False) if not count]
        return absent_properties(self._schema, empty, spool)

    def reject_reasons(self) -> list[ReasonCount]:
        """Why rows were rejected, the most frequent reasons first."""
        rejected = "(SELECT problem AS reason, CAST(id AS VARCHAR) AS row_id FROM rejects)"
        return count_reasons(self._connection, rejected)

    def sample(self, limit: int) -> tuple[list[Any], list[Any]]:
        """Some of the rows that count, and of the rejected ones page, reason and line."""
        columns = ", ".join(f"c{i}" for i in range(len(self.columns)))
        rows = self._connection.execute(f"SELECT {columns} FROM upserts LIMIT {limit}").fetchall()
        rejects = self._connection.execute(
            f"SELECT page, problem, line FROM rejects LIMIT {limit}"
        ).fetchall()
        return rows, rejects

    def lend(self) -> Instance | None:
        """The instance that has the stage in memory; if none has, the stage is closed."""
        if self._in_memory and self._instance is not None:
            return self._instance
        self.close()
        return None

    def close(self) -> None:
        """Close the file, so that the warehouse can attach it.

        Raises `StorageError` when what is not written yet cannot be.
        """
        self._end(keep=True)

    def _end(self, *, keep: bool) -> None:
        """Give the instance back, unless it is closed; `keep` what is in memory as a file."""
        instance, self._instance = self._instance, None
        if instance is None or instance.closed:
            return
        try:
            with explained_failures(self.path):
                if keep and self._in_memory:
                    instance.attach(self.path, "kept", _WITHOUT_LOG)
                    instance.connection.execute(f"COPY FROM DATABASE {STAGE} TO kept")
                    instance.detach("kept")
                instance.detach(STAGE)
        except BaseException:
            instance.close()
            raise
        return_instance(instance)

    @property
    def id_index(self) -> int:
        """The number of the id column."""
        return self._conversion.id_index

    def _share_out_rows(self) -> None:
        """Give each row its sync, by the page it came with; rows of failed tries have none.

        They are not deleted: what follows knows rows by their rowid, and a checkpoint of
        DuckDB numbers the rows of a table anew after a large delete.
        """
        self._connection.execute(
            "UPDATE rows SET sync = owner.sync FROM (SELECT rows.rowid AS row, parts.sync "
            "FROM rows ASOF JOIN pages ON rows.rowid >= pages.first_row "
            "LEFT JOIN parts ON parts.part = pages.part) AS owner WHERE owner.row = rows.rowid"
        )

    def _drop_duplicates(self) -> int:
        """Mark the rows that a later good one with their id replaces (S5); returns how many.

        Rejected rows too: what came good later in the same sync needs no mending (S4).
        """
        key = self.id_column
        return self._change(
            f"INSERT INTO dropped WITH repeated AS (SELECT sync, {key} AS id, "
            "max(rowid) FILTER (problem IS NULL) AS last_good "
            f"FROM rows WHERE {key} IS NOT NULL AND sync IS NOT NULL "
            "GROUP BY ALL HAVING count(*) > 1) "
            f"SELECT rows.rowid FROM rows JOIN repeated ON rows.{key} = repeated.id "
            "AND rows.sync = repeated.sync AND rows.rowid < repeated.last_good"
        )

    def _type_deletions(self) -> tuple[int, int]:
        """Keep each deleted id once, if it can be one; returns how many are kept, and cannot."""
        usable = self._change(
            "INSERT INTO deletes SELECT sync, typed, max(rows_before) FROM deletions "
            "WHERE typed IS NOT NULL GROUP BY ALL"
        )
        return usable, self._count("deletions WHERE typed IS NULL")

    @property
    def _same_row(self) -> str:
        return f"rows.{self.id_column} = deletes.id AND rows.sync = deletes.sync"

    def _apply_deletions(self) -> int:
        """Drop the rows that a later deletion removes, and deletions that a later row undoes."""
        dropped = self._change(
            f"INSERT INTO dropped SELECT rows.rowid FROM rows JOIN deletes ON {self._same_row} "
            "AND rows.rowid < deletes.rows_before "
            "WHERE rows.rowid NOT IN (SELECT stage_row FROM dropped)"
        )
        self._change(
            f"DELETE FROM deletes USING rows WHERE {self._same_row} "
            "AND rows.rowid >= deletes.rows_before AND rows.problem IS NULL"
        )
        return dropped

    def _change(self, statement: str) -> int:
        """Execute what writes rows; returns how many."""
        ((count,),) = self._connection.execute(statement).fetchall()
        return count

    def _count(self, what: str) -> int:
        row = self._connection.execute(f"SELECT count(*) FROM {what}").fetchone()
        return row[0] if row else 0
