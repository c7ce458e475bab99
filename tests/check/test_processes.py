"""A pack of several tables is checked in several processes: what they say, and how they end."""

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import tenacity

from pack_sync.check import processes
from pack_sync.check.findings import CannotCheckError
from pack_sync.check.running import check_pack

PACK = """
import os
import threading

from pack_sdk import Pack, make_object_schema

pack = Pack()
SCHEMA = make_object_schema(
    properties={"id": {"type": "string"}, "name": {"type": "string"}},
    id_property="id",
    display_property="name",
)


def add(name, rows):
    @pack.add_sync_table(name=name, identity_name=name, schema=SCHEMA)
    def sync(args, context):
        return {"result": rows()}


def ends():
    os._exit(3)


def begins():
    open("begun", "w").close()
    return []


def waits():
    open("waits", "w").close()
    threading.Event().wait()


"""
GOOD = '[{"id": "a", "name": "A"}]'
TWICE = '[{"id": "a", "name": "A"}, {"id": "a", "name": "B"}]'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is looked at with four processes."""
    (tmp_path / "pyproject.toml").write_text('[tool.dg]\ndirectory_type = "project"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(processes.os, "cpu_count", lambda: 2)
    return tmp_path


def write(project: Path, **rows: str) -> None:
    """A pack whose tables get their rows so."""
    folder = project / "packs" / "many"
    folder.mkdir(parents=True)
    lines = [f"add({name!r}, {how})" for name, how in rows.items()]
    (folder / "pack.py").write_text(PACK + "\n".join(lines) + "\n")


def test_several_processes_find_what_one_finds(project: Path) -> None:
    """In the order of the tables, each of which is told."""
    write(
        project, One=f"lambda: {GOOD}", Two=f"lambda: {TWICE}", Three="lambda: 1 / 0", Four="list"
    )
    told: list[str] = []
    report = check_pack("many", tell=told.append, in_processes=True)
    assert told == ["One", "Two", "Three", "Four"]
    assert report.tables == check_pack("many").tables
    assert {each.table for each in report.findings} == {"Two", "Three"}


def test_a_process_that_ends_is_told(project: Path) -> None:
    """With the table whose report is lacking."""
    write(project, One="list", Two="ends", Three="list", Four="list")
    with pytest.raises(CannotCheckError, match=r"ended before .* packsync check many (One|Two)"):
        check_pack("many", in_processes=True)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_processes_end_with_the_one_that_asked(project: Path, number: signal.Signals) -> None:
    """Killed, or by Ctrl-C in a terminal, which reaches all of them, busy or not."""
    write(project, One="waits", Two="list", Three="list", Four="begins")
    with (
        Path("errors").open("w") as errors,
        subprocess.Popen(  # noqa: S603 a command of our own
            [Path(sys.executable).with_name("packsync"), "check", "many"], stderr=errors
        ) as checking,
    ):
        workers = processes_that_check(checking)
        try:
            for each in workers if number == signal.SIGINT else ():
                each.send_signal(number)
            checking.send_signal(number)
            assert checking.wait() not in (0, 1, 2)
            _, alive = psutil.wait_procs(workers, timeout=600)
            assert not alive
            assert "Traceback" not in Path("errors").read_text()
        finally:
            checking.kill()
            for each in workers:
                with suppress(psutil.NoSuchProcess):
                    each.kill()


@tenacity.retry(wait=tenacity.wait_fixed(0.05), retry=tenacity.retry_if_exception_type(LookupError))
def processes_that_check(checking: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Once one waits, and the other has come to the last table."""
    assert checking.poll() is None
    if not (Path("waits").exists() and Path("begun").exists()):
        raise LookupError
    return psutil.Process(checking.pid).children()
