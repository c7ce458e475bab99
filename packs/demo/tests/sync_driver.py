"""The least that can sync a table: call `execute` page after page, and apply what it brings."""

import asyncio
import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from pack_sdk import (
    AsyncFetcher,
    Completion,
    Fetcher,
    FetchRequest,
    FetchResponse,
    StatusCodeError,
    SyncExecutionContext,
    SyncState,
    SyncTable,
)
from pack_sdk.results import CheckedResult, parse_result
from packs.demo.pack import pack
from packs.demo.records import Record


def do_nothing() -> None:
    """Stands for what may happen between two pages."""


@dataclass
class Synced:
    """One sync: its pages, the URLs it fetched, and the completion of the last page."""

    pages: list[CheckedResult] = field(default_factory=list[CheckedResult])
    urls: list[str] = field(default_factory=list[str])

    @property
    def completion(self) -> Completion | None:
        """What the last page left for the next sync."""
        return self.pages[-1].completion

    @property
    def rows(self) -> list[Record]:
        """The rows of all pages."""
        return [row for page in self.pages for row in page.rows]

    @property
    def ids(self) -> list[str]:
        """The ids of the rows of all pages."""
        return [row["id"] for row in self.rows]

    @property
    def deleted_ids(self) -> list[str]:
        """The deleted ids of all pages."""
        return [str(row_id) for page in self.pages for row_id in page.deleted_row_ids]

    def apply_to(self, mirror: dict[str, Record]) -> dict[str, Record]:
        """Bring a copy of the table up to date: on each page deletes first, then rows (D1)."""
        for page in self.pages:
            for row_id in page.deleted_row_ids:
                mirror.pop(row_id, None)
            mirror.update({row["id"]: row for row in page.rows})
        return mirror


def sync(
    table_name: str,
    endpoint: str | None,
    *,
    previous: Completion | None = None,
    args: Sequence[Any] | None = None,
    between_pages: Callable[[], object] = do_nothing,
) -> Synced:
    """Sync a table of the demo pack: from the cursor of `previous`, or fully without one."""
    table = pack.sync_tables[table_name]
    synced = Synced()
    continuation: Any = None
    with httpx.Client(trust_env=False) as client:

        def send(request: FetchRequest) -> FetchResponse:
            synced.urls.append(request.url)
            answer = client.request(request.method, request.url)
            response = FetchResponse(status=answer.status_code, body=answer.json())
            if answer.status_code >= 300:
                raise StatusCodeError(response, method=request.method, url=request.url)
            return response

        while True:
            state = SyncState(continuation=continuation, previous_completion=previous)
            values = [None] * len(table.parameters) if args is None else args
            page = _execute(table, values, state, send, endpoint)
            synced.pages.append(page)
            if page.continuation is None:
                return synced
            continuation = json.loads(json.dumps(page.continuation))
            between_pages()


def _execute(
    table: SyncTable,
    args: Sequence[Any],
    state: SyncState,
    send: Callable[[FetchRequest], FetchResponse],
    endpoint: str | None,
) -> CheckedResult:
    if inspect.iscoroutinefunction(table.execute):
        context = SyncExecutionContext(fetcher=AsyncFetcher(send), sync=state, endpoint=endpoint)
        return parse_result(asyncio.run(table.execute(args, context)))
    context = SyncExecutionContext(fetcher=Fetcher(send), sync=state, endpoint=endpoint)
    return parse_result(table.execute(args, context))
