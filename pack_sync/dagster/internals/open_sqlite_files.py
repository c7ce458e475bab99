"""Dagster's storage in SQLite files, which stay open and are not looked through when opened."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS, create_db_conn_string
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool

from pack_sync.dagster.internals.event_log import KeptSqliteEventLogStorage, is_stamped


class KeptSqliteStorage(DagsterSqliteStorage):
    """Dagster's storage in SQLite files below `base_dir`, with the event log kept open."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        DagsterStorage.__init__(self)
        self.base_dir = base_dir
        self._inst_data = inst_data
        history = Path(base_dir, "history")
        self._run_storage = _KeptSqliteRunStorage.from_local(str(history))
        self._event_log_storage = KeptSqliteEventLogStorage(str(history / "runs"))
        self._schedule_storage = _KeptSqliteScheduleStorage.from_local(
            str(Path(base_dir, "schedules"))
        )

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> "KeptSqliteStorage":
        """The storage that a dagster.yaml asks for."""
        return cls(config_value["base_dir"], inst_data)


class _KeptSqliteRunStorage(SqliteRunStorage):
    """The runs, in a file that stays open."""

    @classmethod
    def from_local(
        cls, base_dir: str, inst_data: ConfigurableClassData | None = None
    ) -> "_KeptSqliteRunStorage":
        """The storage in a folder; only what is not made yet is made, by Alembic."""
        if is_stamped(Path(base_dir, "runs.db")):
            return cls(create_db_conn_string(base_dir, "runs"), inst_data)
        return super().from_local(base_dir, inst_data)

    @cached_property
    def _engine(self) -> Engine:
        return create_engine(
            self._conn_string,
            poolclass=QueuePool,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )

    @contextmanager
    def connect(self) -> Generator[Connection]:
        """A transaction."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    def dispose(self) -> None:
        """Close the file, with the instance."""
        self._engine.dispose()
        super().dispose()


class _KeptSqliteScheduleStorage(SqliteScheduleStorage):
    """The schedules' ticks."""

    @classmethod
    def from_local(
        cls, base_dir: str, inst_data: ConfigurableClassData | None = None
    ) -> "SqliteScheduleStorage":
        """The storage in a folder; only what is not made yet is made, by Alembic."""
        if is_stamped(Path(base_dir, "schedules.db")):
            return cls(create_db_conn_string(base_dir, "schedules"), inst_data)
        return super().from_local(base_dir, inst_data)
