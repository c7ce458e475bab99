"""Upkeep of a lake that is killed, or goes on beside others and beside syncs."""

import itertools
import multiprocessing
import signal
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from pack_sync.ledger.lake_upkeep import tend_lake
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.warehouse import Warehouse
from tests.commit.copy_bench import contents
from tests.commit.sync_bench import SyncBench, a_page
from tests.crash.killing import Kill, Steps
from tests.warehouses import KIND, warehouse_in

pytestmark = pytest.mark.skipif(KIND in ("file", "served"), reason="a file needs no upkeep")

EACH = 5
"""Every so many of the steps are tried here, for each takes a process; 1 tries all."""

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])

TABLES = [SyncKey(pack="acme", table=name) for name in ("Tasks", "People")]


def synced(folder: Path) -> SyncBench:
    """Two tables of ten small files each, some of whose rows are deleted."""
    bench = SyncBench(folder=folder)
    for key in TABLES:
        for number in range(10):
            sync(bench, key, number)
    return bench


def sync(bench: SyncBench, key: SyncKey, number: int) -> None:
    """Bring two rows, of which one goes the next time, and change one that stays."""
    rows = [{"id": f"{number}"}, {"id": f"gone {number}"}, {"id": "same", "size": number}]
    page = a_page(*rows, deleted=[f"gone {number - 1}"] if number else [])
    if number:
        bench.incremental(page, key=key, cursor={"at": number})
    else:
        bench.full(page, key=key, cursor={"at": 0})


def _tend(folder: Path, kill: Kill | None, told: Connection) -> None:
    """Tend the lake in this process, until it is killed; tells its steps."""
    steps = Steps(folder, kill)
    steps.watch()
    tend_lake(SyncBench(folder=folder).warehouse, keep=timedelta(0))
    told.send(steps.seen)


def _steps_of(folder: Path, kill: Kill | None = None) -> list[str]:
    """What upkeep in a process did; nothing if it was killed."""
    told, telling = multiprocessing.Pipe(duplex=False)
    process = PROCESSES.Process(target=_tend, args=(folder, kill, telling))
    process.start()
    telling.close()
    try:
        seen: list[str] = told.recv()
    except EOFError:
        seen = []
    process.join()
    assert process.exitcode == (0 if seen else -signal.SIGKILL)
    return seen


def test_killed_at_any_step(tmp_path: Path) -> None:
    """No row changes, syncs go on, and the next upkeep does what is left."""
    bench = synced(tmp_path)
    steps = len(_steps_of(tmp_path))
    assert steps > 20
    number, before = 9, {}
    for at, step in enumerate(range(0, steps, EACH)):
        number += 1
        for key in TABLES:
            sync(bench, key, number)
        before = contents(bench.warehouse)
        how = "after" if at % 2 else "before"
        _steps_of(tmp_path, Kill(step=step, how=how))
        assert contents(bench.warehouse) == before, (step, how)
    done = tend_lake(bench.warehouse, keep=timedelta(0))
    assert contents(bench.warehouse) == before
    assert done.unknown_file is None


class Patient(SyncBench):
    """A bench that waits for its turn however long the others take."""

    @property
    def warehouse(self) -> Warehouse:
        return warehouse_in(self.folder, lock_wait_seconds=600)


def _sync_often(folder: Path, key: SyncKey) -> None:
    bench = Patient(folder=folder, numbers=itertools.count(1_000 * (1 + TABLES.index(key))))
    for number in range(10, 25):
        sync(bench, key, number)


def _tend_often(folder: Path) -> None:
    for _ in range(5):
        tend_lake(Patient(folder=folder).warehouse, keep=timedelta(0))


def test_several_at_once_beside_syncs(tmp_path: Path) -> None:
    """Nobody fails, and no row is lost, doubled or back again."""
    bench = synced(tmp_path)
    work: list[tuple[Any, tuple[Any, ...]]] = [(_sync_often, (tmp_path, key)) for key in TABLES]
    work += [(_tend_often, (tmp_path,))] * 2
    processes = [PROCESSES.Process(target=target, args=args) for target, args in work]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    expected = sorted(["same", "gone 24", *(f"{number}" for number in range(25))])
    for key in TABLES:
        with bench.warehouse.read() as connection:
            found = connection.execute(f'SELECT id, size FROM acme."{key.table}"').fetchall()
        assert sorted(row for row, _ in found) == expected
        assert dict(found)["same"] == 24
