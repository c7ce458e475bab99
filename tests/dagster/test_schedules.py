"""The schedules of a pack: what a tick takes, and when it rather does nothing."""

import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import dagster as dg
import duckdb
import psutil
import pytest
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from pack_sync.dagster.internals import dead_runs
from pack_sync.dagster.internals.dead_runs import PROCESS_TAG, process_tag
from tests.dagster import dagster_project
from tests.dagster.dagster_project import (
    DagsterProject,
    Demo,
    open_project,
    pack_of,
    served_demo,
    synced_tables,
    values_of,
)
from tests.engine.sync_harness import Scripted, last_page

STILL_GOING = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")

project = dagster_project.stored_project


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Generator[DagsterProject]:
    """A project whose pack `acme` has never been synced and is not synced by these tests."""
    folder = tmp_path_factory.mktemp("waiting")
    with (
        pytest.MonkeyPatch.context() as patch,
        open_project(folder, patch, stored=True) as project,
    ):
        project.switch_on_pack("acme", pack_of(Items=Scripted()))
        yield project


@pytest.fixture
def demo(project: DagsterProject) -> Generator[Demo]:
    """The demo pack, switched on and served."""
    with served_demo() as demo:
        project.switch_on_demo(demo.url)
        yield demo


def tick(project: DagsterProject, schedule: str) -> Any:
    """Evaluate a schedule once, as Dagster's daemon does."""
    definitions = project.definitions()
    with dg.build_schedule_context(
        instance=project.instance,
        resources=project.resources,
    ) as context:
        return definitions.resolve_schedule_def(schedule).evaluate_tick(context)


def tables_of(project: DagsterProject, schedule: str) -> set[str]:
    """The tables that a tick asks for; none if it skips."""
    requests = tick(project, schedule).run_requests
    assert len(requests) <= 1
    return {".".join(key.path) for request in requests for key in request.asset_selection}


def test_the_first_tick_takes_what_was_never_synced(project: DagsterProject, demo: Demo) -> None:
    """Before the first sync nobody knows which tables have cursors: all go at once (C12)."""
    assert demo.url
    everything = {"demo.Projects", "demo.Tasks", "demo.Events"}
    assert tables_of(project, "demo_incremental") == everything
    assert tables_of(project, "demo_full_refresh") == everything
    assert tables_of(project, "demo_without_cursor") == set()


def test_tables_are_divided_by_whether_they_have_a_cursor(
    project: DagsterProject, demo: Demo
) -> None:
    """The last completion decides: with a cursor every 4 hours, without one daily (C12)."""
    assert demo.url
    assert project.run().success
    assert tables_of(project, "demo_incremental") == {"demo.Tasks", "demo.Events"}
    assert tables_of(project, "demo_without_cursor") == {"demo.Projects"}
    assert tables_of(project, "demo_full_refresh") == {"demo.Projects", "demo.Tasks", "demo.Events"}


def test_a_table_that_only_failed_stays_with_those_never_synced(project: DagsterProject) -> None:
    """A failed first sync says nothing of cursors, so the next tick tries again."""
    project.switch_on_pack("acme", pack_of(Items=Scripted(ValueError("down"))))
    assert not project.run().success
    assert tables_of(project, "acme_incremental") == {"acme.Items"}
    assert tables_of(project, "acme_without_cursor") == set()


def test_a_table_that_loses_its_cursor_changes_over(project: DagsterProject) -> None:
    """After a sync without completion the next one is a full one (contract D3)."""
    execute = Scripted(last_page("t1", a="1"), {"result": []})
    project.switch_on_pack("acme", pack_of(Items=execute))
    project.run()
    assert tables_of(project, "acme_incremental") == {"acme.Items"}
    project.run()
    assert tables_of(project, "acme_incremental") == set()
    assert tables_of(project, "acme_without_cursor") == {"acme.Items"}


def test_a_tick_without_a_fitting_table_says_so(project: DagsterProject) -> None:
    """It skips, naming the pack, instead of starting an empty run (which would take all)."""
    project.switch_on_pack("acme", pack_of(Items=Scripted({"result": []})))
    assert tick(project, "acme_without_cursor").skip_message == "no table of acme lacks a cursor"
    project.run()
    assert tick(project, "acme_incremental").skip_message == "no table of acme has a cursor"


def test_what_a_tick_asks_for_can_be_run(project: DagsterProject) -> None:
    """The selection fits the schedule's job, which brings its mode along (C13)."""
    execute = Scripted(last_page("t1", a="1"), last_page("t2", a="1"))
    project.switch_on_pack("acme", pack_of(Items=execute))
    project.run()
    schedule = project.definitions().resolve_schedule_def("acme_full_refresh")
    (request,) = tick(project, "acme_full_refresh").run_requests
    tables = [".".join(key.path) for key in request.asset_selection]
    result = project.run(schedule.job_name, *tables, tags=request.tags)
    assert synced_tables(result) == {"acme.Items"}
    assert values_of(result, "Items")["sync/mode_reason"] == "the run is tagged sync/mode: full"


