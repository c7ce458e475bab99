"""When a pack's tables are synced next, by its schedules as they are switched in Dagster."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

from pack_sync.dagster.project_definitions import dagster_instance
from pack_sync.project import Project
from pack_sync.settings import ScheduleSettings

_SCHEDULES = {
    "incremental": "incremental",
    "without_cursor": "tables without a cursor",
    "full_refresh": "full refresh",
}


@dataclass(frozen=True, kw_only=True)
class Switches:
    """How schedules are switched, by name (see `schedule_states`), and whether a daemon runs.

    Unknown, with a version of Dagster that cannot be asked, is as if nobody had switched any.
    """

    states: Mapping[str, str] = field(default_factory=dict[str, str])
    daemon: bool | None = None


def read_switches(project: Project) -> Switches:
    """How the schedules of a project are switched now."""
    try:
        from pack_sync.dagster.internals.schedule_states import (
            is_scheduler_running,
            schedule_states,
        )
    except ImportError:
        return Switches()
    with dagster_instance(project) as instance:
        return Switches(states=schedule_states(instance), daemon=is_scheduler_running(instance))


def next_runs(schedule: ScheduleSettings, pack: str, switches: Switches) -> str:
    """When each schedule that is on ticks next; what keeps it from doing so."""
    states = {which: switches.states.get(f"{pack}_{which}") for which in _SCHEDULES}
    on = [
        which
        for which, state in states.items()
        if state == "RUNNING" or (state != "STOPPED" and schedule.enabled)
    ]
    if not on:
        switch = "where they were switched off" if schedule.enabled else "or in defs.yaml"
        return f"schedules are off; switch them on in Dagster's UI, {switch}"
    told = [f"{_SCHEDULES[which]} {_next(schedule, schedule.cron(which, pack))}" for which in on]
    off = [f"{_SCHEDULES[which]} is off" for which in states if which not in on]
    return f"next {', '.join([*told, *off])}{_hindrance([states[which] for which in on], switches)}"


def _hindrance(states: list[str | None], switches: Switches) -> str:
    if switches.daemon is False:
        return "; not before `dg dev` or Dagster's daemon runs"
    if switches.daemon and None in states:
        return "; not before the running Dagster reloads its definitions, which lack them"
    return ""


def _next(schedule: ScheduleSettings, cron: str) -> str:
    """When a schedule ticks next, in its time zone."""
    now = datetime.now(UTC).astimezone(ZoneInfo(schedule.time_zone))
    return f"{next(CronSim(cron, now)):%a %d %b %H:%M} {schedule.time_zone}"
