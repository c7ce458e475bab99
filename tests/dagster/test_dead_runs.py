"""Run monitoring learns from our launcher whether the process of a run lives."""

import json
import os
import subprocess
import sys

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from dagster._core.launcher import WorkerStatus

from pack_sync.dagster.internals import dead_runs
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject

stored_project = dagster_project.stored_project
SOCKET = {"dagster/grpc_info": json.dumps({"host": "localhost", "socket": "some.sock"})}
ELSEWHERE = {"dagster/grpc_info": json.dumps({"host": "worker-7", "port": 4000})}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silence of no time is enough."""
    monkeypatch.setattr(dead_runs, "SILENT_SECONDS", 0.0)


def ended_process() -> int:
    """The number of a process that is gone."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        return child.pid


def launched(
    project: DagsterProject, tags: dict[str, str], process: int, status: dg.DagsterRunStatus
) -> dg.DagsterRun:
    """A run which the launcher started in that process."""
    run = dg.DagsterRun("incremental", tags=tags, status=status)
    project.instance.add_run(run)
    project.instance.report_engine_event(
        f"Started process for run (pid: {process}).", run, EngineEventData.in_process(process)
    )
    return run


def health(project: DagsterProject, tags: dict[str, str], process: int) -> WorkerStatus:
    """What run monitoring is told of a run which the launcher started in that process."""
    instance = project.instance
    run = launched(project, tags, process, dg.DagsterRunStatus.STARTED)
    assert instance.run_monitoring_enabled
    assert instance.run_launcher.supports_check_run_worker_health
    return instance.run_launcher.check_run_worker_health(run).status


def test_a_run_whose_process_is_gone_has_failed(stored_project: DagsterProject) -> None:
    """Whatever schedules there are: its slot and its backfill wait for it."""
    assert health(stored_project, SOCKET, ended_process()) is WorkerStatus.FAILED


def test_a_run_whose_process_lives_runs(stored_project: DagsterProject) -> None:
    """Also if the step that last said which process it is in has ended."""
    gone = {dead_runs.PROCESS_TAG: f"{os.uname().nodename} {ended_process()} 1.0"}
    assert health(stored_project, SOCKET | gone, os.getpid()) is WorkerStatus.RUNNING


def test_of_another_machine_nothing_is_known(stored_project: DagsterProject) -> None:
    """A process of that number here is another one."""
    gone = {dead_runs.PROCESS_TAG: f"{os.uname().nodename} {ended_process()} 1.0"}
    assert health(stored_project, ELSEWHERE | gone, ended_process()) is WorkerStatus.RUNNING


@pytest.mark.parametrize("lives", [True, False])
def test_a_launched_run_that_was_killed_before_it_began_is_dead(
    stored_project: DagsterProject, lives: bool
) -> None:
    """Its process has said that it is there, and is gone: its pack need not wait for a timeout."""
    process = os.getpid() if lives else ended_process()
    run = launched(stored_project, SOCKET, process, dg.DagsterRunStatus.STARTING)
    assert dead_runs.is_dead(stored_project.instance, run) is not lives


def test_a_launched_run_without_a_process_may_still_get_one(stored_project: DagsterProject) -> None:
    """Also where it repeats a run whose process is gone, with the tags of that."""
    gone = {dead_runs.PROCESS_TAG: f"{os.uname().nodename} {ended_process()} 1.0"}
    run = dg.DagsterRun("incremental", tags=SOCKET | gone, status=dg.DagsterRunStatus.STARTING)
    stored_project.instance.add_run(run)
    assert not dead_runs.is_dead(stored_project.instance, run)
