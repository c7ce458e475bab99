"""The ledger's version: which tables and columns a warehouse has, and how it gets the newest.

To change the ledger's tables, add SQL at the end of `MIGRATIONS` and leave what is before it
as it is. Each warehouse runs the ones that it lacks, once and in order, in the transaction
that also records them in `_sync.ledger_versions`.
"""

import weakref
from contextlib import suppress
from datetime import UTC, datetime

import duckdb

from pack_sync import __version__
from pack_sync.ledger.ledger_tables import CREATE_TABLES, CURSORS, POSITIONS
from pack_sync.warehouse.ducklake import add_lines, is_lake
from pack_sync.warehouse.openings import opening_of
from pack_sync.warehouse.storage_errors import StorageError, WarehouseLockedError
from pack_sync.warehouse.warehouse import SYSTEM_SCHEMA, Warehouse

VERSIONS = f"{SYSTEM_SCHEMA}.ledger_versions"

MIGRATIONS = (
    # 1: the tables as they were when versions were first recorded. A ledger from before that has
    # some or all of them, so nothing here minds what is there already.
    f"""
    {CREATE_TABLES}
    CREATE TABLE {VERSIONS} (
        version INTEGER NOT NULL, program VARCHAR NOT NULL, recorded_at TIMESTAMPTZ NOT NULL
    );
    """,
    # 2: rows that a full sync did not return and that were kept; what a sync warns of.
    f"""
    ALTER TABLE {SYSTEM_SCHEMA}.runs ADD COLUMN IF NOT EXISTS unconfirmed BIGINT;
    ALTER TABLE {SYSTEM_SCHEMA}.runs ADD COLUMN IF NOT EXISTS warnings JSON;
    CREATE TABLE IF NOT EXISTS {SYSTEM_SCHEMA}.absent_rows (
        pack VARCHAR NOT NULL, table_name VARCHAR NOT NULL, sync VARCHAR NOT NULL,
        row_id VARCHAR NOT NULL, full_syncs INTEGER NOT NULL, absent_since TIMESTAMPTZ NOT NULL
    );
    """,
    # 3: the descriptions of tables and columns that were written as comments on them.
    f"""
    CREATE TABLE IF NOT EXISTS {SYSTEM_SCHEMA}.descriptions (
        pack VARCHAR NOT NULL, table_name VARCHAR NOT NULL, descriptions JSON NOT NULL
    );
    """,
    # 4: values that could not be stored, of rows that were stored without them.
    f"""
    CREATE TABLE IF NOT EXISTS {SYSTEM_SCHEMA}.bad_values (
        pack VARCHAR NOT NULL, table_name VARCHAR NOT NULL, sync VARCHAR NOT NULL,
        row_id VARCHAR, reason VARCHAR NOT NULL, row JSON NOT NULL, page BIGINT NOT NULL,
        execution_id VARCHAR NOT NULL, rejected_at TIMESTAMPTZ NOT NULL
    );
    """,
    # 5: the rows that an audit found, by id.
    f"""
    CREATE TABLE IF NOT EXISTS {SYSTEM_SCHEMA}.audit_rows (
        pack VARCHAR NOT NULL, table_name VARCHAR NOT NULL, sync VARCHAR NOT NULL,
        kind VARCHAR NOT NULL, row_id VARCHAR NOT NULL,
        execution_id VARCHAR NOT NULL, found_at TIMESTAMPTZ NOT NULL
    );
    """,
    # 6: why the next sync is to be full, before the periodic one is due.
    f"""
    ALTER TABLE {SYSTEM_SCHEMA}.cursors ADD COLUMN IF NOT EXISTS full_due_reason VARCHAR;
    """,
    # 7: which tables were copied here from another warehouse, and how they were then.
    f"""
    CREATE TABLE IF NOT EXISTS {SYSTEM_SCHEMA}.copied_tables (
        pack VARCHAR NOT NULL, table_name VARCHAR NOT NULL,
        source VARCHAR NOT NULL, source_address VARCHAR NOT NULL,
        ledger VARCHAR NOT NULL, row_count BIGINT, checksum VARCHAR,
        copied_at TIMESTAMPTZ NOT NULL
    );
    """,
    # 8: where syncs stand, in a lake as lines that are only added; nothing in a file.
    "",
    # 9: how many requests were answered with 304.
    f"""
    ALTER TABLE {SYSTEM_SCHEMA}.runs ADD COLUMN IF NOT EXISTS not_modified BIGINT;
    """,
)
"""The SQL of every change of the ledger there was, oldest first; a version counts them."""

