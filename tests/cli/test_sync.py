"""`packsync sync`: a run in Dagster's instance, told in plain lines at the terminal."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Generator

import dagster as dg
import duckdb
import pytest
from click.testing import Result
from typer.testing import CliRunner

from pack_sync.cli.app import app
from pack_sync.dagster.internals.dead_runs import PROCESS_TAG
from pack_sync.dagster.schedules import PACK_TAG
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, Demo, pack_of, served_demo
from tests.engine.sync_harness import Scripted, last_page

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.stored_project


@pytest.fixture
def demo(project: DagsterProject) -> Generator[Demo]:
    """The demo pack, switched on and served."""
    with served_demo() as demo:
        project.switch_on_demo(demo.url)
        yield demo


def packsync(*words: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, words, catch_exceptions=False)


def runs_of(project: DagsterProject) -> list[dg.DagsterRun]:
    """The instance's runs, newest first."""
    return list(project.instance.get_runs())


def test_a_pack_is_synced_by_a_run_of_the_instance(project: DagsterProject, demo: Demo) -> None:
    """The UI shows it like any other run, under its code location (design: the controls)."""
    assert demo.url
    result = packsync("sync", "demo")
    assert result.exit_code == 0, result.output
    (run,) = runs_of(project)
    assert (run.job_name, run.status) == ("demo_incremental", dg.DagsterRunStatus.SUCCESS)
    assert run.tags[".dagster/repository"] == "__repository__@project"
    assert project.query("SELECT count(*) FROM demo.Tasks") == [(30,)]
    for line in ("Projects", "Tasks", "Events"):
        assert f"{line} full: it has never been synced" in result.stdout


def test_one_table_can_be_synced_fully(project: DagsterProject, demo: Demo) -> None:
    """`PACK.TABLE --full`, the table written in any case; the others are left alone."""
    assert demo.url
    assert packsync("sync", "demo.TASKS").exit_code == 0
    result = packsync("sync", "demo.tasks", "--full")
    assert result.exit_code == 0, result.output
    newest = runs_of(project)[0]
    assert newest.job_name == "demo_full_refresh"
    assert newest.asset_selection == {dg.AssetKey(["demo", "Tasks"])}
    assert "Tasks full: the run is tagged sync/mode: full" in result.stdout
    assert project.query("SELECT DISTINCT table_name FROM _sync.runs") == [("Tasks",)]


def lines_of(result: Result) -> list[str]:
    """The lines at the terminal, which begin with the time, without it."""
    assert result.exit_code == 0, result.output
    lines = [re.fullmatch(r"\d\d:\d\d:\d\d (.+)", line) for line in result.stderr.splitlines()]
    assert all(lines), result.stderr
    return [line[1] for line in lines if line]


def test_the_terminal_shows_our_lines_without_dagsters(project: DagsterProject) -> None:
    """Time and sentence; Dagster's events are for its UI, warnings and errors are marked."""
    execute = Scripted(RuntimeError("down"), last_page("t1", a="1"), {"result": []})
    project.switch_on_pack("acme", pack_of(Items=execute), attempts=2, retry_wait_seconds=0)
    first, second = (lines_of(packsync("sync", "acme")) for _ in range(2))
    assert len(first) == len(second) == 2
    assert first[0] == "acme.Items: full sync, because it has never been synced"
    assert first[1].startswith("warning: acme.Items: attempt 1 of 2 failed, trying again in 0 s")
    assert second[0] == "acme.Items: incremental sync, because there is a cursor to continue from"
    assert second[1].startswith("warning: acme.Items: the incremental sync ended without a cursor")


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_a_failure_is_said_without_a_traceback(project: DagsterProject, dry: list[str]) -> None:
    """What failed, where in the pack, and no frames of ours; those are for `--debug`."""

    def stumble(*_: object) -> None:
        {}["rows"]

    project.switch_on_pack("acme", pack_of(Items=stumble))
    plain, debug = (packsync("sync", "acme", *dry, *more) for more in ([], ["--debug"]))
    assert plain.exit_code == debug.exit_code == 1
    said = r"acme\.Items.*: KeyError: 'rows' \(\S+test_sync\.py, line \d+, in stumble\)\n"
    assert re.search(said, plain.output)
    assert "Traceback" not in plain.output
    assert re.search(said, debug.output)
    assert "debug: acme.Items: Traceback (most recent call last)" in debug.stderr


def test_a_failing_run_ends_with_1_and_is_told(project: DagsterProject) -> None:
    """Good tables are reported, the failed one's error stands in the log, and where to look."""
    pack = pack_of(Good=Scripted(last_page("t1", a="1")), Broken=Scripted(ValueError("no items")))
    project.switch_on_pack("acme", pack)
    result = packsync("sync", "acme")
    assert result.exit_code == 1
    (run,) = runs_of(project)
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert "Good full: it has never been synced" in result.stdout
    assert "error: acme.Broken: " in result.stderr
    assert "no items" in result.stderr
    for dagsters in ("Execution of step", "Execution of run", "Stack Trace"):
        assert dagsters not in result.stderr
    assert result.stderr.endswith(
        f"error: the run {run.run_id} failed; why is said above, and in its log in Dagster's UI\n"
    )


def test_a_run_that_was_killed_is_marked_as_failed(project: DagsterProject, demo: Demo) -> None:
    """By the next sync of its pack: without a daemon nobody else would, and the UI shows it."""
    assert demo.url
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        process = ended.pid
    tags = {PACK_TAG: "demo", PROCESS_TAG: f"{socket.gethostname()} {process} 1.0"}
    for status in (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED):
        project.instance.add_run(dg.DagsterRun("demo_incremental", tags=tags, status=status))
    packsync("sync", "demo.Projects")
    newest, *killed = runs_of(project)
    assert newest.status is dg.DagsterRunStatus.SUCCESS
    assert [run.status for run in killed] == [dg.DagsterRunStatus.FAILURE] * 2


def test_a_locked_warehouse_is_said_and_nothing_more(project: DagsterProject) -> None:
    """Who has it and what to do; no list of DuckDB's of what a traceback still holds of it."""
    project.switch_on_demo("http://127.0.0.1:9")
    definitions = dagster_project.DEFINITIONS.replace('.duckdb"', '.duckdb", lock_wait_seconds=0')
    project.write(f"{project.module}/definitions.py", definitions)
    program = "from pack_sync.cli.app import app; app()"
    with duckdb.connect(project.warehouse):
        done = subprocess.run(  # noqa: S603 a command of our own
            [sys.executable, "-c", program, "sync", "demo.Tasks"],
            cwd=project.folder,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    failed, ended = done.stderr.splitlines()
    assert "error: demo.Tasks: WarehouseLockedError: " in failed
    assert f"process {os.getpid()}) and was not free within 0 s. Close the program" in failed
    assert ended.endswith("failed; why is said above, and in its log in Dagster's UI")


def test_a_warehouse_that_cannot_be_is_said(project: DagsterProject) -> None:
    """Before any table is looked at."""
    project.switch_on_demo("http://127.0.0.1:9")
    definitions = dagster_project.DEFINITIONS.replace("warehouse.duckdb", "ducklake:mysql:db")
    project.write(f"{project.module}/definitions.py", definitions)
    result = packsync("sync", "demo.Tasks")
    assert result.exit_code == 1
    assert "error: ducklake:mysql: begins the address of no lake" in result.stderr
