"""`packsync sync` after others were killed, and while others run: real commands, real signals."""

import signal
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from tests.dagster.dagster_project import ProjectCopy, copy_project

PATIENCE = 90.0
"""Seconds for a command to come as far as a test needs it, on a slow machine."""

SLOW_PACK = """
import time
from pathlib import Path
from pack_sdk import Pack, make_object_schema

pack = Pack()
ITEM = make_object_schema(
    properties={"id": {"type": "string"}, "name": {"type": "string"}},
    id_property="id",
    display_property="name",
)


def table(name):
    def execute(args, context):
        Path(f"{name}.begun").touch()
        while not Path("fast").exists():
            time.sleep(0.05)
        return {"result": [{"id": "1", "name": "a"}]}

    pack.add_sync_table(name=name, identity_name=name, schema=ITEM, execute=execute)


for name in ("One", "Two", "Three"):
    table(name)
"""

DEFS = """
type: pack_sync.PackSyncComponent
attributes:
  pack: slow
  page_timeout_seconds: 600
"""


@pytest.fixture
def copy(tmp_path: Path) -> ProjectCopy:
    """A project with a pack whose pages wait until there is a file `fast`."""
    copied = copy_project(tmp_path)
    for path, text in {
        "packs/slow/__init__.py": "",
        "packs/slow/pack.py": SLOW_PACK,
        "sync_assets/defs/slow/defs.yaml": DEFS,
    }.items():
        file = copied.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return copied


@contextmanager
def going_on(copy: ProjectCopy, table: str) -> Generator[subprocess.Popen[str]]:
    """A sync of a table that has begun its first page; killed when the block is left."""
    begun = copy.folder / f"{table}.begun"
    begun.unlink(missing_ok=True)
    with started(copy, table) as process:
        _wait_for(process, begun.exists)
        yield process


@contextmanager
def started(copy: ProjectCopy, table: str) -> Generator[subprocess.Popen[str]]:
    """A sync of a table, whose words are in `<table>.out`; killed when the block is left."""
    with (copy.folder / f"{table}.out").open("w") as out:
        process = subprocess.Popen(  # noqa: S603 - a program of our own environment
            copy.command("packsync", "sync", f"slow.{table}"),
            cwd=copy.folder,
            env=copy.all_environment(),
            stdout=out,
            stderr=out,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[str], is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert process.poll() is None, f"it ended with {process.returncode}"
        assert time.monotonic() < deadline, "it did not come so far"
        time.sleep(0.05)


def said(copy: ProjectCopy, table: str) -> str:
    """What the sync of a table has printed up to now."""
    return (copy.folder / f"{table}.out").read_text()


def test_a_sync_after_several_that_were_killed_does_not_wait(copy: ProjectCopy) -> None:
    """Each held a slot of the connection's pool, which has two, and nobody has freed them."""
    for _ in range(3):
        with going_on(copy, "One"):
            pass
    (copy.folder / "fast").touch()
    done = copy.run("packsync", "sync", "slow.One", timeout=PATIENCE)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_waits_for_others_says_so_and_can_be_stopped(
    copy: ProjectCopy, number: signal.Signals
) -> None:
    """At the first signal, and it does not keep a processor busy meanwhile."""
    with ExitStack() as others:
        for table in ("One", "Two"):
            others.enter_context(going_on(copy, table))
        with started(copy, "Three") as process:
            _wait_for(process, lambda: "waiting for a slot of the pool" in said(copy, "Three"))
            assert "slow_default: 2 of 2 are taken" in said(copy, "Three")
            before, began = psutil.Process(process.pid).cpu_times(), time.monotonic()
            while time.monotonic() - began < 3:
                time.sleep(0.1)
            after = psutil.Process(process.pid).cpu_times()
            assert after.user + after.system - before.user - before.system < 1
            process.send_signal(number)
            assert process.wait(PATIENCE) == 1
        assert "was stopped" in said(copy, "Three")
        assert "Traceback" not in said(copy, "Three")
