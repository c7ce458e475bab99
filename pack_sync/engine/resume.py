"""Where a sync's pages go: into a new spool, or on after those of one that died (contract D9).

A sync that dies leaves its pages, and so does one that is cancelled or fails for a reason that
may pass. The next try, in the same run or a later one, goes on after the last whole page, if
it is about the same: sync, mode, schema, parameters, account, pack code and cursor.
"""

import itertools
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from pack_sdk.context import PreviousAttemptError
from pack_sync.engine.attempt import FALL_BACK, Execution
from pack_sync.engine.full_or_incremental import ModeDecision
from pack_sync.engine.sync_failures import (
    SyncCancelledError,
    describe_previous,
    is_worth_resuming,
    sentence,
)
from pack_sync.engine.sync_job import SyncJob
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.spool.journal import SpoolHeader
from pack_sync.spool.recovery import resume_spool
from pack_sync.spool.spool import Spool

T = TypeVar("T")


def with_spool(
    sync: SyncJob,
    execution: Execution,
    previous_error: PreviousAttemptError | None,
    attempt: Callable[[Execution, Spool, PreviousAttemptError | None], T],
) -> T:
    """Call `attempt` with the spool that it goes on with, or with a new one.

    If the continuation that a resumed sync goes on with fails, the sync starts again from its
    beginning, told of that failure (contracts D9, C17). Should that bring no page either, the
    service is down rather than the continuation of no use: what was left before stays then.
    Raises what `attempt` raises.
    """
    decision = execution.decision
    left = _resumed(sync, execution)
    if left is not None:
        try:
            return _released(sync, left, lambda: attempt(execution, left, previous_error))
        except Exception as error:
            if not _continuation_failed(left, error):
                raise
            sync.connection.redactor.redact_error(error)
            sync.log(
                "warning",
                f"{sync.key}: the continuation of the resumed sync failed, so the sync starts "
                f"again from its beginning (contract D9): {sentence(error)}",
            )
            previous_error = describe_previous(error)
            _start_again(execution, decision, SyncFetcher(sync.connection))
    spool = Spool.begin(sync.spool_folder, _header(sync, execution))
    return _released(sync, spool, lambda: attempt(execution, spool, previous_error))


def _resumed(sync: SyncJob, execution: Execution) -> Spool | None:
    """A spool to go on with; the execution then becomes the one that began it."""
    within = sync.settings.resume_within
    if not within:
        return None
    spool = resume_spool(
        sync.spool_folder,
        _header(sync, execution),
        within=within,
        log=lambda message: sync.log("info", f"{sync.key}: {message}"),
    )
    if spool is None or spool.header is None or spool.resumed_after is None:
        return None
    execution.id = spool.header.execution_id
    execution.started_at = spool.header.started_at
    execution.resumed_after = last = spool.resumed_after
    execution.part_numbers = itertools.count(last.part)
    if last.part:  # what began as an incremental sync was collecting everything
        execution.decision = FALL_BACK
    resumed = (
        f"resuming after page {spool.page_count:,} ({spool.row_count:,} rows) of the sync that "
        f"began at {execution.started_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    sync.log("info", f"{sync.key}: {resumed}")
    reason = f"{execution.decision.reason}; {resumed} (contract D9)"
    execution.decision = replace(execution.decision, reason=reason)
    return spool


def _start_again(execution: Execution, decision: ModeDecision, fetcher: SyncFetcher) -> None:
    """Make the execution one that begins now; a fetcher is of no use after a timeout."""
    execution.id = uuid.uuid4().hex
    execution.started_at = datetime.now(UTC)
    execution.decision = decision
    execution.fetcher = fetcher
    execution.resumed_after = None
    execution.part_numbers = itertools.count()


def _header(sync: SyncJob, execution: Execution) -> SpoolHeader:
    return SpoolHeader(
        sync=str(sync.key),
        mode=execution.decision.mode,
        fingerprint=sync.fingerprint,
        code_version=sync.code_version,
        row_limit=sync.row_limit,
        position=execution.position.execution_id,
        cursor=execution.position.cursor,
        execution_id=execution.id,
        started_at=execution.started_at,
    )


def _released(sync: SyncJob, spool: Spool, attempt: Callable[[], T]) -> T:
    """Call `attempt`; then discard the spool, or leave it where a later try may go on with it."""
    resumed_pages = spool.resumed_after.number if spool.resumed_after else 0
    leave = False
    try:
        return attempt()
    except Exception as error:
        new_pages = spool.page_count - resumed_pages
        leave = is_worth_resuming(error, new_pages) or _continuation_failed(spool, error)
        raise
    except BaseException:  # the process is asked to end
        leave = True
        raise
    finally:
        if leave and spool.page_count and sync.settings.resume_within:
            spool.leave()
        else:
            spool.discard()


def _continuation_failed(spool: Spool, error: Exception) -> bool:
    last = spool.resumed_after
    return (
        last is not None
        and last.continuation is not None
        and spool.page_count == last.number
        and not isinstance(error, SyncCancelledError)
    )
