"""The rows of a table, made anew in another warehouse and compared there.

Runs in the caller's transaction, which has the other warehouse attached.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.identifiers import quote_identifier, quote_literal

_SHARED_HASHES = ("INTERVAL", "DOUBLE", "FLOAT", "TIME WITH TIME ZONE")
"""Types of which different values have one hash: a month and 30 days, 0.0 and -0.0, two zones."""


@dataclass(frozen=True, kw_only=True)
class ColumnForm:
    """A column as the catalogue has it."""

    name: str
    sql_type: str
    comment: str | None

    @property
    def hashed(self) -> str:
        """SQL: what of a value is hashed, so that different values differ."""
        name = quote_identifier(self.name)
        shared = any(each in self.sql_type for each in _SHARED_HASHES)
        return f"{name}, CAST({name} AS VARCHAR)" if shared else name


@dataclass(frozen=True, kw_only=True)
class TableForm:
    """A table as the catalogue has it: names in their case, columns in their order, comments."""

    schema: str
    table: str
    comment: str | None
    columns: Sequence[ColumnForm]

    def within(self, database: str) -> str:
        """The quoted name of the table in an attached database."""
        return ".".join(map(quote_identifier, (database, self.schema, self.table)))


@dataclass(frozen=True, kw_only=True)
class Checked:
    """How many rows there are, and the sum of their hashes, which knows no order."""

    rows: int
    checksum: str


def read_form(
    connection: duckdb.DuckDBPyConnection, database: str, key: SyncKey
) -> TableForm | None:
    """How a synced table is made; None if there is none."""
    found = connection.execute(
        """
        SELECT schema_name, table_name, comment FROM duckdb_tables()
        WHERE database_name = ? AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?)
        """,
        [database, key.pack, key.table],
    ).fetchone()
    if found is None:
        return None
    schema, table, comment = found
    columns = connection.execute(
        """
        SELECT column_name, data_type, comment FROM duckdb_columns()
        WHERE database_name = ? AND schema_name = ? AND table_name = ?
        ORDER BY column_index
        """,
        [database, schema, table],
    ).fetchall()
    return TableForm(
        schema=schema,
        table=table,
        comment=comment,
        columns=[ColumnForm(name=n, sql_type=t, comment=c) for n, t, c in columns],
    )


def copy_rows(
    connection: duckdb.DuckDBPyConnection, form: TableForm, source: str, target: str
) -> None:
    """Make the table anew in the database `target`, with the rows of that in `source`."""
    name, original = form.within(target), form.within(source)
    columns = ", ".join(f"{quote_identifier(c.name)} {c.sql_type}" for c in form.columns)
    comments = [
        f"COMMENT ON COLUMN {name}.{quote_identifier(c.name)} IS {quote_literal(c.comment)}"
        for c in form.columns
        if c.comment is not None
    ]
    if form.comment is not None:
        comments.append(f"COMMENT ON TABLE {name} IS {quote_literal(form.comment)}")
    schema = ".".join(map(quote_identifier, (target, form.schema)))
    connection.execute(
        f"""
        CREATE SCHEMA IF NOT EXISTS {schema};
        DROP TABLE IF EXISTS {name};
        CREATE TABLE {name} ({columns});
        """
    )
    for comment in comments:
        connection.execute(comment)
    names = ", ".join(quote_identifier(column.name) for column in form.columns)
    connection.execute(f"INSERT INTO {name} ({names}) SELECT {names} FROM {original}")


def count_rows(connection: duckdb.DuckDBPyConnection, form: TableForm, database: str) -> int:
    """How many rows the table has."""
    found = connection.execute(f"SELECT count(*) FROM {form.within(database)}").fetchall()
    return int(found[0][0])


def check_rows(connection: duckdb.DuckDBPyConnection, form: TableForm, database: str) -> Checked:
    """Read all values of the table."""
    hashed = ", ".join(column.hashed for column in form.columns)
    ((rows, total),) = connection.execute(
        f"SELECT count(*), coalesce(sum(hash({hashed})), 0) FROM {form.within(database)}"
    ).fetchall()
    return Checked(rows=rows, checksum=f"{total % 2**64:016x}")


def differing_columns(
    connection: duckdb.DuckDBPyConnection, form: TableForm, source: str, target: str
) -> list[str]:
    """The columns whose values are not the same in both databases, with their types."""
    sums = ", ".join(f"sum(hash({column.hashed}))" for column in form.columns)
    before, after = (
        connection.execute(f"SELECT {sums} FROM {form.within(database)}").fetchall()[0]
        for database in (source, target)
    )
    return [
        f"{column.name} ({column.sql_type})"
        for column, a, b in zip(form.columns, before, after, strict=True)
        if a != b
    ]
