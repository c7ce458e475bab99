"""What the ledger says of a table, as another warehouse takes it over: all but who syncs now."""

from collections.abc import Mapping
from functools import cache

import duckdb

from pack_sync.ledger.ledger_tables import (
    ABSENT_ROWS,
    AUDIT_ROWS,
    BAD_VALUES,
    COPIED_TABLES,
    CURSOR_HISTORY,
    CURSORS,
    DESCRIPTIONS,
    HELD_SYNCS,
    LEASES,
    POSITIONS,
    REJECTED_ROWS,
    RUNS,
)
from pack_sync.ledger.ledger_versions import VERSIONS, create_ledger, ledger_exists
from pack_sync.ledger.position_lines import copy_lines
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.identifiers import quote_identifier, quote_literal

COPIED = (
    CURSORS,
    CURSOR_HISTORY,
    RUNS,
    REJECTED_ROWS,
    HELD_SYNCS,
    BAD_VALUES,
    ABSENT_ROWS,
    AUDIT_ROWS,
    DESCRIPTIONS,
)
"""The tables of the ledger that tell of synced tables, and go with them."""

LEFT = (LEASES, VERSIONS, COPIED_TABLES, POSITIONS)
"""Those that are about the warehouse itself."""


def ledger_identity(connection: duckdb.DuckDBPyConnection) -> str | None:
    """What tells a warehouse's ledger from all others: when it was made. None without a ledger."""
    if not ledger_exists(connection):
        return None
    ((first,),) = connection.execute(
        f"SELECT epoch_us(min(recorded_at)) FROM {VERSIONS}"
    ).fetchall()
    return str(first)


def ledger_states(
    connection: duckdb.DuckDBPyConnection,
    *,
    database: str | None = None,
    only: SyncKey | None = None,
) -> Mapping[SyncKey, str]:
    """What the ledger says of each table, or of `only` that one, as a checksum of its lines.

    The same lines have the same checksum in any kind of warehouse, in any order. `database` is
    the name of an attached one, the connection's own otherwise. It must have a ledger.
    """
    lines = " UNION ALL ".join(
        f"""
        SELECT
            {quote_literal(table)} AS source, pack, table_name,
            count(*) AS lines, sum(md5_number_lower(CAST(to_json(line) AS VARCHAR))) AS total
        FROM (SELECT {_columns(table)} FROM {_in(database, table)} {_of(only)}) AS line
        GROUP BY pack, table_name
        """
        for table in COPIED
    )
    found = connection.execute(
        f"""
        SELECT pack, table_name, md5(string_agg(concat_ws(' ', source, lines, total)
            , chr(10) ORDER BY source))
        FROM ({lines}) GROUP BY pack, table_name ORDER BY pack, table_name
        """
    ).fetchall()
    return {SyncKey(pack=pack, table=table): state for pack, table, state in found}


def copy_ledger(connection: duckdb.DuckDBPyConnection, key: SyncKey, *, source: str) -> None:
    """Have the ledger say of a table what that of the attached `source` does, and nothing else."""
    copy_lines(connection, key, f"{_in(source, CURSORS)} {_of(key)}")
    for table in COPIED:
        if table == CURSORS:
            continue
        connection.execute(f"DELETE FROM {table} {_of(key)}")
        connection.execute(
            f"""
            INSERT INTO {table} ({_columns(table)})
            SELECT {_columns(table)} FROM {_in(source, table)} {_of(key)}
            ORDER BY rowid  -- of lines from one moment, the later ones count as newer
            """
        )


def _in(database: str | None, table: str) -> str:
    return table if database is None else f"{quote_identifier(database)}.{table}"


def _of(key: SyncKey | None) -> str:
    if key is None:
        return ""
    return f"WHERE pack = {quote_literal(key.pack)} AND table_name = {quote_literal(key.table)}"


@cache
def _columns(table: str) -> str:
    """The columns of a table of the ledger, in an order that no warehouse has a say in."""
    with duckdb.connect() as scratch:
        create_ledger(scratch)
        names = [name for name, *_ in scratch.execute(f"DESCRIBE {table}").fetchall()]
    return ", ".join(map(quote_identifier, sorted(names)))
