"""Dagster's SQLite event log, without a new engine and connection for each event.

A table's sync writes about five events, and Dagster's own storage makes an SQLAlchemy engine,
opens the file and compiles the statement anew for each of the three or four writes that an
event is. For two hundred tables that was 17 s of processor time; kept open it is 6 s.
"""

import os
import sqlite3
from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.event import listen
from sqlalchemy.pool import QueuePool

_MOST_OPEN = 8


class KeptSqliteEventLogStorage(SqliteEventLogStorage):
    """Stores what `SqliteEventLogStorage` stores, in the same files; they can be exchanged.

    The index and the runs last written stay open, at most eight files in all.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._known_tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Generator[Connection]:
        with (
            self._db_lock,
            self._engine_of(shard).connect() as connection,
            connection.begin(),
        ):
            yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether the index has this table; none ever goes, so one that is there stays known."""
        if table_name not in self._known_tables and super().has_table(table_name):
            self._known_tables.add(table_name)
        return table_name in self._known_tables

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event, and say so to those who watch the run.

        The UI waits for the run's file to be modified. With the file kept open what is written
        goes to SQLite's journal beside it for a while.
        """
        super().store_event(event)
        os.utime(self.path_for_shard(event.run_id))

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
            self._initdb(engine)
            engines[shard] = engine
        engines.move_to_end(shard)
        while len(engines) > _MOST_OPEN:
            engines.popitem(last=False)[1].dispose()
        return engines[shard]

    def dispose(self) -> None:
        """Close all files, with the instance."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


def _sync_at_checkpoints(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")


class KeptSqliteStorage(DagsterSqliteStorage):
    """Dagster's storage in SQLite files below `base_dir`, with that event log."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        folder = Path(base_dir, "history", "runs")
        self._event_log_storage = KeptSqliteEventLogStorage(str(folder))

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> "KeptSqliteStorage":
        """The storage that a dagster.yaml asks for."""
        return cls(config_value["base_dir"], inst_data)
