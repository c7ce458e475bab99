"""Runs whose process is gone: failed soon, so that schedules, slots and backfills go on.

Dagster's default launcher cannot say whether a run's process lives. A run whose machine was
switched off would stay "started" for a day, keep its slots, and make every tick of its pack's
schedules skip. The schedules therefore look themselves, and run monitoring does once a minute where
`run_launcher` is the instance's launcher.
"""

import json
import socket
import time
from dataclasses import dataclass
from typing import Any

import dagster as dg
import psutil

PROCESS_TAG = ".dagster/sync_process"
"""Host, number and start of the process that a run is in. The UI hides tags of this prefix."""

SILENT_SECONDS = 60.0
"""How long a run must have been silent whose process is gone while others of it may go on."""

_CODE_SERVER_TAG = "dagster/grpc_info"
_CLOCK = 1.0
_NOT_ENDED = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)
_NOT_BEGUN = (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING)


@dataclass(frozen=True)
class _Process:
    """A process of this machine, and between which times it started."""

    number: int
    earliest: float
    latest: float

    def lives(self) -> bool:
        """Whether there is a process of that number that started between these times."""
        try:
            process = psutil.Process(self.number)
            started = process.create_time()
            return (
                self.earliest - _CLOCK <= started <= self.latest + _CLOCK
                and process.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True


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
    """Whether a run has not ended, and its process is gone.

    Known are only processes of this machine; a run on another machine counts as going on, and so
    does one that has not begun and has no process that is known. If only the process of a step is
    known to be gone, or one of a step is still there, the run must have been silent for a while
    too.
    """
    if run.status in _NOT_BEGUN:
        return _is_dead_before_it_began(instance, run)
    if run.status not in _NOT_ENDED:
        return False
    tagged, reported = _tagged_process(run), _reported_processes(instance, run)
    launched = "socket" in _code_server(run)
    main = reported[0] if launched and reported else None if launched else tagged
    if main is None or main.lives():
        return False
    known = [*reported, *([tagged] if tagged else [])]
    certain = bool(reported) and not any(process.lives() for process in known)
    return (certain or _is_silent(instance, run)) and _is_as_it_was(instance, run)


def _is_dead_before_it_began(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the process is gone that made a run for itself, or that was launched for it.

    A run that repeats another has the tags of that one, so it is not known whose it is; one
    that is to be launched has no process yet, and says so once it has.
    """
    if "socket" in _code_server(run):
        known = _reported_processes(instance, run)
    elif run.parent_run_id or _code_server(run):
        known = []
    else:
        tagged = _tagged_process(run)
        known = [tagged] if tagged else []
    gone = bool(known) and not any(process.lives() for process in known)
    return gone and _is_as_it_was(instance, run)


def _is_as_it_was(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the run has not ended meanwhile: its last words came before its process went."""
    now = instance.get_run_by_id(run.run_id)
    return now is not None and now.status is run.status


def _is_silent(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    (last,) = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records or [None]
    return last is None or time.time() - last.timestamp >= SILENT_SECONDS


def _code_server(run: dg.DagsterRun) -> dict[str, Any]:
    server: dict[str, Any] = json.loads(run.tags.get(_CODE_SERVER_TAG) or "{}")
    return server


def _tagged_process(run: dg.DagsterRun) -> _Process | None:
    """The process that the run, or the last step of it, said that it is in."""
    host, number, started = (run.tags.get(PROCESS_TAG) or " 0 0").rsplit(" ", 2)
    server = _code_server(run)
    if host != socket.gethostname() or (server and "socket" not in server):
        return None
    return _Process(int(number), float(started), float(started))


def _reported_processes(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[_Process]:
    """The processes that the run's events name, its own first.

    Empty where they may be of another machine, or this Dagster's events do not say.
    """
    if "socket" not in _code_server(run) and _tagged_process(run) is None:
        return []
    found: dict[int, _Process] = {}
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        data = getattr(entry.dagster_event, "event_specific_data", None)
        number = getattr(data, "metadata", {}).get("pid")
        if number is not None:
            process = _Process(int(str(number.value)), 0, entry.timestamp)
            found.setdefault(process.number, process)
    return list(found.values())
