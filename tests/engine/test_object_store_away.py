"""The object store of a lake is away while a sync goes on, and comes back."""

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync_tables import LogLine, RunEvent, TableFailed, TableFinished, TableRuns
from pack_sync.warehouse.warehouse import Warehouse
from tests.engine.machines import Machine, in_a_shared_lake
from tests.engine.sync_harness import Scripted, items, last_page
from tests.engine.test_two_at_once import run
from tests.warehouses import ObjectStore

pytestmark = in_a_shared_lake


class InAStore(Machine):
    """A machine whose lake has its files in an object store that can be away."""

    patience: float = 60

    @property
    def warehouse(self) -> Warehouse:
        """The lake."""
        return replace(super().warehouse, lock_wait_seconds=self.patience)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """An object store, which the environment names."""
    with closing(ObjectStore()) as running:
        running.name_in(monkeypatch)
        yield running


@pytest.fixture
def lake(store: ObjectStore, tmp_path: Path) -> InAStore:
    """A lake with one row, whose syncs are tried once."""
    lake = InAStore(
        folder=tmp_path,
        name="one",
        data_path=store.ADDRESS,
        execute=Scripted(last_page("t1", a="1")),
    )
    assert isinstance(run(lake)[0], TableFinished)
    return lake


def test_away_when_a_sync_commits(lake: InAStore, store: ObjectStore) -> None:
    """DuckDB asks again; the sync goes on by itself, and commits once."""

    def last(_args: Any, _context: Any) -> Any:
        store.go_away(tries=4)
        return last_page("t2", b="2")

    lake.execute = last
    (event,) = run(lake)
    assert isinstance(event, TableFinished), event
    assert lake.names() == {"a": "1", "b": "2"}
    assert [line["status"] for line in lake.ledger()] == ["succeeded"] * 2


def test_away_for_too_long(
    lake: InAStore, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the store and what to look at; nothing is lost, nor asked for again."""
    monkeypatch.setattr(InAStore, "patience", 1)

    def last(_args: Any, _context: Any) -> Any:
        store.go_away()
        return last_page("t2", b="2")

    lake.execute = last
    (event,) = run(lake)
    assert isinstance(event, TableFailed)
    assert "LakeFilesError: the files of the lake, in s3://lake/files, cannot be" in event.message
    assert "127.0.0.1 (AWS_ENDPOINT_URL)" in event.message
    store.come_back()
    monkeypatch.setattr(InAStore, "patience", 60)
    lake.execute = Scripted()
    (event,) = run(lake)
    assert isinstance(event, TableFinished), event
    assert lake.names() == {"a": "1", "b": "2"}
    assert lake.shared.names("spools") == []


def test_away_while_pages_are_uploaded(lake: InAStore, store: ObjectStore) -> None:
    """That is said once, and the sync goes on: they are only for other machines."""
    told = threading.Event()

    def first(_args: Any, _context: Any) -> Any:
        store.go_away()
        return {"result": items(b="2"), "continuation": 1}

    def second(_args: Any, _context: Any) -> Any:
        assert told.wait(60)
        store.come_back()
        return {"result": items(c="3"), "continuation": 2}

    lake.execute = Scripted(first, second, last_page("t2", d="4"))
    runs, events = TableRuns(max_parallel=1), list[RunEvent]()
    with lake.prepared() as sync:
        ours = replace(sync, log=runs.log, cancelled=runs.cancelled)
        for event in runs.run([ours], lake.warehouse, ModeRequest(configured="auto")):
            events.append(event)
            if isinstance(event, LogLine) and "cannot be uploaded" in event.message:
                told.set()
    warnings = [e.message for e in events if isinstance(e, LogLine) and e.level == "warning"]
    assert len(warnings) == 1, warnings
    assert "s3://lake/files" in warnings[0]
    assert isinstance(events[-1], TableFinished), events
    assert lake.names() == {"a": "1", "b": "2", "c": "3", "d": "4"}
    assert lake.shared.names("spools") == []
