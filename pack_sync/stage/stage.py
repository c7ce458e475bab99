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
from pathlib import Path
from typing import Any, Self

from pack_sdk.schemas import Schema
from pack_sync.spool.spool import Spool
from pack_sync.stage.absent_properties import absent_properties
from pack_sync.stage.column_types import Column
from pack_sync.stage.deduplication import Deduplication, StageCounts
from pack_sync.stage.deleted_where import value_in_row
from pack_sync.stage.reject_reasons import ReasonCount, count_reasons
from pack_sync.stage.relations import REJECT_REASONS
from pack_sync.stage.row_conversion import BadValues
from pack_sync.stage.stage_file import has_bad_values
from pack_sync.stage.staged_pages import StagedJournal, StagePart
from pack_sync.stage.typed_rows import TypedRows
from pack_sync.warehouse.duckdb_handles import (
    FOR_FEW_ROWS,
    OF_A_STAGE,
    OF_THE_WAREHOUSE,
    STAGE,
    Instance,
    borrow_instance,
    return_instance,
)
from pack_sync.warehouse.storage_errors import explained_failures

_MANY_COLUMNS = 200

_WITHOUT_LOG = "RECOVERY_MODE no_wal_writes"
"""What a crash leaves of a stage is of no use anyway."""


class Stage:
    """Types what a spool holds. Use as a context manager; `path` is the file to attach.

    `memory_limit` is DuckDB's setting, such as that of the warehouse which the rows are for. A
    stage `in_memory` is for a small sync: it becomes a file only if it is closed before its end.
    `few_rows` are typed by one thread.
    """

    def __init__(
        self,
        path: Path,
        schema: Schema,
        *,
        memory_limit: str | None = None,
        in_memory: bool = False,
        few_rows: bool = False,
        bad_values: BadValues = "reject",
    ) -> None:
        self.path = path
        self._in_memory = in_memory
        self._schema = schema
        settings = dict(OF_THE_WAREHOUSE if in_memory else OF_A_STAGE)  # see `lend`
        if few_rows:
            settings |= FOR_FEW_ROWS
        elif len(schema.properties) > _MANY_COLUMNS:
            # It takes time with the square of their number: 25 s for 2,000. For less it pays.
            settings["disabled_optimizers"] = "common_subexpressions"
        with explained_failures(path):
            path.unlink(missing_ok=True)
            self._instance: Instance | None = borrow_instance(
                temp_directory=f"{path}.tmp",
                memory_limit=memory_limit,
                **settings,
            )
            self._connection = self._instance.connection
            if in_memory:
                self._instance.attach(":memory:", STAGE)
            else:
                self._instance.attach(path, STAGE, _WITHOUT_LOG)
            self._connection.execute(f"USE {STAGE}")
        self._rows = TypedRows(self._connection, schema, bad_values=bad_values)
        self._journal = StagedJournal(self._connection, schema)
        self._deduplication = Deduplication(
            self._connection, key=self.id_column, id_type=self._journal.id_type
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if error is not None and self._instance is not None:
            self._instance.close()  # nobody wants the rows; a file's checkpoint may fail as well
        self._end(keep=not self._in_memory)

    @property
    def columns(self) -> Sequence[Column]:
        """The columns of the synced table; number n is `c{n}` in the stage."""
        return self._rows.columns

    @property
    def id_column(self) -> str:
        """The stage's name of the id column."""
        return f"c{self._rows.conversion.id_index}"

    @property
    def id_name(self) -> str:
        """The synced table's name of the id column."""
        return self.columns[self._rows.conversion.id_index].name

    def load(self, spool: Spool, parts: Sequence[StagePart]) -> StageCounts:
        """Type all rows of these parts of the spool and work out which of them count.

        Rows are rejected by S4; of rows with the same id the last good one counts (S5); a
        deleted id removes the rows that arrived before it, deletions of a page coming before
        its rows (D1), and values of properties remove those rows of them that have these values.
        A rejected row that a later one or a deletion replaced is dropped like any other. Raises
        `StorageError` when the disk is full, and `duckdb.Error` when a row is longer than
        `MAX_ROW_BYTES`.
        """
        with explained_failures(self.path):
            self._rows.load(spool, parts[0].sync if parts else None)
            deletions = self._journal.load(spool, parts)
            return self._deduplication.run(
                parts,
                self._rows.counts,
                any_deletions=deletions > 0,
                where=self._journal.where,
                shared=spool.part_count > 1,
            )

    def load_early(self, spool: Spool, sync: str) -> None:
        """Type the spool's whole files, before all its pages are there; `load` does the rest.

        May be called in another thread, if one at a time. Raises as `load` does.
        """
        with explained_failures(self.path):
            self._rows.load_early(spool, sync)

    def interrupt(self) -> None:
        """Stop what another thread is loading; it raises."""
        self._connection.interrupt()

    def absent_properties(self, spool: Spool) -> list[str]:
        """Sentences about properties whose fields no row has."""
        properties = list(self._schema.properties)
        empty = [properties[n] for n in self._rows.empty_columns if n < len(properties)]
        return absent_properties(self._schema, empty, spool)

    def reject_reasons(self) -> list[ReasonCount]:
        """Why rows were rejected, the most frequent reasons first."""
        return count_reasons(self._connection, REJECT_REASONS)

    def sample(self, limit: int, page: int | None = None) -> tuple[list[Any], list[Any], list[Any]]:
        """Some of the rows that count; page, reason and line of some others.

        Of those that are rejected, and of those that count without values that do not fit. All
        are of that `page`, if it is given.
        """
        columns = ", ".join(f"c{i}" for i in range(len(self.columns)))
        of_page = "" if page is None else f"WHERE page = {page}"
        paged = "ASOF JOIN pages ON stage_row >= pages.first_row" if of_page else ""

        def first(what: str) -> list[Any]:
            return self._connection.execute(
                f"SELECT {what} {of_page} ORDER BY stage_row LIMIT {limit}"
            ).fetchall()

        rows = first(f"{columns} FROM upserts {paged}")
        rejects = first("page, problem, line FROM rejects")
        if not has_bad_values(self._connection):
            return rows, rejects, []
        return rows, rejects, first("page, problem, line FROM bad_values")

    def lend(self) -> Instance | None:
        """The instance that has the stage in memory; if none has, the stage is closed."""
        if self._in_memory and self._instance is not None:
            return self._instance
        self.close()
        return None

    def value_in_row(self, number: int, line: str) -> str:
        """SQL for a column's value in the JSON `line` of a row (see `deleted_where`)."""
        return value_in_row(self._schema, number, line)

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
        return self._rows.conversion.id_index
