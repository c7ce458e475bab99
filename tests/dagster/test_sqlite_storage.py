"""Dagster's storage with files that stay open: the same files and answers as Dagster's own."""

import queue
import sqlite3
import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import dagster as dg
import pytest
import yaml
from alembic.script import ScriptDirectory
from dagster._core.events import DagsterEventType, StepMaterializationData
from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy import text

from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of
from tests.engine.sync_harness import last_page

try:
    from pack_sync.dagster.internals import event_log as dagster_event_log
    from pack_sync.dagster.internals.event_log import KeptSqliteEventLogStorage, is_stamped
except ImportError as error:  # then the storage is Dagster's own, see test_internals.py
    pytest.skip(str(error), allow_module_level=True)

plain_project = dagster_project.stored_project
OURS = {
    "module": "pack_sync.dagster.internals.sqlite_storage",
    "class": "KeptSqliteStorage",
    "config": {"base_dir": ".dagster/storage"},
}


@pytest.fixture
def stored_project(
    plain_project: DagsterProject, monkeypatch: pytest.MonkeyPatch
) -> Generator[DagsterProject]:
    """A project whose dagster.yaml names our storage."""
    file = plain_project.folder / "dagster.yaml"
    settings = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump(settings | {"storage": {"custom": OURS}}))
    with dg.DagsterInstance.get() as instance:
        monkeypatch.setattr(plain_project, "instance", instance)
        yield plain_project


RUN_ID = "11111111-2222-3333-4444-555555555555"


def entry(message: str, event: dg.DagsterEvent | None = None) -> dg.EventLogEntry:
    """Something to store."""
    return dg.EventLogEntry(
        error_info=None,
        level="info",
        user_message=message,
        run_id=RUN_ID,
        timestamp=time.time(),
        dagster_event=event,
    )


def schema_of(folder: Path) -> tuple[list[str], str]:
    """The tables and indexes of a run's file, and the migration that it is at."""
    with closing(sqlite3.connect(folder / f"{RUN_ID}.db")) as connection:
        found = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        stamps = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        assert len(stamps) == 1
        return sorted("".join(sql.split()) for (sql,) in found), stamps[0][0]


def sync_items(*_: object) -> Any:
    """The only page."""
    return last_page("t1", a="1")


def test_dagsters_own_storage_is_the_default(plain_project: DagsterProject) -> None:
    """Ours is an option."""
    assert type(plain_project.instance.event_log_storage) is SqliteEventLogStorage


def test_dagster_yaml_can_name_it(stored_project: DagsterProject) -> None:
    """The instance of the project has it."""
    assert isinstance(stored_project.instance.event_log_storage, KeptSqliteEventLogStorage)


