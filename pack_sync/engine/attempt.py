"""Collecting the rows of one sync, and falling back to a full one where it must (C8)."""

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pack_sdk.context import PreviousAttemptError
from pack_sync.engine.full_or_incremental import ModeDecision
from pack_sync.engine.page_loop import PageRequest, collect_pages
from pack_sync.engine.sync_job import SyncJob
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.ledger.cursors import RunRecord, SyncPosition
from pack_sync.spool.journal import SpooledPage
from pack_sync.spool.spool import Spool
from pack_sync.stage.staged_pages import StagePart

FALL_BACK = ModeDecision(
    mode="full",
    reason="the incremental sync ended with hasIncompleteResults (contract C8), "
    "so a full sync followed at once",
)


@dataclass(kw_only=True)
class Execution:
    """One try at a sync: its id, when it began, where its requests go.

    `position` is where the sync stood before. `decision` is the mode that is being collected;
    it changes when an incremental sync has to fall back to a full one. `pages` counts those of
    that mode. `asking_schema` is on while the pack is asked for the table's schema (contract
    C23). `resumed_after` is the last page of an execution that died or failed and that this
    one goes on with, under the id and the start of the sync that it began (contract D9).
    """

    position: SyncPosition
    decision: ModeDecision
    fetcher: SyncFetcher
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    asking_schema: bool = False
    pages: int = 0
    resumed_after: SpooledPage | None = None
    part_numbers: Iterator[int] = field(default_factory=itertools.count)


@dataclass(frozen=True, kw_only=True)
class Collected:
    """A sync whose pages are all in the spool.

    `cursor` is None when the sync ended without one. `cut_short` says that a row limit ended
    it: it is applied without deletes and leaves the cursor as it was (contract D6).
    """

    cursor: Any
    cut_short: bool
    part: StagePart


def collect(
    sync: SyncJob,
    execution: Execution,
    spool: Spool,
    previous_error: PreviousAttemptError | None,
) -> Collected:
    """Collect all pages of a sync.

    When an incremental sync ends with `hasIncompleteResults`, what it brought does not count,
    and a full sync is collected at once (contract C8). Raises what `collect_pages` raises.
    """
    number = next(execution.part_numbers)
    after = execution.resumed_after
    request = PageRequest(
        mode=execution.decision.mode,
        cursor=execution.position.cursor,
        started_at=execution.started_at,
        execution_id=execution.id,
        previous_error=previous_error,
        row_limit=sync.row_limit,
        part=number,
        after=after if after and after.part == number else None,
    )
    try:
        ending = collect_pages(sync, request, execution.fetcher, spool)
    finally:
        execution.pages = spool.pages_of(number)
    completion = ending.completion
    full = execution.decision.mode == "full"
    if completion is not None and completion.has_incomplete_results and not full:
        execution.decision = FALL_BACK
        sync.log("warning", f"{sync.key}: {execution.decision.reason}")
        return collect(sync, execution, spool, previous_error)
    return Collected(
        cursor=_without_secrets(sync, completion.incremental_continuation) if completion else None,
        cut_short=ending.cut_short,
        part=StagePart(
            sync=sync.key.sync,
            complete=full and not ending.cut_short,
            deletes=not ending.cut_short,
            number=number,
        ),
    )


def _without_secrets(sync: SyncJob, cursor: Any) -> Any:
    """The cursor without credentials, which a `next` link of an API may repeat (contract A4).

    A cursor is stored and shown. The fetcher puts the credentials on requests anyway, in place
    of what is there.
    """
    kept = sync.connection.redactor.without_certain_secrets(cursor)
    if kept != cursor:
        sync.log(
            "warning",
            f"{sync.key}: the cursor held a credential of the connection and is stored without "
            "it; leave it out in the pack (contract A4)",
        )
    return kept


def position_after(sync: SyncJob, collected: Collected, execution: Execution) -> SyncPosition:
    """Where the sync stands once its rows are applied (contract C6, D3)."""
    if collected.cut_short:
        reason = "its first sync was cut short by a row limit (contract D6)"
        before = execution.position
        never = before.execution_id is None
        return replace(
            before,
            no_cursor_reason=reason if never else before.no_cursor_reason,
            execution_id=execution.id,
        )
    full = collected.part.complete
    return replace(
        execution.position,
        cursor=collected.cursor,
        no_cursor_reason="its last full sync ended without a cursor"
        if full
        else "its last incremental sync ended without a cursor (contract D3)",
        fingerprint=sync.fingerprint,
        execution_id=execution.id,
        **{"last_full_at" if full else "last_incremental_at": execution.started_at},
    )


def record_of(sync: SyncJob, execution: Execution, **figures: Any) -> RunRecord:
    """The ledger's line about a sync, with what the execution has cost so far."""
    statistics = execution.fetcher.statistics
    return RunRecord(
        execution_id=execution.id,
        dagster_run_id=sync.dagster_run_id,
        pack=sync.key.pack,
        table_name=sync.key.table,
        sync=sync.key.sync,
        mode=execution.decision.mode,
        mode_reason=execution.decision.reason,
        started_at=execution.started_at,
        finished_at=datetime.now(UTC),
        pages=execution.pages,
        requests=statistics.requests,
        retries=statistics.retries,
        bytes_received=statistics.bytes_received,
        **figures,
    )
