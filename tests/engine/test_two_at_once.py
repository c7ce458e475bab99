"""Two of everything: the same sync twice, others beside it, readers, deaths (contract C18, D9)."""

import multiprocessing
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync_tables import (
    LogLine,
    RunEvent,
    TableFailed,
    TableFinished,
    TableRuns,
    TableSkipped,
)
from pack_sync.ledger.lease_store import LedgerLeases, lease_store
from pack_sync.ledger.leases import SILENT
from pack_sync.ledger.postgres_leases import PostgresLeases
from pack_sync.settings import SyncSettings
from tests.engine.sync_harness import Engine, Scripted, last_page
from tests.warehouses import not_served


@dataclass
class Gate:
    """An `execute` that stops in its first call until it is let through."""

    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)
    calls: int = 0

    def __call__(self, _args: Any, _context: Any) -> Any:
        self.calls += 1
        if self.calls == 1:
            self.reached.set()
            assert self.opened.wait(60)
        return last_page(f"t{self.calls}", a=str(self.calls))


def run(engine: Engine, mode: Any = "auto", *, run_id: str = "a-run") -> list[RunEvent]:
    """Sync in a run of its own; returns its events without the log."""
    runs = TableRuns(max_parallel=2)
    with engine.prepared() as sync:
        ours = replace(sync, log=runs.log, cancelled=runs.cancelled, dagster_run_id=run_id)
        events = list(runs.run([ours], engine.warehouse, ModeRequest(configured=mode)))
    return [event for event in events if not isinstance(event, LogLine)]


@contextmanager
def running(engine: Engine, gate: Gate) -> Generator[list[RunEvent]]:
    """A run that stands in its first page while the block runs, and then ends."""
    events: list[RunEvent] = []
    thread = threading.Thread(target=lambda: events.extend(run(engine, run_id="the-first")))
    thread.start()
    assert gate.reached.wait(60)
    try:
        yield events
    finally:
        gate.opened.set()
        thread.join(60)
    assert not thread.is_alive()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def engine(tmp_path: Path, gate: Gate) -> Engine:
    settings = SyncSettings(attempts=1, lease_wait_seconds=0)
    return Engine(folder=tmp_path, execute=gate, settings=settings)


def leases(engine: Engine) -> int:
    """How many leases there are."""
    return len(lease_store(engine.warehouse).running(SILENT))


def test_the_loser_skips_and_says_who_holds_it(engine: Engine, gate: Gate) -> None:
    """UI and schedule start the same sync: it runs once (C18)."""
    with running(engine, gate) as first:
        (event,) = run(engine)
        assert isinstance(event, TableSkipped)
        assert "acme.Items: skipped, because acme.Items is being synced by run the-first" in (
            event.message
        )
        assert gate.calls == 1
    assert [type(event) for event in first] == [TableFinished]
    assert engine.names() == {"a": "1"}
    assert (len(engine.ledger()), leases(engine)) == (1, 0)


def test_a_full_sync_that_was_asked_for_is_not_skipped_in_silence(
    engine: Engine, gate: Gate
) -> None:
    """What the other run does is not what was asked for: the run fails and says why (C18)."""
    with running(engine, gate):
        (event,) = run(engine, "full")
        assert isinstance(event, TableFailed)
        assert "run the-first" in event.message


def test_a_full_sync_that_was_asked_for_waits(engine: Engine, gate: Gate) -> None:
    """For the other run to end; then it runs (C18)."""
    engine.settings = SyncSettings(attempts=1, lease_wait_seconds=60)
    waited: list[RunEvent] = []
    with running(engine, gate):
        thread = threading.Thread(target=lambda: waited.extend(run(engine, "full")))
        thread.start()
    thread.join(60)
    (event,) = waited
    assert isinstance(event, TableFinished)
    assert [line["mode"] for line in engine.ledger()] == ["full", "full"]
    assert engine.names() == {"a": "2"}


def test_a_cancelled_run_does_not_wait(engine: Engine, gate: Gate) -> None:
    """Waiting is given up at once (C18)."""
    engine.settings = SyncSettings(attempts=1, lease_wait_seconds=600)
    engine.cancelled.set()
    with running(engine, gate), engine.prepared() as sync:
        runs = TableRuns(max_parallel=1)
        runs.cancelled.set()
        ours = replace(sync, log=runs.log, cancelled=runs.cancelled)
        events = list(runs.run([ours], engine.warehouse, ModeRequest(configured="full")))
    assert isinstance(events[-1], TableFailed)


def test_other_syncs_and_readers_are_not_kept_waiting(engine: Engine, gate: Gate) -> None:
    """While one sync fetches, another table is synced and the file is read (C18)."""
    other = Engine(folder=engine.folder, execute=Scripted(last_page("t", b="2")), table="Others")
    with running(engine, gate):
        assert isinstance(run(other)[0], TableFinished)
        assert other.names() == {"b": "2"}


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_a_failed_sync_gives_the_lease_back(error: BaseException, tmp_path: Path) -> None:
    """However it ends, the next one can begin (C18)."""

    def fail(_args: Any, _context: Any) -> Any:
        raise error

    engine = Engine(folder=tmp_path, execute=fail)
    assert isinstance(run(engine)[0], TableFailed)
    assert leases(engine) == 0


def test_a_long_sync_gives_signs_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between pages, so that no other machine takes its lease over (D9)."""
    for stores in (LedgerLeases, PostgresLeases):
        monkeypatch.setattr(stores, "renew_seconds", 0.0)
    seen: list[Any] = []

    def execute(_args: Any, context: Any) -> Any:
        seen.append(lease_store(engine.warehouse).running(SILENT)[0])
        page = last_page("t", a="1")
        return page if context.sync.continuation else {**page, "continuation": {"page": 2}}

    engine = Engine(folder=tmp_path, execute=execute)
    assert isinstance(run(engine)[0], TableFinished)
    first, second = seen
    assert first.holder == second.holder
    assert second.renewed_at > first.renewed_at


def _sync_often(folder: Path, table: str) -> None:
    """In a process of its own: five syncs, each of which must succeed."""
    pages = [last_page(f"t{n}", **{f"r{n}": "1"}) for n in range(5)]
    engine = Engine(folder=folder, execute=Scripted(*pages), table=table)
    for _ in range(5):
        (event,) = run(engine)
        assert isinstance(event, TableFinished), event


def _read_often(folder: Path, times: int) -> None:
    """In a process of its own: look at a table again and again."""
    engine = Engine(folder=folder, execute=Scripted(), table="One")
    counts = [len(engine.rows()) for _ in range(times)]
    assert counts == sorted(counts)  # of what is committed nothing is ever missing


@not_served
def test_several_processes_share_the_file(tmp_path: Path) -> None:
    """Two write, one reads; each waits for its turn, nobody fails and nothing is lost (C18)."""
    spawn = multiprocessing.get_context("spawn")
    processes = [
        spawn.Process(target=_sync_often, args=(tmp_path, "One")),
        spawn.Process(target=_sync_often, args=(tmp_path, "Two")),
        spawn.Process(target=_read_often, args=(tmp_path, 50)),
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(240)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    for table in ("One", "Two"):
        engine = Engine(folder=tmp_path, execute=Scripted(), table=table)
        assert len(engine.names()) == 5
    assert leases(engine) == 0
