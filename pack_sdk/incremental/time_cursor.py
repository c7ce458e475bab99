"""Changes by time: the service has a filter such as `updated_since`, or sorts the newest first."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from pack_sdk.dictionaries import SyncPage
from pack_sdk.errors import FullSyncNeededError
from pack_sdk.fetching import FetchResponse
from pack_sdk.incremental.moments import parse_time, server_time
from pack_sdk.incremental.progress import (
    AnyContext,
    further_page,
    last_page,
    left_by_last_page,
    left_by_last_sync,
)
from pack_sdk.row_values import required_value


class TimeCursor:
    """What changed since the sync before, by the clock of the service.

    The next sync asks for what changed since this one *began*: by the `Date` of its first answer,
    so that it does not matter whether two clocks agree. It goes back by `overlap_seconds` more,
    because a change may become visible later than its time says. Rows that come twice and have not
    changed are not written again.

    >>> def sync_tasks(args, context):
    ...     changes = TimeCursor(context)
    ...     query = {"updated_since": changes.since, "page": changes.next_page}
    ...     response = context.fetcher.fetch(url=with_query_params(TASKS, query))
    ...     body = response.body
    ...     return changes.page(body["tasks"], response, next_page=body["next_page"])
    """

    def __init__(self, context: AnyContext, *, overlap_seconds: float = 300) -> None:
        """Read where the sync is.

        Raises `FullSyncNeededError` for a cursor that is not one of this class.
        """
        left = left_by_last_page(context)
        self.next_page: Any = left.get("page")
        """What the page before gave to `page` as its `next_page`; None on the first page."""
        self.since: datetime | None = None
        """Ask for what changed since then (UTC), the same on all pages; None in a full sync."""
        self._began: str | None = left.get("began")
        self._started_at = context.sync.started_at
        cursor = left_by_last_sync(context, "since", "TimeCursor")
        if cursor is not None:
            since = parse_time(cursor["since"])
            if since is None:
                raise FullSyncNeededError(f"the cursor has the time {cursor['since']!r:.200}")
            self.since = since - timedelta(seconds=overlap_seconds)

    def page(
        self,
        rows: Iterable[Any],
        response: FetchResponse | None = None,
        *,
        next_page: Any = None,
        deleted_ids: Iterable[Any] = (),
    ) -> SyncPage:
        """The page to return.

        `response` is the answer that it is made of, for the service's clock; without it, ours
        counts. `next_page` is any JSON that leads to the next page; None or `""` is the last one.
        """
        moment = server_time(response) or self._started_at
        began = self._began or moment.isoformat()
        if next_page:
            return further_page(rows, deleted_ids, {"page": next_page, "began": began})
        return last_page(rows, deleted_ids, {"since": began})

    def is_reached(self, rows: Sequence[Any], key: str) -> bool:
        """Whether rows that are sorted from the newest to the oldest lead back before `since`.

        `key` is the name of, or the path to, the time by which they are sorted. The last row
        counts: others may be pinned to the top. In a full sync it is never reached. For services
        without a filter:

        >>> def sync_issues(args, context):
        ...     changes = TimeCursor(context)
        ...     response = context.fetcher.fetch(url=changes.next_page or ISSUES)
        ...     done = changes.is_reached(response.body, "updated_at")
        ...     further = None if done else next_link(response)
        ...     return changes.page(response.body, response, next_page=further)
        """
        if self.since is None or not rows:
            return False
        oldest = parse_time(required_value(rows[-1], key))
        return oldest is not None and oldest < self.since
