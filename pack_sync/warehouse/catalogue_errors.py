"""What is wrong with the catalogue of a lake, in words, from what DuckDB says of it."""

import re

import duckdb

from pack_sync.warehouse.storage_errors import (
    CatalogueError,
    DamagedDatabaseError,
    DiskFullError,
    NotADatabaseError,
    NotWritableError,
    StorageError,
)

_UNREACHABLE = re.compile(
    "server closed the connection|terminating connection|no connection to the server"
    '|connection to server|the database system is|Failed to execute query "ROLLBACK"'
)
"""Postgres' words for a connection that is lost, or cannot be made."""

_DENIED = re.compile(r"(permission denied for (schema|table)|must be owner of table) [\w\"]+")

_OF_SQLITE: dict[str, tuple[type[StorageError], str]] = {
    "database disk image is malformed": (
        DamagedDatabaseError,
        "is damaged. Restore it, with the folder of the lake's files, from one backup of both; the "
        "next syncs continue from the cursors in it",
    ),
    "file is not a database": (
        NotADatabaseError,
        "is no SQLite database. Move it away, or give the warehouse another `path`",
    ),
    "readonly database": (
        NotWritableError,
        "cannot be written. The user that runs Dagster must be able to write it and its folder",
    ),
    "unable to open database file": (
        NotWritableError,
        "cannot be opened. The user that runs Dagster must be able to read and write it and its "
        "folder",
    ),
    "disk I/O error": (
        NotWritableError,
        "cannot be read or written: is it a file, on a disk that works?",
    ),
    "database or disk is full": (
        DiskFullError,
        "could not be written: its disk is full. Make room there, or move the lake",
    ),
}


def explain_catalogue(error: duckdb.Error, catalogue: object) -> StorageError | None:
    """What to tell the user of an error, None if it is not about the catalogue."""
    text = " ".join(str(error).split())
    if _UNREACHABLE.search(text):
        return CatalogueError(
            f"the catalogue of the lake, {catalogue}, does not answer any more: {text}"
        )
    if denied := _DENIED.search(text):
        return CatalogueError(
            f"the user of {catalogue} may not write the lake's catalogue in that Postgres: "
            f"{denied[0]}. A user who syncs must own the lake's tables, or for a new lake have "
            "GRANT USAGE, CREATE ON SCHEMA public"
        )
    for words, (kind, told) in _OF_SQLITE.items():
        if words in text:
            return kind(f"the catalogue of the lake, {catalogue}, {told}. DuckDB says: {text}")
    return None