def test_dagsters_own_storage_reads_what_it_wrote(
    stored_project: DagsterProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Switching back is a matter of dagster.yaml: same files, same events, another run on top."""
    project = stored_project
    project.switch_on_pack("acme", pack_of(Items=sync_items))
    results = [project.run() for _ in range(12)]  # more runs than files stay open
    key = dg.AssetKey(["acme", "Items"])
    written = [project.logged(result) for result in results]
    assert all("Finished execution of run" in text for text in written)
    file = Path(project.folder, "dagster.yaml")
    settings = yaml.safe_load(file.read_text())
    settings["storage"] = {"sqlite": {"base_dir": ".dagster/storage"}}
    file.write_text(yaml.safe_dump(settings))
    with dg.DagsterInstance.get() as plain:
        assert not isinstance(plain.event_log_storage, KeptSqliteEventLogStorage)
        monkeypatch.setattr(project, "instance", plain)
        assert [project.logged(result) for result in results] == written
        assert len(plain.fetch_materializations(key, limit=100).records) == 12
        assert project.run().success


def test_who_watches_a_run_hears_of_each_event(tmp_path: Path) -> None:
    """The UI's log goes on by itself: it waits for the run's file to be modified."""
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()
    writer, watcher = (KeptSqliteEventLogStorage(str(tmp_path)) for _ in range(2))

    def write(message: str) -> None:
        writer.store_event(entry(message))

    write("before")
    watcher.watch(RUN_ID, None, lambda event, _: heard.put(event.user_message))
    try:
        write("one")
        assert heard.get(timeout=60) == "before"
        assert heard.get(timeout=60) == "one"
        write("two")
        assert heard.get(timeout=60) == "two"
    finally:
        for storage in (writer, watcher):
            storage.dispose()


def test_a_table_that_is_there_stays_known_and_one_that_is_not_is_looked_for(
    tmp_path: Path,
) -> None:
    """`dagster instance migrate` may add one while a storage is open."""
    storage = KeptSqliteEventLogStorage(str(tmp_path))
    try:
        assert storage.has_table("event_logs")
        assert not storage.has_table("added_later")
        with storage.index_connection() as connection:
            connection.execute(text("CREATE TABLE added_later (x INTEGER)"))
            assert connection.execute(text("PRAGMA synchronous")).scalar() == 1, "NORMAL"
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert storage.has_table("added_later")
    finally:
        storage.dispose()


def test_a_runs_file_is_as_dagster_makes_it(tmp_path: Path) -> None:
    """The same tables, indexes and migration, without Alembic."""
    for name, kind in (("ours", KeptSqliteEventLogStorage), ("dagsters", SqliteEventLogStorage)):
        storage = kind(str(tmp_path / name))
        storage.store_event(entry("one"))
        storage.dispose()
    assert schema_of(tmp_path / "ours") == schema_of(tmp_path / "dagsters")


def test_a_file_that_cannot_be_read_is_not_taken_for_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would get a second stamp beside an older one, and could not be migrated any more."""
    monkeypatch.setattr(dagster_event_log, "SQLITE_BUSY_TIMEOUT_SECONDS", 0)
    file = tmp_path / "runs.db"
    assert not is_stamped(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE runs (id INTEGER)")
        assert not is_stamped(file)
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR)")
        connection.execute("INSERT INTO alembic_version VALUES ('an older one')")
        assert is_stamped(file)
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            is_stamped(file)


def test_files_that_are_wiped_do_not_stay_open(tmp_path: Path) -> None:
    """What is written next would go into a file without a name, and be lost."""
    storage = KeptSqliteEventLogStorage(str(tmp_path))
    try:
        storage.store_event(entry("before"))
        storage.wipe()
        assert storage.get_logs_for_run(RUN_ID) == []
        storage.store_event(entry("after"))
    finally:
        storage.dispose()
    plain = SqliteEventLogStorage(str(tmp_path))
    assert [event.user_message for event in plain.get_logs_for_run(RUN_ID)] == ["after"]
    plain.dispose()


def test_alembic_is_asked_nothing_when_all_is_there(
    stored_project: DagsterProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To open the storage and to begin a run: it would load its migrations five times."""

    def asked(*_: object) -> NoReturn:
        raise AssertionError("Alembic's migrations were loaded")

    project = stored_project
    project.switch_on_pack("acme", pack_of(Items=sync_items))
    project.run()
    monkeypatch.setattr(ScriptDirectory, "from_config", asked)
    with dg.DagsterInstance.get() as instance:
        monkeypatch.setattr(project, "instance", instance)
        assert project.run().success
        assert instance.get_runs_count() == 2


def test_events_stored_together_are_all_there_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else Dagster, which then stores them one by one, would store some twice."""
    storage = KeptSqliteEventLogStorage(str(tmp_path))
    storage.store_event(entry("before"))
    made = dg.DagsterEvent(
        event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
        job_name="job",
        event_specific_data=StepMaterializationData(dg.AssetMaterialization("a")),
    )
    store = KeptSqliteEventLogStorage._store_asset_event  # pyright: ignore[reportPrivateUsage]

    def fail(storage: KeptSqliteEventLogStorage, *given: Any) -> None:
        store(storage, *given)
        raise sqlite3.OperationalError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(KeptSqliteEventLogStorage, "_store_asset_event", fail)
        with pytest.raises(sqlite3.OperationalError):
            storage.store_event_batch([entry("one"), entry("two", made)])
    try:
        assert [e.user_message for e in storage.get_logs_for_run(RUN_ID)] == ["before"]
        assert not storage.has_asset_key(dg.AssetKey("a"))
        storage.store_event_batch([entry("one"), entry("two", made)])
        assert [e.user_message for e in storage.get_logs_for_run(RUN_ID)] == [
            "before",
            "one",
            "two",
        ]
        assert storage.has_asset_key(dg.AssetKey("a"))
    finally:
        storage.dispose()


def test_what_a_run_plans_is_written_at_once(
    stored_project: DagsterProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Dagster's own setting; seven events a table: its materialization and its checks."""
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "1000")
    sizes: list[int] = []
    store = KeptSqliteEventLogStorage.store_event_batch

    def count(storage: KeptSqliteEventLogStorage, events: list[dg.EventLogEntry]) -> None:
        sizes.append(len(events))
        store(storage, events)

    monkeypatch.setattr(KeptSqliteEventLogStorage, "store_event_batch", count)
    stored_project.switch_on_pack("acme", pack_of(Items=sync_items, Others=sync_items))
    result = stored_project.run()
    assert max(sizes) == 2 * 7
    planned = stored_project.instance.all_logs(
        result.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED
    )
    assert len(planned) == 2 * 6
