"""Runs packs written in Python.

A session has one thread of its own in which all of the pack's code runs, so that a call
can be given up when its time is over (contract C14) while the engine goes on.
"""

import inspect
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from pack_sdk.choices import Choice, autocomplete_choices
from pack_sdk.context import SyncExecutionContext, SyncState
from pack_sdk.dynamic import DynamicFunctions, listing_arguments, schema_arguments
from pack_sdk.dynamic_answers import DynamicUrl, parse_schema, parse_text, parse_urls
from pack_sdk.errors import InvalidResultError, PackDefinitionError
from pack_sdk.fetching import AsyncFetcher, Fetcher
from pack_sdk.function_forms import choice_arguments, error_arguments, validation_arguments
from pack_sdk.pack import Pack
from pack_sdk.results import parse_result
from pack_sdk.schemas import Schema
from pack_sdk.sync_table import SyncTable
from pack_sync.runtimes.python.pack_traceback import note_mistake
from pack_sync.runtimes.python.row_lines import to_lines
from pack_sync.runtimes.python.thread import PackThread
from pack_sync.runtimes.runtime import CallEnvironment, PageTimeoutError
from pack_sync.spool.page import Page


class PythonRuntime:
    """Runs the tables of a Python pack (a `pack_sync.runtimes.runtime.PackRuntime`)."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack

    def open(self, table_name: str, environment: CallEnvironment) -> "PythonSession":
        """Open a session for one sync of a table."""
        return PythonSession(self._pack.sync_tables[table_name], environment)

    def connection_name(self, environment: CallEnvironment) -> str | None:
        """Call `get_connection_name` (see `PackRuntime.connection_name`)."""
        function = self._pack.authentication.get_connection_name
        if function is None:
            return None
        session = PythonSession(next(iter(self._pack.sync_tables.values())), environment)
        try:
            name = session.ask(function)
        finally:
            session.close()
        return None if name is None else str(name)


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
            context = self._context(function, sync)
            page = self._call(function, list(args), context, then=_page_or_error)
        except PageTimeoutError:
            raise
        except Exception as error:
            self._replace_error(error, sync)
            raise
        if isinstance(page, InvalidResultError):
            raise page
        return page

    def validate_parameters(self, args: Sequence[Any], sync: SyncState) -> Any:
        """Call `validate_parameters` (contract C21); None if the table has none."""
        function = self._table.validate_parameters
        if function is None:
            return None
        context = self._context(function, sync)
        return self._call(function, *validation_arguments(function, context, self._by_name(args)))

    def autocomplete(
        self,
        parameter_name: str,
        search: str,
        args: Sequence[Any],
        *,
        dynamic_url: str | None = None,
    ) -> Sequence[Choice]:
        """Look up a parameter's choices (see `TableSession.autocomplete`)."""
        parameter = next(p for p in self._table.parameters if p.name == parameter_name)
        others = self._by_name(args)
        del others[parameter_name]

        def call(function: Callable[..., Any]) -> Any:
            sync = SyncState(
                schema=self._table.schema, dynamic_url=dynamic_url, parameters=dict(others)
            )
            context = self._context(function, sync)
            return self._call(function, *choice_arguments(function, context, search, others))

        return autocomplete_choices(parameter.autocomplete, parameter.type, search, call)

    def get_schema(self, sync: SyncState) -> Schema:
        """Call `get_schema` and check what it returns (see `TableSession.get_schema`)."""
        function = self._dynamic("get_schema").get_schema
        context = self._context(function, replace(sync, schema=None))  # which is asked for
        returned = self._call(function, *schema_arguments(function, context, sync.parameters))
        return parse_schema(returned, self._table.name, sync.dynamic_url)

    def list_dynamic_urls(self, parent_url: str | None = None) -> Sequence[DynamicUrl]:
        """Call `list_dynamic_urls` (contract C23)."""
        function = self._dynamic("list_dynamic_urls").list_dynamic_urls
        if function is None:
            raise PackDefinitionError(
                f"the table {self._table.name!r} has no list_dynamic_urls; search for a text, or "
                "ask the pack's author which URLs it takes"
            )
        context = self._context(function, SyncState())
        returned = self._call(function, *listing_arguments(function, context, parent_url))
        return parse_urls(returned, self._called("list_dynamic_urls"))

    def search_dynamic_urls(self, text: str) -> Sequence[DynamicUrl]:
        """Call `search_dynamic_urls`; without one, search the top of the list (C23)."""
        function = self._dynamic("search_dynamic_urls").search_dynamic_urls
        if function is None:
            urls = self.list_dynamic_urls()
            return [url for url in urls if text.casefold() in url.display.casefold()]
        returned = self._call(function, self._context(function, SyncState()), text)
        return parse_urls(returned, self._called("search_dynamic_urls"))

    def get_name(self, url: str) -> str:
        """Call `get_name` (contract C23)."""
        return self._text_of("get_name", url)

    def get_display_url(self, url: str) -> str:
        """Call `get_display_url` (contract C23); without one, the URL is for browsers as well."""
        dynamic = self._dynamic("get_display_url")
        return url if dynamic.get_display_url is None else self._text_of("get_display_url", url)

    def ask(self, function: Callable[..., Any]) -> Any:
        """Call a function of the pack that belongs to no table, with a context only."""
        return self._call(function, self._context(function, SyncState()))

    def close(self) -> None:
        """End the session's thread; a call still under way is abandoned."""
        self._thread.stop()

    def _by_name(self, args: Sequence[Any]) -> dict[str, Any]:
        return dict(zip((p.name for p in self._table.parameters), args, strict=True))

    def _dynamic(self, name: str) -> DynamicFunctions:
        if self._table.dynamic is None:
            raise PackDefinitionError(f"the table {self._table.name!r} is static: no {name}")
        return self._table.dynamic

    def _text_of(self, name: str, url: str) -> str:
        """Call a function that tells of one dynamic URL."""
        function = getattr(self._dynamic(name), name)
        if function is None:
            raise PackDefinitionError(f"the table {self._table.name!r} has no {name}")
        context = self._context(function, SyncState(dynamic_url=url))
        return parse_text(self._call(function, context), f"{self._called(name)} for {url}")

    def _called(self, name: str) -> str:
        return f"{name} of the table {self._table.name!r}"

    def _call(
        self,
        function: Callable[..., Any],
        *args: Any,
        then: Callable[[Any], Any] | None = None,
    ) -> Any:
        """Call the pack's function in the session's thread, for as long as a page may take."""
        seconds = self._environment.page_timeout_seconds
        self._environment.fetcher.begin_page(seconds)
        call = self._thread.call(function, *args, then=then)
        if call.wait(seconds):
            try:
                return call.result()
            except Exception as error:
                note_mistake(error, self._environment.fetcher.last_answer)
                raise
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
            context = self._context(function, sync)
            self._call(function, *error_arguments(function, context, error))

    def _context(
        self, function: Callable[..., Any], sync: SyncState
    ) -> SyncExecutionContext[Fetcher] | SyncExecutionContext[AsyncFetcher]:
        environment = self._environment
        # Each call's fetcher knows that call's token, and no other (contract A2).
        invocation_token = uuid.uuid4().hex
        send = partial(environment.fetcher.send, invocation_token=invocation_token)
        common: dict[str, Any] = {
            "invocation_token": invocation_token,
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


def _page_or_error(returned: Any) -> Page | InvalidResultError:
    """The page that `execute` returned; or what is wrong with it, which no code of the pack raised.

    So the pack's `on_error` does not get it (contract C22).
    """
    try:
        result = parse_result(returned)
        return Page(
            rows=to_lines(result.rows),
            row_count=len(result.rows),
            continuation=_copy(result.continuation),
            completion=result.completion,
            deleted_row_ids=result.deleted_row_ids,
        )
    except InvalidResultError as error:
        return error


def _copy(continuation: Any) -> Any:
    """The continuation as it is now: the pack may go on changing the object it returned."""
    return orjson.loads(orjson.dumps(continuation))
