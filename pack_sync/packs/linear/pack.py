"""Linear: teams, their workflow states, projects, cycles, issues, comments, labels and users.

Issues and comments are asked for by the time of their last change, `updatedAt`
(https://linear.app/developers/filtering). The other tables are small, and are read as a whole in
each sync: a project's progress changes without its `updatedAt`, and of a deleted label nothing is
left. Lists come the newest first, by the time of creation, which no change disturbs
(https://linear.app/developers/pagination).

Deleted is what is in the trash; it is removed for good after 30 days
(https://linear.app/docs/delete-archive-issues), and a sync that comes later is a full one. What
Linear archives by itself, such as closed issues, stays, with the time in `archived_at`. An
archived team is one that is about to be deleted, and so it is not there. Users who are suspended
or have left stay, and are not active.

Linear counts requests and the complexity of queries, of which one may cost 10,000 points
(https://linear.app/developers/rate-limiting): a page of these tables costs less. The token is a
personal API key that may read, or `Bearer` and an access token of OAuth
(https://linear.app/developers/graphql). Rows are those that its user may see.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from pack_sdk import (
    AuthenticationType,
    FetchError,
    FetchResponse,
    FullSyncNeededError,
    Pack,
    Schema,
    SyncExecutionContext,
    SyncPage,
    TimeCursor,
    format_time,
    split_deleted,
    value_at,
)

from . import schemas
from .queries import list_query

API = "https://api.linear.app/graphql"
PAGE_SIZE = 250
"""The most that Linear gives."""

PROJECTS_PAGE_SIZE = 50
"""Less, as each has a list of its teams."""

TRASH_KEPT = timedelta(days=30)
ARCHIVED_TOO = "includeArchived: true"

_STAYS = "stays until the next full sync: Linear tells nobody of it."

BLIND_SPOTS: Mapping[str, Mapping[str, str]] = {
    "Issues": {
        "undeleted": "An issue that an admin deletes for good at once, or that moves to where the "
        f"user may not see it, {_STAYS}"
    },
    "Comments": {"undeleted": f"A comment that is deleted {_STAYS}"},
}

pack = Pack()
pack.add_network_domain("api.linear.app")
# Of an API key, by the table of https://linear.app/developers/rate-limiting.
pack.set_rate("2500/hour")


def _is_limited(response: FetchResponse) -> int | bool | None:
    """A minute at a limit, which Linear says in the body, with the status 400.

    Its allowances come back evenly, so that there is a sixtieth of an hour's after a minute.
    """
    codes = [value_at(error, "extensions.code") for error in _errors(response)]
    if "RATELIMITED" not in codes:
        return None
    return True if "retry-after" in response.headers else 60


pack.set_rate_limits(is_limited=_is_limited)


def _connection_name(context: SyncExecutionContext) -> str:
    data = _asked(context, "{ viewer { name email } organization { name } }").body["data"]
    viewer, organization = data["viewer"], data["organization"]
    return f"{organization['name']}: {viewer['name']} ({viewer['email']})"


pack.set_authentication(
    type=AuthenticationType.CUSTOM_HEADER_TOKEN,
    header_name="Authorization",
    instructions_url="https://linear.app/settings/account/security",
    scopes=["read"],
    get_connection_name=_connection_name,
)


@pack.add_sync_table(
    name="Teams",
    identity_name="Team",
    schema=schemas.TEAM,
    description="The teams whose issues the user may see, retired ones too.",
)
def sync_teams(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page of all."""
    return _whole(context, "teams", schemas.TEAM)


