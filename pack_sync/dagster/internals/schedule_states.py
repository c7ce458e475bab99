"""Which schedules are switched on, as Dagster's instance knows it. It has no public way to ask."""

from collections.abc import Mapping

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorType

_DAEMON = "SCHEDULER"


def schedule_states(instance: dg.DagsterInstance) -> Mapping[str, str]:
    """RUNNING or STOPPED for schedules that somebody has switched, by name.

    DECLARED_IN_CODE for those that a daemon has found switched on by their definition.
    """
    states = instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE)
    return {state.instigator_name: state.status.value for state in states}


def is_scheduler_running(instance: dg.DagsterInstance) -> bool:
    """Whether there is a daemon that starts what schedules want."""
    return instance.get_daemon_statuses([_DAEMON])[_DAEMON].healthy is True