@contextmanager
def run_of(
    project: DagsterProject, pack: str, status: dg.DagsterRunStatus
) -> Generator[dg.DagsterRun]:
    """A run of a pack's schedule, in some status, for a while."""
    job = project.definitions().resolve_job_def("incremental")
    run = project.instance.create_run_for_job(
        job,
        status=status,
        tags=dict(job.run_tags) | {"sync/pack": pack},
        remote_job_origin=RemoteJobOrigin(  # without which no run can be queued
            repository_origin=RemoteRepositoryOrigin(
                code_location_origin=RegisteredCodeLocationOrigin("pack_sync"),
                repository_name="__repository__",
            ),
            job_name="incremental",
        ),
    )
    yield run
    project.instance.delete_run(run.run_id)


@pytest.mark.parametrize(
    ("schedule", "status"),
    [
        *(("acme_incremental", status) for status in STILL_GOING),
        ("acme_full_refresh", "STARTED"),
    ],
)
def test_a_tick_skips_while_a_run_of_the_pack_is_going(
    waiting: DagsterProject, schedule: str, status: str
) -> None:
    """Runs must not queue up behind a slow one; the reason names it (design: schedules)."""
    with run_of(waiting, "acme", dg.DagsterRunStatus(status)) as run:
        result = tick(waiting, schedule)
    assert result.run_requests == []
    assert result.skip_message == f"the run {run.run_id} of acme is still going ({status})"


def process_that_has_ended() -> str:
    """The tag of a run whose process is gone."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        started = psutil.Process(child.pid).create_time()
    return f"{socket.gethostname()} {child.pid} {started:.2f}"


@pytest.mark.parametrize("silent", [True, False])
def test_a_run_whose_process_is_gone_does_not_hinder_a_tick(
    waiting: DagsterProject, monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    """It is marked as failed, or it would hinder all ticks; not while it still writes events."""
    monkeypatch.setattr(dead_runs, "SILENT_SECONDS", 0.0 if silent else 3600.0)
    with run_of(waiting, "acme", dg.DagsterRunStatus.STARTED) as run:
        waiting.instance.add_run_tags(run.run_id, {PROCESS_TAG: process_that_has_ended()})
        waiting.instance.report_engine_event("still here", run)
        result = tick(waiting, "acme_incremental")
        after = waiting.instance.get_run_by_id(run.run_id)
    assert after is not None
    assert after.status.value == ("FAILURE" if silent else "STARTED")
    assert bool(result.run_requests) == silent


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING])
def test_a_run_that_was_killed_before_it_began_does_not_hinder_a_tick(
    waiting: DagsterProject, status: dg.DagsterRunStatus
) -> None:
    """A `packsync sync` that was killed while it loaded: nobody will ever begin its run."""
    with run_of(waiting, "acme", status) as run:
        waiting.instance.add_run_tags(run.run_id, {PROCESS_TAG: process_that_has_ended()})
        assert tick(waiting, "acme_incremental").run_requests
        after = waiting.instance.get_run_by_id(run.run_id)
    assert after is not None
    assert after.status is dg.DagsterRunStatus.FAILURE


def test_a_run_that_waits_to_be_launched_hinders_a_tick(waiting: DagsterProject) -> None:
    """Also one that repeats a run of a process that is gone, with the tags of that."""
    gone = {PROCESS_TAG: process_that_has_ended()}
    for tags, parent in (({}, None), (gone, "a-run-before")):
        run = dg.DagsterRun(
            "acme_incremental",
            tags={"sync/pack": "acme", **tags},
            parent_run_id=parent,
            root_run_id=parent,
        )
        waiting.instance.add_run(run)
        assert tick(waiting, "acme_incremental").run_requests == []
        waiting.instance.delete_run(run.run_id)


def test_a_run_of_a_living_process_hinders_a_tick(
    waiting: DagsterProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However silent it is: a page may take long. One on another machine counts as living."""
    monkeypatch.setattr(dead_runs, "SILENT_SECONDS", 0.0)
    for tag in (process_tag()[PROCESS_TAG], "elsewhere 1 1.0"):
        with run_of(waiting, "acme", dg.DagsterRunStatus.STARTED) as run:
            waiting.instance.add_run_tags(run.run_id, {PROCESS_TAG: tag})
            assert tick(waiting, "acme_incremental").run_requests == []


def test_a_run_says_which_process_it_is_in(project: DagsterProject) -> None:
    """Or nobody could tell later whether it lives."""
    project.switch_on_pack("acme", pack_of(Items=Scripted(last_page("t1", a="1"))))
    run = project.instance.get_run_by_id(project.run().run_id)
    assert run is not None
    assert run.tags[PROCESS_TAG] == process_tag()[PROCESS_TAG]


@pytest.mark.parametrize("status", ["SUCCESS", "FAILURE", "CANCELED"])
def test_a_run_that_has_ended_does_not_hinder_a_tick(waiting: DagsterProject, status: str) -> None:
    """However it ended: a failed run must not stop the schedule for ever."""
    with run_of(waiting, "acme", dg.DagsterRunStatus(status)):
        assert tables_of(waiting, "acme_incremental") == {"acme.Items"}


