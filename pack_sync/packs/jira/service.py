"""Requests to Jira, the lists that count rows, and the search for issues by their last change."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from pack_sdk import (
    FetchResponse,
    SyncExecutionContext,
    TimeCursor,
    format_time,
    with_query_params,
)

PLATFORM, AGILE = "rest/api/3", "rest/agile/1.0"
PAGE_SIZE = 100

OVERLAP_SECONDS = 900
"""How far increments go back: a search may show a change some minutes late.

https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/
"""

Place: TypeAlias = Mapping[str, Any]
"""Where a search is: its `jql`, the `site`'s address, and the `token` of a further page."""


def get(context: SyncExecutionContext, path: str, **query: object) -> FetchResponse:
    """The answer to a path below the endpoint."""
    base = (context.endpoint or "").rstrip("/")
    url = with_query_params(f"{base}/{path}", query)
    return context.fetcher.fetch(url=url, headers={"Accept": "application/json"})


def site_of(context: SyncExecutionContext) -> str:
    """The address that people have in their browsers, which the endpoint need not be."""
    return str(get(context, f"{PLATFORM}/serverInfo").body["baseUrl"]).rstrip("/")


def counted(
    context: SyncExecutionContext, path: str, start: int, **query: object
) -> tuple[Sequence[Mapping[str, Any]], int | None]:
    """A page of a list that counts rows, and where the next one starts; None after the last."""
    body = get(context, path, startAt=start, **query).body
    rows: Sequence[Mapping[str, Any]] = body["values"]
    return rows, None if body["isLast"] or not rows else start + len(rows)


def whole_list(
    context: SyncExecutionContext, path: str, **query: object
) -> tuple[Sequence[Mapping[str, Any]], Mapping[str, Any] | None]:
    """A page of a list that each sync reads as a whole, and the continuation."""
    start = (context.sync.continuation or {"start": 0})["start"]
    rows, following = counted(context, path, start, **query)
    return rows, None if following is None else {"start": following}


def changes_of(context: SyncExecutionContext) -> TimeCursor:
    """The cursor of a table that is made of changed issues."""
    return TimeCursor(context, overlap_seconds=OVERLAP_SECONDS)


def first_place(context: SyncExecutionContext, since: datetime | None) -> Place:
    """Where the search begins for issues that were changed since then; None: for all."""
    # A search without any restriction is refused.
    start = "1970/01/01 00:00"
    if since:
        start = in_zone(since, get(context, f"{PLATFORM}/myself").body["timeZone"])
    # By their creation, so that no change moves an issue while the pages are read.
    return {"jql": f'updated >= "{start}" ORDER BY created ASC', "site": site_of(context)}


def in_zone(moment: datetime, zone: str) -> str:
    """The minute as JQL reads it: in the time zone of the user, which it cannot name.

    Where clocks are set back an hour comes twice, and Jira does not say which it takes such a
    minute for. Then it is the last minute before, which comes once.
    https://support.atlassian.com/jira-software-cloud/docs/jql-fields/#Updated
    """
    local = moment.astimezone(ZoneInfo(zone))
    while local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        moment -= timedelta(minutes=1)
        local = moment.astimezone(ZoneInfo(zone))
    return format_time(moment, "%Y/%m/%d %H:%M", zone=zone)


def search(
    context: SyncExecutionContext, place: Place, fields: str
) -> tuple[FetchResponse, Place | None]:
    """A page of issues with these fields, and where the next one is.

    https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/
    """
    query = {"jql": place["jql"], "fields": fields, "maxResults": PAGE_SIZE}
    path = f"{PLATFORM}/search/jql"
    response = get(context, path, **query, nextPageToken=place.get("token"))
    token = response.body.get("nextPageToken")
    further = token and not response.body.get("isLast")
    return response, {**place, "token": token} if further else None
