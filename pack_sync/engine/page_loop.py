"""The loop: call `execute` for page after page and spool what it returns."""

import copy
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from pack_sdk.context import PreviousAttemptError, SyncState
from pack_sdk.parameters import values_at
from pack_sdk.results import Completion, rejection_of
from pack_sync.engine.endless_paging_guard import EndlessPagingGuard
from pack_sync.engine.full_or_incremental import Mode
from pack_sync.engine.pack_log import PackLogger
from pack_sync.engine.sync_failures import ParametersRejectedError, SyncCancelledError
from pack_sync.engine.sync_job import SyncJob
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.runtimes.python.gc_tuning import rare_collections
from pack_sync.runtimes.runtime import CallEnvironment, TableSession
from pack_sync.spool.journal import SpooledPage
from pack_sync.spool.page import Page
from pack_sync.spool.spool import Spool

PROGRESS_SECONDS = 5.0
"""How much time passes, at least, between two log lines about pages."""


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """Which sync the pages are for: its mode, cursor, start and id, the same on every page.

    `row_limit` ends the sync after the page that reaches it (contract D6). `part` is the part
    of the spool that gets the pages; `after` is the last page that it has already, of an
    execution that is resumed (contract D9).
    """

    mode: Mode
    cursor: Any
    started_at: datetime
    execution_id: str
    previous_error: PreviousAttemptError | None = None
    row_limit: int | None = None
    part: int = 0
    after: SpooledPage | None = None


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How the pages ended: with the last one's completion, or `cut_short` by a row limit."""

    completion: Completion | None = None
    cut_short: bool = False


def collect_pages(
    sync: SyncJob, request: PageRequest, fetcher: SyncFetcher, spool: Spool
) -> Ending:
    """Call `execute` until there is no continuation, or the row limit is reached.

    Each page goes to the spool before the next is asked for. Raises what the pack raises,
    `ParametersRejectedError` (C21), `EndlessContinuationError` (C15), `SyncCancelledError`.
    """
    continuation: Any = None
    if request.after is not None:
        continuation = request.after.continuation
        if ending := _ending(request, spool, continuation, request.after.ending_completion):
            return ending
    progress, loops = _Progress(sync, spool), EndlessPagingGuard()
    with closing(open_session(sync, request, fetcher)) as session, rare_collections:
        first = state_of(sync, request)
        _check_parameters(session.validate_parameters(_args(sync, request), first))
        while True:
            if sync.cancelled.is_set():
                raise SyncCancelledError(f"{sync.key}: the run was cancelled")
            page = session.execute(_args(sync, request), state_of(sync, request, continuation))
            spool.append(_for_the_journal(sync, page), request.part)
            progress.page_done()
            if sync.lease is not None:
                sync.lease.touch()
            if ending := _ending(request, spool, page.continuation, page.completion):
                return ending
            loops.check(spool.page_count, continuation, page)
            continuation = page.continuation


def _for_the_journal(sync: SyncJob, page: Page) -> Page:
    """The page as it is kept: credentials in a continuation stay out of files (contract A4).

    An API may repeat them in a `next` link; where a sync is resumed with what was kept, the
    fetcher puts them on the request anyway.
    """
    redactor = sync.connection.redactor
    return replace(page, continuation=redactor.without_certain_secrets(page.continuation))


def _ending(
    request: PageRequest, spool: Spool, continuation: Any, completion: Completion | None
) -> Ending | None:
    """How the sync ends with the page that was spooled last, None if it goes on."""
    if continuation is None:
        return Ending(completion=completion)
    if request.row_limit and spool.rows_of(request.part) >= request.row_limit:
        return Ending(cut_short=True)
    return None


def open_session(sync: SyncJob, request: PageRequest, fetcher: SyncFetcher) -> TableSession:
    """The pack's code, ready to be called for this sync; close it after use."""
    return sync.runtime.open(
        sync.table.name,
        CallEnvironment(
            fetcher=fetcher,
            logger=PackLogger(sync),
            endpoint=sync.connection.settings.endpoint,
            page_timeout_seconds=sync.settings.page_timeout_seconds,
            previous_attempt_error=request.previous_error,
        ),
    )


def _values(sync: SyncJob, request: PageRequest) -> dict[str, Any]:
    """The parameters' values in this sync by name (contract P); the pack may scribble on them."""
    return copy.deepcopy(values_at(sync.table.parameters, sync.parameters, request.started_at))


def _args(sync: SyncJob, request: PageRequest) -> list[Any]:
    """The `args` of one page (contract C1)."""
    return list(_values(sync, request).values())


def state_of(sync: SyncJob, request: PageRequest, continuation: Any = None) -> SyncState:
    """The `context.sync` of one page; the pack may scribble on its copy."""
    previous = None
    if request.mode == "incremental":  # on every page of it, and in no full sync (C7)
        previous = Completion(incremental_continuation=_copy(request.cursor))
    return SyncState(
        continuation=_copy(continuation),
        previous_completion=previous,
        schema=sync.table.schema,
        dynamic_url=sync.dynamic_url,
        parameters=_values(sync, request),
        started_at=request.started_at,
        execution_id=request.execution_id,
    )


def _copy(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))


def _check_parameters(answer: Any) -> None:
    """Stop when `validateParameters` said no (contract C21)."""
    if rejection := rejection_of(answer):
        raise ParametersRejectedError(rejection)


class _Progress:
    """Logs at every page or every few seconds, whichever is rarer."""

    def __init__(self, sync: SyncJob, spool: Spool) -> None:
        self._sync = sync
        self._spool = spool
        self._started = self._logged = time.monotonic()
        self._rows_before = spool.row_count

    def page_done(self) -> None:
        now = time.monotonic()
        if now - self._logged < PROGRESS_SECONDS:
            return
        self._logged = now
        spool, seconds = self._spool, now - self._started
        self._sync.log(
            "info",
            f"{self._sync.key}: {spool.page_count:,} pages, {spool.row_count:,} rows, "
            f"{(spool.row_count - self._rows_before) / seconds:,.0f} rows per second",
        )
