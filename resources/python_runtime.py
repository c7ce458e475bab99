"""Runs packs written in Python.

A session has one thread of its own in which all of the pack's code runs, so that a call
can be given up when its time is over (contract C14) while the engine goes on.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from pack_sdk.context import SyncExecutionContext, SyncState
from pack_sdk.fetching import AsyncFetcher, Fetcher
from pack_sdk.pack import Pack, SyncTable
from pack_sdk.results import parse_result
from resources.pack_thread import PackThread
from resources.page import Page
from resources.row_lines import to_lines
from resources.runtime import CallEnvironment, PageTimeoutError


class PythonRuntime:
    """Runs the tables of a Python pack (a `resources.runtime.PackRuntime`)."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack

    def open(self, table_name: str, environment: CallEnvironment) -> "PythonSession":
        """Open a session for one sync of a table."""
        return PythonSession(self._pack.sync_tables[table_name], environment)


class PythonSession:
    """One sync of one table of a Python pack."""

    def __init__(self, table: SyncTable, environment: CallEnvironment) -> None:
        self._table = table
        self._environment = environment
        self._thread = PackThread(f"pack code of {table.name}")

    def execute(self, args: Sequence[Any], sync: SyncState) -> Page:
        """Call `execute` once (see `TableSession.execute`)."""
        function = self._table.execute
        try:
            returned = self._call(function, list(args), self._context(function, sync))
        except PageTimeoutError:
            raise
        except Exception as error:
            self._replace_error(error, sync)
            raise
        result = parse_result(returned)
        return Page(
            rows=to_lines(result.rows),
            row_count=len(result.rows),
            continuation=_copy(result.continuation),
            completion=result.completion,
            deleted_row_ids=result.deleted_row_ids,
        )

    def validate_parameters(self, args: Sequence[Any], sync: SyncState) -> Any:
        """Call `validate_parameters` (contract C21); None if the table has none."""
        function = self._table.validate_parameters
        if function is None:
            return None
        parameters = dict(zip((p.name for p in self._table.parameters), args, strict=True))
        return self._call(function, self._context(function, sync), parameters)

    def close(self) -> None:
        """End the session's thread; a call still under way is abandoned."""
        self._thread.stop()

    def _call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call the pack's function in the session's thread, for as long as a page may take."""
        seconds = self._environment.page_timeout_seconds
        self._environment.fetcher.begin_page(seconds)
        call = self._thread.call(function, *args)
        if call.wait(seconds):
            return call.result()
        self._environment.fetcher.cancel()
        self._thread.interrupt()
        name = getattr(function, "__name__", "the pack's function")
        raise PageTimeoutError(
            f"{name} of the table {self._table.name!r} took longer than {seconds:g} s "
            "(contract C14). Return smaller pages, or raise `page_timeout_seconds`."
        )

    def _replace_error(self, error: Exception, sync: SyncState) -> None:
        """Let `on_error` raise a better error; if it returns, the original goes on (C22)."""
        function = self._table.on_error
        if function is not None:
            self._call(function, self._context(function, sync), error)

    def _context(
        self, function: Callable[..., Any], sync: SyncState
    ) -> SyncExecutionContext[Fetcher] | SyncExecutionContext[AsyncFetcher]:
        environment = self._environment
        send = environment.fetcher.send
        common: dict[str, Any] = {
            "sync": sync,
            "logger": environment.logger,
            "endpoint": environment.endpoint,
            "previous_attempt_error": environment.previous_attempt_error,
        }
        if _is_async(function):
            return SyncExecutionContext(fetcher=AsyncFetcher(send), **common)
        return SyncExecutionContext(fetcher=Fetcher(send), **common)


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object with an async __call__
    )


def _copy(continuation: Any) -> Any:
    """The continuation as it is now: the pack may go on changing the object it returned."""
    return orjson.loads(orjson.dumps(continuation))
