"""A crawled table: one child sync for each row of its parent table (contract C20, D7).

Each child has its own cursor and owns its rows, under the name `<sync>/<parent's value>`. The
children run side by side and are committed in batches: ten thousand parents must not mean ten
thousand commits, and what a batch has committed, a crash later in the crawl does not undo.
"""

import itertools
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pack_sdk.context import PreviousAttemptError
from pack_sdk.wording import counted
from pack_sync.engine.attempt import Attempt, AttemptFailedError, failures_of
from pack_sync.engine.collect import Collected, collect
from pack_sync.engine.crawl_children import Child, children_of
from pack_sync.engine.crawl_commit import (
    CollectedChild,
    FailedChild,
    commit_batch,
    decision_of_batch,
)
from pack_sync.engine.crawl_failures import kept_children, report, reported
from pack_sync.engine.crawl_outcome import BatchResult, combined
from pack_sync.engine.crawl_spools import LeftBatch, batch_spool, left_batch
from pack_sync.engine.full_or_incremental import ModeRequest, asks_for_full
from pack_sync.engine.holding import approve_first
from pack_sync.engine.outcome import ChildFailure, SyncOutcome
from pack_sync.engine.page_loop import PROGRESS_SECONDS
from pack_sync.engine.paused_children import begun, keep_pages
from pack_sync.engine.run_records import record_failure
from pack_sync.engine.sync import with_schema
from pack_sync.engine.sync_failures import (
    SyncFailedError,
    TooManyRejectedRowsError,
    is_worth_retrying,
    sentence,
)
from pack_sync.engine.sync_job import CrawlSource, SyncJob
from pack_sync.engine.sync_retries import with_retries
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.ledger.cursors import SyncPosition
from pack_sync.spool.spool import Spool
from pack_sync.warehouse.storage_errors import StorageError
from pack_sync.warehouse.warehouse import Warehouse

BATCH_SIZE = 1_000
"""How many children are applied in one transaction."""


def run_crawl(
    sync: SyncJob,
    source: CrawlSource,
    warehouse: Warehouse,
    request: ModeRequest,
    *,
    parent_failed: bool = False,
) -> SyncOutcome:
    """Sync all children and commit them in batches.

    If `parent_failed` in this run, they are those of the rows that it had before, and the outcome
    says so.

    A child that fails is reported in the outcome's `failures` and blocks no other; its rows
    and cursor stay. Children that only wait for the account's budget are a warning, unless a full
    sync was asked for. Raises `SyncFailedError` when the parent has never been synced, the
    table's schema cannot be asked for (once for all children, contract C23), or a batch
    cannot be applied.
    """
    sync = with_schema(sync, warehouse)
    sync, approved = approve_first(sync, warehouse)
    try:
        children, positions = children_of(warehouse, sync, source, request)
    except SyncFailedError as error:
        if not parent_failed:
            raise
        both = f"{error}. {source.parent_table} failed in this run: see there"
        raise SyncFailedError(both) from error
    if parent_failed:
        approved = [*approved, _older_rows(sync, source)]
    try:
        left = left_batch(sync, children)
    except StorageError as error:
        raise SyncFailedError(f"{sync.key}: {sentence(error)}") from error
    # First those that have pages already, all in one batch; then those that a pause of the service
    # kept from being synced in the run before.
    children = sorted(children, key=lambda child: (not left.begun(child), _last_synced(child)))
    full = sum(child.decision.mode == "full" for child in children)
    sync.log(
        "info",
        f"{sync.key}: crawling {counted(len(children), 'row', 'rows')} of {source.parent_table}: "
        f"{full:,} fully, {len(children) - full:,} incrementally",
    )
    keep = _syncs_to_keep(sync, children, positions)
    results: list[BatchResult] = []
    progress = _Progress(sync, len(children))
    # Without children there is one empty batch: it removes the rows of those that are gone.
    for batch in itertools.chain(_batches(children), [] if children else [[]]):
        try:
            # What is gone goes with the first batch: once is enough.
            gone = None if results else keep
            result = _run_patiently(sync, batch, warehouse, progress, gone, left)
        except Exception as error:
            sync.connection.redactor.redact_error(error)
            raise SyncFailedError(f"{sync.key}: {sentence(error)}") from error
        results.append(result)
        left = left.of_later_batches
    outcome = combined(results)
    kept = kept_children(sync, source, results[0].outcome)
    return _told(outcome, approved, kept, asked_for_full=asks_for_full(request))


def _told(
    outcome: SyncOutcome,
    approved: Sequence[str],
    kept: Sequence[ChildFailure],
    *,
    asked_for_full: bool,
) -> SyncOutcome:
    """The outcome with all that is to be said; what waits for the budget is a warning."""
    waiting = [] if asked_for_full else [f for f in outcome.failures if f.postponed]
    failed = [failure for failure in outcome.failures if failure not in waiting]
    return replace(
        outcome,
        warnings=[*approved, *outcome.warnings, *(failure.message for failure in waiting)],
        failures=[*kept, *failed],
    )


def _older_rows(sync: SyncJob, source: CrawlSource) -> str:
    parent = source.parent_table
    told = f"its parent table {parent} failed in this run: crawled for the rows that it had before"
    sync.log("warning", f"{sync.key}: {told}")
    return told


def _syncs_to_keep(
    sync: SyncJob, children: Sequence[Child], positions: Mapping[str, SyncPosition]
) -> list[str]:
    """The syncs that the table may have: these children, and those of its other syncs."""
    others = set(sync.configured_syncs) - {sync.key.sync}
    kept = [name for name in positions if name.partition("/")[0] in others]
    return kept + [child.sync.key.sync for child in children]


