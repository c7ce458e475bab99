"""Worklogs, by Jira's lists of those that were changed and of those that were deleted.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-worklogs/
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pack_sdk import (
    FetchResponse,
    SyncExecutionContext,
    SyncPage,
    SyncParts,
    TimeCursor,
    format_time,
)

from .attached import attached
from .documents import plain_text
from .service import OVERLAP_SECONDS, PLATFORM, first_place, get


def worklog_page(context: SyncExecutionContext) -> SyncPage:
    """A page of the deleted ones, then of those that were changed, then of the most recent ones."""
    parts = SyncParts(context, "deleted", "changed", "recent")
    changes = TimeCursor(parts.context)
    if parts.name == "recent":
        return parts.page(_recent(parts.context, changes))
    if parts.name == "changed":
        return parts.page(_changed(parts.context, changes))
    # A full sync tells them by their absence, and only asks how late it is.
    since = changes.since or context.sync.started_at
    ids, response, further = _ids(parts.context, "deleted", changes.next_page, since)
    gone = [str(each) for each in ids]
    return parts.page(changes.page([], response, deleted_ids=gone, next_page=further))


def _changed(context: SyncExecutionContext, changes: TimeCursor) -> SyncPage:
    ids, response, further = _ids(context, "updated", changes.next_page, changes.since)
    rows = _rows(_listed(context, ids))
    came = {row["id"] for row in rows}
    gone = [str(each) for each in ids if str(each) not in came]
    return changes.page(rows, response, deleted_ids=gone, next_page=further)


def _recent(context: SyncExecutionContext, changes: TimeCursor) -> SyncPage:
    """Of a full sync, worklogs of issues that have changed since it began.

    One that is changed leaves its place in the list, and is in it again after a minute: by then the
    sync may be over, and would delete it.
    """
    if changes.since is not None:
        return changes.page([])
    since = context.sync.started_at - timedelta(seconds=OVERLAP_SECONDS)
    place = changes.next_page or first_place(context, since)
    found, response, further = attached(context, place, "worklog")
    return changes.page(_rows([each for _, each in found]), response, next_page=further)


def _ids(
    context: SyncExecutionContext, name: str, place: int | None, since: datetime | None
) -> tuple[Sequence[int], FetchResponse, int | None]:
    """The ids of a page, a thousand at most, its answer, and from when on the next one is."""
    start = place or int(format_time(since, "milliseconds") or 0)
    response = get(context, f"{PLATFORM}/worklog/{name}", since=start)
    body = response.body
    # One millisecond back: further ones may have the same time as the last of this page.
    further = None if body["lastPage"] else max(body["until"] - 1, start + 1)
    return [each["worklogId"] for each in body["values"]], response, further


def _listed(context: SyncExecutionContext, ids: Sequence[int]) -> Sequence[Mapping[str, Any]]:
    """The worklogs of these ids that are there and may be seen."""
    if not ids:
        return []
    return context.fetcher.fetch(
        method="POST",
        url=f"{(context.endpoint or '').rstrip('/')}/{PLATFORM}/worklog/list",
        headers={"Accept": "application/json", "Content-Type": "application/json"},
        body=json.dumps({"ids": ids}),
    ).body


def _rows(worklogs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "text": plain_text(each.get("comment"))} for each in worklogs]
