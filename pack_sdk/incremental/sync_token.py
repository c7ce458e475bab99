"""Changes by a token that the service gives at the end of a list, such as Google's `syncToken`."""

from collections.abc import Iterable
from typing import Any

from pack_sdk.dictionaries import SyncPage
from pack_sdk.errors import InvalidResultError
from pack_sdk.incremental.expired_cursors import WRITTEN_AT
from pack_sdk.incremental.progress import (
    AnyContext,
    further_page,
    last_page,
    left_by_last_page,
    left_by_last_sync,
)


class SyncToken:
    """What changed since the service gave a token; the last page brings the next one.

    Both are sent on every page, as far as they are there. Deleted rows are in the list:
    `split_deleted` tells them apart. Tokens end: see `full_sync_when_expired`.

    >>> @full_sync_when_expired(410)
    ... def sync_events(args, context):
    ...     sync = SyncToken(context)
    ...     query = {"syncToken": sync.token, "pageToken": sync.next_page}
    ...     body = context.fetcher.fetch(url=with_query_params(EVENTS, query)).body
    ...     rows, deleted = split_deleted(body["items"], lambda e: e["status"] == "cancelled")
    ...     return sync.page(
    ...         rows,
    ...         deleted_ids=deleted,
    ...         next_page=body.get("nextPageToken"),
    ...         next_token=body.get("nextSyncToken"),
    ...     )
    """

    def __init__(self, context: AnyContext) -> None:
        """Read where the sync is.

        Raises `FullSyncNeededError` for a cursor that is not one of this class.
        """
        cursor = left_by_last_sync(context, "token", "SyncToken")
        self.token: Any = cursor["token"] if cursor else None
        """The token of the sync before, the same on all pages; None in a full sync."""
        self.next_page: Any = left_by_last_page(context).get("page")
        """What the page before gave to `page` as its `next_page`; None on the first page."""
        self._began = context.sync.started_at.isoformat()

    def page(
        self,
        rows: Iterable[Any],
        *,
        deleted_ids: Iterable[Any] = (),
        next_page: Any = None,
        next_token: Any = None,
    ) -> SyncPage:
        """The page to return.

        `next_page` leads to the next page, and `next_token` counts on the last. Raises
        `InvalidResultError` where the last page has none: without it every sync would be full.
        """
        if next_page:
            return further_page(rows, deleted_ids, {"page": next_page})
        if not next_token:
            raise InvalidResultError(
                "the last page has no token for the next sync. Most services give one only if it "
                "is asked for on the first page, and without filters or another order"
            )
        return last_page(rows, deleted_ids, {"token": next_token, WRITTEN_AT: self._began})
