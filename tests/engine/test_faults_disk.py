"""The disk fills up, or cannot be written: nothing is applied, and the message says what to do."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.dagster.dagster_project import ROOT
from tests.engine.sync_harness import Engine, Scripted, last_page
from tests.warehouses import not_served, only_a_file

AMOUNTS = (0, 60, 140, 165, 185, 300, 400, 900, 1_400, 1_500, 1_800, 6_000)
"""How many kilobytes are left: too few for the pages, the typed rows, the commit, and enough."""

NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]


def in_a_namespace(folder: Path, mount: str, command: Sequence[str]) -> str:
    """The output of a Python module, run where `mount` has been done; skips if that cannot be.

    The mount is seen by that process alone and ends with it.
    """
    if not shutil.which("unshare"):
        pytest.skip("needs Linux's unshare, to mount a disk for one process")
    tried = subprocess.run([*NAMESPACE, "true"], check=False, capture_output=True)  # noqa: S603
    if tried.returncode:
        pytest.skip(f"this machine lets nobody mount: {tried.stderr.decode()}")
    script = f'{mount} && shift && exec "$@"'
    words = [*NAMESPACE, "sh", "-c", script, "sh", str(folder), sys.executable, "-m", *command]
    return output_of(words)


def output_of(words: Sequence[str]) -> str:
    """What a program prints; fails with what it complains of."""
    done = subprocess.run(  # noqa: S603 - our own words
        words, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=[0, 10_000], ids=["stage in a file", "in memory"])
def most_in_memory(request: pytest.FixtureRequest) -> int:
    """So many rows a stage may have in memory."""
    return request.param


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory, most_in_memory: int) -> list[dict[str, Any]]:
    """Syncs on a disk of 16 MB of their own, which fills up while the pages come."""
    folder = tmp_path_factory.mktemp("disk")
    numbers = map(str, (most_in_memory, *AMOUNTS))
    command = ["tests.engine.small_disk", str(folder), *numbers]
    found = in_a_namespace(folder, 'mount -t tmpfs -o size=16m none "$1"', command)
    return json.loads(found)


def test_a_full_disk_changes_nothing(trials: list[dict[str, Any]]) -> None:
    """Wherever the room ends: all of the sync is there, or rows and cursor are as before."""
    assert [trial["changed"] for trial in trials] == [not trial["error"] for trial in trials]
    assert [trial["good"] for trial in trials] == [True] * len(trials)
    assert [trial["left"] for trial in trials] == [[]] * len(trials)


@only_a_file
def test_it_fills_up_at_every_place_that_writes(
    trials: list[dict[str, Any]], most_in_memory: int
) -> None:
    """While spooling, staging and committing, or the test above would prove little."""
    full = [trial["error"].partition(" could not be written")[0] for trial in trials]
    assert full[0].rpartition("/")[2].startswith("spool-")  # the folder of the spool
    assert any("/stage.duckdb" in where for where in full) is (most_in_memory == 0)
    assert any("/warehouse.duckdb" in where for where in full)
    assert trials[-1]["error"] == ""


def test_the_message_about_a_full_disk(trials: list[dict[str, Any]]) -> None:
    """It names table and file, how much there is, and the remedy; and it is tried but once."""
    for error in (trial["error"] for trial in trials if trial["error"]):
        assert error.startswith("acme.Items: DiskFullError: /")
        assert "could not be written: No space left on device. It has " in error
        assert " of 16,777,216 bytes are free on its disk. Make room there" in error
        assert "the `path` of the warehouse resource" in error


SYNC = "tests.engine.sync_in_process"


def synced(folder: Path) -> Engine:
    """An engine after a sync that brought a and the cursor "t1"."""
    engine = Engine(folder=folder, execute=Scripted(last_page("t1", a="1")))
    engine.sync()
    return engine


def mortal(command: Sequence[str]) -> list[str]:
    """The command such that permissions count for it, also when root runs the tests."""
    words = [sys.executable, "-m", *command]
    if os.geteuid():
        return words
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *words]


@only_a_file
@pytest.mark.parametrize(
    ("closed", "mode", "named"),
    [
        ("warehouse.duckdb", 0o444, "warehouse.duckdb"),
        ("warehouse.duckdb", 0o000, "warehouse.duckdb"),
        (".", 0o555, "warehouse.duckdb.wal"),
        ("spool/Items/default", 0o555, "spool/Items/default/"),
    ],
)
def test_what_may_not_be_written(tmp_path: Path, closed: str, mode: int, named: str) -> None:
    """Permissions of the database, its folder or the spool's: named, and nothing is changed."""
    engine = synced(tmp_path)
    before, place = engine.state(), tmp_path / closed
    kept = place.stat().st_mode
    place.chmod(mode)
    try:
        error = output_of(mortal([SYNC, str(tmp_path)]))
    finally:
        place.chmod(kept)
    assert error.startswith(f"acme.Items: NotWritableError: {tmp_path}/{named}")
    assert "cannot be opened or written (Permission denied)" in error
    assert "Correct owner and permissions" in error
    assert engine.state() == before
    assert output_of(mortal([SYNC, str(tmp_path)])) == "incremental from t1"


@not_served
def test_a_file_system_that_is_read_only(tmp_path: Path) -> None:
    """As after an error of the disk: the same message, with its reason."""
    engine = synced(tmp_path)
    before = engine.state()
    mount = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"'
    error = in_a_namespace(tmp_path, mount, [SYNC, str(tmp_path)])
    assert error.startswith("acme.Items: NotWritableError: ")
    assert "(Read-only file system)" in error
    assert engine.state() == before
    assert output_of(mortal([SYNC, str(tmp_path)])) == "incremental from t1"
