"""Rows that were stored without values that do not fit their columns (contract S4, S4a).

`_sync.bad_values` has a line for each such row that the table holds: whole, with the reasons. It
goes when another version of the row is stored, or when the row is deleted.
"""

from datetime import datetime

import duckdb

from pack_sync.ledger.ledger_tables import BAD_VALUES
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.stage import relations
from pack_sync.warehouse.identifiers import quote_identifier


def keep_bad_values(
    connection: duckdb.DuckDBPyConnection,
    key: SyncKey,
    *,
    table: str,
    id_name: str,
    stored: str,
    any_new: bool,
    execution_id: str,
    at: datetime,
) -> None:
    """Bring the lines of a table up to what it holds now, after its rows were changed.

    `stored` is a relation (sync, id) of the rows of the attached stage that were stored, `any_new`
    whether the stage has rows without values. `table` is the table's quoted name, `id_name` its id
    column.
    """
    lines = f"{BAD_VALUES} AS old WHERE pack = ? AND table_name = ?"
    same_row = "sync = old.sync AND id = TRY_CAST(old.row_id AS"
    kept = f"(SELECT _sync AS sync, {quote_identifier(id_name)} AS id FROM {table})"
    (id_type,) = connection.execute(f"SELECT typeof(any_value(id)) FROM {kept}").fetchall()[0]
    for gone in (
        f"EXISTS (SELECT 1 FROM {stored} AS newer WHERE newer.{same_row} {id_type}))",
        f"NOT EXISTS (SELECT 1 FROM {kept} AS there WHERE there.{same_row} {id_type}))",
    ):
        connection.execute(f"DELETE FROM {lines} AND {gone}", [key.pack, key.table])
    if any_new:
        connection.execute(
            f"""
            INSERT INTO {BAD_VALUES}
            SELECT ?, ?, sync, CAST(id AS VARCHAR), problem, line, page, ?, ?
            FROM {relations.BAD_VALUES} AS bad
            WHERE (sync, id) IN (SELECT (sync, id) FROM {stored})
            ORDER BY stage_row
            """,
            [key.pack, key.table, execution_id, at],
        )


def stored_rows(id_column: str) -> str:
    """SQL for the rows that count of the attached stage, as (sync, id); `id_column` is its id."""
    return f"(SELECT sync, {id_column} AS id FROM {relations.UPSERTS})"
