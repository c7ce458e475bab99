"""What is asked of a database once for each time that it is opened.

Threads hand an open database on (`pack_sync.warehouse.duckdb_sharing`), each with a connection of
its own to it. A connection that nobody handed on is an opening by itself.
"""

from weakref import WeakKeyDictionary

import duckdb

_openings: WeakKeyDictionary[duckdb.DuckDBPyConnection, object] = WeakKeyDictionary()
_used: WeakKeyDictionary[object, tuple[str, str]] = WeakKeyDictionary()


def note_opening(connection: duckdb.DuckDBPyConnection, opening: object) -> None:
    """Say of which opening a connection is."""
    _openings[connection] = opening


def opening_of(connection: duckdb.DuckDBPyConnection) -> object:
    """What is one and the same for all connections of an opening."""
    return _openings.get(connection, connection)


def database_in_use(connection: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    """The name of the database that a connection uses, and DuckDB's word for its kind."""
    opening = opening_of(connection)
    if opening not in _used:
        ((name, kind),) = connection.execute(
            "SELECT database_name, type FROM duckdb_databases() "
            "WHERE database_name = current_database()"
        ).fetchall()
        _used[opening] = (name, kind)
    return _used[opening]
