"""The rows of a parent table that a crawled table takes its parameters from."""

from collections.abc import Sequence
from typing import Any

import duckdb
import orjson

from pack_sync.commit.target_table import TargetTable
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.identifiers import quote_identifier


class ParentRowsError(Exception):
    """The parent table has not what its children need; the message says what and why."""


def read_parent_rows(
    connection: duckdb.DuckDBPyConnection, parent: SyncKey, columns: Sequence[str], sync: str | None
) -> list[list[Any]]:
    """The distinct values of these columns of a parent table, as JSON values, in order.

    `sync` limits the rows to those of one of the parent's syncs; rows without one of the values
    are left out. Raises `ParentRowsError` when the parent has never been synced or lacks a column.
    """
    table = TargetTable(connection, parent)
    there = {name.casefold() for name in table.existing_columns()}
    if not there:
        raise ParentRowsError(
            f"its parent table {parent.table} has never been synced; sync it first, or both "
            "together"
        )
    missing = [name for name in columns if name.casefold() not in there]
    if missing:  # a parent whose schema is asked for may have lost it (contract C23)
        raise ParentRowsError(f"its parent table {parent.table} has no column {missing[0]!r}")
    quoted = [quote_identifier(name) for name in columns]
    rows = connection.execute(
        f"""
        -- as JSON, so that a pack gets the same value as it gave: a date is a text again
        SELECT DISTINCT {", ".join(f"to_json({column})" for column in quoted)}
        FROM {table.name}
        WHERE {" AND ".join(f"{column} IS NOT NULL" for column in quoted)}
            AND (? IS NULL OR split_part(_sync, '/', 1) = ?)
        ORDER BY ALL
        """,
        [sync, sync],
    ).fetchall()
    return [[orjson.loads(value) for value in row] for row in rows]
