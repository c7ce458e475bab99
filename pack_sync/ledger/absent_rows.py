"""Rows that full syncs did not return but that stay until more full syncs agree.

Kept in `_sync.absent_rows` for tables with `confirm_deletes` above 1 (contract D9): a line for each
such row, with the number of full syncs in a row that did not return it.
"""

from datetime import datetime

import duckdb

from pack_sync.ledger.ledger_tables import ABSENT_ROWS
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.stage.relations import ABSENT, DELETED, PROVEN_SYNCS, UPSERTS
from pack_sync.warehouse.identifiers import quote_literal, text_of


def _of_table(key: SyncKey) -> str:
    return f"pack = {quote_literal(key.pack)} AND table_name = {quote_literal(key.table)}"


def confirmed_absent(key: SyncKey, full_syncs: int) -> str:
    """SQL: a row of `absent` (`sync`, `id`) is now missing from so many full syncs in a row."""
    return f"""(sync, {text_of("id")}) IN (
        SELECT (sync, row_id) FROM {ABSENT_ROWS}
        WHERE {_of_table(key)} AND full_syncs + 1 >= {full_syncs}
    )"""


def remember_absent(
    connection: duckdb.DuckDBPyConnection, key: SyncKey, *, id_column: str, full: bool, at: datetime
) -> None:
    """Count what the attached stage did not return, and forget what it did.

    `full` says that there is a table `absent`: some of the stage's syncs are full ones.
    `id_column` is the stage's.
    """
    connection.execute(
        f"""
        DELETE FROM {ABSENT_ROWS}
        WHERE {_of_table(key)} AND (sync, row_id) IN (
            SELECT (sync, {text_of(id_column)}) FROM {UPSERTS}
        )
        """
    )
    if not full:
        return
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE still_absent AS
        SELECT
            now.sync, now.row_id,
            coalesce(before.full_syncs, 0) + 1 AS full_syncs,
            coalesce(before.absent_since, ?::TIMESTAMPTZ) AS absent_since
        FROM (
            SELECT sync, {text_of("id")} AS row_id FROM {ABSENT}
            WHERE sync IN {PROVEN_SYNCS} AND (sync, id) NOT IN (SELECT (sync, id) FROM {DELETED})
        ) AS now
        LEFT JOIN (FROM {ABSENT_ROWS} WHERE {_of_table(key)}) AS before USING (sync, row_id)
        """,
        [at],
    )
    connection.execute(
        f"DELETE FROM {ABSENT_ROWS} WHERE {_of_table(key)} AND sync IN {PROVEN_SYNCS}"
    )
    connection.execute(
        f"""
        INSERT INTO {ABSENT_ROWS}
        SELECT ?, ?, sync, row_id, full_syncs, absent_since FROM still_absent
        """,
        [key.pack, key.table],
    )
    connection.execute("DROP TABLE still_absent")
