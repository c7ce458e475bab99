"""One sync of one table, from the decision about its mode to the commit.

    position → mode → pages into the spool → typed in the stage → one transaction

A table whose schema is asked for (contract C23) is asked before the mode is decided.

The transaction holds the rows, the deletes, the cursor and the line of the ledger, so
there is no moment at which a crash could lose or repeat a change.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from pack_sdk.context import PreviousAttemptError
from pack_sync.commit.commit import commit_stage
from pack_sync.commit.commit_request import CommitRequest
from pack_sync.commit.delete_guard import LargeDeleteError
from pack_sync.engine.attempt import Attempt, AttemptFailedError, failures_of
from pack_sync.engine.collect import CREDENTIAL_IN_CURSOR, Collected, collect
from pack_sync.engine.dynamic_schema import ask_schema
from pack_sync.engine.full_or_incremental import ModeDecision, ModeRequest, decide_mode
from pack_sync.engine.holding import approve_first, hold
from pack_sync.engine.outcome import SyncOutcome, outcome_of
from pack_sync.engine.reject_limits import stop_at_limits
from pack_sync.engine.resume import with_spool
from pack_sync.engine.run_records import record_failure, record_of
from pack_sync.engine.stored_credentials import without_mangled_cursor
from pack_sync.engine.sync_failures import SyncFailedError, previous_failure, sentence
from pack_sync.engine.sync_job import SyncJob
from pack_sync.engine.sync_retries import with_retries
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.ledger.cursors import SyncPosition
from pack_sync.ledger.starting_point import StartingPoint, read_starting_point
from pack_sync.spool.spool import Spool
from pack_sync.stage.background_typing import BackgroundTyping
from pack_sync.stage.stage import Stage
from pack_sync.warehouse.warehouse import Warehouse


def run_sync(sync: SyncJob, warehouse: Warehouse, request: ModeRequest) -> SyncOutcome:
    """Sync one table and commit the result.

    A failing sync is tried again, as `sync.settings` say. Raises `SyncFailedError` when it
    failed for good: nothing was applied, the cursor is where it was, and the ledger says why.
    """
    try:
        sync, approved = approve_first(sync, warehouse)
        start = _starting_point(sync, warehouse, moved=bool(approved))
        position = without_mangled_cursor(sync.connection, start.position)
        decision = _decide(sync, position, request)
    except Exception as error:
        raise SyncFailedError(f"{sync.key}: {sentence(error)}") from error
    if not sync.awaits_schema:
        _log_decision(sync, decision)

    def attempt_once(
        previous_error: PreviousAttemptError | None, fetcher: SyncFetcher
    ) -> SyncOutcome:
        attempt = Attempt(
            position=position,
            decision=decision,
            fetcher=fetcher,
            previous_error=previous_error,
        )
        known = ask_schema(sync, attempt)
        if known is not sync:  # the decision was made as if the schema had not changed
            attempt = replace(attempt, decision=_decide(known, position, request))
            _log_decision(sync, attempt.decision)
        return with_spool(known, attempt, partial(_collect_and_commit, known, warehouse))

    try:
        outcome = with_retries(sync, previous_failure(start.last_run), attempt_once)
    except AttemptFailedError as failure:
        raise _failed(sync, warehouse, failure) from failure.error
    return replace(outcome, warnings=[*approved, *outcome.warnings])


def with_schema(sync: SyncJob, warehouse: Warehouse) -> SyncJob:
    """The sync with the schema that its table has now, asked for as often as a sync is tried.

    For what is no sync of its own: all children of a crawl share one schema (contract C23).
    Raises `SyncFailedError`, which the ledger then has as well.
    """
    if not sync.awaits_schema:
        return sync
    decision = ModeDecision(mode="full", reason="not decided: its schema comes before")

    def attempt_once(previous_error: PreviousAttemptError | None, fetcher: SyncFetcher) -> SyncJob:
        attempt = Attempt(decision=decision, fetcher=fetcher, previous_error=previous_error)
        return ask_schema(sync, attempt)

    try:
        return with_retries(sync, None, attempt_once)
    except AttemptFailedError as failure:
        raise _failed(sync, warehouse, failure) from failure.error


def _failed(sync: SyncJob, warehouse: Warehouse, failure: AttemptFailedError) -> SyncFailedError:
    """What to raise for the last attempt's error, once the ledger has it."""
    record_failure(sync, warehouse, failure)
    return SyncFailedError(f"{sync.key}: {failure.reason}")


