"""Runs whose process is gone: failed soon, so that schedules, slots and backfills go on.

Dagster's default launcher cannot say whether a run's process lives. A run whose machine was
switched off would stay "started" for a day, keep its slots, and make every tick of its pack's
schedules skip. The schedules therefore look themselves, and run monitoring does once a minute where
`run_launcher` is the instance's launcher.
"""

import json
import socket
import time

import dagster as dg
import psutil

PROCESS_TAG = "sync/process"
"""Host, number and start of the process that a run is in, for runs that no launcher started."""

SILENT_SECONDS = 60.0
"""How long a run whose process is gone must have been silent: its last words may be on the way."""

_CODE_SERVER_TAG = "dagster/grpc_info"
_CLOCK = 1.0


def process_tag() -> dict[str, str]:
    """The tag of a run in this process."""
    process = psutil.Process()
    return {PROCESS_TAG: f"{socket.gethostname()} {process.pid} {process.create_time():.2f}"}


def end_if_dead(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Mark a started run as failed if its process is gone; returns whether it was."""
    if not is_dead(instance, run):
        return False
    instance.report_run_failed(
        run,
        "The process of this run is gone. What it had committed stays; the rest is synced next.",
    )
    return True


def is_dead(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a run has started, and its process is gone and silent.

    Known are only processes of this machine; a run that has not begun, or is on another
    machine, counts as going on.
    """
    if run.status is not dg.DagsterRunStatus.STARTED or not _is_gone(instance, run):
        return False
    (last,) = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records or [None]
    return last is None or time.time() - last.timestamp >= SILENT_SECONDS


def _is_gone(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    server = json.loads(run.tags.get(_CODE_SERVER_TAG) or "{}")
    if "socket" in server:  # the launcher started it, on this machine
        number, started_before = _launched_process(instance, run.run_id)
        return number is not None and not _lives(number, 0, started_before)
    host, number, started = (run.tags.get(PROCESS_TAG) or " 0 0").rsplit(" ", 2)
    if server or host != socket.gethostname():
        return False
    return not _lives(int(number), float(started), float(started))


def _launched_process(instance: dg.DagsterInstance, run_id: str) -> tuple[int | None, float]:
    """The number of a run's process, as it reported first, and when it was there at the latest.

    Not that of our tag: where each step has a process of its own, that one is not the run's.
    None where this Dagster's events do not say.
    """
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        data = getattr(entry.dagster_event, "event_specific_data", None)
        number = getattr(data, "metadata", {}).get("pid")
        if number is not None:
            return int(str(number.value)), entry.timestamp
    return None, 0


def _lives(number: int, earliest: float, latest: float) -> bool:
    """Whether there is a process of that number that started between these times."""
    try:
        process = psutil.Process(number)
        started = process.create_time()
        return (
            earliest - _CLOCK <= started <= latest + _CLOCK
            and process.status() != psutil.STATUS_ZOMBIE
        )
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
