"""The rows of a parent table that a crawled table takes its parameters from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pack_sdk.schemas import Schema
from pack_sync.commit.restored_values import as_it_was
from pack_sync.commit.target_table import TargetTable
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.identifiers import quote_identifier


class ParentRowsError(Exception):
    """The parent table has not what its children need; the message says what and why."""


@dataclass(frozen=True, slots=True)
class ParentValue:
    """A value of a parent's row: as the row had it, and as the database writes it in JSON."""

    value: Any
    stored: str


def read_parent_rows(
    connection: duckdb.DuckDBPyConnection,
    parent: SyncKey,
    columns: Sequence[tuple[str, Schema | None]],
    sync: str | None,
) -> list[list[ParentValue]]:
    """The distinct values of these columns of a parent table, in order.

    Each column comes with what is known of its property. `sync` limits the rows to those of one
    of the parent's syncs; rows without one of the values are left out. Raises `ParentRowsError`
    when the parent has never been synced or lacks a column.
    """
    table = TargetTable(connection, parent)
    there = {name.casefold() for name in table.existing_columns()}
    if not there:
        raise ParentRowsError(
            f"its parent table {parent.table} has never been synced; sync it first, or both "
            "together"
        )
    missing = [name for name, _ in columns if name.casefold() not in there]
    if missing:  # a parent whose schema is asked for may have lost it (contract C23)
        raise ParentRowsError(f"its parent table {parent.table} has no column {missing[0]!r}")
    quoted = [quote_identifier(name) for name, _ in columns]
    kinds = connection.sql(f"SELECT {', '.join(quoted)} FROM {table.name} LIMIT 0").types
    rows = connection.execute(
        f"""
        SELECT DISTINCT {", ".join(f"to_json({column})" for column in quoted)}
        FROM {table.name}
        WHERE {" AND ".join(f"{column} IS NOT NULL" for column in quoted)}
            AND (? IS NULL OR split_part(_sync, '/', 1) = ?)
        ORDER BY ALL
        """,
        [sync, sync],
    ).fetchall()
    return [
        [
            ParentValue(as_it_was(text, kind, schema), text)
            for text, kind, (_, schema) in zip(row, kinds, columns, strict=True)
        ]
        for row in rows
    ]
