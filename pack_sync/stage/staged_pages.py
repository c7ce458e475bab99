"""What the journal of a spool says, as tables of a stage: parts, pages and deletions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import duckdb
import orjson

from pack_sdk.schemas import Schema
from pack_sync.spool.spool import Spool
from pack_sync.stage.column_types import sql_type_of, stored_schema
from pack_sync.stage.deleted_where import DeletedWhere
from pack_sync.stage.relations import RESUMED
from pack_sync.stage.scalar_values import scalar_value

_BATCH = 10_000


@dataclass(frozen=True, kw_only=True)
class StagePart:
    """A sync whose pages are in the spool, under this part number.

    `complete` says that its pages are the complete set: a full sync (contract C10); where it was
    `resumed`, a row that it lacks may still be there (D9). Without `deletes` its deleted ids do not
    count (contract D6). Pages of parts that are not listed do not count: they belong to failed
    attempts.
    """

    sync: str
    complete: bool
    resumed: bool = False
    number: int = 0
    deletes: bool = True


class StagedJournal:
    """Fills the tables `parts`, `pages` and `deletions` of a stage, and `deleted_where` if need be.

    `schema` is that of the rows; `id_type` is the type of ids that are deleted.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, schema: Schema) -> None:
        # With all the room that ids may need: that of a row which is gone is compared as exactly.
        id_name = str(schema.id_property)
        id_schema = stored_schema(schema, {id_name}).properties[id_name]
        self.id_type = sql_type_of(id_schema)
        self.where = DeletedWhere(connection, schema)
        self._connection = connection
        self._typed_id = scalar_value(id_schema, "id", thorough=True)

    def load(self, spool: Spool, parts: Sequence[StagePart]) -> int:
        """Make the tables and fill them; returns how many deleted ids there are."""
        self._connection.execute(
            f"""
            CREATE TABLE parts (part BIGINT, sync VARCHAR, complete BOOLEAN, unproven VARCHAR);
            CREATE TABLE pages (page BIGINT, first_row BIGINT, part BIGINT);
            CREATE TABLE deletions (
                rows_before BIGINT, id VARCHAR, sync VARCHAR, typed {self.id_type}
            )
            """
        )
        self._insert(
            "parts",
            [(p.number, p.sync, p.complete, RESUMED if p.resumed else None) for p in parts],
        )
        syncs = {part.number: part.sync for part in parts if part.deletes}
        count = 0
        pages: list[tuple[Any, ...]] = []
        deletions: list[tuple[Any, ...]] = []
        for page in spool.pages():
            if page.row_count:
                pages.append((page.number, page.first_row, page.part))
            if page.part in syncs:
                sync = syncs[page.part]
                for told in page.deleted_row_ids:
                    if isinstance(told, Mapping):
                        self.where.add(page.first_row, sync, cast("Mapping[str, Any]", told))
                    else:
                        deletions.append((page.first_row, _id_text(told), sync))
                        count += 1
            if len(pages) + len(deletions) > _BATCH:
                self._insert("pages", pages)
                self._insert_deletions(deletions)
        self._insert("pages", pages)
        self._insert_deletions(deletions)
        self.where.finish()
        return count

    def _insert(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        """Insert the rows, as lists of columns rather than one by one, and empty the list."""
        if rows:
            marks = ", ".join("unnest(?)" for _ in rows[0])
            self._connection.execute(f"INSERT INTO {table} SELECT {marks}", _columns(rows))
            rows.clear()

    def _insert_deletions(self, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            self._connection.execute(
                f"""
                INSERT INTO deletions
                SELECT *, {self._typed_id}
                FROM (
                    SELECT
                        unnest(?) AS rows_before, unnest(?::VARCHAR[]) AS id, unnest(?) AS sync
                )
                """,
                _columns(rows),
            )
            rows.clear()


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _id_text(value: object) -> str | None:
    """An id as text: a string as it is, else that of a number's value, or None (contract S6).

    The text is the one that `id_text` of the rows' SQL gives the same number.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int) or value.is_integer():
        return str(int(Decimal(str(value))))
    return orjson.dumps(value).decode()
