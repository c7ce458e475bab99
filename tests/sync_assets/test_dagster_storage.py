"""Dagster's storage with files that stay open: the same files and answers as Dagster's own."""

import queue
import time
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from sqlalchemy import text

from sync_assets.dagster_storage import KeptSqliteEventLogStorage
from tests.sync_assets import dagster_project
from tests.sync_assets.dagster_project import DagsterProject, pack_of
from tests.sync_assets.engine import last_page

stored_project = dagster_project.stored_project


def sync_items(*_: object) -> Any:
    """The only page."""
    return last_page("t1", a="1")


def test_dagster_yaml_names_it(stored_project: DagsterProject) -> None:
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
    run_id = "11111111-2222-3333-4444-555555555555"
    writer, watcher = (KeptSqliteEventLogStorage(str(tmp_path)) for _ in range(2))

    def write(message: str) -> None:
        writer.store_event(
            dg.EventLogEntry(
                error_info=None,
                level="info",
                user_message=message,
                run_id=run_id,
                timestamp=time.time(),
            )
        )

    write("before")
    watcher.watch(run_id, None, lambda entry, _: heard.put(entry.user_message))
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
