"""The target table of a sync: fitting its columns, counting rows, removing rows of former syncs.

Runs inside the caller's transaction. A row's key is (`_sync`, id) (contract D2). There is no
primary key and no index: the stage has unique ids, so the result has, and a DuckDB index would
make large merges many times slower. `pack_sync.commit.row_changes` changes rows.
"""

import re
from collections.abc import Mapping, Sequence

import duckdb

from pack_sync.ledger.ledger_tables import BAD_VALUES, CURSORS, REJECTED_ROWS
from pack_sync.ledger.position_lines import remove_lines
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.stage.column_types import Column
from pack_sync.stage.relations import UPSERTS
from pack_sync.stage.stage_file import StagedRows
from pack_sync.warehouse.ducklake import is_lake
from pack_sync.warehouse.identifiers import quote_identifier, quote_literal
from pack_sync.warehouse.openings import database_in_use

HIDDEN_COLUMNS = (
    Column(name="_sync", sql_type="VARCHAR", description="Which sync of the table owns the row."),
    Column(
        name="_changed_at",
        sql_type="TIMESTAMP WITH TIME ZONE",
        description="When the row was last inserted or changed here, in UTC.",
    ),
    Column(name="_run_id", sql_type="VARCHAR", description="The sync that did it (_sync.runs)."),
)


