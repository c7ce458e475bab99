"""`KeptSqliteStorage`, for dagster.yaml: SQLite files that stay open between two events.

Where this Dagster lacks a private name that ours is made of, it is Dagster's own storage: slower,
and in the same files.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pack_sync.dagster.internals.open_sqlite_files import KeptSqliteStorage
else:
    try:
        from pack_sync.dagster.internals.open_sqlite_files import KeptSqliteStorage
    except ImportError:
        from dagster._core.storage.sqlite_storage import DagsterSqliteStorage as KeptSqliteStorage

__all__ = ["KeptSqliteStorage"]
