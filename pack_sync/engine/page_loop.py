"""The loop: call `execute` for page after page and spool what it returns."""

import copy
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import orjson

from pack_sdk.context import SyncState
from pack_sdk.parameters import values_at
from pack_sdk.results import Completion, rejection_of
from pack_sdk.wording import counted
from pack_sync.engine.attempt import Attempt
from pack_sync.engine.endless_paging_guard import EndlessPagingGuard
from pack_sync.engine.pack_log import PackLogger
from pack_sync.engine.stored_credentials import without_credentials
from pack_sync.engine.sync_failures import ParametersRejectedError, SyncCancelledError
from pack_sync.engine.sync_job import SyncJob
from pack_sync.runtimes.python.gc_tuning import rare_collections
from pack_sync.runtimes.runtime import CallEnvironment
from pack_sync.runtimes.session import PackSession
from pack_sync.spool.page import Page
from pack_sync.spool.spool import Spool

PROGRESS_SECONDS = 5.0
"""How much time passes, at least, between two log lines about pages."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How the pages ended: with the last one's completion, or `cut_short` by a row limit."""

    completion: Completion | None = None
    cut_short: bool = False
    warnings: Sequence[str] = ()


def collect_pages(sync: SyncJob, attempt: Attempt, spool: Spool) -> Ending:
    """Call `execute` until there is no continuation, or the row limit is reached.

    Each page goes to the spool before the next is asked for, so that a process which dies loses
    one page at most. Raises what the pack raises, `ParametersRejectedError` (C21),
    `EndlessContinuationError` (C15), `LongPauseError` (F5), `SyncCancelledError`.
    """
    continuation: Any = None
    if (after := attempt.resumed_after) is not None:
        continuation = after.continuation
        # The attempt before may have had all pages, and died before they were applied.
        if ending := _ending(sync, attempt, spool, continuation, after.ending_completion):
            return ending
    progress, endless = _Progress(sync, attempt, spool), EndlessPagingGuard()
    # `rare_collections`: rows are many small objects without cycles, see there.
    with closing(open_session(sync, attempt)) as session, rare_collections:
        first = state_of(sync, attempt, previous=attempt.previous_completion())
        _check_parameters(session.validate_parameters(_args(sync, attempt), first))
        while True:
            if sync.cancelled.is_set():
                raise SyncCancelledError(f"{sync.key}: the run was cancelled")
            state = state_of(sync, attempt, continuation, previous=attempt.previous_completion())
            page = session.execute(_args(sync, attempt), state)
            # A page that was made of an answer which did not come must not count.
            attempt.check_pause()
            # On disk before anything else: from here on a later attempt need not ask for it again.
            spool.append(_for_the_journal(sync, page), attempt.part)
            progress.page_done()
            if sync.lease is not None:
                sync.lease.touch()
            if ending := _ending(sync, attempt, spool, page.continuation, page.completion):
                return replace(ending, warnings=_warnings(sync, attempt, page))
            endless.check(spool.page_count, continuation, page)
            continuation = page.continuation


def _warnings(sync: SyncJob, attempt: Attempt, last: Page) -> list[str]:
    """What is odd about the last page."""
    if last.ignored_continuation is not None:
        given = orjson.dumps(last.ignored_continuation).decode()
        return [
            f"the last page returned the continuation {given}, which counts as none, so the sync "
            "ended there. Return null (None) at the end; if more pages are there, wrap the value, "
            'as in {"offset": 0}'
        ]
    unread = attempt.fetcher.next_page_unread
    # An increment may well end early on purpose, at the first row that has not changed (D11).
    if not unread or not attempt.full or not last.row_count or sync.ignore_next_link:
        return []
    return [
        f"the service's last answer names a further page (in its {unread}), but the last page "
        "returned no continuation, so the sync ended there and rows may be missing. Return a "
        "continuation while there are more; if the sync should end there, set "
        "`ignore_next_link: true` at the table"
    ]


