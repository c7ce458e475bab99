"""Contexts for calling a pack's functions directly."""

from collections.abc import Mapping
from typing import Any, TypedDict

from typing_extensions import Unpack

from pack_sdk.context import PreviousAttemptError, SyncExecutionContext, SyncState
from pack_sdk.dictionaries import RequestFields
from pack_sdk.fetching import AsyncFetcher, Fetcher, FetchRequest, FetchResponse, Send
from pack_sdk.logger import LineLogger, Logger, LogLevel
from pack_sdk.results import Completion
from pack_sdk.schemas import Schema
from pack_sdk.testing.clock import Clock
from pack_sdk.testing.fetcher import MockFetcher


class RecordingLogger(LineLogger):
    """A logger that keeps its lines as (level, message) in `lines`."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def write(self, level: LogLevel, line: str) -> None:
        """Keep the line."""
        self.lines.append((level, line))


class ContextOptions(TypedDict, total=False):
    """What a context may be given; all of it may be left out.

    `clock` says when the sync began (contract D10). `previous_completion` makes it an
    incremental sync (C7). The rest is as in `SyncState` and `SyncExecutionContext`.
    """

    clock: Clock
    continuation: Any
    previous_completion: Completion | None
    parameters: Mapping[str, Any]
    schema: Schema | None
    dynamic_url: str | None
    endpoint: str | None
    logger: Logger
    previous_attempt_error: PreviousAttemptError | None


def make_context(
    fetcher: Send | None = None, **options: Unpack[ContextOptions]
) -> SyncExecutionContext[Fetcher]:
    """A context for a function that is `def`; without a fetcher, one that expects nothing.

    >>> context = make_context(MockFetcher({"ok": True}), continuation={"page": 2})
    >>> context.sync.continuation, context.fetcher.fetch(url="https://api.example.com").body
    ({'page': 2}, {'ok': True})
    """
    return SyncExecutionContext(fetcher=Fetcher(fetcher or MockFetcher()), **_common(options))


def make_async_context(
    fetcher: Send | None = None, **options: Unpack[ContextOptions]
) -> SyncExecutionContext[AsyncFetcher]:
    """A context for a function that is `async def`: call it by `asyncio.run(function(…))`."""
    send = fetcher or MockFetcher()
    return SyncExecutionContext(fetcher=_InOrder(send), **_common(options))


class _InOrder(AsyncFetcher):
    """Sends without a thread, so that requests awaited together go out in their order."""

    def __init__(self, send: Send) -> None:
        super().__init__(send)
        self._send_now = send

    async def fetch(
        self, request: Mapping[str, Any] | None = None, /, **fields: Unpack[RequestFields]
    ) -> FetchResponse:
        return self._send_now(FetchRequest.from_mapping({**(request or {}), **fields}))


def _common(options: ContextOptions) -> dict[str, Any]:
    """The options as arguments of `SyncExecutionContext`."""
    given: dict[str, Any] = dict(options)
    clock = given.pop("clock", None) or Clock()
    of_sync = ("continuation", "previous_completion", "parameters", "schema", "dynamic_url")
    state = {name: given.pop(name) for name in of_sync if name in given}
    sync = SyncState(started_at=clock.now, execution_id="test", **state)
    return {"sync": sync, **given}
