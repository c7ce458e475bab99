"""Runs a job in this process, against Dagster's instance."""

from collections.abc import Mapping, Sequence

import dagster as dg

from pack_sync.dagster.internals.dead_runs import process_tag
from pack_sync.dagster.internals.pool_slots import free_slots_of_dead_runs, tell_of_waiting
from pack_sync.dagster.schedules import PACK_TAG, runs_going_on
from pack_sync.dagster.terminal_log import TERMINAL, terminal_line, terminal_logger


def run_job(
    definitions: dg.Definitions,
    job: str,
    pack: str,
    keys: Sequence[dg.AssetKey],
    *,
    instance: dg.DagsterInstance,
    code_location: str,
    tags: Mapping[str, str] | None = None,
    debug: bool = False,
) -> dg.ExecuteInProcessResult:
    """Run the job over some assets of a pack; the run appears in Dagster's UI like any other.

    A run whose pool is full waits, and says for whom; `was_stopped` says whether a signal ended it.
    With `debug` the terminal shows what the run logs at level DEBUG, tracebacks among it.
    """
    runs_going_on(instance, pack)  # marks those that were killed: there may be no daemon that does
    free_slots_of_dead_runs(instance)
    tell_of_waiting(terminal_line)
    with_log = dg.Definitions.merge(
        definitions, dg.Definitions(loggers={TERMINAL: terminal_logger})
    )
    return with_log.resolve_job_def(job).execute_in_process(
        instance=instance,
        raise_on_error=False,
        asset_selection=list(keys),
        run_config={"loggers": {TERMINAL: {"config": {"log_level": "DEBUG" if debug else "INFO"}}}},
        # By this tag the UI knows which code location the run belongs to.
        tags={
            ".dagster/repository": f"__repository__@{code_location}",
            PACK_TAG: pack,  # so that the pack's schedules do not run beside it
            **process_tag(),  # from the start: it may be killed before a step begins
            **(tags or {}),
        },
    )


def was_stopped(result: dg.ExecuteInProcessResult) -> bool:
    """Whether Ctrl-C or SIGTERM ended the run, which Dagster calls a failure of it."""
    return any(
        event.event_type is dg.DagsterEventType.RUN_FAILURE
        and "Execution was interrupted" in (event.message or "")
        for event in result.all_events
    )
