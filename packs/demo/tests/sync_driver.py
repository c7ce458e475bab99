"""Syncs of the demo pack over real HTTP, as its tests make them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from pack_sdk import Completion, FetchRequest, FetchResponse, StatusCodeError
from pack_sdk.testing import SyncedRows, execute_sync_table
from packs.demo.pack import pack


@dataclass
class HttpFetcher:
    """Sends requests to the demo API, and remembers their URLs."""

    urls: list[str] = field(default_factory=list[str])

    def __call__(self, request: FetchRequest) -> FetchResponse:
        """Send one request."""
        self.urls.append(request.url)
        with httpx.Client(trust_env=False) as client:
            answer = client.request(request.method, request.url)
        response = FetchResponse(status=answer.status_code, body=answer.json())
        if answer.status_code >= 300:
            raise StatusCodeError(response, method=request.method, url=request.url)
        return response


def do_nothing() -> None:
    """Stands for what may happen between two pages."""


def sync(
    table_name: str,
    endpoint: str | None,
    *,
    previous: Completion | None = None,
    args: dict[str, Any] | None = None,
    between_pages: Callable[[], object] = do_nothing,
    fetcher: HttpFetcher | None = None,
) -> SyncedRows:
    """Sync a table of the demo pack: from the cursor of `previous`, or fully without one."""
    return execute_sync_table(
        pack,
        table_name,
        args,
        fetcher=fetcher or HttpFetcher(),
        endpoint=endpoint,
        previous_completion=previous,
        between_pages=between_pages,
    )
