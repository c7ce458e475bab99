"""The stage: a scratch DuckDB file where a sync's rows are typed before they are applied.

Typing the rows is the larger part of the work, and a DuckDB file that one process writes
is shut to all others. Doing that part in a file of its own keeps the warehouse free until
the moment of the transaction. The stage is made from the spool and can always be made again.

Tables of the stage: `rows` (one for each returned row, in order of arrival, columns `c0`,
`c1`, …, `problem`, `line`), `pages`, `deletions` (ids as the pack gave them, with the count
of rows that arrived before), `dropped` (rows that a later row or deletion of the same sync
replaced), `deletes` (typed ids to delete). Views: `upserts`, the rows that count, and
`rejects`, those that were rejected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import orjson

from pack_sdk.schemas import Schema
from resources.columns import Column
from resources.conversion import RowConversion
from resources.identifiers import quote_literal
from resources.spool import Spool

MAX_ROW_BYTES = 256 * 1024 * 1024
"""The longest row, as JSON text, that DuckDB is let to read."""

_BATCH = 10_000


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
    """Types what a spool holds. Use as a context manager; `path` is the file to attach."""

    def __init__(self, path: Path, schema: Schema) -> None:
        self.path = path
        self._conversion = RowConversion(schema)
        path.unlink(missing_ok=True)
        self._connection = duckdb.connect(path)
        self._connection.execute("SET TimeZone = 'UTC'")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

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

    def load(self, spool: Spool) -> StageCounts:
        """Type all rows of the spool and work out which of them count.

        Rows are rejected by S4; of rows with the same id the last counts (S5); a deleted
        id removes the rows that arrived before it, deletions of a page coming before its
        rows (D1). Raises `duckdb.Error` when the disk is full or a row is longer than
        `MAX_ROW_BYTES`.
        """
        self._load_rows(spool)
        self._load_journal(spool)
        duplicates = self._drop_duplicates()
        self._apply_deletions()
        self._connection.execute(
            "CREATE VIEW upserts AS SELECT *, rowid AS stage_row FROM rows "
            "WHERE problem IS NULL AND rowid NOT IN (SELECT stage_row FROM dropped)"
        )
        self._connection.execute(
            f"CREATE VIEW rejects AS SELECT page, {self.id_column} AS id, problem, line FROM rows "
            "ASOF JOIN pages ON rows.rowid >= pages.first_row WHERE problem IS NOT NULL"
        )
        return StageCounts(
            upserts=self._count("upserts"),
            rejected=self._count("rejects"),
            duplicates=duplicates,
            deletes=self._count("deletes"),
            unusable_deletions=self._count(f"deletions WHERE {self._typed_deletion} IS NULL"),
        )

    def close(self) -> None:
        """Close the file, so that the warehouse can attach it."""
        self._connection.close()

    def _load_rows(self, spool: Spool) -> None:
        conversion = self._conversion
        definitions = [f"c{i} {column.sql_type}" for i, column in enumerate(conversion.columns)]
        self._connection.execute(
            f"CREATE TABLE rows ({', '.join(definitions)}, problem VARCHAR, line JSON)"
        )
        if not spool.files:
            return
        files = ", ".join(quote_literal(str(path)) for path in spool.files)
        lines = f"read_ndjson_objects([{files}], maximum_object_size = {MAX_ROW_BYTES})"
        # The order of arrival is the order of rowid: DuckDB keeps it when it inserts.
        values = ", ".join(f"{value} AS c{i}" for i, value in enumerate(conversion.values))
        self._connection.execute(
            "INSERT INTO rows "
            "SELECT * EXCLUDE (json), CASE WHEN problem IS NOT NULL THEN json END "
            f"FROM (SELECT {values}, {conversion.problem} AS problem, json "
            f"FROM {conversion.source(lines)})"
        )
        staged = self._count("rows")
        if staged != spool.row_count:
            raise RuntimeError(
                f"the spool {spool.folder} holds {spool.row_count:,} rows, but {staged:,} were read"
            )

    def _load_journal(self, spool: Spool) -> None:
        self._connection.execute("CREATE TABLE pages (page BIGINT, first_row BIGINT)")
        self._connection.execute("CREATE TABLE deletions (rows_before BIGINT, id VARCHAR)")
        pages: list[tuple[int, int]] = []
        deletions: list[tuple[int, str | None]] = []
        for page in spool.pages():
            if page.row_count:
                pages.append((page.number, page.first_row))
            deletions += [(page.first_row, _id_text(value)) for value in page.deleted_row_ids]
            if len(pages) + len(deletions) > _BATCH:
                self._insert("pages", pages)
                self._insert("deletions", deletions)
        self._insert("pages", pages)
        self._insert("deletions", deletions)

    def _insert(self, table: str, pairs: "list[tuple[Any, Any]]") -> None:
        """Insert the pairs, as two lists rather than row by row, and empty the list."""
        if pairs:
            first, second = (list(column) for column in zip(*pairs, strict=True))
            self._connection.execute(
                f"INSERT INTO {table} SELECT unnest(?), unnest(?)", [first, second]
            )
            pairs.clear()

    def _drop_duplicates(self) -> int:
        """Mark all but the last of rows with the same id (S5); returns how many."""
        key = self.id_column
        self._connection.execute("CREATE TABLE dropped (stage_row BIGINT)")
        self._connection.execute(
            f"INSERT INTO dropped WITH repeated AS (SELECT {key} AS id, max(rowid) AS last "
            f"FROM rows WHERE problem IS NULL GROUP BY ALL HAVING count(*) > 1) "
            f"SELECT rows.rowid FROM rows JOIN repeated ON rows.{key} = repeated.id "
            "AND rows.rowid < repeated.last WHERE rows.problem IS NULL"
        )
        return self._count("dropped")

    @property
    def _typed_deletion(self) -> str:
        return self._conversion.id_from_text("id")

    def _apply_deletions(self) -> None:
        key, typed = self.id_column, self._typed_deletion
        self._connection.execute(
            f"CREATE TABLE deletes AS SELECT {typed} AS id, max(rows_before) AS rows_before "
            f"FROM deletions WHERE {typed} IS NOT NULL GROUP BY ALL"
        )
        self._connection.execute(
            f"INSERT INTO dropped SELECT rows.rowid FROM rows JOIN deletes ON rows.{key} = "
            "deletes.id AND rows.rowid < deletes.rows_before WHERE rows.problem IS NULL "
            "AND rows.rowid NOT IN (SELECT stage_row FROM dropped)"
        )
        self._connection.execute(
            f"DELETE FROM deletes USING rows WHERE rows.{key} = deletes.id "
            "AND rows.rowid >= deletes.rows_before AND rows.problem IS NULL"
        )

    def _count(self, what: str) -> int:
        row = self._connection.execute(f"SELECT count(*) FROM {what}").fetchone()
        return row[0] if row else 0


def _id_text(value: object) -> str | None:
    """An id as text: a string as it is, a number as its JSON text, else None (contract S6)."""
    if isinstance(value, str):
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return orjson.dumps(value).decode() if is_number else None
