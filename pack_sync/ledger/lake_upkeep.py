"""The upkeep of a lake: few large files instead of many small ones, and none that nobody needs.

Each sync adds some small files, and rows that are deleted stay in theirs. Syncs may go on: each
step takes its turn among the writers.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import duckdb

from pack_sync.ledger.orphaned_files import remove_orphans
from pack_sync.ledger.position_lines import remove_older_lines
from pack_sync.ledger.shared_upkeep import remove_old_files
from pack_sync.warehouse.ducklake import DuckLake, keeps_lines_in_catalogue
from pack_sync.warehouse.identifiers import quote_literal
from pack_sync.warehouse.storage_errors import StorageError
from pack_sync.warehouse.warehouse import SYSTEM_SCHEMA, Warehouse

_WRITTEN_BY_NOW = timedelta(days=1)
"""A file that no snapshot names may belong to a transaction that goes on, but not for so long."""

_SMALL_BYTES = 2**30
_DELETED_SHARE = 0.05
"""Of which share of deleted rows on a file of a larger table is written anew."""


class NoLakeError(StorageError):
    """The warehouse is one DuckDB file, which keeps itself; the message says so."""


@dataclass(frozen=True, kw_only=True)
class Upkeep:
    """What was done: tables whose files were written anew, and what was removed.

    `removed_shared_files` are pages and held rows of syncs that nobody comes for any more.
    `unknown_file` is a file in the lake's place that is none of the lake's, if there is one; such
    files are left alone.
    """

    compacted_tables: int
    expired_snapshots: int
    removed_files: int
    removed_shared_files: int
    unknown_file: str | None
    data_files: int


def tend_lake(warehouse: Warehouse, *, keep: timedelta) -> Upkeep:
    """Compact the lake's files, and remove what is older than `keep` and not current.

    Readers that began longer ago than `keep` find files gone. Raises `NoLakeError`, and
    `StorageError` where the lake cannot be used or changed.
    """
    if not isinstance(warehouse.database, DuckLake):
        raise NoLakeError(f"{warehouse.path} is a DuckDB file, which needs no upkeep")
    with warehouse.write() as connection:
        _write_lines_to_files(connection)
    remove_older_lines(warehouse)
    old = _before(keep)
    rewritten = _rewrite(warehouse)
    merged = _call(warehouse, "ducklake_merge_adjacent_files")
    compacted = {*rewritten, *((schema, table) for schema, table, *_ in merged)}
    expired = _call(warehouse, "ducklake_expire_snapshots", old)
    removed = _call(warehouse, "ducklake_cleanup_old_files", old)
    orphans = remove_orphans(warehouse, _before(max(keep, _WRITTEN_BY_NOW)))
    shared = remove_old_files(warehouse, keep)
    with warehouse.read() as connection:
        name = quote_literal(warehouse.database.name)
        counted = f"SELECT coalesce(sum(file_count), 0)::BIGINT FROM ducklake_table_info({name})"
        ((files,),) = connection.execute(counted).fetchall()
    return Upkeep(
        compacted_tables=len(compacted),
        expired_snapshots=len(expired),
        removed_files=len(removed) + orphans.removed,
        removed_shared_files=shared,
        unknown_file=orphans.unknown,
        data_files=files,
    )


def _rewrite(warehouse: Warehouse) -> list[tuple[str, str]]:
    """Write files with deleted rows anew: only files without any can be merged afterwards.

    DuckLake itself would leave them until nearly all of their rows are deleted.
    """
    name = quote_literal(warehouse.database.name)
    rewritten: list[tuple[str, str]] = []
    with warehouse.read() as connection:
        tables = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() "
            "WHERE database_name = current_database()"
        ).fetchall()
        sizes = {
            (schema, table): connection.execute(
                "SELECT sum(data_file_size_bytes) FROM ducklake_list_files("
                f"{name}, {quote_literal(table)}, schema => {quote_literal(schema)}) "
                "WHERE delete_file IS NOT NULL"
            ).fetchall()[0][0]
            for schema, table in tables
        }
    for (schema, table), size in sizes.items():
        if size is None:
            continue
        threshold = 0 if size <= _SMALL_BYTES else _DELETED_SHARE
        with warehouse.write() as connection:
            if schema == SYSTEM_SCHEMA:
                # DuckLake cannot rewrite a table with rows in the catalogue, and none may be added
                # meanwhile; nor can it do both in one transaction.
                _write_lines_to_files(connection)
                connection.commit()
                connection.begin()
            found = connection.execute(
                f"CALL ducklake_rewrite_data_files({name}, {quote_literal(table)}, "
                f"schema => {quote_literal(schema)}, delete_threshold => {threshold})"
            ).fetchall()
        rewritten += [(schema, table)] if found else []
    return rewritten


def _write_lines_to_files(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring what the catalogue has of the ledger's rows to files."""
    if keeps_lines_in_catalogue(connection):
        connection.execute("CALL ducklake_flush_inlined_data(current_database())")


def _call(warehouse: Warehouse, function: str, *arguments: str) -> list[tuple[Any, ...]]:
    """Call a function of DuckLake's in a transaction of its own."""
    given = ", ".join([quote_literal(warehouse.database.name), *arguments])
    with warehouse.write() as connection:
        return connection.execute(f"CALL {function}({given})").fetchall()


def _before(ago: timedelta) -> str:
    return f"older_than => now() - INTERVAL {int(ago.total_seconds())} SECONDS"
