"""How old a synced table may get before Dagster shows it as stale."""

from datetime import UTC, datetime, timedelta

import dagster as dg
from cronsim import CronSim

from pack_sync.project import ConfigurationError
from pack_sync.settings import FreshnessSettings, ScheduleSettings

_LOOK_AHEAD = timedelta(days=9)
_MOST_TICKS = 3_000
_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


def freshness_policy(
    freshness: FreshnessSettings, schedule: ScheduleSettings, *, where: str
) -> dg.FreshnessPolicy | None:
    """The policy of a pack's tables; None where it is switched off.

    Whether a table has a cursor, and with it the quicker cadence, is known only once it is
    synced: the slower one counts. Raises `ConfigurationError` for hours that contradict.
    """
    if not freshness.enabled:
        return None
    crons = (schedule.cron(which, "") for which in ("incremental", "without_cursor"))
    cadence = max(longest_gap(cron) for cron in crons)
    fail = _hours(freshness.fail_after_hours) or 2.5 * cadence
    warn = _hours(freshness.warn_after_hours) or min(1.5 * cadence, 0.6 * fail)
    if warn >= fail:
        raise ConfigurationError(
            f"{where}: warn_after_hours ({warn / timedelta(hours=1):g}) must be less than "
            f"fail_after_hours ({fail / timedelta(hours=1):g})"
        )
    return dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=warn)


def longest_gap(cron: str) -> timedelta:
    """The longest time between two ticks of a cron string, nights and weekends included."""
    ticks = CronSim(cron, _MONDAY)
    last = next(ticks)
    longest = timedelta()
    for _ in range(_MOST_TICKS):
        tick = next(ticks)
        longest = max(longest, tick - last)
        last = tick
        if longest and last - _MONDAY > _LOOK_AHEAD:
            break
    return longest


def _hours(hours: float | None) -> timedelta | None:
    return timedelta(hours=hours) if hours else None