def _last_synced(child: Child) -> datetime:
    position = child.position
    times = [at for at in (position.last_full_at, position.last_incremental_at) if at is not None]
    return max(times, default=datetime.min.replace(tzinfo=UTC))


def _batches(children: Sequence[Child]) -> Iterable[Sequence[Child]]:
    return (children[i : i + BATCH_SIZE] for i in range(0, len(children), BATCH_SIZE))


def _run_patiently(
    sync: SyncJob,
    children: Sequence[Child],
    warehouse: Warehouse,
    progress: "_Progress",
    keep: Sequence[str] | None,
    left: LeftBatch,
) -> BatchResult:
    """Run a batch; again, with the pages that it has, where a lake could not be used for a moment.

    Children are tried again each by itself, before.
    """
    wait_seconds = sync.settings.retry_wait_seconds
    for _ in range(1, sync.settings.attempts):
        try:
            return _run_batch(sync, children, warehouse, progress, keep, left)
        except StorageError as error:
            if not is_worth_retrying(error) or sync.cancelled.is_set():
                raise
            sync.log(
                "warning",
                f"{sync.key}: a batch could not be applied, trying again in {wait_seconds:g} s: "
                f"{sentence(error)}",
            )
            sync.cancelled.wait(wait_seconds)
            wait_seconds *= 2
            left = left_batch(sync, children)
    return _run_batch(sync, children, warehouse, progress, keep, left)


def _run_batch(
    sync: SyncJob,
    children: Sequence[Child],
    warehouse: Warehouse,
    progress: "_Progress",
    keep: Sequence[str] | None,
    left: LeftBatch,
) -> BatchResult:
    """Collect the children of a batch side by side, and commit those that succeeded."""
    began = time.monotonic()
    batch = Attempt(
        decision=decision_of_batch([child.decision.mode == "full" for child in children]),
        fetcher=sync.fetcher(),
    )
    with batch_spool(sync, left) as spool:
        # More threads would only wait: the connection lets no more requests through at once.
        with ThreadPoolExecutor(sync.connection.settings.max_concurrent_requests) as pool:
            running = [
                pool.submit(_collect, child, batch, spool, left, progress) for child in children
            ]
            ended = [future.result() for future in running]
        spool.close()
        collected = [each for each in ended if isinstance(each, CollectedChild)]
        failures = [each for each in ended if isinstance(each, FailedChild)]
        kept = sum(keep_pages(each.child.sync, each.failure, spool) for each in failures)
        failed = reported(failures, len(ended), kept, warehouse)
        full = [each.collected.part.complete for each in collected]
        batch = replace(batch, decision=decision_of_batch(full))
        costs = _costs(spool, ended, time.monotonic() - began)
        try:
            outcome, held = commit_batch(sync, batch, spool, collected, warehouse, keep, costs)
        except TooManyRejectedRowsError as error:
            sync.connection.redactor.redact_error(error)
            failure = AttemptFailedError(batch, error, pages=spool.page_count)
            record_failure(sync, warehouse, failure)
            raise
        failed += [report(each, warehouse) for each in held.values()]
    complete = [each.collected.part.complete for each in collected if each.name not in held]
    return BatchResult(outcome=replace(outcome, failures=failed), complete=complete)


def _collect(
    child: Child, batch: Attempt, spool: Spool, left: LeftBatch, progress: "_Progress"
) -> CollectedChild | FailedChild:
    """Collect one child, with retries; each attempt has its own fetcher and part of the spool."""
    if pause := child.sync.connection.limit.long_pause(f"{child.sync.key} was not synced"):
        return FailedChild(child=child, failure=AttemptFailedError(batch, pause))

    def attempt_once(
        previous_error: PreviousAttemptError | None, fetcher: SyncFetcher
    ) -> Collected:
        attempt = replace(
            batch,
            position=child.position,
            decision=child.decision,
            fetcher=fetcher,
            previous_error=previous_error,
        )
        with failures_of(attempt, spool):
            gone_on = left.gone_on(child, attempt)
            attempt = gone_on or begun(child.sync, attempt, spool, left.paused)
        return collect(child.sync, attempt, spool)

    try:
        return CollectedChild(child=child, collected=with_retries(child.sync, None, attempt_once))
    except AttemptFailedError as failure:
        return FailedChild(child=child, failure=failure)
    finally:
        progress.child_done()


def _costs(
    spool: Spool, ended: Sequence[CollectedChild | FailedChild], fetch_seconds: float
) -> Mapping[str, Any]:
    """What a batch has cost, as fields of the ledger: requests are those of all its children."""
    statistics = [each.attempt.fetcher.statistics for each in ended]
    return {
        "pages": spool.page_count,
        "rows_returned": spool.row_count,
        "requests": sum(s.requests for s in statistics),
        "retries": sum(s.retries for s in statistics),
        "not_modified": sum(s.not_modified for s in statistics),
        "bytes_received": sum(s.bytes_received for s in statistics),
        "fetch_seconds": fetch_seconds,
    }


class _Progress:
    """Logs every few seconds how many children are done."""

    def __init__(self, sync: SyncJob, total: int) -> None:
        self._sync = sync
        self._total = total
        self._done = itertools.count(1)
        self._logged = time.monotonic()

    def child_done(self) -> None:
        done, now = next(self._done), time.monotonic()
        if now - self._logged >= PROGRESS_SECONDS:
            self._logged = now
            self._sync.log("info", f"{self._sync.key}: {done:,} of {self._total:,} parents")
