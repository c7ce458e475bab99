"""A process that is killed while it holds or settles a full sync leaves no file for ever (D8)."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pack_sync.commit import approval, held_files, held_syncs
from pack_sync.commit.approval import approve_held
from pack_sync.commit.held_syncs import discard_held
from pack_sync.engine.sync_tables import TableFinished
from tests.engine.sync_harness import Engine
from tests.engine.test_held import FIVE, engine_of, held, hold, is_kept, page, stages
from tests.engine.test_two_at_once import run
from tests.warehouses import KIND

FEW = page("t2", "a")


def _die(*_args: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _killed_while_it_holds(folder: Path) -> None:
    """The staged rows are where they are kept, the ledger does not know of them yet."""
    held_files.os.fsync = _die
    engine_of(folder, FEW).sync("full")


def _killed_after_it_approved(folder: Path) -> None:
    """What was held is committed, its staged rows are still there."""
    approval.remove_stages = _die
    engine = engine_of(folder)
    approve_held(engine.warehouse, *held(engine))


def _killed_after_it_discarded(folder: Path) -> None:
    held_syncs.remove_stages = _die
    engine = engine_of(folder)
    discard_held(engine.warehouse, *held(engine))


def _killed_after_it_held(folder: Path) -> None:
    """Its pages are still there, and the next sync goes on with them, under the same id."""
    held_syncs.remove_stages = _die
    engine_of(folder, FEW).sync("full")


def die_in(function: Callable[[Path], None], folder: Path) -> None:
    """Call a function in a process of its own, which must not survive it."""
    process = multiprocessing.get_context("spawn").Process(target=function, args=(folder,))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Synced once; a full sync that brings `FEW` of the rows is held."""
    engine = engine_of(tmp_path, FIVE)
    engine.sync()
    return engine


@pytest.mark.skipif(KIND == "postgres-lake", reason="shared files are left to the upkeep")
@pytest.mark.parametrize(
    "death", [_killed_while_it_holds, _killed_after_it_approved, _killed_after_it_discarded]
)
def test_the_next_sync_removes_what_nobody_needs(
    death: Callable[[Path], None], engine: Engine
) -> None:
    """Whatever it brings; the folder may be on a disk that is nearly full."""
    if death is not _killed_while_it_holds:
        hold(engine_of(engine.folder, FEW))
    die_in(death, engine.folder)
    assert held(engine) == []
    assert any("held" in path.parts for path in engine.spools.rglob("*.duckdb"))
    assert isinstance(run(engine_of(engine.folder, FIVE))[0], TableFinished)
    assert stages(engine) == []


def test_what_is_held_again_is_kept(engine: Engine) -> None:
    """By the sync that goes on with the pages of one that was killed after it had held them."""
    die_in(_killed_after_it_held, engine.folder)
    found = hold(engine_of(engine.folder))
    assert is_kept(engine.warehouse, found)
    assert approve_held(engine.warehouse, found).record.deleted == 4


def test_a_sync_leaves_what_is_held(engine: Engine) -> None:
    """Also if the project's folder has been moved since: the ledger has the old place."""
    hold(engine_of(engine.folder, FEW))
    with engine.warehouse.write() as connection:
        connection.execute("UPDATE _sync.held_syncs SET stage = '/elsewhere' || stage")
    kept = stages(engine)
    assert isinstance(
        run(engine_of(engine.folder, page("t2", "f")), "incremental")[0], TableFinished
    )
    assert stages(engine) == kept != []
