"""Changes by a log of the service, which is read on from where the sync before has come."""

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


class ChangeFeed:
    """A list for full syncs, and a feed of changes for all others.

    A full sync asks where the feed stands *before* it reads the list, so that nothing is lost
    that changes meanwhile. An increment reads the feed from there on:

    >>> @full_sync_when_expired(404, 410)
    ... def sync_files(args, context):
    ...     feed = ChangeFeed(context)
    ...     if feed.position is None:
    ...         if feed.start is None:
    ...             feed.start = context.fetcher.fetch(url=START).body["startPageToken"]
    ...         url = with_query_params(FILES, {"pageToken": feed.next_page})
    ...         body = context.fetcher.fetch(url=url).body
    ...         return feed.page(body["files"], next_page=body.get("nextPageToken"))
    ...     url = with_query_params(CHANGES, {"pageToken": feed.position})
    ...     body = context.fetcher.fetch(url=url).body
    ...     changes, deleted = split_deleted(body["changes"], "removed", "fileId")
    ...     more = body.get("nextPageToken")
    ...     return feed.page(
    ...         [change["file"] for change in changes],
    ...         deleted_ids=deleted,
    ...         next_position=more or body["newStartPageToken"],
    ...         more=bool(more),
    ...     )

    Where a feed that is read from its beginning brings everything, a full sync reads it too: then
    there is no list, `position` is None on its first page, and `next_position` is given on each.
    What the service keeps for so many days only: `full_sync_when_expired(after_days=…)`.
    """

    def __init__(self, context: AnyContext) -> None:
        """Read where the sync is.

        Raises `FullSyncNeededError` for a cursor that is not one of this class.
        """
        left = left_by_last_page(context)
        cursor = left_by_last_sync(context, "position", "ChangeFeed") or {}
        self.position: Any = left.get("position", cursor.get("position"))
        """Where this page of the feed begins; None where a full sync reads a list."""
        self.next_page: Any = left.get("page")
        """What the page before of the list gave to `page` as its `next_page`."""
        self.start: Any = left.get("start")
        """Where the feed stood before the list was read: to be set on the list's first page."""
        self._began = context.sync.started_at.isoformat()

    def page(
        self,
        rows: Iterable[Any],
        *,
        deleted_ids: Iterable[Any] = (),
        next_page: Any = None,
        next_position: Any = None,
        more: bool = False,
    ) -> SyncPage:
        """The page to return: of the list, or with a `next_position` of the feed.

        `next_page` leads to the next page of the list. `next_position` is where the feed goes on,
        at once if there are `more` changes, else in the next sync.

        Raises `InvalidResultError` if it is neither known where the feed goes on nor where it
        stood before the list was read.
        """
        if next_position is None and self.start is None:
            raise InvalidResultError(
                "it is not known where the next sync goes on: give `page` a next_position, or set "
                "`start` before the list is read"
            )
        if next_position is None and next_page:
            state = {"page": next_page, "start": self.start}
            return further_page(rows, deleted_ids, state)
        if more:
            return further_page(rows, deleted_ids, {"position": next_position})
        position = self.start if next_position is None else next_position
        return last_page(rows, deleted_ids, {"position": position, WRITTEN_AT: self._began})
