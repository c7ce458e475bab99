"""Several lists that fill one table, read one after another in one sync."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Generic, cast

from pack_sdk.context import FetcherT, SyncExecutionContext
from pack_sdk.dictionaries import SyncPage
from pack_sdk.errors import FullSyncNeededError
from pack_sdk.incremental.progress import left_by_last_page, left_by_last_sync
from pack_sdk.results import Completion, parse_result


class SyncParts(Generic[FetcherT]):
    """The lists, each with pages and a cursor of its own; `name` is the one to read now.

    For a separate list of deleted ids, put it first: what was deleted and is there again comes
    later, and is kept.

    >>> def sync_contacts(args, context):
    ...     parts = SyncParts(context, "deleted", "contacts")
    ...     changes = TimeCursor(parts.context)
    ...     query = {"since": changes.since, "page": changes.next_page}
    ...     if parts.name == "deleted":
    ...         # A full sync tells deleted rows by their absence, and only asks how late it is.
    ...         query["since"] = changes.since or context.sync.started_at
    ...         response = context.fetcher.fetch(url=with_query_params(DELETED, query))
    ...         ids = [each["id"] for each in response.body["deleted"]]
    ...         further = response.body["next"]
    ...         page = changes.page([], response, deleted_ids=ids, next_page=further)
    ...         return parts.page(page)
    ...     response = context.fetcher.fetch(url=with_query_params(CONTACTS, query))
    ...     further = response.body["next"]
    ...     return parts.page(changes.page(response.body["rows"], response, next_page=further))
    """

    def __init__(self, context: SyncExecutionContext[FetcherT], *names: str) -> None:
        """Read which list it is the turn of, the first of `names` to begin with.

        Raises `FullSyncNeededError` for a cursor that is not one of all these parts.
        """
        left = left_by_last_page(context)
        before = left_by_last_sync(context, "parts", "SyncParts")
        cursors = cast("Mapping[str, Any] | None", before and before["parts"])
        if cursors is not None and set(cursors) != set(names):
            raise FullSyncNeededError(f"the cursor is of the parts {', '.join(cursors)}")
        self.name: str = left.get("part", names[0])
        """The list to read on this page."""
        self._names = names
        self._cursors: dict[str, Any] = dict(left.get("cursors", {}))
        previous = cursors and Completion(incremental_continuation=cursors[self.name])
        state = replace(
            context.sync, continuation=left.get("continuation"), previous_completion=previous
        )
        self.context: SyncExecutionContext[FetcherT] = replace(context, sync=state)
        """The context as that list has it alone: give it to other helpers."""

    def page(self, page: SyncPage) -> SyncPage:
        """The page to return, made of one of the list that was read.

        A list without a cursor begins anew in each sync. Raises `InvalidResultError` for what is
        no page.
        """
        parsed = parse_result(page, self.context.sync.schema)
        completion = parsed.completion
        if completion is not None and completion.has_incomplete_results:
            return page
        name, continuation = self.name, parsed.continuation
        if continuation is None:
            cursor = completion.incremental_continuation if completion else None
            self._cursors[name] = {} if cursor is None else cursor
            following = self._names.index(name) + 1
            name = self._names[following] if following < len(self._names) else ""
        rows: SyncPage = {"result": parsed.rows, "deleted_row_ids": parsed.deleted_row_ids}
        if not name:
            return {**rows, "completion": {"incremental_continuation": {"parts": self._cursors}}}
        state = {"part": name, "continuation": continuation, "cursors": self._cursors}
        return {**rows, "continuation": state}
