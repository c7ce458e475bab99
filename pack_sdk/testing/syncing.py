"""Syncing a table in a test: page after page, as the engine does it."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from pack_sdk.context import PreviousAttemptError
from pack_sdk.errors import FullSyncNeededError, InvalidResultError, RetryLater, UserVisibleError
from pack_sdk.fetching import Send
from pack_sdk.function_forms import error_arguments, validation_arguments
from pack_sdk.logger import Logger, SilentLogger
from pack_sdk.pack import Pack
from pack_sdk.results import CheckedResult, Completion, parse_result, rejection_of
from pack_sdk.sync_table import SyncTable
from pack_sdk.testing.arguments import Args, table_of, values_of
from pack_sdk.testing.calling import call
from pack_sdk.testing.clock import Clock
from pack_sdk.testing.context import ContextOptions
from pack_sdk.testing.dynamic_tables import with_schema
from pack_sdk.testing.network import guarded
from pack_sdk.testing.synced_rows import SyncedRows

_MOST_TRIES = 10
"""How often a page is begun that ends with `RetryLater`."""


def do_nothing() -> None:
    """Stands for what may happen between two pages."""


def execute_sync_table(
    pack: Pack,
    table_name: str,
    args: Args | None = None,
    *,
    fetcher: Send,
    previous_completion: Completion | None = None,
    clock: Clock | None = None,
    endpoint: str | None = None,
    dynamic_url: str | None = None,
    max_pages: int = 1_000,
    stop_after: int | None = None,
    between_pages: Callable[[], object] = do_nothing,
    logger: Logger | None = None,
    previous_attempt_error: PreviousAttemptError | None = None,
    allow_rejected: bool = False,
) -> SyncedRows:
    """Sync a table: fully, or from the cursor of the `previous_completion` of another sync.

    >>> full = execute_sync_table(pack, "Tasks", {"project": "A"}, fetcher=fetcher, clock=clock)
    ... # doctest: +SKIP
    >>> clock.advance(hours=4)  # doctest: +SKIP
    >>> changed = execute_sync_table(
    ...     pack, "Tasks", {"project": "A"}, fetcher=fetcher, clock=clock,
    ...     previous_completion=full.completion,
    ... )  # doctest: +SKIP

    As in the engine, `args` are those that may be configured, by name or by position
    (C19); `validate_parameters` is asked first (C21); every page gets what the one before
    returned as JSON (C4), the cursor (C7), and the time at which the sync began, which is
    `clock.now` (D10); only declared domains may be asked for (F4); `on_error` may replace an
    error (C22); a table that says its schema itself is asked for it before (C23), and one
    that stands for many needs the `dynamic_url`. `fetcher` is a `MockFetcher` or any function
    that sends a request. `stop_after` ends the sync after so many pages, as a preview does.

    Unlike the engine it tries once, has no time limit, and runs no full sync when results are
    incomplete (C8): see `SyncedRows.has_incomplete_results`.

    Raises what the pack raises; `InvalidResultError` for a result that breaks the contract
    (C15); `UserVisibleError` when the pack rejects the parameters; `ValueError` for a table that
    the pack does not have, arguments that could not be configured, or a completion without a
    cursor; `AssertionError` for more than `max_pages` pages, or rows that the engine would reject
    (S4) unless `allow_rejected` is set.
    """
    clock = clock or Clock()
    table = table_of(pack, table_name)
    options: ContextOptions = {
        "clock": Clock(clock.now),  # the same on every page, though the clock goes on
        "dynamic_url": dynamic_url,
        "endpoint": endpoint,
        "logger": logger or SilentLogger(),
        "previous_attempt_error": previous_attempt_error,
    }
    values = values_of(table.parameters, args, clock.now)
    send = guarded(fetcher, pack, endpoint)
    table = with_schema(table, values, send, options)
    run = _Run(table, values, _cursor_of(previous_completion), send, options)
    pages = tuple(islice(run.pages(max_pages, between_pages), stop_after))
    synced = SyncedRows(table=table, incremental=previous_completion is not None, pages=pages)
    if not allow_rejected:
        _check_rows(synced)
    return synced


class _Run:
    """The calls of one sync."""

    def __init__(
        self,
        table: SyncTable,
        values: Mapping[str, Any],
        cursor: Any,
        send: Send,
        options: ContextOptions,
    ) -> None:
        self._table = table
        self._values = values
        self._cursor = cursor
        self._send = send
        self._options: ContextOptions = {**options, "schema": table.schema}

    def _check_parameters(self) -> None:
        """Ask `validate_parameters`, if there is one (contract C21)."""
        function = self._table.validate_parameters
        if function is None:
            return
        answer = call(
            function,
            lambda context: validation_arguments(
                function, context, copy.deepcopy(dict(self._values))
            ),
            self._send,
            self._context_options(None),
        )
        if rejection := rejection_of(answer):
            raise UserVisibleError(rejection)

    def pages(self, max_pages: int, between_pages: Callable[[], object]) -> Iterator[CheckedResult]:
        """All pages, each with what the one before returned (contract C4), if it may begin."""
        self._check_parameters()
        page = self.page(None)
        yield page
        count = 1
        while (continuation := page.continuation) is not None:
            if count >= max_pages:
                raise AssertionError(
                    f"{self._table.name} goes on after {max_pages} pages, with the continuation "
                    f"{continuation!r}; if that is right, raise max_pages"
                )
            between_pages()
            page = self.page(continuation)
            count += 1
            if _same_json(page.continuation, continuation):
                raise InvalidResultError(
                    f"page {count} returned the continuation it was called with, "
                    f"{continuation!r}: that would go on for ever"
                )
            yield page

    def page(self, continuation: Any) -> CheckedResult:
        """Call `execute` once, and check what it returns (contract C2 to C9)."""
        options = self._context_options(continuation)
        try:
            returned = self._execute(options)
        except AssertionError:  # the test's own, about a request that it does not expect
            raise
        except FullSyncNeededError:
            if self._cursor is None:
                raise
            return CheckedResult(completion=Completion(has_incomplete_results=True))
        except Exception as error:
            self._replace(error, options)
            raise
        return copy.deepcopy(parse_result(returned, self._table.schema))

    def _execute(self, options: ContextOptions) -> Any:
        """Call `execute`, and again where it asks for a pause; a test does not wait (F5)."""
        for _ in range(_MOST_TRIES - 1):
            with suppress(RetryLater):
                return self._execute_once(options)
        return self._execute_once(options)

    def _execute_once(self, options: ContextOptions) -> Any:
        args = copy.deepcopy(list(self._values.values()))
        return call(self._table.execute, lambda context: (args, context), self._send, options)

    def _replace(self, error: Exception, options: ContextOptions) -> None:
        """Let `on_error` raise a better error; if it returns, the original goes on (C22)."""
        function = self._table.on_error
        if function is not None:
            call(
                function,
                lambda context: error_arguments(function, context, error),
                self._send,
                options,
            )

    def _context_options(self, continuation: Any) -> ContextOptions:
        """The context of one page, with values of its own, which the pack may change."""
        cursor = json.loads(json.dumps(self._cursor))
        previous = None if cursor is None else Completion(incremental_continuation=cursor)
        return {
            **self._options,
            "continuation": json.loads(json.dumps(continuation)),
            "previous_completion": previous,
            "parameters": copy.deepcopy(dict(self._values)),
        }


def _cursor_of(completion: Completion | None) -> Any:
    if completion is None:
        return None
    if completion.incremental_continuation is None:
        raise ValueError(
            "the previous completion has no cursor, so the engine would run a full sync: leave "
            "previous_completion out"
        )
    return completion.incremental_continuation


def _same_json(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: in Python 1 == True == 1.0."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _check_rows(synced: SyncedRows) -> None:
    rejected = synced.rejected
    if rejected:
        shown = "".join(f"\n  page {r.page}: {r.problem}: {r.row!r:.200}" for r in rejected[:10])
        raise AssertionError(
            f"{len(rejected)} rows of {synced.table.name} would be rejected:{shown}"
        )