def _starting_point(sync: SyncJob, warehouse: Warehouse, *, moved: bool) -> StartingPoint:
    """Where the sync starts from: as its lease found it, unless it has been moved since."""
    if sync.lease is not None and not moved:
        return sync.lease.starting_point
    with warehouse.read() as connection:
        return read_starting_point(connection, sync.key)


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


def _collect_and_commit(
    sync: SyncJob, warehouse: Warehouse, attempt: Attempt, spool: Spool
) -> SyncOutcome:
    """Collect the pages, type them (the first while others are fetched), commit them."""
    began = time.monotonic()
    path = spool.folder / "stage.duckdb"
    with BackgroundTyping(
        path, sync.table.schema, spool, sync.key.sync, warehouse, sync.bad_values
    ) as background:
        collected = collect(sync, attempt, spool)
        spool.close()
        with failures_of(collected.attempt, spool):  # it may have fallen back to a full sync
            fetch_seconds = time.monotonic() - began
            return _commit(sync, warehouse, collected, spool, background, fetch_seconds)


def _commit(
    sync: SyncJob,
    warehouse: Warehouse,
    collected: Collected,
    spool: Spool,
    background: BackgroundTyping,
    fetch_seconds: float,
) -> SyncOutcome:
    began = time.monotonic()
    attempt, part = collected.attempt, collected.part
    stage = background.finish()
    counts = stage.load(spool, [part])
    stop_at_limits(sync, warehouse, stage, counts, attempt)
    record = record_of(
        sync,
        attempt,
        status="succeeded",
        cursor_after=collected.cursor,
        pages=spool.pages_of(part.number),
        rows_returned=spool.rows_of(part.number),
        fetch_seconds=fetch_seconds,
        stage_seconds=time.monotonic() - began,
    )
    record = replace(record, warnings=_warnings(collected, stage, spool))
    request = CommitRequest(
        key=sync.key,
        changes=[collected.change],
        record=record,
        # Only with all rows at hand do the rows of syncs that are no longer configured go.
        keep_syncs=sync.configured_syncs if part.complete else None,
        guard=sync.delete_guard,
        sample=sync.sample_columns,
        lease=sync.lease.of_commit if sync.lease else None,
        on_changes=sync.on_changes,
        count_sync=sync.by_sync,
        confirm_deletes=sync.confirm_deletes,
        description=sync.table.description or sync.table.schema.description,
    )
    try:
        result = commit_stage(warehouse, stage, counts, request)
    except LargeDeleteError as error:
        (large,) = error.deletes
        # The stage is all that is left of the sync: the spool is discarded, so it is moved away.
        stage.close()
        held = hold(sync, warehouse, stage, [(large, collected.change, record)])
        raise held[large.sync] from error
    if sync.lease is not None:
        sync.lease.committed()
    return outcome_of(sync, counts, result)


def _warnings(collected: Collected, stage: Stage, spool: Spool) -> list[str]:
    """What is known before the commit of what somebody should look at."""
    absent = stage.absent_properties(spool) if collected.part.complete else []
    return [*collected.warnings, *absent, *_cursor_warnings(collected)]


def _cursor_warnings(collected: Collected) -> list[str]:
    if collected.cut_short:
        return [
            "the sync was cut short by a row limit: its rows were applied without deletes, and "
            "its cursor is as it was"
        ]
    if collected.part.complete or collected.cursor is not None:
        return []
    if CREDENTIAL_IN_CURSOR in collected.warnings:  # which says all
        return []
    return [
        "the incremental sync ended without a cursor: its rows were applied, and the next sync "
        "will be full. Return a completion with an incrementalContinuation on the last page"
    ]
