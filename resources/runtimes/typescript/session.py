"""Runs packs written in TypeScript: a session is one fresh child (contract C1 to C9, C16)."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

import orjson

from pack_sdk.choices import Choice, autocomplete_choices
from pack_sdk.context import SyncState
from pack_sdk.dynamic_answers import DynamicUrl, parse_schema, parse_text, parse_urls
from pack_sdk.errors import (
    InvalidResultError,
    MissingScopesError,
    PackDefinitionError,
    UserVisibleError,
)
from pack_sdk.pack import Pack
from pack_sdk.results import Completion, parse_result
from pack_sdk.schemas import Schema
from pack_sdk.sync_table import UNKNOWN_SCHEMA, SyncTable
from resources.runtimes.page import Page
from resources.runtimes.runtime import CallEnvironment
from resources.runtimes.typescript.bundle import Bundle
from resources.runtimes.typescript.errors import JavaScriptError, PackProcessError
from resources.runtimes.typescript.frames import Frame, FrameKind
from resources.runtimes.typescript.process import Limits, PackProcess
from resources.runtimes.typescript.requests import CallRequests
from resources.runtimes.typescript.schema_definitions import read_schema, schema_definition
from resources.runtimes.typescript.source_map import map_stack

_MISTAKES = ("TypeError", "ReferenceError", "RangeError", "SyntaxError")
"""Errors that JavaScript itself raises: what a pack throws on purpose is meant to be read."""


class TypeScriptRuntime:
    """Runs the tables of a built pack (a `resources.runtimes.runtime.PackRuntime`)."""

    def __init__(self, pack: Pack, bundle: Bundle, limits: Limits = Limits()) -> None:  # noqa: B008
        self._pack = pack
        self._bundle = bundle
        self._limits = limits

    def open(self, table_name: str, environment: CallEnvironment) -> "TypeScriptSession":
        """Start a child for one sync of a table."""
        return TypeScriptSession(
            self._pack.sync_tables[table_name], self._bundle, environment, self._limits
        )


class TypeScriptSession:
    """One sync of one table of a TypeScript pack."""

    def __init__(
        self, table: SyncTable, bundle: Bundle, environment: CallEnvironment, limits: Limits
    ) -> None:
        self._table = table
        self._bundle = bundle
        self._environment = environment
        self._limits = limits
        self._calls = 0
        self._process = PackProcess(limits)
        self._process.load(bundle.code(), bundle.name)

    @property
    def pid(self) -> int:
        """The id of the child's process."""
        return self._process.pid

    def execute(self, args: Sequence[Any], sync: SyncState) -> Page:
        """Call `execute` once (see `TableSession.execute`); the SDK itself calls `onError`."""
        frame, rows = self._call("execute", sync, args=list(args))
        result = parse_result(_page(orjson.loads(frame.blob)))
        return Page(
            rows=rows,
            row_count=frame.head["rows"],
            continuation=result.continuation,
            completion=result.completion,
            deleted_row_ids=result.deleted_row_ids,
        )

    def validate_parameters(self, args: Sequence[Any], sync: SyncState) -> Any:
        """Call `validateParameters` (contract C21); None if the table has none."""
        if self._table.validate_parameters is None:
            return None
        return self._value("validateParameters", sync, parameters=self._by_name(args))

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
        sync = SyncState(schema=self._table.schema, dynamic_url=dynamic_url, parameters=others)

        def call(_: object) -> Any:
            return self._value(
                "autocomplete", sync, parameter=parameter_name, search=search, parameters=others
            )

        return autocomplete_choices(parameter.autocomplete, parameter.type, search, call)

    def get_schema(self, sync: SyncState) -> Schema:
        """Call `getSchema` and check what it returns (see `TableSession.get_schema`)."""
        self._check_dynamic("getSchema")
        returned = self._value("getSchema", sync, parameters=dict(sync.parameters))
        return parse_schema(read_schema(returned), self._table.name, sync.dynamic_url)

    def list_dynamic_urls(self, parent_url: str | None = None) -> Sequence[DynamicUrl]:
        """Call `listDynamicUrls` (contract C23)."""
        dynamic = self._check_dynamic("listDynamicUrls")
        if dynamic.list_dynamic_urls is None:
            raise PackDefinitionError(
                f"the table {self._table.name!r} has no listDynamicUrls; search for a text, or "
                "ask the pack's author which URLs it takes"
            )
        returned = self._value("listDynamicUrls", SyncState(), search=parent_url)
        return parse_urls(returned, self._called("listDynamicUrls"))

    def search_dynamic_urls(self, text: str) -> Sequence[DynamicUrl]:
        """Call `searchDynamicUrls`; without one, search the top of the list (C23)."""
        dynamic = self._check_dynamic("searchDynamicUrls")
        if dynamic.search_dynamic_urls is None:
            urls = self.list_dynamic_urls()
            return [url for url in urls if text.casefold() in url.display.casefold()]
        returned = self._value("searchDynamicUrls", SyncState(), search=text)
        return parse_urls(returned, self._called("searchDynamicUrls"))

    def get_name(self, url: str) -> str:
        """Call `getName` (contract C23)."""
        self._check_dynamic("getName")
        returned = self._value("getName", SyncState(dynamic_url=url))
        return parse_text(returned, f"{self._called('getName')} for {url}")

    def get_display_url(self, url: str) -> str:
        """Call `getDisplayUrl` (contract C23); without one, the URL is for browsers as well."""
        if self._check_dynamic("getDisplayUrl").get_display_url is None:
            return url
        returned = self._value("getDisplayUrl", SyncState(dynamic_url=url))
        return parse_text(returned, f"{self._called('getDisplayUrl')} for {url}")

    def close(self) -> None:
        """End the child; a call still under way is abandoned."""
        self._process.close()

    def _by_name(self, args: Sequence[Any]) -> dict[str, Any]:
        return dict(zip((p.name for p in self._table.parameters), args, strict=True))

    def _check_dynamic(self, name: str) -> Any:
        if self._table.dynamic is None:
            raise PackDefinitionError(f"the table {self._table.name!r} is static: no {name}")
        return self._table.dynamic

    def _called(self, name: str) -> str:
        return f"{name} of the table {self._table.name!r}"

    def _value(self, function: str, sync: SyncState, **fields: Any) -> Any:
        """What a function of the pack returned. Raises `PackDefinitionError` if it has none."""
        frame, _ = self._call(function, sync, **fields)
        answer = orjson.loads(frame.blob)
        if answer.get("missing"):
            raise PackDefinitionError(f"the table {self._table.name!r} has no {function}")
        return answer.get("value")

    def _call(self, function: str, sync: SyncState, **fields: Any) -> tuple[Frame, bytes]:
        """Call a function of the pack, for as long as a page may take."""
        environment = self._environment
        seconds = environment.page_timeout_seconds
        self._calls += 1
        token = uuid.uuid4().hex
        requests = CallRequests(environment.fetcher, self._calls, token)

        def handle(frame: Frame) -> Frame | None:
            if frame.kind is FrameKind.FETCH:
                return requests.answer(frame)
            getattr(environment.logger, frame.head["level"])(frame.head["text"])
            return None

        head = {
            "call": self._calls,
            "function": function,
            "table": self._table.name,
            "schema": _definition_of(sync.schema),
            "context": self._context(sync, token),
            "maxPageBytes": self._limits.page_bytes,
            "maxLogLines": self._limits.log_lines,
            **_json(fields),
        }
        environment.fetcher.begin_page(seconds)
        call = Frame(kind=FrameKind.CALL, head=head)
        try:
            frame, rows = self._process.call(call, seconds, self._called(function), handle)
        except BaseException:
            environment.fetcher.cancel()
            raise
        if frame.kind is FrameKind.FAILURE:
            raise self._error(frame.head, function, requests)
        return frame, rows

    def _context(self, sync: SyncState, token: str) -> dict[str, Any]:
        """The context without its functions; what is absent is left out (contract C7, C16)."""
        environment = self._environment
        previous = _completion(sync.previous_completion)
        attempt = environment.previous_attempt_error
        schema = _definition_of(sync.schema) if self._table.dynamic is not None else None
        state = {
            "continuation": sync.continuation,
            "previousCompletion": previous,
            "schema": {"type": "array", "items": schema} if schema else None,
            "dynamicUrl": sync.dynamic_url,
            "parameters": _json(sync.parameters),
            "startedAt": sync.started_at.isoformat(),
            "executionId": sync.execution_id or None,
        }
        context = {
            "endpoint": environment.endpoint,
            "timezone": "UTC",
            "invocationToken": token,
            "executionId": sync.execution_id or None,
            "sync": _present(state),
            "continuation": sync.continuation,
            "previousCompletion": previous,
            "previousAttemptError": attempt
            and _present(
                {
                    "type": attempt.type,
                    "message": attempt.message or None,
                    "statusCode": attempt.status_code,
                }
            ),
        }
        return _present(context)

    def _error(
        self, failure: Mapping[str, Any], function: str, requests: CallRequests
    ) -> Exception:
        """What the pack threw, as an exception."""
        name, message = str(failure["name"]), str(failure["message"])
        if original := requests.raised.get(failure.get("request") or 0):
            return original
        if failure.get("userVisible"):
            return UserVisibleError(message)
        if name in ("InvalidResultError", "PageTooLargeError"):
            return InvalidResultError(message)
        if name == "UnsettledPromiseError":
            return PackProcessError(f"{self._called(function)} never ends: {message}")
        if name == "MissingScopesError":
            return MissingScopesError(message)
        stack = map_stack(str(failure["stack"]), self._bundle)
        error = JavaScriptError(name, message, stack[0] if stack else "", "\n".join(stack))
        self._environment.logger.debug(f"{error}\n{error.stack}")
        if name in _MISTAKES and (last_answer := self._environment.fetcher.last_answer):
            error.add_note(f"(the last answer was: {last_answer})")
        return error


def _page(page: dict[str, Any]) -> dict[str, Any]:
    """A page without rows; what else a completion has means nothing, as in the original SDK."""
    if isinstance(page.get("completion"), dict):
        completion = cast("dict[str, Any]", page["completion"])
        known = ("incrementalContinuation", "hasIncompleteResults")
        page["completion"] = {key: completion[key] for key in known if key in completion}
    return page


def _completion(completion: Completion | None) -> dict[str, Any] | None:
    if completion is None:
        return None
    return {"incrementalContinuation": completion.incremental_continuation}


def _definition_of(schema: Schema | None) -> dict[str, Any] | None:
    if schema is None or schema is UNKNOWN_SCHEMA:
        return None
    return schema_definition(schema)


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


def _json(value: Any) -> Any:
    """The value with dates as JavaScript writes them."""
    if isinstance(value, Mapping):
        return {key: _json(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in cast("Sequence[Any]", value)]
    return value.isoformat() if isinstance(value, date | datetime) else value
