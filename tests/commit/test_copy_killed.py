"""A copy whose process is killed, at any statement that writes, goes on when it is given again."""

import multiprocessing
import signal
from multiprocessing.connection import Connection
from pathlib import Path

from pack_sync.commit.copy_plan import plan_copy
from pack_sync.warehouse.warehouse import Warehouse
from tests.commit.copy_bench import contents, copy, synced, warehouse_of
from tests.commit.sync_bench import SyncBench
from tests.crash.killing import Kill, Steps
from tests.warehouses import KIND

EACH = 13
"""Every so many of the statements are tried here, for each takes a process; 1 tries all."""

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])

WRITES = ("CREATE", "DROP", "INSERT", "DELETE", "COMMENT", "COMMIT", "ATTACH", "USE", "CLOSE")


def _target(folder: Path, name: str) -> Warehouse:
    return warehouse_of("file" if KIND == "file" else "sqlite", folder, name)


def _copy(folder: Path, name: str, kill: Kill | None, told: Connection) -> None:
    """Copy to the warehouse of that name in this process, until it is killed; tells its steps."""
    steps = Steps(folder, kill)
    steps.watch()
    copy(SyncBench(folder=folder).warehouse, _target(folder, name))
    told.send(steps.seen)


def _steps_of(folder: Path, name: str, kill: Kill | None = None) -> list[str]:
    """What a process did that copied all; nothing if it was killed."""
    told, telling = multiprocessing.Pipe(duplex=False)
    process = PROCESSES.Process(target=_copy, args=(folder, name, kill, telling))
    process.start()
    telling.close()
    try:
        seen: list[str] = told.recv()
    except EOFError:
        seen = []
    process.join()
    assert process.exitcode == (0 if seen else -signal.SIGKILL)
    return seen


def test_killed_at_statements_that_write(tmp_path: Path) -> None:
    """Before it or after it: what is there then are whole tables, and the rest is copied next."""
    bench = synced(tmp_path)
    source, before = bench.warehouse, contents(bench.warehouse)
    steps = _steps_of(tmp_path, "whole")
    assert contents(_target(tmp_path, "whole")) == before
    writing = [n for n, what in enumerate(steps) if what.startswith(WRITES)]
    assert len(writing) > 40
    whole: set[int] = set()
    for number, step in enumerate(writing[::EACH]):
        how = "after" if number % 2 else "before"
        name = f"killed {step}"
        assert _steps_of(tmp_path, name, Kill(step=step, how=how)) == [], (name, how)
        target = _target(tmp_path, name)
        due = {str(table.key) for table in plan_copy(source, target).due}
        found = contents(target) if len(due) < 2 else {}
        for table in {"acme.Tasks", "acme.People"} - due:
            assert found[table] == before[table]
        whole.add(len(due))
        copy(source, target)
        assert contents(target) == before, (name, how)
        assert contents(source) == before
    assert whole >= {2, 1}
