"""Dagster's SQLite event log, without a new engine and connection for each event.

A table's sync writes about a dozen events, and Dagster's own storage makes an SQLAlchemy engine,
opens the file and compiles the statement anew for each of the three or four writes that an event
is. For two hundred tables that was 17 s of processor time; here it is 2 s.
"""

import os
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from dagster import EventLogEntry
from dagster._core import storage as dagsters_storage
from dagster._core.events import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
)
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import (
    SqlEventLogStorageMetadata,
    SqlEventLogStorageTable,
)
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.event import listen
from sqlalchemy.pool import QueuePool

_MOST_OPEN = 8
PRIVATE_METHODS = (
    "_connect", "_event_to_row", "_has_asset_key_col_on_connection", "_initdb",
    "_store_asset_event", "_store_asset_event_tags", "conn_string_for_shard", "index_connection",
    "path_for_shard", "run_connection", "store_asset_check_event",
)  # fmt: skip
if missing := [name for name in PRIVATE_METHODS if not hasattr(SqliteEventLogStorage, name)]:
    # A method that is only overridden would be missed silently: Dagster would not call ours.
    raise ImportError(f"this Dagster's event log has no {', '.join(missing)}")

_INSERT = SqlEventLogStorageTable.insert()
_MIGRATIONS = Path(*dagsters_storage.__path__, "alembic")
_INDEXED = {*ASSET_EVENTS, *ASSET_CHECK_EVENTS, *EVENT_TYPE_TO_PIPELINE_RUN_STATUS}


class KeptSqliteEventLogStorage(SqliteEventLogStorage):
    """Stores what `SqliteEventLogStorage` stores, in the same files; they can be exchanged.

    The index and the runs last written stay open, at most eight files in all.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._in_use: dict[str, Connection] = {}
        self._there: set[tuple[str, str]] = set()
        super().__init__(base_dir, inst_data)
        self._db_lock = threading.RLock()

    @contextmanager
    def _connect(self, shard: str) -> Generator[Connection]:
        """A transaction in one file; what its thread asks for meanwhile is in it too."""
        with self._db_lock:
            if shard in self._in_use:
                yield self._in_use[shard]
                return
            with self._engine_of(shard).connect() as connection, connection.begin():
                self._in_use[shard] = connection
                try:
                    yield connection
                finally:
                    del self._in_use[shard]

    def has_table(self, table_name: str) -> bool:
        """Whether the index has this table."""
        return self._stays("table", table_name, super().has_table)

    def has_secondary_index(self, name: str) -> bool:
        """Whether this migration of the index's data has been made."""
        return self._stays("index", name, super().has_secondary_index)

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        look = super()._has_asset_key_col_on_connection
        return self._stays("column", column_name, lambda name: look(conn, name))

    def _stays(self, kind: str, name: str, look: Callable[[str], bool]) -> bool:
        """Whether the index has something; none ever goes, so what is there stays known."""
        if (kind, name) not in self._there and look(name):
            self._there.add((kind, name))
        return (kind, name) in self._there

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event, see `store_event_batch`."""
        self.store_event_batch([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events: all of a run or none, in its file and, some kinds, in the index as well.

        Who watches the run hears of it. The UI waits for the run's file to be modified. With the
        file kept open what is written goes to SQLite's journal beside it for a while.
        """
        for run_id in dict.fromkeys(event.run_id for event in events):
            of_run = [event for event in events if event.run_id == run_id]
            rows = [self._event_to_row(event) for event in of_run]
            with self.run_connection(run_id) as connection:
                connection.execute(_INSERT, rows)
                if indexed := [e for e in zip(of_run, rows, strict=True) if _is_indexed(e[0])]:
                    with self.index_connection() as index:
                        for event, row in indexed:
                            self._store_in_index(index, event, row)
            os.utime(self.path_for_shard(run_id))

    def _store_in_index(self, index: Connection, event: EventLogEntry, row: dict[str, Any]) -> None:
        number = int(index.execute(_INSERT, row).lastrowid)
        if event.dagster_event_type in ASSET_EVENTS:
            self._store_asset_event_tags(index, [event], [number])
            self._store_asset_event(index, event, number)
        elif event.dagster_event_type in ASSET_CHECK_EVENTS:
            self.store_asset_check_event(event, number)

    def _engine_of(self, shard: str) -> Engine:
        engines = self._engines
        if shard not in engines:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=QueuePool,
                pool_size=1,
                # One at a time, but not always the same thread: `_db_lock` sees to that.
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            # Dagster has SQLite write ahead. Then a crash of the process loses nothing this way,
            # and one of the machine at most the last events.
            listen(engine, "connect", _sync_at_checkpoints)
            if not is_stamped(Path(self.path_for_shard(shard))):
                self._initdb(engine)
            engines[shard] = engine
        engines.move_to_end(shard)
        while len(engines) > _MOST_OPEN:
            engines.popitem(last=False)[1].dispose()
        return engines[shard]

    def _initdb(self, engine: Engine, for_index_shard: bool = False) -> None:
        """Make the tables of a run's file.

        As Dagster does, which has Alembic load its 90 migrations twice for each file, only to say
        which of them is the last one.
        """
        newest = _newest_revision()
        if for_index_shard or newest is None:
            super()._initdb(engine, for_index_shard)
            return
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # another process may be at it as well
            SqlEventLogStorageMetadata.create_all(connection)
            connection.exec_driver_sql(_VERSION_TABLE)
            connection.exec_driver_sql(_STAMP, (newest,))
            connection.commit()

    def wipe(self) -> None:
        """Remove the runs' files, which must not stay open then, and empty the index."""
        self._close_files()
        super().wipe()

    def dispose(self) -> None:
        """Close all files, with the instance."""
        self._close_files()
        super().dispose()

    def _close_files(self) -> None:
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()


_VERSION_TABLE = (  # as Alembic makes it
    "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)
_STAMP = "INSERT OR IGNORE INTO alembic_version VALUES (?)"


def is_stamped(file: Path) -> bool:
    """Whether Dagster's tables have been made in an SQLite file, whatever migration it is at.

    Raises `sqlite3.OperationalError` when the file cannot be read: that says neither, and a second
    stamp beside an older one would leave Dagster unable to migrate the file.
    """
    if not file.exists():
        return False
    with closing(sqlite3.connect(file, timeout=SQLITE_BUSY_TIMEOUT_SECONDS)) as connection:
        try:
            return bool(connection.execute("SELECT 1 FROM alembic_version").fetchone())
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return False
            raise


@cache
def _newest_revision() -> str | None:
    """The migration after which none of Dagster's comes; None if it has none."""
    return ScriptDirectory(str(_MIGRATIONS)).get_current_head()


def _is_indexed(event: EventLogEntry) -> bool:
    return event.is_dagster_event and event.dagster_event_type in _INDEXED


def _sync_at_checkpoints(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")