class TargetTable:
    """The table that syncs write to, in the open transaction."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, key: SyncKey) -> None:
        self._connection = connection
        self.key = key
        self._types: Mapping[str, str] = {}
        # With the database's name before it: a file `acme.duckdb` may hold a schema `acme`.
        self._schema_name = (
            f"{quote_identifier(database_in_use(connection)[0])}.{quote_identifier(key.pack)}"
        )
        self.name = f"{self._schema_name}.{quote_identifier(key.table)}"

    def existing_columns(self) -> dict[str, str]:
        """The table's columns with their types, empty if there is no table."""
        rows = self._connection.execute(
            """
            SELECT column_name, data_type FROM duckdb_columns()
            WHERE database_name = current_database()
                AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?)
            ORDER BY column_index
            """,
            [self.key.pack, self.key.table],
        ).fetchall()
        return dict(rows)

    def column_type(self, name: str) -> str:
        """The type of one of its columns."""
        if name in self._types:
            return self._types[name]
        column = f"SELECT {quote_identifier(name)} FROM {self.name}"
        return self._text(f"SELECT column_type FROM (DESCRIBE {column})")

    def row_count(self, sync: str | None = None, *, with_children: bool = False) -> int:
        """How many rows the table has: of one sync, perhaps with its crawled ones, or of all."""
        if sync is None:
            return self._number(f"SELECT count(*) FROM {self.name}")
        owned = f"_sync = {quote_literal(sync)}"
        if with_children:
            owned = f"starts_with(_sync, {quote_literal(sync + '/')})"
        return self._number(f"SELECT count(*) FROM {self.name} WHERE {owned}")

    def fit_columns(self, columns: Sequence[Column]) -> list[str]:
        """Give the table exactly these columns; returns what was changed, in words.

        Must come before any change of rows: DuckDB cannot commit an ALTER that follows
        writes to the same table. A column whose type changed keeps the values that can be
        cast; the full sync that a new schema forces then fills it. Numbers are not rounded for
        it: where the type would, the column gets one of its wider types instead.
        """
        wanted = {column.name: column.sql_type for column in (*columns, *HIDDEN_COLUMNS)}
        if any("INTERVAL" in sql_type for sql_type in wanted.values()) and is_lake(
            self._connection
        ):
            # Parquet's has milliseconds, no negative ones, and overflows after 49 days.
            wanted = {name: _DURATION.sub("VARCHAR", kept) for name, kept in wanted.items()}
        definitions = (f"{quote_identifier(n)} {t}" for n, t in wanted.items())
        self._connection.execute(
            f"""
            CREATE SCHEMA IF NOT EXISTS {self._schema_name};
            CREATE TABLE IF NOT EXISTS {self.name} ({", ".join(definitions)})
            """
        )
        described = self._connection.execute(f"DESCRIBE {self.name}").fetchall()
        existing = {name: sql_type for name, sql_type, *_ in described}
        for column in columns:
            if column.wider and (before := _type_of(existing, column.name)):
                wanted[column.name] = self._fitting_type(column, before)
        changes = self._alter(existing, wanted)
        self._types = {} if changes else existing
        return changes

    def _fitting_type(self, column: Column, before: str) -> str:
        """The type that holds what is in a column and what is to come (see `Column.wider`)."""
        if before in map(self._spelled, column.wider):
            return before
        text = before == "VARCHAR"
        if before == self._spelled(column.sql_type):
            return column.sql_type
        if not text and not any(t in before for t in _NUMERIC):
            return column.sql_type
        if not _can_cast(before, column.sql_type):
            return column.sql_type
        value = quote_identifier(column.name)
        # A number is its own measure; a text may be one that is no number and is lost anyway.
        measure = column.wider[-1] if text else before
        exact = f"TRY_CAST({value} AS {measure})"
        for sql_type in (column.sql_type, *column.wider[:-1]):
            back = f"TRY_CAST(TRY_CAST({value} AS {sql_type}) AS {measure})"
            if not self._number(
                f"SELECT count(*) FROM {self.name} WHERE {back} IS DISTINCT FROM {exact}"
            ):
                return sql_type
        return column.wider[-1]

    def _alter(self, existing: dict[str, str], wanted: dict[str, str]) -> list[str]:
        changes: list[str] = []
        present = {name.casefold(): name for name in existing}
        kept = {name.casefold() for name in wanted}
        for name, sql_type in wanted.items():
            quoted = quote_identifier(name)
            before = present.get(name.casefold())
            if before is None:
                self._alter_table(f"ADD COLUMN {quoted} {sql_type}")
                changes.append(f"added {name} {sql_type}")
                continue
            if before != name:
                self._alter_table(f"RENAME COLUMN {quote_identifier(before)} TO {quoted}")
                changes.append(f"renamed {before} to {name}")
            if existing[before] != sql_type and existing[before] != self._spelled(sql_type):
                self._retype(quoted, existing[before], sql_type)
                changes.append(f"changed {name} from {existing[before]} to {sql_type}")
        for name in existing:
            if name.casefold() not in kept:
                self._alter_table(f"DROP COLUMN {quote_identifier(name)}")
                changes.append(f"dropped {name}")
        return changes

    def _spelled(self, sql_type: str) -> str:
        """The type as DuckDB's catalogue spells it: it quotes fields only where it must."""
        if sql_type not in _SPELLED:
            _SPELLED[sql_type] = self._text(f"SELECT typeof(CAST(NULL AS {sql_type}))")
        return _SPELLED[sql_type]

    def _retype(self, quoted: str, before: str, sql_type: str) -> None:
        if is_lake(self._connection):
            self._rebuild(quoted, before, sql_type)
        elif _can_cast(before, sql_type):
            self._alter_table(
                f"ALTER COLUMN {quoted} SET DATA TYPE {sql_type} "
                f"USING TRY_CAST({quoted} AS {sql_type})"
            )
        else:
            self._alter_table(f"DROP COLUMN {quoted}")
            self._alter_table(f"ADD COLUMN {quoted} {sql_type}")

    def _rebuild(self, quoted: str, before: str, sql_type: str) -> None:
        """Retype a column of a lake's table, where types can only be widened: by a new table."""
        cast = f"TRY_CAST({quoted} AS {sql_type})" if _can_cast(before, sql_type) else "NULL"
        new = quote_identifier(f"{self.key.table} (new)")
        self._connection.execute(
            f"""
            CREATE TABLE {self._schema_name}.{new} AS
            SELECT * REPLACE (CAST({cast} AS {sql_type}) AS {quoted}) FROM {self.name};
            DROP TABLE {self.name};
            ALTER TABLE {self._schema_name}.{new} RENAME TO {quote_identifier(self.key.table)}
            """
        )

    def _alter_table(self, action: str) -> None:
        self._connection.execute(f"ALTER TABLE {self.name} {action}")

    def remove_syncs(self, keep: Sequence[str]) -> int:
        """Remove the rows, rejects and cursors of all syncs but these; returns the rows' count.

        They are syncs that are no longer configured, or crawled from parents that are gone
        (contract C18, D7).
        """
        pack, table = quote_literal(self.key.pack), quote_literal(self.key.table)
        of_table = f"pack = {pack} AND table_name = {table} AND sync"
        gone = "NOT IN (SELECT unnest($keep::VARCHAR[]))"
        relations = [
            f"{self.name} WHERE _sync {gone}",
            f"{REJECTED_ROWS} WHERE {of_table} {gone}",
            f"{BAD_VALUES} WHERE {of_table} {gone}",
            f"{CURSORS} WHERE {of_table} {gone}",
        ]
        # Nearly always there is nothing to remove: one statement finds that out, not three.
        counts = ", ".join(f"(SELECT count(*) FROM {relation})" for relation in relations)
        keeping = {"keep": list(keep)}
        (found,) = self._connection.execute(f"SELECT {counts}", keeping).fetchall()
        *counted, positions = found
        for relation, count in zip(relations, counted, strict=False):
            if count:
                self._connection.execute(f"DELETE FROM {relation}", keeping)
        if positions:
            remove_lines(self._connection, self.key, f"sync {gone}", keeping)
        removed: int = found[0]
        return removed

    def repeated_ids(self, id_name: str, *, staged: StagedRows | None = None) -> int:
        """How many ids a sync's rows have more than once; 0, or the engine is at fault.

        Of all rows, or of those that the attached stage brought.
        """
        key = quote_identifier(id_name)
        which = ""
        if staged is not None:
            which = f"WHERE {key} IN (SELECT {staged.id_column} FROM {UPSERTS})"
        return self._number(
            f"""
            SELECT count(*)
            FROM (
                SELECT 1 FROM {self.name} {which}
                GROUP BY {key}, _sync HAVING count(*) > 1
            )
            """
        )

    def _number(self, query: str) -> int:
        row = self._connection.execute(query).fetchone()
        return row[0] if row else 0

    def _text(self, query: str) -> str:
        row = self._connection.execute(query).fetchone()
        return str(row[0]) if row else ""


_DURATION = re.compile(r'\bINTERVAL\b(?!")')  # and not a field of that name
_NUMERIC = ("BIGINT", "DOUBLE", "DECIMAL")


def _type_of(existing: Mapping[str, str], name: str) -> str | None:
    """The type of the column of this name, which may be written in another case."""
    return next((t for n, t in existing.items() if n.casefold() == name.casefold()), None)


_SPELLED: dict[str, str] = {}
"""Types as the catalogue spells them, by how we write them."""


def _can_cast(before: str, after: str) -> bool:
    """Whether there is a cast at all: there is none from INTERVAL to BOOLEAN.

    Asked beforehand and elsewhere, because a cast that there is not can abort the whole
    transaction: that between structs without a common field does.
    """
    with duckdb.connect() as scratch:
        try:
            scratch.execute(f"SELECT TRY_CAST(CAST(NULL AS {before}) AS {after})")
        except duckdb.Error:
            return False
    return True
