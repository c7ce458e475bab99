"""What a child process does: one sync, in which it may be killed, and a report of it."""

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from pack_sync.engine.full_or_incremental import ModeRequest, RequestedMode
from pack_sync.engine.sync_tables import TableFailed, TableRuns, TableSkipped
from pack_sync.settings import SyncSettings
from pack_sync.stage import background_typing
from tests.crash.defects import DEFECTS
from tests.crash.killing import PID_FILE, Kill, Steps
from tests.crash.world import Service, World
from tests.engine.sync_harness import Engine

REPORT, CALLS = "report.json", "calls.ndjson"
IN_MEMORY = 30
"""So many rows are staged in memory: those of increments, not those of full syncs."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One sync of the service as it is at version `now`, by a process that may be killed.

    `mode` is what the run's config says; `defect` is one of `DEFECTS`, which the product then has.
    """

    folder: str
    seed: int
    now: int
    oldest: int = 0
    mode: RequestedMode = "auto"
    kill: Kill | None = None
    defect: str | None = None


def run_job(line: bytes) -> None:
    """Sync, and write `REPORT` beside the warehouse: what came of it, and all steps."""
    content: dict[str, Any] = orjson.loads(line)
    kill = content.pop("kill")
    job = Job(**content, kill=Kill(**kill) if kill else None)
    folder = Path(job.folder)
    steps = Steps(folder, job.kill)
    background_typing.MOST_ROWS_IN_MEMORY = IN_MEMORY
    steps.watch()
    if job.defect:
        DEFECTS[job.defect](steps)
    report = {"error": _sync(engine_of(job), job.mode), "steps": steps.seen}
    (folder / REPORT).write_bytes(orjson.dumps(report))


def _sync(engine: Engine, mode: RequestedMode) -> str:
    """Sync as a run does, lease and all; what went wrong, in words."""
    runs = TableRuns(max_parallel=1)
    with engine.prepared() as sync:
        request = ModeRequest(configured=mode)
        for event in runs.run([replace(sync, log=runs.log)], engine.warehouse, request):
            if isinstance(event, TableFailed | TableSkipped):
                return event.message
    return ""


def engine_of(job: Job) -> Engine:
    """The table in this folder; every call of `execute` is noted in `CALLS`."""
    service = Service(World(job.seed), job.now, job.oldest)
    calls = Path(job.folder) / CALLS

    def execute(args: Any, context: Any) -> Any:
        with calls.open("ab") as file:
            file.write(orjson.dumps(context.sync.continuation) + b"\n")
        return service.execute(args, context)

    mortal = PID_FILE in os.environ  # Postgres is, which is soon back
    settings = SyncSettings(
        attempts=4 if mortal else 1, retry_wait_seconds=2, small_table_deleted_share=1
    )
    return Engine(folder=Path(job.folder), execute=execute, settings=settings)


def job_line(job: Job) -> bytes:
    """The job as a line for `run_job`."""
    return orjson.dumps(asdict(job)) + b"\n"
