"""Runs packs written in TypeScript: a session is one fresh child (contract C1 to C9, C16)."""

import uuid
from typing import Any, cast

import orjson

from pack_sdk.errors import PackDefinitionError, RetryLater
from pack_sdk.pack import Pack
from pack_sdk.results import parse_result
from pack_sync.runtimes.runtime import CallEnvironment, PackRuntime
from pack_sync.runtimes.session import FunctionCall
from pack_sync.runtimes.typescript.bundle import Bundle
from pack_sync.runtimes.typescript.child_context import as_json, context_of, definition_of
from pack_sync.runtimes.typescript.child_requests import CallRequests
from pack_sync.runtimes.typescript.javascript_errors import error_of
from pack_sync.runtimes.typescript.messages import Message, MessageKind
from pack_sync.runtimes.typescript.process import Limits, PackProcess
from pack_sync.runtimes.typescript.schema_definitions import read_row_schema
from pack_sync.spool.page import Page


class TypeScriptRuntime(PackRuntime):
    """Runs the tables of a built pack."""

    def __init__(self, pack: Pack, bundle: Bundle, limits: Limits = Limits()) -> None:  # noqa: B008
        super().__init__(pack)
        self.bundle = bundle
        self._limits = limits

    def start_caller(self, environment: CallEnvironment) -> "TypeScriptCaller":
        """A child with the pack's code in it."""
        return TypeScriptCaller(self.bundle, environment, self._limits)


class TypeScriptCaller:
    """Calls functions of a TypeScript pack in a child (a `pack_sync.runtimes.session.Caller`)."""

    def __init__(self, bundle: Bundle, environment: CallEnvironment, limits: Limits) -> None:
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

    def execute(self, call: FunctionCall) -> Page:
        """Call `execute`; the SDK in the pack's bundle itself calls `onError`."""
        message, rows = self._send(call)
        result = parse_result(_page(orjson.loads(message.blob)), call.row_schema)
        return Page(
            rows=rows,
            row_count=message.head["rows"],
            continuation=result.continuation,
            ignored_continuation=result.ignored_continuation,
            completion=result.completion,
            deleted_row_ids=result.deleted_row_ids,
        )

    def call(self, call: FunctionCall) -> Any:
        """Call any other function. Raises `PackDefinitionError` if the pack has none."""
        message, _ = self._send(call)
        answer = orjson.loads(message.blob)
        if answer.get("missing"):
            owner = f"the table {call.table.name!r}" if call.table else "the pack"
            raise PackDefinitionError(f"{owner} has no {self.spelled(call.name)}")
        returned = answer.get("value")
        return read_row_schema(returned) if call.name == "get_schema" else returned

    def spelled(self, name: str) -> str:
        """`get_schema` as `getSchema`."""
        first, *others = name.split("_")
        return first + "".join(word.capitalize() for word in others)

    def close(self) -> None:
        """End the child; a call still under way is abandoned."""
        self._process.close()

    def _send(self, call: FunctionCall) -> tuple[Message, bytes]:
        """Call a function, and again after each pause that it asks for (contract F5)."""
        waited: list[float] = []
        while True:
            try:
                return self._send_once(call)
            except RetryLater as error:
                what = f"{call.described(self.spelled(call.name))} threw RetryLater ({error})"
                waited.append(self._environment.fetcher.pause(error.seconds, what, waited))

    def _send_once(self, call: FunctionCall) -> tuple[Message, bytes]:
        """Call a function, for as long as a page may take: its result, and rows as NDJSON.

        Raises what the pack threw, `PageTimeoutError` or `PackProcessError`.
        """
        environment = self._environment
        self._calls += 1
        token = uuid.uuid4().hex
        requests = CallRequests(environment.fetcher, self._calls, token)

        def handle(message: Message) -> Message | None:
            if message.kind is MessageKind.FETCH:
                return requests.answer(message)
            getattr(environment.logger, message.head["level"])(message.head["text"])
            return None

        what = call.described(self.spelled(call.name))
        seconds = environment.page_timeout_seconds
        environment.fetcher.begin_page(seconds)
        sent = Message(kind=MessageKind.CALL, head=self._head(call, token))
        try:
            ended, rows = self._process.call(
                sent, seconds, what, handle, lambda: environment.fetcher.page_seconds_left
            )
        except BaseException:
            environment.fetcher.cancel()  # requests of a call that was given up
            raise
        if ended.kind is MessageKind.FAILURE:
            error = error_of(ended.head, what, self._bundle, requests.raised, environment)
            raise error
        return ended, rows

    def _head(self, call: FunctionCall, token: str) -> dict[str, Any]:
        """What the child is told of a call; `child/pack.js` reads it."""
        table, sync = call.table, call.sync
        dynamic = table is not None and table.dynamic is not None
        return {
            "call": self._calls,
            "function": self.spelled(call.name),
            "table": table.name if table else None,
            "schema": definition_of(sync.schema),
            "context": context_of(sync, self._environment, token, dynamic=dynamic),
            "maxPageBytes": self._limits.page_bytes,
            "maxLogLines": self._limits.log_lines,
            "args": as_json(call.args),
            "search": call.search,
            "parameters": as_json(call.parameters),
            "parameter": call.parameter,
        }


def _page(page: dict[str, Any]) -> dict[str, Any]:
    """A page without rows; what else a completion has means nothing, as in the original SDK."""
    if isinstance(page.get("completion"), dict):
        completion = cast("dict[str, Any]", page["completion"])
        known = ("incrementalContinuation", "hasIncompleteResults")
        page["completion"] = {key: completion[key] for key in known if key in completion}
    return page