def _for_the_journal(sync: SyncJob, page: Page) -> Page:
    """The page as it is kept: credentials in a continuation stay out of files (contract A4).

    An API may repeat them in a `next` link. Where requests get them anyway, a sync may be resumed
    with what was kept; elsewhere it goes on from an earlier page.
    """
    written, whole = without_credentials(sync.connection, page.continuation)
    return replace(page, continuation=written, withheld=not whole)


def _ending(
    sync: SyncJob, attempt: Attempt, spool: Spool, continuation: Any, completion: Completion | None
) -> Ending | None:
    """How the sync ends with the page that was spooled last, None if it goes on."""
    if continuation is None:
        return Ending(completion=completion)
    enough_rows = sync.row_limit and spool.rows_of(attempt.part) >= sync.row_limit
    enough_pages = sync.page_limit and spool.pages_of(attempt.part) >= sync.page_limit
    return Ending(cut_short=True) if enough_rows or enough_pages else None


def open_session(sync: SyncJob, attempt: Attempt) -> PackSession:
    """The pack's code, ready to be called for this sync; close it after use."""
    return sync.runtime.open(
        sync.table.name,
        CallEnvironment(
            fetcher=attempt.fetcher,
            logger=PackLogger(sync),
            endpoint=sync.connection.settings.endpoint,
            page_timeout_seconds=sync.settings.page_timeout_seconds,
            previous_attempt_error=attempt.previous_error,
        ),
    )


def _values(sync: SyncJob, attempt: Attempt) -> dict[str, Any]:
    """The parameters' values in this sync by name (contract P); the pack may scribble on them."""
    return copy.deepcopy(values_at(sync.table.parameters, sync.parameters, attempt.started_at))


def _args(sync: SyncJob, attempt: Attempt) -> list[Any]:
    """The `args` of one page (contract C1)."""
    return list(_values(sync, attempt).values())


def state_of(
    sync: SyncJob,
    attempt: Attempt,
    continuation: Any = None,
    *,
    previous: Completion | None = None,
) -> SyncState:
    """The `context.sync` of one page; the pack may scribble on its copy."""
    return SyncState(
        continuation=orjson.loads(orjson.dumps(continuation)),
        previous_completion=previous,
        schema=sync.table.schema,
        dynamic_url=sync.dynamic_url,
        parameters=_values(sync, attempt),
        started_at=attempt.started_at,
        execution_id=attempt.id,
    )


def _check_parameters(answer: Any) -> None:
    """Stop when `validateParameters` said no (contract C21)."""
    if rejection := rejection_of(answer):
        raise ParametersRejectedError(rejection)


class _Progress:
    """Logs at every page or every few seconds, whichever is rarer.

    Of a crawled child its own pages and rows, and besides the rows of all that share its spool.
    """

    def __init__(self, sync: SyncJob, attempt: Attempt, spool: Spool) -> None:
        self._sync = sync
        self._spool = spool
        self._part = attempt.part if "/" in sync.key.sync else None
        self._started = self._logged = time.monotonic()
        self._rows_before = self._rows

    def page_done(self) -> None:
        now = time.monotonic()
        if now - self._logged < PROGRESS_SECONDS:
            return
        self._logged = now
        seconds = now - self._started
        others = ""
        if self._part is not None:
            others = f"; with the other children {counted(self._spool.row_count, 'row', 'rows')}"
        self._sync.log(
            "info",
            f"{self._sync.key}: {counted(self._pages, 'page', 'pages')}, "
            f"{counted(self._rows, 'row', 'rows')}, "
            f"{(self._rows - self._rows_before) / seconds:,.0f} rows per second{others}",
        )

    @property
    def _pages(self) -> int:
        spool = self._spool
        return spool.page_count if self._part is None else spool.pages_of(self._part)

    @property
    def _rows(self) -> int:
        spool = self._spool
        return spool.row_count if self._part is None else spool.rows_of(self._part)