@pack.add_sync_table(
    name="WorkflowStates",
    identity_name="WorkflowState",
    schema=schemas.WORKFLOW_STATE,
    description="The states that issues of each team may be in.",
)
def sync_workflow_states(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page of all."""
    return _whole(context, "workflowStates", schemas.WORKFLOW_STATE, arguments=ARCHIVED_TOO)


@pack.add_sync_table(
    name="Projects",
    identity_name="Project",
    schema=schemas.PROJECT,
    description="Projects, archived ones too, but for those in the trash.",
)
def sync_projects(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page of all."""
    return _whole(
        context,
        "projects",
        schemas.PROJECT,
        first=PROJECTS_PAGE_SIZE,
        arguments=ARCHIVED_TOO,
        also="trashed",
    )


@pack.add_sync_table(
    name="Cycles",
    identity_name="Cycle",
    schema=schemas.CYCLE,
    description="Cycles of the teams: past, present and future ones, archived ones too.",
)
def sync_cycles(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page of all."""
    return _whole(context, "cycles", schemas.CYCLE, arguments=ARCHIVED_TOO)


@pack.add_sync_table(
    name="Issues",
    identity_name="Issue",
    schema=schemas.ISSUE,
    description="Issues, archived ones too, but for those in the trash.",
)
def sync_issues(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page. Nothing says that archiving is an update: what was archived since comes as well.

    Raises `FullSyncNeededError` if what was deleted since may be in the trash no more.
    """
    changes = TimeCursor(context)
    if changes.since and context.sync.started_at - changes.since > TRASH_KEPT:
        raise FullSyncNeededError("Linear's trash is kept for 30 days, and the cursor is older")
    wanted = [{"updatedAt": _since(changes)}, {"archivedAt": _since(changes)}]
    return _changed(context, changes, "issues", schemas.ISSUE, {"or": wanted}, also="trashed")


@pack.add_sync_table(
    name="Comments",
    identity_name="Comment",
    schema=schemas.COMMENT,
    description="Comments on issues, projects, documents and updates.",
)
def sync_comments(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page."""
    changes = TimeCursor(context)
    wanted = {"updatedAt": _since(changes)}
    return _changed(context, changes, "comments", schemas.COMMENT, wanted)


@pack.add_sync_table(
    name="Labels",
    identity_name="Label",
    schema=schemas.LABEL,
    description="The labels that issues may have, of the workspace and of teams.",
)
def sync_labels(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page of all."""
    return _whole(context, "issueLabels", schemas.LABEL)


@pack.add_sync_table(
    name="Users",
    identity_name="User",
    schema=schemas.USER,
    description="The people and apps of the workspace, also those who are no longer active.",
)
def sync_users(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page of all."""
    return _whole(
        context, "users", schemas.USER, arguments=f"{ARCHIVED_TOO}, includeDisabled: true"
    )


def _whole(
    context: SyncExecutionContext,
    name: str,
    schema: Schema,
    *,
    first: int = PAGE_SIZE,
    arguments: str = "",
    also: str = "",
) -> SyncPage:
    """A page of a list that is read in full by every sync: what is gone is not there."""
    query = list_query(name, schema, first=first, arguments=arguments, also=also)
    rows, following = _page(_asked(context, query, after=context.sync.continuation), name)
    there, _ = split_deleted(rows, "trashed")
    return {"result": there, "continuation": following}


def _changed(
    context: SyncExecutionContext,
    changes: TimeCursor,
    name: str,
    schema: Schema,
    wanted: Mapping[str, Any],
    *,
    also: str = "",
) -> SyncPage:
    """A page of a list; of an increment, of the rows that are `wanted`."""
    arguments = f"{ARCHIVED_TOO}, filter: $filter"
    query = list_query(name, schema, first=PAGE_SIZE, arguments=arguments, also=also)
    asked = None if changes.since is None else wanted
    response = _asked(context, query, after=changes.next_page, filter=asked)
    rows, following = _page(response, name)
    there, deleted = split_deleted(rows, "trashed")
    return changes.page(there, response, deleted_ids=deleted, next_page=following)


def _since(changes: TimeCursor) -> Mapping[str, str | None]:
    return {"gte": format_time(changes.since)}


def _page(response: FetchResponse, name: str) -> tuple[Sequence[Any], str | None]:
    """The rows of a page, and where the next one begins; None after the last."""
    found = response.body["data"][name]
    place = found["pageInfo"]
    if place["hasNextPage"] and not place["endCursor"]:
        raise FetchError(f"Linear has further {name}, and does not say where")
    return found["nodes"], place["endCursor"] if place["hasNextPage"] else None


def _asked(context: SyncExecutionContext, query: str, **variables: Any) -> FetchResponse:
    """The answer to a query.

    Raises `FetchError` for one that has errors, which may come with the status 200, and with some
    of the data: https://linear.app/developers/graphql.
    """
    response = context.fetcher.fetch(
        method="POST",
        url=API,
        headers={"Content-Type": "application/json", "Accept": "application/json"},
        body=json.dumps({"query": query, "variables": variables}),
    )
    for error in _errors(response):
        told = value_at(error, "extensions.userPresentableMessage") or value_at(error, "message")
        raise FetchError(f"Linear answered with an error: {told or error}")
    return response


def _errors(response: FetchResponse) -> Sequence[Any]:
    """The errors of an answer, none in what is no answer of GraphQL."""
    errors = value_at(response.body, "errors")
    return cast("list[Any]", errors) if isinstance(errors, list) else []
