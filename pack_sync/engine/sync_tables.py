"""Runs the syncs of several tables side by side and tells what happens, as it happens."""

import queue
import threading
import traceback
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeAlias

from pack_sdk.errors import FetchError
from pack_sync.engine.crawl import run_crawl
from pack_sync.engine.full_or_incremental import ModeRequest, asks_for_full
from pack_sync.engine.outcome import SyncOutcome
from pack_sync.engine.sync import run_sync
from pack_sync.engine.sync_failures import HeldSyncError, SyncFailedError, says_all, sentence
from pack_sync.engine.sync_job import LogLevel, SyncJob
from pack_sync.engine.sync_lease import leased
from pack_sync.http.budget import BudgetSpentError, describe_usage
from pack_sync.ledger.leases import LeaseTakenError
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.warehouse import Warehouse


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """Something to write to the run's log."""

    level: LogLevel
    message: str


@dataclass(frozen=True, kw_only=True)
class TableFinished:
    """A table was synced."""

    key: SyncKey
    outcome: SyncOutcome


@dataclass(frozen=True, kw_only=True)
class TableFailed:
    """A table's sync failed; the message says all that a user needs, without secrets.

    `details` is the traceback, for whoever looks for a fault in the code; "" where there is none.
    `held` says that it waits for a decision about its deletes (contract D8).
    """

    key: SyncKey
    message: str
    details: str
    held: bool = False


@dataclass(frozen=True, kw_only=True)
class TableSkipped:
    """A table was not synced now: another run has it in hand, or the account's budget is spent.

    The message says which, and the next run goes on.
    """

    key: SyncKey
    message: str


RunEvent: TypeAlias = LogLine | TableFinished | TableFailed | TableSkipped


_LATER = "A full sync was asked for: run it again when the other one has ended."


class TableRuns:
    """The syncs of one run. Give each of them `log` and `cancelled`, then call `run`."""

    def __init__(self, *, max_parallel: int) -> None:
        self.cancelled = threading.Event()
        self._max_parallel = max_parallel
        self._events: queue.SimpleQueue[RunEvent] = queue.SimpleQueue()

    def log(self, level: LogLevel, message: str) -> None:
        """Write a line to the run's log, from any thread."""
        self._events.put(LogLine(level=level, message=message))

    def run(
        self,
        syncs: Sequence[SyncJob],
        warehouse: Warehouse,
        request: ModeRequest,
        failed: Iterable[SyncKey] = (),
    ) -> Generator[RunEvent]:
        """Run the syncs, at most `max_parallel` at once; one that fails stops no other.

        A crawled table waits for its parent table; if that fails, it is crawled for the rows that
        are there, and says so (contract C20). `failed` are syncs that failed before this. Events
        arrive in the caller's thread, as they happen. When the caller stops listening (the
        run is cancelled), the syncs stop at their next page.
        """
        unfinished = Counter(sync.key.table for sync in syncs)
        failures = set(failed)
        waiting = list(syncs)

        def work(sync: SyncJob) -> None:
            self._events.put(_run_one(sync, warehouse, request, failures))

        def submit_ready(pool: ThreadPoolExecutor) -> None:
            for sync in list(waiting):
                if sync.crawl is None or not unfinished[sync.crawl.parent_table]:
                    waiting.remove(sync)
                    pool.submit(work, sync)

        with ThreadPoolExecutor(self._max_parallel, thread_name_prefix="sync") as pool:
            try:
                submit_ready(pool)
                while unfinished.total():
                    event = self._events.get()
                    if not isinstance(event, LogLine):
                        unfinished[event.key.table] -= 1
                        # A held parent's rows are as they were: its children can be synced.
                        if isinstance(event, TableFailed) and not event.held:
                            failures.add(event.key)
                        submit_ready(pool)
                    yield event
            finally:
                # Also when the caller has closed this generator: the pool waits for its threads,
                # and they look at `cancelled` between two pages.
                self.cancelled.set()
                pool.shutdown(cancel_futures=True)


def _run_one(
    sync: SyncJob, warehouse: Warehouse, request: ModeRequest, failed: AbstractSet[SyncKey]
) -> TableFinished | TableFailed | TableSkipped:
    try:
        parent_failed = any(_is_parent(sync, key) for key in failed)
        with leased(sync, warehouse, request) as ours:
            done = _sync(ours, warehouse, request, parent_failed=parent_failed)
            return TableFinished(key=sync.key, outcome=replace(done, budget=_budget_of(sync)))
    except LeaseTakenError as error:
        message = f"{sync.key}: skipped, because {error}"
        if asks_for_full(request):  # the other may be incremental: then nobody does what was asked
            return TableFailed(key=sync.key, message=f"{message}. {_LATER}", details="")
        return TableSkipped(key=sync.key, message=message)
    except BaseException as error:  # whatever it is: the run waits for an event of every table
        redact = sync.connection.redactor.redact
        told = sentence(error) if isinstance(error, Exception) else repr(error)
        message = str(error) if isinstance(error, SyncFailedError) else f"{sync.key}: {told}"
        cause = error.__cause__ or error
        if isinstance(error.__cause__, BudgetSpentError) and not asks_for_full(request):
            return TableSkipped(key=sync.key, message=redact(message))
        details = "" if says_all(cause) else "".join(traceback.format_exception(cause))
        return TableFailed(
            key=sync.key,
            message=redact(message),
            details=redact(details),
            held=isinstance(error.__cause__, HeldSyncError),
        )


def _budget_of(sync: SyncJob) -> Sequence[str]:
    budget = sync.connection.budget
    with suppress(FetchError):  # the sync is done, whether this can be read or not
        return [describe_usage(usage) for usage in budget.usage()] if budget else []
    return []


def _is_parent(sync: SyncJob, key: SyncKey) -> bool:
    """Whether a sync brings rows that this one is crawled for."""
    source = sync.crawl
    if source is None or key.table != source.parent_table:
        return False
    return source.parent_sync in (None, key.sync)


def _sync(
    sync: SyncJob, warehouse: Warehouse, request: ModeRequest, *, parent_failed: bool
) -> SyncOutcome:
    if sync.crawl is None:
        return run_sync(sync, warehouse, request)
    return run_crawl(sync, sync.crawl, warehouse, request, parent_failed=parent_failed)
