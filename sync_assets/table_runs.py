"""Runs the syncs of several tables side by side and tells what happens as it happens."""

import queue
import threading
import traceback
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

from resources.ledger import SyncKey
from resources.warehouse import Warehouse
from sync_assets.failures import SyncFailedError
from sync_assets.mode import ModeRequest
from sync_assets.sync import SyncOutcome, run_sync
from sync_assets.table_sync import LogLevel, TableSync


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
    """A table's sync failed; `details` is the traceback, without secrets."""

    key: SyncKey
    message: str
    details: str


RunEvent: TypeAlias = LogLine | TableFinished | TableFailed


class TableRuns:
    """The syncs of one run. Give each of them `log` and `cancelled`, then call `run`."""

    def __init__(self, *, max_parallel: int) -> None:
        self.cancelled = threading.Event()
        self._max_parallel = max_parallel
        self._events: queue.SimpleQueue[RunEvent | None] = queue.SimpleQueue()

    def log(self, level: LogLevel, message: str) -> None:
        """Write a line to the run's log, from any thread."""
        self._events.put(LogLine(level=level, message=message))

    def run(
        self, syncs: Sequence[TableSync], warehouse: Warehouse, request: ModeRequest
    ) -> Generator[RunEvent]:
        """Run the syncs, at most `max_parallel` at once; one that fails stops no other.

        Events arrive in the caller's thread, as they happen. When the caller stops listening
        (the run is cancelled), the syncs stop at their next page.
        """

        def work(sync: TableSync) -> None:
            try:
                self._events.put(_run_one(sync, warehouse, request))
            finally:
                self._events.put(None)

        with ThreadPoolExecutor(self._max_parallel, thread_name_prefix="sync") as pool:
            running = [pool.submit(work, sync) for sync in syncs]
            try:
                left = len(running)
                while left:
                    event = self._events.get()
                    if event is None:
                        left -= 1
                    else:
                        yield event
                for future in running:
                    future.result()  # raises what no sync is expected to raise
            finally:
                self.cancelled.set()
                pool.shutdown(cancel_futures=True)


def _run_one(sync: TableSync, warehouse: Warehouse, request: ModeRequest) -> RunEvent:
    try:
        return TableFinished(key=sync.key, outcome=run_sync(sync, warehouse, request))
    except Exception as error:
        redact = sync.connection.redactor.redact
        message = str(error) if isinstance(error, SyncFailedError) else f"{sync.key}: {error}"
        details = "".join(traceback.format_exception(error.__cause__ or error))
        return TableFailed(key=sync.key, message=redact(message), details=redact(details))
