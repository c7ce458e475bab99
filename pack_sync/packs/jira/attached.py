"""Comments or worklogs of issues: those that a search shows, and all where an issue has more.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from pack_sdk import FetchResponse, StatusCodeError, SyncExecutionContext

from .service import PAGE_SIZE, PLATFORM, Place, get, search

Kind: TypeAlias = Literal["comment", "worklog"]
Entry: TypeAlias = tuple[Mapping[str, Any], Mapping[str, Any]]
"""An issue's `id` and `key`, and what is attached to it."""


def attached(
    context: SyncExecutionContext, place: Place, kind: Kind
) -> tuple[list[Entry], FetchResponse | None, Place | None]:
    """A page of what is attached to the issues of a search, and where the next one is.

    What a search shows too few of is read from the issue itself, one issue after another.
    """
    if place.get("long"):
        entries, further = _of_one(context, place, kind)
        return entries, None, further
    response, further = search(context, place, kind)
    found: list[Entry] = []
    long: list[Mapping[str, str]] = []
    for issue in response.body["issues"]:
        shown = issue["fields"][kind]
        entries = shown[f"{kind}s"]
        if shown["total"] > len(entries):
            long.append({"id": issue["id"], "key": issue["key"]})
        else:
            found += [(issue, each) for each in entries]
    if long:
        token = further and further["token"]
        further = {**place, "token": token, "long": long, "start": 0}
    return found, response, further


def _of_one(
    context: SyncExecutionContext, place: Place, kind: Kind
) -> tuple[list[Entry], Place | None]:
    """A page of the first of these issues; nothing where it was deleted meanwhile."""
    issue, start = place["long"][0], place["start"]
    path = f"{PLATFORM}/issue/{issue['id']}/{kind}"
    body: Mapping[str, Any]
    try:
        body = get(context, path, startAt=start, maxResults=PAGE_SIZE).body
    except StatusCodeError as error:
        if error.status_code != 404:
            raise
        body = {f"{kind}s": [], "total": 0}
    entries: Sequence[Mapping[str, Any]] = body[f"{kind}s"]
    start += len(entries)
    further: Place | None = {**place, "start": start}
    if not entries or start >= body["total"]:
        further = {**place, "long": place["long"][1:], "start": 0}
        further = further if further["long"] or further["token"] else None
    return [(issue, each) for each in entries], further