def test_a_run_of_another_pack_does_not_hinder_a_tick(waiting: DagsterProject) -> None:
    """Packs do not wait for each other."""
    with run_of(waiting, "initech", dg.DagsterRunStatus.STARTED):
        assert tables_of(waiting, "acme_incremental") == {"acme.Items"}


def test_a_ticks_run_is_tagged_so_that_the_next_tick_finds_it(waiting: DagsterProject) -> None:
    """The tag that skipping looks for is on the runs that schedules request."""
    for schedule in ("acme_incremental", "acme_full_refresh"):
        (request,) = tick(waiting, schedule).run_requests
        assert request.tags["sync/pack"] == "acme"


def test_schedules_are_off_and_daily_weekly_by_default(waiting: DagsterProject) -> None:
    """Every 4 hours, daily and weekly (contract C12), in UTC, until somebody switches them on."""
    definitions = waiting.definitions()
    names = {schedule.name for schedule in definitions.schedules or ()}
    schedules = {name: definitions.resolve_schedule_def(name) for name in names}
    assert {name: schedule.cron_schedule for name, schedule in schedules.items()} == {
        "acme_incremental": "14 */4 * * *",
        "acme_without_cursor": "14 2 * * *",
        "acme_full_refresh": "14 3 * * 0",
    }
    for schedule in schedules.values():
        assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
        assert schedule.execution_timezone == "UTC"
        assert schedule.description


def test_times_and_state_of_schedules_are_settings(project: DagsterProject) -> None:
    """All of contract C12 can be set in the defs.yaml."""
    times = {"incremental": "5 * * * *", "without_cursor": "6 1 * * *", "full_refresh": "7 2 1 * *"}
    configured = {"enabled": True, "time_zone": "Europe/Berlin", **times}
    project.switch_on_pack("acme", pack_of(Items=Scripted()), schedule=configured)
    definitions = project.definitions()
    for name, cron in times.items():
        schedule = definitions.resolve_schedule_def(f"acme_{name}")
        assert schedule.cron_schedule == cron
        assert schedule.execution_timezone == "Europe/Berlin"
        assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING


def test_times_may_have_names(project: DagsterProject) -> None:
    """`@daily` and the like, for Dagster, `packsync list` and freshness alike (contract C12)."""
    configured = {"incremental": "@hourly", "without_cursor": "@Daily", "full_refresh": "@weekly"}
    project.switch_on_pack("acme", pack_of(Items=Scripted()), schedule=configured)
    definitions = project.definitions()
    crons = {"incremental": "0 * * * *", "without_cursor": "0 0 * * *", "full_refresh": "0 0 * * 0"}
    for name, cron in crons.items():
        assert definitions.resolve_schedule_def(f"acme_{name}").cron_schedule == cron


def test_packs_begin_at_minutes_of_their_own(project: DagsterProject) -> None:
    """Unless the times are set: a dozen packs must not all begin in the same second."""
    for name in ("acme", "initech", "globex"):
        project.switch_on_pack(name, pack_of(Items=Scripted()))
    definitions = project.definitions()
    crons = {
        str(definitions.resolve_schedule_def(f"{name}_incremental").cron_schedule)
        for name in ("acme", "initech", "globex")
    }
    assert len(crons) == 3
    assert all(cron.endswith(" */4 * * *") for cron in crons)


def test_a_refresh_that_was_missed_is_made_up(project: DagsterProject) -> None:
    """The weekly tick found a run going: the next incremental tick's sync is full (C12, C13)."""
    execute = Scripted(last_page("t1", a="1"), last_page("t2", a="1"))
    project.switch_on_pack("acme", pack_of(Items=execute), full_every_days=7)
    project.run()
    with run_of(project, "acme", dg.DagsterRunStatus.STARTED):
        assert "still going" in tick(project, "acme_full_refresh").skip_message
    with duckdb.connect(project.warehouse) as connection:
        connection.execute("UPDATE _sync.cursors SET last_full_at = now() - INTERVAL 7 DAY")
    assert tables_of(project, "acme_incremental") == {"acme.Items"}
    values = values_of(project.run(), "Items")
    assert (values["sync/mode"], values["sync/mode_reason"][:27]) == (
        "full",
        "the periodic full sync (eve",
    )


def test_tables_can_be_synced_by_automation_conditions(project: DagsterProject) -> None:
    """The alternative to schedules; runs of such are incremental where there is a cursor."""
    execute = Scripted(last_page("t1", a="1"), last_page("t2", b="1"))
    project.switch_on_pack(
        "acme",
        pack_of(Items=execute),
        translation={"automation_condition": "{{ automation_condition.on_cron('@hourly') }}"},
    )
    project.run()
    definitions = project.definitions()
    (spec,) = definitions.resolve_all_asset_specs()
    assert "automation_condition=None" not in repr(spec)
    tags = {"dagster/from_automation_condition": "true", "dagster/backfill": "qx"}
    assert values_of(project.run(tags=tags), "Items")["sync/mode"] == "incremental"
