"""One sync of one table, from the decision about its mode to the commit.

    position → mode → pages into the spool → typed in the stage → one transaction

A table whose schema is asked for (contract C23) is asked before the mode is decided.

The transaction holds the rows, the deletes, the cursor and the line of the ledger, so
there is no moment at which a crash could lose or repeat a change.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from pack_sdk.context import PreviousAttemptError
from pack_sync.commit.commit import CommitRequest, commit_stage
from pack_sync.commit.delete_guard import LargeDeleteError
from pack_sync.engine.attempt import Collected, Execution, collect, position_after, record_of
from pack_sync.engine.dynamic_schema import ask_schema_for, failure_of
from pack_sync.engine.full_or_incremental import ModeDecision, ModeRequest, decide_mode
from pack_sync.engine.held import approve_first, hold
from pack_sync.engine.outcome import SyncOutcome, outcome_of
from pack_sync.engine.reject_limits import stop_at_limits
from pack_sync.engine.resume import with_spool
from pack_sync.engine.row_sample import sample_columns
from pack_sync.engine.sync_failures import (
    SyncFailedError,
    kind_of,
    previous_failure,
    sentence,
    status_code_of,
    status_of,
)
from pack_sync.engine.sync_job import SyncJob
from pack_sync.engine.sync_lease import Standing
from pack_sync.engine.sync_retries import with_retries
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.ledger.cursors import (
    PositionChange,
    RunRecord,
    SyncPosition,
    record_run,
)
from pack_sync.ledger.ledger_tables import create_ledger
from pack_sync.spool.spool import Spool
from pack_sync.stage.background_typing import EarlyStage
from pack_sync.warehouse.duckdb_file import Warehouse


def run_sync(sync: SyncJob, warehouse: Warehouse, request: ModeRequest) -> SyncOutcome:
    """Sync one table and commit the result.

    A failing sync is tried again, as `sync.settings` say. Raises `SyncFailedError` when it
    failed for good: nothing was applied, the cursor is where it was, and the ledger says why.
    """
    try:
        sync, approved = approve_first(sync, warehouse)
        standing = _standing(sync, warehouse, moved=bool(approved))
        position = standing.position
        decision = _decide(sync, position, request)
    except Exception as error:
        raise SyncFailedError(f"{sync.key}: {sentence(error)}") from error
    if not sync.awaits_schema:
        _log_decision(sync, decision)
    trials: list[Execution] = []

    def attempt(previous_error: PreviousAttemptError | None) -> SyncOutcome:
        execution = Execution(
            position=position,
            decision=decision,
            fetcher=SyncFetcher(sync.connection),
        )
        trials.append(execution)
        known = ask_schema_for(execution, sync, previous_error)
        if known is not sync:  # the decision was made as if the schema had not changed
            execution.decision = _decide(known, position, request)
            _log_decision(sync, execution.decision)
        return with_spool(known, execution, previous_error, partial(_attempt, known, warehouse))

    try:
        outcome = with_retries(sync, previous_failure(standing.last_run), attempt)
    except Exception as error:
        raise _failed(sync, warehouse, trials, error) from error
    return replace(outcome, warnings=[*approved, *outcome.warnings])


def with_schema(sync: SyncJob, warehouse: Warehouse) -> SyncJob:
    """The sync with the schema that its table has now, asked for as often as a sync is tried.

    For what is no sync of its own: all children of a crawl share one schema (contract C23).
    Raises `SyncFailedError`, which the ledger then has as well.
    """
    if not sync.awaits_schema:
        return sync
    decision = ModeDecision(mode="full", reason="not decided: its schema comes before")
    trials: list[Execution] = []

    def attempt(previous_error: PreviousAttemptError | None) -> SyncJob:
        execution = Execution(
            position=SyncPosition(),
            decision=decision,
            fetcher=SyncFetcher(sync.connection),
        )
        trials.append(execution)
        return ask_schema_for(execution, sync, previous_error)

    try:
        return with_retries(sync, None, attempt)
    except Exception as error:
        raise _failed(sync, warehouse, trials, error) from error


def _standing(sync: SyncJob, warehouse: Warehouse, *, moved: bool) -> Standing:
    """Where the sync stands: as its lease found it, unless it has been moved since."""
    if sync.lease is not None and not moved:
        return sync.lease.standing
    with warehouse.read() as connection:
        return Standing.read(connection, sync.key)


def _decide(sync: SyncJob, position: SyncPosition, request: ModeRequest) -> ModeDecision:
    return decide_mode(
        request,
        position,
        sync.fingerprint,
        now=datetime.now(UTC),
        full_every=sync.settings.full_every,
    )


def _log_decision(sync: SyncJob, decision: ModeDecision) -> None:
    sync.log("info", f"{sync.key}: {decision.mode} sync, because {decision.reason}")


def _attempt(
    sync: SyncJob,
    warehouse: Warehouse,
    execution: Execution,
    spool: Spool,
    previous_error: PreviousAttemptError | None,
) -> SyncOutcome:
    """Collect the pages, type them (the first while others are fetched), commit them."""
    began = time.monotonic()
    path = spool.folder / "stage.duckdb"
    with EarlyStage(path, sync.table.schema, spool, sync.key.sync, warehouse) as early:
        collected = collect(sync, execution, spool, previous_error)
        spool.close()
        fetched = time.monotonic()
        change = PositionChange(
            sync=sync.key.sync,
            before=execution.position,
            after=position_after(sync, collected, execution),
            reason=f"{execution.decision.mode} sync",
        )
        full = collected.part.complete
        stage = early.finish()
        counts = stage.load(spool, [collected.part])
        stop_at_limits(sync, warehouse, stage, counts, execution)
        record = record_of(
            sync,
            execution,
            status="succeeded",
            rows_returned=spool.rows_of(collected.part.number),
            fetch_seconds=fetched - began,
            stage_seconds=time.monotonic() - fetched,
            cursor_before=execution.position.cursor,
            cursor_after=collected.cursor,
        )
        application = CommitRequest(
            key=sync.key,
            changes=[change],
            record=record,
            keep_syncs=sync.configured_syncs if full else None,
            guard=sync.delete_guard,
            sample_columns=sample_columns(sync.table.schema) if sync.settings.show_rows else (),
            lease=sync.lease.lease if sync.lease else None,
            on_changes=sync.on_changes,
            count_sync=sync.by_sync,
        )
        try:
            applied = commit_stage(warehouse, stage, counts, application)
        except LargeDeleteError as error:
            (large,) = error.deletes
            stage.close()
            raise hold(sync, warehouse, stage, [(large, change, record)])[large.sync] from error
    if sync.lease is not None:
        sync.lease.released = True
    return outcome_of(sync, stage, counts, applied, _cursor_warnings(collected))


def _cursor_warnings(collected: Collected) -> list[str]:
    if collected.cut_short:
        return [
            "the sync was cut short by a row limit: its rows were applied without deletes, and "
            "its cursor is as it was (contract D6)"
        ]
    if collected.part.complete or collected.cursor is not None:
        return []
    return [
        "the incremental sync ended without a cursor: its rows were applied, and the next sync "
        "will be full. Return a completion with an incrementalContinuation on the last page "
        "(contract D3)"
    ]


def _failed(
    sync: SyncJob, warehouse: Warehouse, trials: Sequence[Execution], error: Exception
) -> SyncFailedError:
    """What to raise for the last try's error, once the ledger has it."""
    if not trials:  # there was no place for the pages of even one
        return SyncFailedError(f"{sync.key}: {sentence(error)}")
    record_failure(sync, warehouse, trials[-1], error)
    return SyncFailedError(f"{sync.key}: {failure_of(trials[-1], error)}")


def record_failure(
    sync: SyncJob,
    warehouse: Warehouse,
    execution: Execution,
    error: Exception,
) -> None:
    """Write a failure to the ledger; the rows and the cursor stay as they were."""
    record = record_of(
        sync,
        execution,
        status=status_of(error),
        fetch_seconds=(datetime.now(UTC) - execution.started_at).total_seconds(),
        cursor_before=execution.position.cursor,
        cursor_after=execution.position.cursor,
        error_type=kind_of(error),
        error_status_code=status_code_of(error),
        error_message=failure_of(execution, error),
    )
    try:
        _write_record(warehouse, record)
    except Exception as trouble:  # the failure itself must still reach the user
        sync.log("warning", f"{sync.key}: the failure could not be recorded: {trouble}")


def _write_record(warehouse: Warehouse, record: RunRecord) -> None:
    with warehouse.write() as connection:
        create_ledger(connection)
        record_run(connection, record)
