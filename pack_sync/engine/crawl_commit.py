"""Committing a batch of crawled children: one transaction, without those that are held (D8)."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pack_sync.commit.commit import CommitRequest, commit_stage
from pack_sync.commit.delete_guard import LargeDelete, LargeDeleteError
from pack_sync.engine.attempt import Collected, Execution, position_after, record_of
from pack_sync.engine.crawl_children import Child
from pack_sync.engine.full_or_incremental import ModeDecision
from pack_sync.engine.held import hold
from pack_sync.engine.outcome import SyncOutcome, outcome_of
from pack_sync.engine.reject_limits import stop_at_limits
from pack_sync.engine.row_sample import sample_columns
from pack_sync.engine.sync_job import SyncJob
from pack_sync.ledger.cursors import PositionChange, RunRecord
from pack_sync.spool.spool import Spool
from pack_sync.stage.stage import Stage
from pack_sync.stage.stage_file import leave_out
from pack_sync.warehouse.duckdb_file import Warehouse


@dataclass(frozen=True, kw_only=True)
class ChildResult:
    """A child that was collected, or why it was not."""

    child: Child
    execution: Execution
    collected: Collected | None = None
    error: Exception | None = None


def commit_batch(
    sync: SyncJob,
    shared: Execution,
    spool: Spool,
    results: Sequence[ChildResult],
    warehouse: Warehouse,
    keep: Sequence[str] | None,
    fetch_seconds: float,
) -> tuple[SyncOutcome, Mapping[str, ChildResult]]:
    """Commit the children that were collected; returns those that are held, by name."""
    began = time.monotonic()
    pairs = [(result, result.collected) for result in results if result.collected]
    shared.decision = decision_of_batch([collected.part.complete for _, collected in pairs])
    path, limit = spool.folder / "stage.duckdb", warehouse.memory_limit
    with Stage(path, sync.table.schema, memory_limit=limit) as stage:
        counts = stage.load(spool, [collected.part for _, collected in pairs])
        stop_at_limits(sync, warehouse, stage, counts, shared)
        application = CommitRequest(
            key=sync.key,
            changes=[_change_of(result, collected) for result, collected in pairs],
            record=_batch_record(
                sync, shared, spool, results, fetch_seconds, time.monotonic() - began
            ),
            keep_syncs=keep,
            guard=sync.delete_guard,
            sample_columns=sample_columns(sync.table.schema) if sync.settings.show_rows else (),
            on_changes=sync.on_changes,
            count_sync=sync.by_sync,
        )
        held: dict[str, ChildResult] = {}
        try:
            applied = commit_stage(warehouse, stage, counts, application)
        except LargeDeleteError as error:
            held = _hold(sync, spool, results, warehouse, stage, error.deletes)
            leave_out(stage.path, list(held))
            rest = [change for change in application.changes if change.sync not in held]
            applied = commit_stage(warehouse, stage, counts, replace(application, changes=rest))
    return outcome_of(sync, stage, counts, applied), held


def _change_of(result: ChildResult, collected: Collected) -> PositionChange:
    return PositionChange(
        sync=result.child.sync.key.sync,
        before=result.child.position,
        after=position_after(result.child.sync, collected, result.execution),
        reason=f"{result.execution.decision.mode} sync",
        keep_history=False,
    )


def _batch_record(
    sync: SyncJob,
    shared: Execution,
    spool: Spool,
    results: Sequence[ChildResult],
    fetch_seconds: float,
    stage_seconds: float,
) -> RunRecord:
    """The ledger's line about a batch; requests are those of all its children."""
    statistics = [result.execution.fetcher.statistics for result in results]
    record = record_of(
        sync,
        shared,
        status="succeeded",
        rows_returned=spool.row_count,
        fetch_seconds=fetch_seconds,
        stage_seconds=stage_seconds,
    )
    return replace(
        record,
        requests=sum(s.requests for s in statistics),
        retries=sum(s.retries for s in statistics),
        bytes_received=sum(s.bytes_received for s in statistics),
    )


def _hold(
    sync: SyncJob,
    spool: Spool,
    results: Sequence[ChildResult],
    warehouse: Warehouse,
    stage: Stage,
    deletes: Sequence[LargeDelete],
) -> dict[str, ChildResult]:
    """Hold the children that would delete too much; the rest of the batch goes on (D8)."""
    by_name = {result.child.sync.key.sync: result for result in results}
    held: list[tuple[LargeDelete, PositionChange, RunRecord]] = []
    for large in deletes:
        result = by_name[large.sync]
        if result.collected is None:  # only what was collected is in the stage
            raise AssertionError(f"{large.sync} was not collected")
        part = result.collected.part.number
        record = record_of(
            result.child.sync,
            result.execution,
            status="held",
            rows_returned=spool.rows_of(part),
            cursor_before=result.child.position.cursor,
            cursor_after=result.collected.cursor,
        )
        held.append((large, _change_of(result, result.collected), record))
    errors = hold(sync, warehouse, stage, held, copy=True)
    return {
        name: replace(by_name[name], collected=None, error=error) for name, error in errors.items()
    }


def decision_of_batch(full: Sequence[bool]) -> ModeDecision:
    """The mode of a batch as the ledger shows it: full if every child's is."""
    count, some = len(full), sum(full)
    reason = f"{count:,} children: {some:,} fully, {count - some:,} incrementally"
    return ModeDecision(mode="full" if some == count else "incremental", reason=reason)
