"""The lines of `_sync.cursors`, and how they are replaced: in place in a file, appended in a lake.

Of two transactions that change lines of one table in place, a lake refuses the second, even where
they are lines of different syncs; lines that are only added never conflict. So in a lake
`_sync.cursors` is a view: the newest line of each sync in `_sync.positions`. What is newest is told
by a number and not by a time, for the clocks of machines differ. Upkeep removes the older lines.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from pack_sync.ledger.ledger_tables import CURSORS, POSITIONS
from pack_sync.ledger.ledger_versions import create_ledger, ledger_exists
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.ducklake import add_lines, is_lake
from pack_sync.warehouse.warehouse import Warehouse

COLUMNS = (
    "pack", "table_name", "sync", "cursor", "no_cursor_reason", "fingerprint",
    "last_full_at", "last_incremental_at", "execution_id", "updated_at", "full_due_reason",
)  # fmt: skip
"""The columns of `_sync.cursors`."""

_OF_TABLE = "pack = $pack AND table_name = $table"
_NEXT = f"(SELECT coalesce(max(revision), 0) + 1 FROM {POSITIONS} WHERE {_OF_TABLE})"


def put_lines(
    connection: duckdb.DuckDBPyConnection,
    key: SyncKey,
    lines: Mapping[str, str],
    values: Mapping[str, Any],
    *,
    replaced: Sequence[str],
) -> None:
    """Put lines in place of those of the `replaced` syncs.

    `lines` are the columns but pack and table_name, which `key` gives, as expressions in SQL with
    parameters from `values`.
    """
    if replaced and not is_lake(connection):
        remove_lines(connection, key, "sync IN (SELECT unnest($syncs))", {"syncs": replaced})
    selected = {"pack": "$pack", "table_name": "$table", **lines}
    table = CURSORS
    if is_lake(connection):
        table, selected["revision"] = POSITIONS, _NEXT
    add_lines(
        connection,
        f"INSERT INTO {table} ({', '.join(selected)}) SELECT {', '.join(selected.values())}",
        {**values, **_table(key)},
    )


def copy_lines(connection: duckdb.DuckDBPyConnection, key: SyncKey, source: str) -> None:
    """Have a table's lines be those of a relation, and no others."""
    remove_lines(connection, key, "true", {})
    table, columns, more = CURSORS, ", ".join(COLUMNS), ""
    if is_lake(connection):
        table, more = POSITIONS, f", {_NEXT}"
    connection.execute(
        f"INSERT INTO {table} ({columns}{', revision' if more else ''}) "
        f"SELECT {columns}{more} FROM {source}",
        _table(key) if more else [],
    )


def change_lines(
    connection: duckdb.DuckDBPyConnection,
    key: SyncKey,
    where: str,
    changes: Mapping[str, str],
    values: Mapping[str, Any],
) -> None:
    """Set columns, to expressions in SQL, in those lines of a table that meet a condition."""
    if is_lake(connection):
        _append(connection, key, where, changes, values)
        return
    settings = ", ".join(f"{column} = {expression}" for column, expression in changes.items())
    connection.execute(
        f"UPDATE {CURSORS} SET {settings} WHERE {_OF_TABLE} AND {where}", {**values, **_table(key)}
    )


def remove_lines(
    connection: duckdb.DuckDBPyConnection, key: SyncKey, where: str, values: Mapping[str, Any]
) -> None:
    """Remove those lines of a table that meet a condition."""
    if is_lake(connection):
        _append(connection, key, where, {}, values, removed=True)
        return
    connection.execute(
        f"DELETE FROM {CURSORS} WHERE {_OF_TABLE} AND {where}", {**values, **_table(key)}
    )


def remove_older_lines(warehouse: Warehouse) -> None:
    """Remove the lines of a lake that newer ones have replaced. Raises `StorageError`."""
    with warehouse.write() as connection:
        if not ledger_exists(connection):
            return
        create_ledger(connection)
        connection.execute(
            f"""
            DELETE FROM {POSITIONS} WHERE (pack, table_name, sync, revision) NOT IN (
                SELECT (pack, table_name, sync, max(revision)) FROM {POSITIONS}
                GROUP BY pack, table_name, sync
            )
            """
        )


def _append(
    connection: duckdb.DuckDBPyConnection,
    key: SyncKey,
    where: str,
    changes: Mapping[str, str],
    values: Mapping[str, Any],
    *,
    removed: bool = False,
) -> None:
    """Add a newer line for each of those that meet the condition."""
    columns = ", ".join(changes.get(column, column) for column in COLUMNS)
    add_lines(
        connection,
        f"""
        INSERT INTO {POSITIONS} ({", ".join(COLUMNS)}, revision, removed)
        SELECT {columns}, {_NEXT}, {removed} FROM {CURSORS} WHERE {_OF_TABLE} AND {where}
        """,
        {**values, **_table(key)},
    )


def _table(key: SyncKey) -> dict[str, str]:
    return {"pack": key.pack, "table": key.table}
