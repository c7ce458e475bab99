"""Sessions of Python packs without a service behind them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pack_sdk import FetchRequest, FetchResponse, Pack, SyncTable
from pack_sdk.logger import SilentLogger
from pack_sync.runtimes.python.runtime import PythonRuntime
from pack_sync.runtimes.runtime import CallEnvironment
from pack_sync.runtimes.session import PackSession
from tests.commit.sync_bench import a_schema


@dataclass(kw_only=True)
class RecordingFetcher:
    """Answers every request with its URL, and remembers what it was told."""

    sent: list[str] = field(default_factory=list[str])
    pages: list[float] = field(default_factory=list[float])
    cancelled: bool = False
    invocation_tokens: list[str] = field(default_factory=list[str])
    _page_ends_at: float = 0.0

    def send(self, request: FetchRequest, *, invocation_token: str = "") -> FetchResponse:
        """Answer with the URL."""
        self.invocation_tokens.append(invocation_token)
        self.sent.append(request.url)
        return FetchResponse(status=200, body=request.url)

    @property
    def last_answer(self) -> str:
        """The URL that was answered last."""
        return self.sent[-1] if self.sent else ""

    def begin_page(self, seconds: float) -> None:
        """Remember how long the page may take."""
        self.pages.append(seconds)
        self._page_ends_at = time.monotonic() + seconds

    @property
    def page_seconds_left(self) -> float:
        """What is left of it."""
        return self._page_ends_at - time.monotonic()

    def pause(self, *_args: object) -> float:
        """Wait for nothing."""
        return 0

    def cancel(self) -> None:
        """Remember it."""
        self.cancelled = True


def open_session(
    execute: Callable[..., Any],
    *,
    seconds: float = 30,
    fetcher: RecordingFetcher | None = None,
    **fields: Any,
) -> PackSession:
    """A session of a pack whose one table has this `execute`."""
    pack = Pack()
    table: SyncTable = pack.add_sync_table(
        name="Tasks", identity_name="Task", schema=a_schema(), execute=execute, **fields
    )
    environment = CallEnvironment(
        fetcher=fetcher or RecordingFetcher(),
        logger=SilentLogger(),
        endpoint="https://api.example.com",
        page_timeout_seconds=seconds,
    )
    return PythonRuntime(pack).open(table.name, environment)
