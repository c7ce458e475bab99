"""What a sync from a made-up service brought, page by page, with the requests it made."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from pack_sdk.fetching import FetchRequest, FetchResponse
from pack_sync.spool.page import Page


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A request and its answer."""

    request: FetchRequest
    response: FetchResponse


@dataclass(frozen=True, kw_only=True)
class TracedPage:
    """One call of `execute`: what it was called with, what it returned, what it asked for."""

    called_with: Any
    page: Page
    exchanges: Sequence[Exchange]
    next_page_unread: str = ""
    """Where the last answer names a further page that was not asked for."""

    @property
    def rows(self) -> list[Any]:
        """The rows."""
        return [orjson.loads(line) for line in self.page.rows.splitlines()]


@dataclass(kw_only=True)
class Trace:
    """One sync. It ended with its last page, or with `error`; `pages` are those before that.

    `cursor` is the one that it began from, None for a full sync.
    """

    started_at: datetime
    cursor: Any = None
    pages: list[TracedPage] = field(default_factory=list[TracedPage])
    error: Exception | None = None
    failed_exchanges: Sequence[Exchange] = ()
    """The requests of the call that raised."""

    @property
    def rows(self) -> list[Any]:
        """The rows of all pages, in their order."""
        return [row for page in self.pages for row in page.rows]

    @property
    def deletions(self) -> list[Any]:
        """What all pages reported as deleted: ids, and properties by which rows are deleted."""
        return [each for page in self.pages for each in page.page.deleted_row_ids]

    @property
    def deleted_ids(self) -> list[Any]:
        """The deleted ids of all pages; not the properties by which rows are deleted."""
        return [each for each in self.deletions if not isinstance(each, dict)]

    @property
    def exchanges(self) -> list[Exchange]:
        """All requests and their answers."""
        return [
            *(exchange for page in self.pages for exchange in page.exchanges),
            *self.failed_exchanges,
        ]

    @property
    def ended(self) -> bool:
        """Whether the last page was returned, rather than an error raised."""
        return self.error is None and bool(self.pages)

    @property
    def next_cursor(self) -> Any:
        """The cursor for the next sync, None where that would be a full one."""
        completion = self.pages[-1].page.completion if self.ended else None
        return completion.incremental_continuation if completion else None

    @property
    def incomplete(self) -> bool:
        """Whether it is incremental and asks for a full sync in its place (contract C8)."""
        completion = self.pages[-1].page.completion if self.ended else None
        return self.cursor is not None and bool(completion and completion.has_incomplete_results)
