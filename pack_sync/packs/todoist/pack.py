"""Todoist: projects, sections, tasks, comments, labels, and the tasks that are done.

All but a list of what was completed come by `POST /sync`: it brings what is active, and a
`sync_token` with which the next request brings what has changed, deletions included as
`is_deleted` (https://developer.todoist.com/api/v1/#tag/Sync). One request brings all tables. What
is in a project or section goes with it without being named, and so do the comments on a task:
where one was deleted, archived or completed, a full sync follows. What was made of older data
(`full_sync_date_utc`) is completed by a second request. An account may make 1,000 such requests in
15 minutes, 100 of them full ones (https://developer.todoist.com/api/v1/#tag/Request-limits).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pack_sdk import (
    AuthenticationType,
    ChangeFeed,
    FetchResponse,
    FullSyncNeededError,
    Pack,
    SyncExecutionContext,
    SyncPage,
    SyncToken,
    format_time,
    full_sync_when_expired,
    parse_time,
    split_deleted,
    value_at,
    with_query_params,
)

from .schemas import COMMENT, COMPLETED_TASK, LABEL, PROJECT, SECTION, TASK

API = "https://api.todoist.com/api/v1"
APP = "https://app.todoist.com/app"

BLIND_SPOTS: Mapping[str, Mapping[str, str]] = {}

ALLOWED_DELAY = timedelta(minutes=1)
"""How much older than the sync its data may be, without being asked for what has changed since."""

LONGEST_SPAN = timedelta(days=89)
"""Completed tasks are listed for up to three months."""

LISTS = ("items", "labels", "notes", "project_notes", "projects", "sections")
"""What the one request asks for."""

CONTAINERS = ("projects", "sections")
SHARED_SECONDS = 60

pack = Pack()
pack.add_network_domain("api.todoist.com")
pack.set_rate("1000/15min")


def _pause(response: FetchResponse) -> float | bool:
    """How long to wait, which a refusal has in its body."""
    return response.status == 429 and (value_at(response.body, "error_extra.retry_after") or True)


pack.set_rate_limits(is_limited=_pause)


def _connection_name(context: SyncExecutionContext) -> str:
    return str(context.fetcher.fetch(url=f"{API}/user").body["email"])


pack.set_authentication(
    type=AuthenticationType.HEADER_BEARER_TOKEN,
    instructions_url="https://developer.todoist.com/api/v1/",
    get_connection_name=_connection_name,
)


@pack.add_sync_table(
    name="Projects",
    identity_name="Project",
    schema=PROJECT,
    description="All projects that are not archived.",
)
@full_sync_when_expired(400)
def sync_projects(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page: what is active, or what has changed."""
    return _synced(context, "projects", shown=_project)


