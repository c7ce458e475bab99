"""`packsync list` says of schedules what is so: how they are switched in Dagster, not in files."""

import sys
import time

import dagster as dg
import pytest
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
)
from dagster._daemon.types import DaemonHeartbeat
from typer.testing import CliRunner

from pack_sync.cli.app import app
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of
from tests.engine.sync_harness import Scripted

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

stored_project = dagster_project.stored_project

NAMES = ("acme_incremental", "acme_without_cursor", "acme_full_refresh")
OFF = "acme  schedules are off; switch them on in Dagster's UI, "
DAILY = {"incremental": "0 0 1 1 *", "without_cursor": "0 6 2 1 *", "full_refresh": "0 7 3 1 *"}


def switch(project: DagsterProject, status: str, *names: str) -> None:
    """Switch schedules as the UI, or a daemon that sees them, does."""
    location = RegisteredCodeLocationOrigin("project")
    repository = RemoteRepositoryOrigin(location, "__repository__")
    for name in names:
        project.instance.add_instigator_state(
            InstigatorState(
                RemoteInstigatorOrigin(repository_origin=repository, instigator_name=name),
                InstigatorType.SCHEDULE,
                InstigatorStatus(status),
                ScheduleInstigatorData("0 0 * * *", start_timestamp=time.time()),
            )
        )


def start_daemon(project: DagsterProject) -> None:
    """A sign of life of the daemon that looks at schedules."""
    project.instance.add_daemon_heartbeat(
        DaemonHeartbeat(timestamp=time.time(), daemon_type="SCHEDULER", daemon_id="d", errors=[])
    )


def said(project: DagsterProject, *, enabled: bool) -> str:
    """What is said of the pack's schedules."""
    schedule = {"enabled": enabled, **DAILY}
    project.switch_on_pack("acme", pack_of(Items=Scripted()), schedule=schedule)
    result = CliRunner().invoke(app, ["list"], catch_exceptions=False, env={"COLUMNS": "300"})
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("acme ")]
    return line


def test_schedules_that_nobody_switched_on(stored_project: DagsterProject) -> None:
    """The default, with both ways to change it."""
    assert said(stored_project, enabled=False) == f"{OFF}or in defs.yaml"


def test_schedules_that_are_switched_on_in_the_ui(stored_project: DagsterProject) -> None:
    """Whatever the file says; those that are not are named as well."""
    start_daemon(stored_project)
    switch(stored_project, "RUNNING", "acme_incremental")
    line = said(stored_project, enabled=False)
    assert line.startswith("acme  next incremental ")
    assert line.endswith("01 Jan 00:00 UTC, tables without a cursor is off, full refresh is off")


def test_schedules_that_are_switched_off_in_the_ui(stored_project: DagsterProject) -> None:
    """They stay off, although the file says that they start switched on."""
    switch(stored_project, "STOPPED", *NAMES)
    assert said(stored_project, enabled=True) == f"{OFF}where they were switched off"


def test_without_a_daemon_nothing_starts(stored_project: DagsterProject) -> None:
    """The times are said, and that somebody has to be there."""
    line = said(stored_project, enabled=True)
    assert line.endswith("03 Jan 07:00 UTC; not before `dg dev` or Dagster's daemon runs")


def test_a_daemon_that_has_not_seen_a_new_pack(stored_project: DagsterProject) -> None:
    """Its code location is to be reloaded; after that all is said to be as it is."""
    start_daemon(stored_project)
    line = said(stored_project, enabled=True)
    assert line.endswith(
        "; not before the running Dagster reloads its definitions, which lack them"
    )
    switch(stored_project, "DECLARED_IN_CODE", *NAMES)
    assert said(stored_project, enabled=True).endswith("full refresh " + line_end(line))


def line_end(line: str) -> str:
    """The time of the last schedule."""
    return line.split("full refresh ")[1].partition(";")[0]


def test_another_version_of_dagster(
    stored_project: DagsterProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that cannot be asked: what the file says."""
    monkeypatch.setitem(sys.modules, "pack_sync.dagster.internals.schedule_states", None)
    assert isinstance(stored_project.instance, dg.DagsterInstance)
    assert said(stored_project, enabled=True).endswith("03 Jan 07:00 UTC")
