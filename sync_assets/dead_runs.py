"""Runs whose process is gone: marked as failed, so that schedules and slots are free again.

Dagster's default launcher cannot say whether a run's process lives. A run whose machine was
switched off would stay "started" for ever, keep its slots, and make every later tick of its
pack's schedules skip. So each run says which process it is in.
"""

import socket
import time

import dagster as dg
import psutil

PROCESS_TAG = "sync/process"
"""Host, number and start of the process that a run is in."""

SILENT_SECONDS = 60.0
"""How long a run whose process is gone must have been silent: with an executor that has a
process for each step, another step may go on."""


def process_tag() -> dict[str, str]:
    """The tag of a run in this process."""
    process = psutil.Process()
    return {PROCESS_TAG: f"{socket.gethostname()} {process.pid} {process.create_time():.2f}"}


def end_if_dead(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Mark a started run as failed if its process is gone; returns whether it was.

    Known are only processes of this machine; a run that has not begun, or is on another
    machine, counts as going on.
    """
    if run.status is not dg.DagsterRunStatus.STARTED or not _is_gone(run.tags.get(PROCESS_TAG)):
        return False
    (last,) = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records or [None]
    if last is not None and time.time() - last.timestamp < SILENT_SECONDS:
        return False
    instance.report_run_failed(
        run,
        "The process of this run is gone. What it had committed stays; the rest is synced next.",
    )
    return True


def _is_gone(tag: str | None) -> bool:
    host, number, started = (tag or "").rsplit(" ", 2) if tag else ("", "0", "0")
    if host != socket.gethostname():
        return False
    try:
        return abs(psutil.Process(int(number)).create_time() - float(started)) > 1
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