MIGRATIONS_OF_LAKES = {
    8: f"""
    CREATE TABLE {POSITIONS} AS
        SELECT *, 1::BIGINT AS revision, false AS removed FROM {CURSORS};
    DROP TABLE {CURSORS};
    CREATE VIEW {CURSORS} AS
        SELECT * EXCLUDE (revision, removed, newest)
        FROM (
            SELECT
                *, row_number() OVER (
                    PARTITION BY pack, table_name, sync ORDER BY revision DESC
                ) AS newest
            FROM {POSITIONS}
        )
        WHERE newest = 1 AND removed IS NOT true;
    """,
}
"""What the change of a version is besides, in a lake (`pack_sync.ledger.position_lines`)."""

_NO_VERSION = 0
"""Of a warehouse without a ledger, or with one from before versions were recorded."""


class NewerLedgerError(StorageError):
    """A newer version of this program wrote the ledger; it is neither read nor written."""


_current: "weakref.WeakSet[object]" = weakref.WeakSet()
"""Connections whose ledger is known to be current, and openings of files: nobody else writes those
meanwhile."""


def create_ledger(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the ledger, or run the migrations that it lacks; next to nothing if it is current.

    Must come before any write of the transaction: DuckDB cannot commit an ALTER that follows.
    Raises `NewerLedgerError`.
    """
    done = _version(connection)
    for version, statements in enumerate(MIGRATIONS[done:], start=done + 1):
        if is_lake(connection):
            statements += MIGRATIONS_OF_LAKES.get(version, "")
        connection.execute(statements)
    if done < len(MIGRATIONS):
        # All at once: in a lake each statement would be a file, which every sync reads.
        add_lines(
            connection,
            f"INSERT INTO {VERSIONS} SELECT version, ?, ? FROM range(?, ?) AS new(version)",
            [__version__, datetime.now(UTC), done + 1, len(MIGRATIONS) + 1],
        )
    _current.add(connection)


def ledger_exists(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether this warehouse has a ledger yet. Raises `NewerLedgerError`."""
    return _version(connection) != _NO_VERSION or _has_schema(connection)


def upgrade_ledger(warehouse: Warehouse) -> None:
    """Run the migrations that an existing ledger lacks, so that it can be read.

    Writes only then. A warehouse that cannot be opened is left to whoever opens it next, who
    says what is wrong with it. Raises `NewerLedgerError`.
    """
    with suppress(duckdb.Error, OSError, WarehouseLockedError):
        with warehouse.read() as connection:
            outdated = _version(connection) < len(MIGRATIONS) and ledger_exists(connection)
        if outdated:
            with warehouse.write() as connection:
                create_ledger(connection)


def check_version(version: int, program: str) -> None:
    """Raise `NewerLedgerError` if the ledger has a later version than this program knows.

    `program` is the version of Pack Sync that made it.
    """
    if version > len(MIGRATIONS):
        raise NewerLedgerError(
            f"The warehouse was last written by Pack Sync {program}, whose ledger has version "
            f"{version}. This is Pack Sync {__version__}, which knows versions up to "
            f"{len(MIGRATIONS)}, so it has changed nothing. Install Pack Sync {program} or later; "
            "or restore a backup from before that version's first sync."
        )


def _version(connection: duckdb.DuckDBPyConnection) -> int:
    """The version of the ledger. It is asked until it is current."""
    opening = opening_of(connection)
    if connection in _current or opening in _current:
        return len(MIGRATIONS)
    try:
        connection.table(VERSIONS)  # in SQL a table that is not there aborts the transaction
    except duckdb.CatalogException:
        return _NO_VERSION
    version, program, _ = max(connection.execute(f"FROM {VERSIONS}").fetchall())
    check_version(version, program)
    if version == len(MIGRATIONS):
        _current.add(connection if is_lake(connection) else opening)
    return version


def _has_schema(connection: duckdb.DuckDBPyConnection) -> bool:
    """Looks for the ledger's schema: to look for its tables takes longer the more others are."""
    found = connection.execute(
        """
        SELECT 1 FROM duckdb_schemas()
        WHERE schema_name = ? AND database_name = current_database()
        """,
        [SYSTEM_SCHEMA],
    ).fetchone()
    return found is not None
