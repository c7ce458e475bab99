"""What Dagster shows of a pack that cannot be loaded: one asset, which fails and says why.

Without it, a mistake in one pack would be an error of the whole code location, and every other
pack would stand still until somebody mends it.
"""

import logging
import os
import re

import dagster as dg

from pack_sync.dagster.configuration import check_schedule
from pack_sync.dagster.jobs import build_jobs
from pack_sync.dagster.schedules import build_schedules
from pack_sync.dagster.translator import SYNC_TAG
from pack_sync.project import ConfigurationError
from pack_sync.settings import ScheduleSettings

VALIDATING = "DAGSTER_IS_DEFS_VALIDATION_CLI"
"""The environment variable that `dg check defs` sets: then what is broken is an error."""

logger = logging.getLogger("dagster.pack_sync")
"""What is said while definitions load. Dagster's processes show what is below `dagster`."""


def is_validating() -> bool:
    """Whether definitions are loaded to be checked, and not to be used."""
    return bool(os.environ.get(VALIDATING))


def one_line(error: Exception) -> str:
    """What an error of Dagster's, YAML's or pydantic's says, which all write several lines.

    Without the traceback that Dagster writes into the message, pydantic's links, and the lines of
    the file that Dagster quotes, in which somebody may have written a secret.
    """
    text = str(error.__cause__ or error).split("Exception occurred in Resolver")[0]
    text = re.sub(r"(?m)^\s*\d+ \|.*$", "", text)
    return " ".join(re.sub(r"For further information visit \S+", "", text).split())


def asset_name(name: str) -> str:
    """A pack's name as Dagster takes it for an asset, a group and a job, whatever was written."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name) or "_"


def broken_pack_definitions(
    name: str, reason: str, times: ScheduleSettings | None = None
) -> dg.Definitions:
    """An asset named as the pack, with the pack's jobs and schedules, so that its runs fail.

    They keep their names: a schedule that is switched on goes on to tick, and its failed runs
    reach whoever is told of such. `reason` names file, key and remedy. Times that are wrong make
    no schedules.
    """
    logger.warning("the pack %s cannot be synced: %s", name, reason)
    shown = asset_name(name)

    @dg.asset(
        name=shown,
        group_name=shown,
        description=f"The pack {name} cannot be synced: {reason}",
        tags={SYNC_TAG: "true"},
    )
    def cannot_be_synced() -> None:
        raise dg.Failure(description=f"the pack {name} cannot be synced: {reason}")

    key = dg.AssetKey(shown)
    times = times or ScheduleSettings()
    try:
        check_schedule(times, where=name)
    except ConfigurationError:
        times = None

    def fail(_context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(asset_selection=[key])

    return dg.Definitions(
        assets=[cannot_be_synced],
        jobs=build_jobs(shown, [key]),
        schedules=build_schedules(shown, times, fail, fail, fail) if times else [],
    )
