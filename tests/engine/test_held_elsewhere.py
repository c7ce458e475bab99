"""A sync that one machine holds is decided about on another (contract D8)."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pack_sync.commit.approval import approve_held
from pack_sync.commit.held_files import copy_stages, fetch_stage
from pack_sync.commit.held_syncs import HeldSync, NotHeldError, discard_held
from pack_sync.engine.sync_tables import TableFailed, TableFinished
from pack_sync.ledger import shared_upkeep
from pack_sync.ledger.shared_upkeep import remove_old_files
from pack_sync.settings import SyncSettings
from tests.commit.copy_bench import copy, warehouse_of
from tests.engine.machines import Machine, in_a_shared_lake, lake_of, shared_in
from tests.engine.sync_harness import Scripted
from tests.engine.test_held import FIVE, SMALL, held, page
from tests.engine.test_two_at_once import run
from tests.warehouses import object_store

pytestmark = in_a_shared_lake


def machine(folder: Path, name: str, *pages: Any, data_path: str | None = None) -> Machine:
    """A machine whose syncs bring these pages."""
    return Machine(
        folder=folder,
        name=name,
        data_path=data_path or str(folder / "files"),
        execute=Scripted(*pages),
        settings=SyncSettings(attempts=1, retry_wait_seconds=0, **SMALL.model_dump()),
    )


def hold_on(one: Machine) -> HeldSync:
    """Sync fully, in a run; be held."""
    (event,) = run(one, "full")
    assert isinstance(event, TableFailed), event
    assert event.held
    (found,) = held(one)
    return found


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a bucket."""
    with object_store(monkeypatch) as address:
        yield address


def test_approved_on_another_machine(tmp_path: Path, bucket: str) -> None:
    """Nothing of it is on the first one, and nothing is left of it anywhere (D8)."""
    one = machine(tmp_path, "one", FIVE, page("t2", "a"), data_path=bucket)
    assert isinstance(run(one)[0], TableFinished)
    hold_on(one)
    assert list(one.spools.rglob("*.duckdb")) == []
    assert len(one.shared.names("held")) == 1
    two = machine(tmp_path, "two", page("t3", "b"), data_path=bucket)
    (found,) = held(two)
    assert approve_held(two.warehouse, found).record.deleted == 4
    assert two.names() == {"a": "n"}
    assert two.shared.names("held") == []
    assert isinstance(run(two)[0], TableFinished)
    assert two.names() == {"a": "n", "b": "n"}


def test_replaced_and_discarded_elsewhere(tmp_path: Path) -> None:
    """Of a sync that is held again the later rows are kept, wherever; discarded, none (D8)."""
    one = machine(tmp_path, "one", FIVE, page("t2", "a"))
    run(one)
    first = hold_on(one)
    second = hold_on(machine(tmp_path, "two", page("t2", "b")))
    assert one.shared.names("held") == [second.stage] != [first.stage]
    with pytest.raises(NotHeldError):
        approve_held(one.warehouse, first)
    discard_held(one.warehouse, second)
    assert (held(one), one.shared.names("held")) == ([], [])
    assert len(one.names()) == 5


def test_what_was_held_before_files_were_shared(tmp_path: Path) -> None:
    """Its line has a path: it is approved on the machine that has the file, and only there."""
    one = machine(tmp_path, "one", FIVE, page("t2", "a"))
    run(one)
    found = hold_on(one)
    there = tmp_path / "there.duckdb"
    fetch_stage(one.warehouse, found.stage, there)
    with one.warehouse.write() as connection:
        connection.execute("UPDATE _sync.held_syncs SET stage = ?", [str(tmp_path / "elsewhere")])
    with pytest.raises(NotHeldError, match="not on this machine"):
        approve_held(one.warehouse, *held(one))
    with one.warehouse.write() as connection:
        connection.execute("UPDATE _sync.held_syncs SET stage = ?", [str(there)])
    assert approve_held(one.warehouse, *held(one)).record.deleted == 4
    assert not there.exists()


def test_copied_to_another_lake(tmp_path: Path) -> None:
    """Its rows are copied along, and it can be approved in either."""
    one = machine(tmp_path, "one", FIVE, page("t2", "a"))
    run(one)
    found = hold_on(one)
    target = lake_of(tmp_path, str(tmp_path / "others"), "other")
    copy(one.warehouse, target)
    copy_stages(one.warehouse, target, [found.stage])
    copy_stages(one.warehouse, target, [found.stage])
    assert approve_held(one.warehouse, found).record.deleted == 4
    assert approve_held(target, found).record.deleted == 4
    assert shared_in(target).names("held") == []


def test_copied_to_a_file(tmp_path: Path) -> None:
    """There is no place for its rows: in the file it can only be discarded."""
    one = machine(tmp_path, "one", FIVE, page("t2", "a"))
    run(one)
    found = hold_on(one)
    target = warehouse_of("file", tmp_path, "back")
    copy(one.warehouse, target)
    copy_stages(one.warehouse, target, [found.stage])
    with pytest.raises(NotHeldError, match="packsync held discard"):
        approve_held(target, found)
    discard_held(target, found)


def test_upkeep_removes_what_nobody_comes_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that no line names, pages that are too old; not those of today, nor what is held."""
    one = machine(tmp_path, "one", FIVE, page("t2", "a"))
    run(one)
    found = hold_on(one)
    place = "spools/acme/Items/default/spool-1"
    old = ["held/acme.gone/x.duckdb", f"{place}.a.61/1-2.pages", f"{place}.b/1-1.pages"]
    paused = f"{place}.d.61/paused-{int(time.time()) + 7200}"
    of_use = [f"{place}.c.9999/1-2.pages", f"{place}.d.61/1-2.pages", paused]
    for name in (*old, *of_use):
        one.shared.put(name, b"")
    assert remove_old_files(one.warehouse, timedelta(0)) == 0  # all of today
    monkeypatch.setattr(shared_upkeep, "_AT_LEAST", timedelta(0))

    def remove_while_it_runs(_args: Any, _context: Any) -> Any:
        done.append(remove_old_files(one.warehouse, timedelta(0)))
        return page("t3", "a", "b", "c", "d", "e")

    done: list[int] = []
    one.execute = remove_while_it_runs
    one.configure(resume_within_minutes=0)  # such a one does not look for pages
    assert isinstance(run(one, "incremental")[0], TableFinished)
    assert done == [1]  # the pages may be its own
    assert remove_old_files(one.warehouse, timedelta(0)) == 1
    assert one.shared.names("spools") == sorted([old[1], *of_use])
    assert one.shared.names("held") == [found.stage]
