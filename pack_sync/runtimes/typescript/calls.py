"""Calls of a pack's functions in a child of its own, and what becomes of its errors."""

import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from pack_sdk.context import SyncState
from pack_sdk.errors import (
    InvalidResultError,
    MissingScopesError,
    PackDefinitionError,
    UserVisibleError,
)
from pack_sdk.sync_table import SyncTable
from pack_sync.runtimes.runtime import CallEnvironment
from pack_sync.runtimes.typescript.bundle import Bundle
from pack_sync.runtimes.typescript.child_requests import CallRequests
from pack_sync.runtimes.typescript.contexts import as_json, context_of, definition_of
from pack_sync.runtimes.typescript.errors import JavaScriptError, PackProcessError
from pack_sync.runtimes.typescript.messages import Frame, FrameKind
from pack_sync.runtimes.typescript.process import Limits, PackProcess
from pack_sync.runtimes.typescript.source_map import map_stack

_MISTAKES = ("TypeError", "ReferenceError", "RangeError", "SyntaxError")
"""Errors that JavaScript itself raises: what a pack throws on purpose is meant to be read."""


class PackCalls:
    """A child with a pack's code in it, for the functions of one table or those of no table."""

    def __init__(
        self,
        bundle: Bundle,
        environment: CallEnvironment,
        limits: Limits,
        table: SyncTable | None = None,
    ) -> None:
        self._bundle = bundle
        self._environment = environment
        self._limits = limits
        self._table = table
        self._calls = 0
        self._process = PackProcess(limits)
        self._process.load(bundle.code(), bundle.name)

    @property
    def pid(self) -> int:
        """The id of the child's process."""
        return self._process.pid

    def close(self) -> None:
        """End the child; a call still under way is abandoned."""
        self._process.close()

    def called(self, function: str) -> str:
        """The function as errors name it."""
        return f"{function} of the table {self._table.name!r}" if self._table else function

    def value(self, function: str, sync: SyncState, **fields: Any) -> Any:
        """What a function of the pack returned. Raises `PackDefinitionError` if it has none."""
        frame, _ = self.call(function, sync, **fields)
        answer = orjson.loads(frame.blob)
        if answer.get("missing"):
            raise PackDefinitionError(f"the pack has no {self.called(function)}")
        return answer.get("value")

    def call(self, function: str, sync: SyncState, **fields: Any) -> tuple[Frame, bytes]:
        """Call a function, for as long as a page may take: its result, and rows as NDJSON.

        `fields` are what that function takes (see `child/pack.js`). Raises what the pack threw,
        `PageTimeoutError` or `PackProcessError`.
        """
        environment = self._environment
        self._calls += 1
        token = uuid.uuid4().hex
        requests = CallRequests(environment.fetcher, self._calls, token)

        def handle(frame: Frame) -> Frame | None:
            if frame.kind is FrameKind.FETCH:
                return requests.answer(frame)
            getattr(environment.logger, frame.head["level"])(frame.head["text"])
            return None

        dynamic = self._table is not None and self._table.dynamic is not None
        head = {
            "call": self._calls,
            "function": function,
            "table": self._table.name if self._table else None,
            "schema": definition_of(sync.schema),
            "context": context_of(sync, environment, token, dynamic=dynamic),
            "maxPageBytes": self._limits.page_bytes,
            "maxLogLines": self._limits.log_lines,
            **as_json(fields),
        }
        seconds = environment.page_timeout_seconds
        environment.fetcher.begin_page(seconds)
        call = Frame(kind=FrameKind.CALL, head=head)
        try:
            frame, rows = self._process.call(call, seconds, self.called(function), handle)
        except BaseException:
            environment.fetcher.cancel()
            raise
        if frame.kind is FrameKind.FAILURE:
            raise self._error(frame.head, function, requests)
        return frame, rows

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
            return PackProcessError(f"{self.called(function)} never ends: {message}")
        if name == "MissingScopesError":
            return MissingScopesError(message)
        stack = map_stack(str(failure["stack"]), self._bundle)
        error = JavaScriptError(name, message, stack[0] if stack else "", "\n".join(stack))
        self._environment.logger.debug(f"{error}\n{error.stack}")
        if name in _MISTAKES and (last_answer := self._environment.fetcher.last_answer):
            error.add_note(f"(the last answer was: {last_answer})")
        return error