@pack.add_sync_table(
    name="Sections",
    identity_name="Section",
    schema=SECTION,
    description="The sections of all projects that are not archived.",
)
@full_sync_when_expired(400)
def sync_sections(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page. Where a project goes, its sections do."""
    return _synced(context, "sections", within=("projects",))


@pack.add_sync_table(
    name="Tasks",
    identity_name="Task",
    schema=TASK,
    description="All tasks that are to be done. What is completed moves to CompletedTasks.",
)
@full_sync_when_expired(400)
def sync_tasks(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page. Where a project or section goes, its tasks do."""
    return _synced(context, "items", within=CONTAINERS, shown=_task)


@pack.add_sync_table(
    name="Comments",
    identity_name="Comment",
    schema=COMMENT,
    description="The comments on projects, and on tasks that are to be done.",
)
@full_sync_when_expired(400)
def sync_comments(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page. Where a project, section or task goes, the comments in it do."""
    return _synced(context, "notes", "project_notes", within=(*CONTAINERS, "items"))


@pack.add_sync_table(
    name="Labels",
    identity_name="Label",
    schema=LABEL,
    description="The account's own labels.",
)
@full_sync_when_expired(400)
def sync_labels(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page."""
    return _synced(context, "labels")


@pack.add_sync_table(
    name="CompletedTasks",
    identity_name="CompletedTask",
    schema=COMPLETED_TASK,
    description="The tasks that were completed since the account's user joined. One that recurs is "
    "completed when it is for the last time.",
)
@full_sync_when_expired(400)
def sync_completed_tasks(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page: of the list of completed tasks, span after span, or what has changed since."""
    feed = ChangeFeed(context)
    if feed.position is not None:
        body = _asked(context, feed.position)
        if body["full_sync"] or _is_any_gone(body, CONTAINERS):
            raise FullSyncNeededError("projects or sections are gone, or the token has expired")
        rows, deleted = split_deleted(body.get("items", []), lambda task: not _is_completed(task))
        return feed.page(map(_task, rows), deleted_ids=deleted, next_position=body["sync_token"])
    if feed.start is None:
        feed.start = _asked(context, "*")["sync_token"]
        feed.next_page = {"since": context.fetcher.fetch(url=f"{API}/user").body["joined_at"]}
    return _completed_page(context, feed)


def _completed_page(context: SyncExecutionContext, feed: ChangeFeed) -> SyncPage:
    """One page of a span: https://developer.todoist.com/api/v1/#tag/Tasks."""
    since = _moment(feed.next_page["since"])
    until = since + LONGEST_SPAN
    span = {"since": format_time(since, "%Y-%m-%dT%H:%M:%SZ")}
    query = {
        **span,
        "until": format_time(until, "%Y-%m-%dT%H:%M:%SZ"),
        "cursor": feed.next_page.get("cursor"),
        "limit": 200,
    }
    url = with_query_params(f"{API}/tasks/completed/by_completion_date", query)
    body = context.fetcher.fetch(url=url).body
    further: dict[str, Any] | None = None
    if body.get("next_cursor"):
        further = {**span, "cursor": body["next_cursor"]}
    elif until < context.sync.started_at + timedelta(days=1):  # whichever of the clocks is right
        further = {"since": until.isoformat()}
    return feed.page(map(_task, body["items"]), next_page=further)


def _synced(
    context: SyncExecutionContext,
    *lists: str,
    within: Sequence[str] = (),
    shown: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
) -> SyncPage:
    """What is active in these lists, or what has changed, in which the others say what is gone."""
    sync = SyncToken(context)
    token = sync.next_page or sync.token
    body = _asked(context, token or "*")
    entries = [row for name in lists for row in body.get(name, [])]
    rows, deleted = split_deleted(entries, _is_gone)
    page = list(map(shown, rows))
    following = body["sync_token"]
    if sync.token and body["full_sync"]:
        raise FullSyncNeededError("the service no longer knows the token")
    if token and _is_any_gone(body, within):
        if sync.token:
            raise FullSyncNeededError(f"some of the {' or '.join(within)} are gone")
        following = token  # the next sync sees it again
    if not token and _is_delayed(context, body):
        return sync.page(page, next_page=following)
    return sync.page(page, deleted_ids=deleted, next_token=following)


def _asked(context: SyncExecutionContext, token: str) -> Mapping[str, Any]:
    """The answer to the one request; tables that are synced together share it."""
    form = {"sync_token": token, "resource_types": json.dumps(LISTS)}
    url = f"{API}/sync"
    return context.fetcher.fetch(method="POST", url=url, form=form, share_secs=SHARED_SECONDS).body


def _is_delayed(context: SyncExecutionContext, body: Mapping[str, Any]) -> bool:
    made = parse_time(body.get("full_sync_date_utc"))
    return made is not None and made < context.sync.started_at - ALLOWED_DELAY


def _is_any_gone(body: Mapping[str, Any], lists: Sequence[str]) -> bool:
    """Whether something is gone that may take others along."""
    return any(_takes_others_along(row) for name in lists for row in body.get(name, []))


def _is_deleted(row: Mapping[str, Any]) -> bool:
    return bool(row.get("is_deleted"))


def _is_gone(row: Mapping[str, Any]) -> bool:
    """Whether a full list does not have it: what is deleted, archived, or completed."""
    return _is_deleted(row) or bool(row.get("is_archived") or row.get("checked"))


def _takes_others_along(row: Mapping[str, Any]) -> bool:
    """Whether it is gone, and what was in it may be; a task without comments has nothing in it."""
    return _is_gone(row) and row.get("note_count") != 0


def _is_completed(task: Mapping[str, Any]) -> bool:
    return bool(task.get("checked")) and not _is_deleted(task)


def _project(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row, "url": f"{APP}/project/{row['id']}"}


def _task(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The task with its place in the app, and the day and the moment that it is due."""
    due = str(value_at(row, "due.date") or "")
    moment = due if due.endswith("Z") else None
    return {**row, "url": f"{APP}/task/{row['id']}", "due_date": due[:10], "due_at": moment}


def _moment(value: str) -> datetime:
    moment = parse_time(value)
    if moment is None:
        raise ValueError(f"{value!r} is no time")
    return moment
