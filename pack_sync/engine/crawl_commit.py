"""Committing a batch of crawled children: one transaction, without those that are held (D8)."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pack_sync.commit.commit import commit_stage
from pack_sync.commit.commit_request import CommitRequest
from pack_sync.commit.delete_guard import LargeDelete, LargeDeleteError
from pack_sync.engine.attempt import Attempt, AttemptFailedError
from pack_sync.engine.collect import Collected
from pack_sync.engine.crawl_children import Child
from pack_sync.engine.full_or_incremental import ModeDecision
from pack_sync.engine.holding import hold
from pack_sync.engine.outcome import SyncOutcome, outcome_of
from pack_sync.engine.reject_limits import stop_at_limits
from pack_sync.engine.run_records import record_of
from pack_sync.engine.sync_job import SyncJob
from pack_sync.ledger.cursors import PositionChange
from pack_sync.ledger.sync_runs import RunRecord
from pack_sync.spool.spool import Spool
from pack_sync.stage.stage import Stage
from pack_sync.stage.stage_file import leave_out
from pack_sync.warehouse.warehouse import Warehouse


@dataclass(frozen=True, kw_only=True)
class CollectedChild:
    """A child whose pages are in the spool."""

    child: Child
    collected: Collected

    @property
    def name(self) -> str:
        """The name of the child's sync."""
        return self.child.sync.key.sync

    @property
    def attempt(self) -> Attempt:
        """The attempt that brought the pages."""
        return self.collected.attempt

    @property
    def change(self) -> PositionChange:
        """Where the child moves.

        Without history: thousands of cursors a run would bury those of the other syncs.
        """
        return replace(self.collected.change, keep_history=False)


@dataclass(frozen=True, kw_only=True)
class FailedChild:
    """A child that was not applied, and by which attempt."""

    child: Child
    failure: AttemptFailedError

    @property
    def attempt(self) -> Attempt:
        """The last attempt."""
        return self.failure.attempt


def commit_batch(
    sync: SyncJob,
    batch: Attempt,
    spool: Spool,
    children: Sequence[CollectedChild],
    warehouse: Warehouse,
    keep: Sequence[str] | None,
    costs: Mapping[str, Any],
) -> tuple[SyncOutcome, Mapping[str, FailedChild]]:
    """Commit the children that were collected; returns those that are held, by name.

    `batch` is the attempt in whose name they are committed, `costs` what all children of the
    batch have cost, those that failed as well. Raises `TooManyRejectedRowsError`.
    """
    began = time.monotonic()
    path, limit = spool.folder / "stage.duckdb", warehouse.memory_limit
    with Stage(path, sync.table.schema, memory_limit=limit, bad_values=sync.bad_values) as stage:
        counts = stage.load(spool, [each.collected.part for each in children])
        stop_at_limits(sync, warehouse, stage, counts, batch)
        stage_seconds = time.monotonic() - began
        record = record_of(sync, batch, status="succeeded", cursor_after=None)
        request = CommitRequest(
            key=sync.key,
            changes=[each.change for each in children],
            record=replace(
                record, **costs, stage_seconds=stage_seconds, warnings=_warnings(children)
            ),
            keep_syncs=keep,
            guard=sync.delete_guard,
            sample=sync.sample_columns,
            on_changes=sync.on_changes,
            count_sync=sync.by_sync,
            confirm_deletes=sync.confirm_deletes,
            description=sync.table.description or sync.table.schema.description,
        )
        held: dict[str, FailedChild] = {}
        try:
            result = commit_stage(warehouse, stage, counts, request)
        except LargeDeleteError as error:
            # Nothing of the batch was applied. The children that are held are taken out of the
            # stage, once it has been copied for them, and the others are committed without them.
            held = _hold(sync, spool, children, warehouse, stage, error.deletes)
            leave_out(stage.path, list(held))
            rest = [change for change in request.changes if change.sync not in held]
            result = commit_stage(warehouse, stage, counts, replace(request, changes=rest))
    return outcome_of(sync, counts, result), held


def _warnings(children: Sequence[CollectedChild]) -> list[str]:
    """What is odd about the children's pages, each once."""
    return list(dict.fromkeys(w for each in children for w in each.collected.warnings))


def _hold(
    sync: SyncJob,
    spool: Spool,
    children: Sequence[CollectedChild],
    warehouse: Warehouse,
    stage: Stage,
    deletes: Sequence[LargeDelete],
) -> dict[str, FailedChild]:
    """Hold the children that would delete too much; the rest of the batch goes on (D8)."""
    by_name = {each.name: each for each in children}
    held: list[tuple[LargeDelete, PositionChange, RunRecord]] = []
    for large in deletes:
        each = by_name[large.sync]
        part = each.collected.part.number
        record = record_of(
            each.child.sync,
            each.attempt,
            status="held",
            cursor_after=each.collected.cursor,
            pages=spool.pages_of(part),
            rows_returned=spool.rows_of(part),
        )
        held.append((large, each.change, record))
    errors = hold(sync, warehouse, stage, held, copy=True)
    return {name: _held_child(by_name[name], error, spool) for name, error in errors.items()}


def _held_child(each: CollectedChild, error: Exception, spool: Spool) -> FailedChild:
    pages = spool.pages_of(each.attempt.part)
    failure = AttemptFailedError(each.attempt, error, pages=pages)
    return FailedChild(child=each.child, failure=failure)


def decision_of_batch(full: Sequence[bool]) -> ModeDecision:
    """The mode of a batch as the ledger shows it: full if every child's is."""
    count, some = len(full), sum(full)
    reason = f"{count:,} children: {some:,} fully, {count - some:,} incrementally"
    return ModeDecision(mode="full" if some == count else "incremental", reason=reason)
