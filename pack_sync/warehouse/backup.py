"""A backup of the warehouse that is taken while syncs go on."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pack_sync.warehouse.duckdb_sharing import prepare_for_many_rows
from pack_sync.warehouse.identifiers import quote_identifier
from pack_sync.warehouse.storage_errors import (
    DamagedDatabaseError,
    StorageError,
    explained_failures,
)
from pack_sync.warehouse.warehouse import Warehouse


class BackupRefusedError(StorageError):
    """There is nothing to back up, or something is where the backup should be."""


@dataclass(frozen=True, kw_only=True)
class Backup:
    """What was copied: the file, its size in bytes, and how many tables and rows it has."""

    path: Path
    size: int
    tables: int
    rows: int


def back_up(warehouse: Warehouse, target: Path) -> Backup:
    """Copy the warehouse, as one commit left it, to a new file that was read whole.

    Syncs that want to commit wait while the file is copied, not while the copy is read. It has
    its name only once it is found to be sound. Raises `BackupRefusedError`,
    `DamagedDatabaseError` when the warehouse is not sound, and another `StorageError` where a
    file cannot be read or written.
    """
    if not warehouse.database.is_file:
        raise BackupRefusedError(
            f"{warehouse.database} is a lake, which is backed up where it is kept: the catalogue "
            "by its database's own means, such as pg_dump, and then the folder or bucket of files"
        )
    if not warehouse.path.exists():
        raise BackupRefusedError(f"there is no warehouse at {warehouse.path} to back up")
    if target.exists():
        raise BackupRefusedError(
            f"{target} exists already; a backup replaces none. Choose another name, or move it away"
        )
    part = target.with_name(f"{target.name}.part")
    try:
        with explained_failures(part):
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(warehouse, part)
            tables, rows = _read_whole(warehouse, part)
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)
        _wal_of(part).unlink(missing_ok=True)
    return Backup(path=target, size=target.stat().st_size, tables=tables, rows=rows)


def _copy(warehouse: Warehouse, part: Path) -> None:
    # Nobody writes meanwhile. In a server, who may write keeps others from it, and not who reads.
    with warehouse.write() if warehouse.served else warehouse.read():
        if _wal_of(warehouse.path).exists():  # a process died after a commit
            shutil.copy(_wal_of(warehouse.path), _wal_of(part))
        # The last one: closing the file, for whatever purpose, lets go of the lock on it.
        shutil.copy(warehouse.path, part)


def _read_whole(warehouse: Warehouse, part: Path) -> tuple[int, int]:
    """Read every block of the copy, whose .wal becomes a part of it; returns tables and rows."""
    try:
        with Warehouse.at(part, memory_limit=warehouse.memory_limit).write() as connection:
            prepare_for_many_rows(connection)
            names = connection.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal"
            ).fetchall()
            counts = [_read_table(connection, schema, table) for schema, table in names]
    except DamagedDatabaseError as error:
        raise DamagedDatabaseError(
            f"{warehouse.path} was copied, but the copy cannot be read whole and is no backup; "
            f"keep the backups that you have. {error}"
        ) from error
    return len(counts), sum(counts)


def _read_table(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> int:
    """Read all values of a table; returns the number of rows."""
    ((database,),) = connection.execute("SELECT current_database()").fetchall()
    name = ".".join(map(quote_identifier, [database, schema, table]))
    found = connection.execute(f"SELECT count(*), bit_xor(hash(_row)) FROM {name} AS _row")
    return int(found.fetchall()[0][0])


def _wal_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")
