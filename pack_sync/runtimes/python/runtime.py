"""Runs packs written in Python.

A session has one thread of its own in which all of the pack's code runs, so that a call
can be given up when its time is over (contract C14) while the engine goes on.
"""

import inspect
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from pack_sdk.context import SyncExecutionContext
from pack_sdk.dynamic import listing_arguments, schema_arguments
from pack_sdk.errors import FullSyncNeededError, InvalidResultError, RetryLater
from pack_sdk.fetching import AsyncFetcher, Fetcher
from pack_sdk.function_forms import choice_arguments, error_arguments, validation_arguments
from pack_sdk.results import Completion, parse_result
from pack_sdk.schemas import Schema
from pack_sync.runtimes.python.pack_traceback import note_mistake
from pack_sync.runtimes.python.row_lines import to_lines
from pack_sync.runtimes.python.thread import PackThread
from pack_sync.runtimes.runtime import (
    CallEnvironment,
    PackRuntime,
    PageTimeoutError,
    page_timeout,
)
from pack_sync.runtimes.session import FunctionCall
from pack_sync.spool.page import Page


class PythonRuntime(PackRuntime):
    """Runs the tables of a Python pack."""

    def start_caller(self, environment: CallEnvironment) -> "PythonCaller":
        """A thread for the pack's code."""
        return PythonCaller(environment)


class PythonCaller:
    """Calls functions of a Python pack in a thread (a `pack_sync.runtimes.session.Caller`)."""

    def __init__(self, environment: CallEnvironment) -> None:
        self._environment = environment
        self._thread = PackThread("pack code")

    def execute(self, call: FunctionCall) -> Page:
        """Call `execute`, and `on_error` if it raises; rows are written as JSON in the thread."""
        try:
            page = self._run(call, call.args, self._context(call), then=_page_of(call))
        except PageTimeoutError:
            raise  # there is no time left in which `on_error` could be called
        except FullSyncNeededError as error:
            if call.sync.previous_completion is None:
                raise
            self._environment.logger.info("a full sync is needed: %s", error)
            return Page(completion=Completion(has_incomplete_results=True))
        except Exception as error:
            self._replace_error(call, error)
            raise
        if isinstance(page, InvalidResultError):
            raise page
        return page

    def call(self, call: FunctionCall) -> Any:
        """Call the function with as many of its arguments as it takes."""
        return self._run(call, *_arguments(call, self._context(call)))

    def spelled(self, name: str) -> str:
        """Python's names are in snake_case, as they are here."""
        return name

    def close(self) -> None:
        """End the thread after the running call."""
        self._thread.stop()

    def _replace_error(self, call: FunctionCall, error: Exception) -> None:
        """Let `on_error` raise a better error; if it returns, the original goes on (C22)."""
        function = call.table.on_error if call.table else None
        if function is not None:
            call = replace(call, name="on_error", function=function)
            self._run(call, *error_arguments(function, self._context(call), error))

    def _run(self, call: FunctionCall, *args: Any, then: Callable[[Any], Any] | None = None) -> Any:
        """Run the pack's function, and again after each pause that it asks for (contract F5)."""
        waited: list[float] = []
        while True:
            try:
                return self._run_once(call, *args, then=then)
            except RetryLater as error:
                what = f"{self._named(call)} raised RetryLater ({error})"
                waited.append(self._environment.fetcher.pause(error.seconds, what, waited))

    def _run_once(
        self, call: FunctionCall, *args: Any, then: Callable[[Any], Any] | None = None
    ) -> Any:
        """Run the pack's function in the thread, for as long as a page may take."""
        fetcher, seconds = self._environment.fetcher, self._environment.page_timeout_seconds
        fetcher.begin_page(seconds)
        running = self._thread.call(call.function, *args, then=then)
        while not running.done and (left := fetcher.page_seconds_left) > 0:
            running.wait(left)
        if running.done:
            try:
                return running.result()
            except Exception as error:
                note_mistake(error, fetcher.last_answer)
                raise
        fetcher.cancel()
        self._thread.interrupt()
        raise page_timeout(self._named(call), seconds)

    def _named(self, call: FunctionCall) -> str:
        """The function by the name that the author will look for."""
        return call.described(getattr(call.function, "__name__", call.name))

    def _context(
        self, call: FunctionCall
    ) -> SyncExecutionContext[Fetcher] | SyncExecutionContext[AsyncFetcher]:
        environment = self._environment
        # Each call's fetcher knows that call's token, and no other (contract A2).
        invocation_token = uuid.uuid4().hex
        send = partial(environment.fetcher.send, invocation_token=invocation_token)
        common: dict[str, Any] = {
            "invocation_token": invocation_token,
            "sync": call.sync,
            "logger": environment.logger,
            "endpoint": environment.endpoint,
            "previous_attempt_error": environment.previous_attempt_error,
        }
        if _is_async(call.function):
            return SyncExecutionContext(fetcher=AsyncFetcher(send), **common)
        return SyncExecutionContext(fetcher=Fetcher(send), **common)


def _arguments(call: FunctionCall, context: Any) -> tuple[Any, ...]:
    """The arguments of a function beside `execute`: packs may leave out those at the end."""
    function, search, parameters = call.function, call.search, call.parameters
    match call.name:
        case "validate_parameters":
            return validation_arguments(function, context, parameters)
        case "autocomplete":
            return choice_arguments(function, context, search or "", parameters)
        case "get_schema":
            return schema_arguments(function, context, parameters)
        case "list_dynamic_urls":
            return listing_arguments(function, context, search)
        case "search_dynamic_urls":
            return (context, search)
        case _:
            return (context,)


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object with an async __call__
    )


def _page_of(call: FunctionCall) -> Callable[[Any], Any]:
    """What makes a page of what `execute` returned."""
    return partial(_page, schema=call.row_schema)


def _page(returned: Any, schema: Schema | None = None) -> Page | InvalidResultError:
    """The page that `execute` returned; or what is wrong with it, which no code of the pack raised.

    So the pack's `on_error` does not get it (contract C22).
    """
    try:
        result = parse_result(returned, schema)
        return Page(
            rows=to_lines(result.rows),
            row_count=len(result.rows),
            continuation=_copy(result.continuation),
            ignored_continuation=result.ignored_continuation,
            completion=result.completion,
            deleted_row_ids=result.deleted_row_ids,
        )
    except InvalidResultError as error:
        return error


def _copy(continuation: Any) -> Any:
    """The continuation as it is now: the pack may go on changing the object it returned."""
    return orjson.loads(orjson.dumps(continuation))
