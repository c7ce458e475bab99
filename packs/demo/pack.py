"""The demo pack: projects, tasks and events of the demo API.

Each table shows another way in which an API lets its clients learn of changes: not at all,
by a timestamp, and by a sync token that can expire.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from pack_sdk import (
    AsyncFetcher,
    AuthenticationType,
    Completion,
    Pack,
    ParameterType,
    StatusCodeError,
    SyncExecutionContext,
    SyncResult,
    UserVisibleError,
    make_parameter,
)
from packs.demo.schemas import EVENT, PROJECT, TASK

PAGE_LIMIT = 500
OVERLAP = timedelta(seconds=1)

pack = Pack()

# The demo API runs on this machine: a connection must say `allow_http_localhost`
# and give the API's base URL as its endpoint.
pack.add_network_domain("localhost")
pack.set_authentication(type=AuthenticationType.NONE, requires_endpoint_url=True)


@pack.add_sync_table(
    name="Projects",
    identity_name="Project",
    schema=PROJECT,
    description="All projects. The API cannot say which have changed, so each sync is full.",
)
def sync_projects(_args: Sequence[Any], context: SyncExecutionContext) -> SyncResult:
    """All projects at once; no completion, hence no cursor."""
    response = context.fetcher.fetch(url=_url(context.endpoint, "/projects"))
    return SyncResult(result=response.body["projects"])


@pack.add_sync_table(
    name="Tasks",
    identity_name="Task",
    schema=TASK,
    description="Tasks. Incremental syncs bring what was created or modified; that a task "
    "has been deleted shows in the next full sync.",
    parameters=[
        # Compatible with incremental sync, because a task never moves to another project.
        make_parameter(
            name="project",
            type=ParameterType.STRING,
            description='Only the tasks of this project, such as "PROJ-1".',
            optional=True,
        ),
        # A task whose status no longer fits would just be missing from the changes and keep
        # its old row, so this filter cannot be used where syncs are incremental.
        make_parameter(
            name="status",
            type=ParameterType.STRING,
            description="Only the tasks of this status.",
            optional=True,
            autocomplete=["open", "in progress", "blocked", "done"],
            supports_incremental_sync=False,
        ),
    ],
)
async def sync_tasks(
    args: Sequence[Any], context: SyncExecutionContext[AsyncFetcher]
) -> SyncResult:
    """One page of the tasks that were modified since the last sync began, or of all."""
    project, status = args
    place = context.sync.continuation
    if place:
        query = {"pageToken": place["pageToken"]}  # which holds the filters as well
    else:
        modified_since = _cursor(context.sync.previous_completion).get("modifiedSince")
        query = {"project": project, "status": status, "modifiedSince": modified_since}
    response = await context.fetcher.fetch(url=_url(context.endpoint, "/tasks", query))
    page = response.body
    # The next sync asks for what is modified from the time on at which THIS one began; the
    # time at its end would miss a task modified after its page was fetched. For most APIs
    # that time is `context.sync.started_at`. This API's clock, though, is
    # moved by hand and agrees with no other, so the pack keeps the `now` of the first page
    # and carries it to the last. The overlap is for services of several machines, whose
    # clocks differ a little; a task that comes twice does no harm.
    began_at = place["beganAt"] if place else page["now"]
    if page["nextPageToken"]:
        following = {"pageToken": page["nextPageToken"], "beganAt": began_at}
        return SyncResult(result=page["tasks"], continuation=following)
    since = datetime.fromisoformat(began_at) - OVERLAP
    cursor = {"modifiedSince": since.isoformat()}
    return SyncResult(result=page["tasks"], completion=Completion(incremental_continuation=cursor))


@pack.add_sync_table(
    name="Events",
    identity_name="Event",
    schema=EVENT,
    description="Calendar events. Incremental syncs bring what was created, changed and "
    "deleted; when the API has forgotten the sync token, a full sync follows.",
)
def sync_events(_args: Sequence[Any], context: SyncExecutionContext) -> SyncResult:
    """One page of the events that changed since the last sync token, or of all."""
    place = context.sync.continuation
    if place:
        query = {"pageToken": place["pageToken"]}
    else:
        query = {"syncToken": _cursor(context.sync.previous_completion).get("syncToken")}
    try:
        response = context.fetcher.fetch(url=_url(context.endpoint, "/events", query))
    except StatusCodeError as error:
        # The token may expire on a later page too. In a full sync there is none that could.
        if error.status_code == 410 and context.sync.previous_completion is not None:
            return SyncResult(completion=Completion(has_incomplete_results=True))
        raise
    page = response.body
    return SyncResult(
        result=[_event_row(event) for event in page["events"] if not event.get("deleted")],
        deleted_row_ids=[event["id"] for event in page["events"] if event.get("deleted")],
        continuation=page["nextPageToken"] and {"pageToken": page["nextPageToken"]},
        completion=page["nextSyncToken"]
        and Completion(incremental_continuation={"syncToken": page["nextSyncToken"]}),
    )


def _event_row(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with its duration as text besides, such as "1 hrs 30 mins"."""
    hours, minutes = divmod(event["durationMinutes"], 60)
    return {**event, "duration": f"{hours} hrs {minutes} mins"}


def _cursor(previous: Completion | None) -> Mapping[str, Any]:
    """The cursor of the last sync; empty in a full sync."""
    return previous.incremental_continuation if previous else {}


def _url(endpoint: str | None, path: str, query: Mapping[str, str | None] | None = None) -> str:
    """The URL of a request; parameters without a value are left out."""
    if not endpoint:
        raise UserVisibleError(
            "The demo pack does not know where its API is: give the connection an `endpoint`, "
            "such as http://localhost:8765."
        )
    given = {name: value for name, value in (query or {}).items() if value}
    if query is not None:
        given["limit"] = str(PAGE_LIMIT)
    return f"{endpoint.rstrip('/')}{path}" + (f"?{urlencode(given)}" if given else "")
