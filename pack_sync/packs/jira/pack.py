"""Jira Cloud: projects, issues with custom fields, comments, worklogs, users, boards and sprints.

Changed issues, and with them their comments, are found by `updated >=` in JQL, which has minutes
in the time zone of the user
(https://support.atlassian.com/jira-software-cloud/docs/jql-fields/#Updated), so the pack asks for
the user's zone. Searches may show a change some minutes late
(https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/): each sync goes back by
a quarter of an hour. Worklogs come by Jira's lists of changed and of deleted ones. All else is
read as a whole. Each custom field of issues is a column with the field's name; two of one name
have the field's id behind it. Names of statuses, people and sprints in an issue are those of the
time of its last change, their ids stay; ranks, votes and watchers are left out, since they change
without a change of the issue.

The account is connected by OAuth 2.0 (3LO)
(https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/): its endpoint is
`https://api.atlassian.com/ex/jira/CLOUDID`, which `packsync connect` finds, and each refresh token
is replaced by the next one. Users are listed for who has the permission "Browse users and groups".
For an e-mail address and an API token instead, make a copy (`packsync copy jira`), declare
`AuthenticationType.WEB_BASIC` with `requires_endpoint_url` in it, and set `endpoint` to
`https://your-domain.atlassian.net`; all else stays as it is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pack_sdk import (
    AuthenticationType,
    ChoiceDefinition,
    Pack,
    ParameterType,
    Schema,
    StatusCodeError,
    SyncExecutionContext,
    SyncPage,
    make_parameter,
)

from .attached import attached
from .documents import plain_text, without_formatting
from .issue_columns import issue_schema
from .schemas import BOARD, COMMENT, PROJECT, SPRINT, USER, WORKLOG
from .service import (
    AGILE,
    PAGE_SIZE,
    PLATFORM,
    Place,
    changes_of,
    counted,
    first_place,
    get,
    search,
    site_of,
    whole_list,
)
from .worklogs import worklog_page

GATEWAY = "https://api.atlassian.com"

_SEARCH = "searches do not list what is deleted, archived or hidden. It stays until the next full "

BLIND_SPOTS: Mapping[str, Mapping[str, str]] = {
    "Issues": {"undeleted": f"Jira's {_SEARCH}sync."},
    "Comments": {
        "undeleted": "Jira does not tell which comments were deleted. They stay until the next "
        "full sync, and so do those of deleted issues."
    },
    "Worklogs": {
        "undeleted": "Atlassian does not say whether its list of deleted worklogs has those that "
        "went with their issue. They may stay until the next full sync; others are in the list."
    },
}

pack = Pack()
pack.add_network_domain("atlassian.com")
pack.add_network_domain("atlassian.net")
# 100 a second for each path, as a burst, and by the hour as many as the site's plan has:
# https://developer.atlassian.com/cloud/jira/platform/rate-limiting/
pack.set_rate("10/s")


def _connection_name(context: SyncExecutionContext) -> str:
    user = get(context, f"{PLATFORM}/myself").body
    return f"{user['displayName']} at {site_of(context)}"


def list_sites(context: SyncExecutionContext) -> list[ChoiceDefinition]:
    """The endpoints of the sites that the consent is for, with their addresses."""
    sites = context.fetcher.fetch(url=f"{GATEWAY}/oauth/token/accessible-resources").body
    return [
        {"display": f"{site['name']} ({site['url']})", "value": f"{GATEWAY}/ex/jira/{site['id']}"}
        for site in sites
    ]


pack.set_authentication(
    type=AuthenticationType.OAUTH2,
    authorization_url="https://auth.atlassian.com/authorize",
    token_url="https://auth.atlassian.com/oauth/token",
    additional_params={"audience": "api.atlassian.com", "prompt": "consent"},
    scopes=[
        "read:jira-work",
        "read:jira-user",
        "read:project:jira",
        "read:board-scope:jira-software",
        "read:sprint:jira-software",
        "offline_access",
    ],
    post_setup=[
        {
            "type": "SetEndPoint",
            "name": "site",
            "description": "Choose the site that is to be synced:",
            "get_options": list_sites,
        }
    ],
    endpoint_domain="atlassian.com",
    instructions_url="https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/",
    get_connection_name=_connection_name,
)


@pack.add_sync_table(
    name="Projects",
    identity_name="Project",
    schema=PROJECT,
    description="The projects that the user may see.",
)
def sync_projects(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page."""
    place: Mapping[str, Any] = context.sync.continuation or {"start": 0, "site": site_of(context)}
    projects, start = _projects(context, place["start"])
    rows = [{**row, "page_url": f"{place['site']}/browse/{row['key']}"} for row in projects]
    return {"result": rows, "continuation": {**place, "start": start} if start else None}


def _projects(
    context: SyncExecutionContext, start: int, **query: str
) -> tuple[Sequence[Mapping[str, Any]], int | None]:
    """https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-projects/."""
    query = {"expand": "description,lead,url", "orderBy": "key", **query}
    path = f"{PLATFORM}/project/search"
    return counted(context, path, start, maxResults=PAGE_SIZE, **query)


@pack.add_sync_table(
    name="Users",
    identity_name="User",
    schema=USER,
    description="All users, former ones and apps too.",
)
def sync_users(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page; the one that is empty is the last.

    https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-users/
    """
    start: int = (context.sync.continuation or {"start": 0})["start"]
    users = get(context, f"{PLATFORM}/users/search", startAt=start, maxResults=1_000).body
    return {"result": users, "continuation": {"start": start + len(users)} if users else None}


def get_issue_schema(context: SyncExecutionContext) -> Schema:
    """The columns of issues, as the site has its custom fields now."""
    return issue_schema(get(context, f"{PLATFORM}/field").body)


@pack.add_sync_table(
    name="Issues",
    identity_name="Issue",
    schema=issue_schema([]),
    description="Issues of all projects, with the site's custom fields.",
    get_schema=get_issue_schema,
)
def sync_issues(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page."""
    changes = changes_of(context)
    place = changes.next_page or first_place(context, changes.since)
    response, further = search(context, place, "*all,-comment,-worklog")
    rows = [
        {
            **issue,
            "page_url": f"{place['site']}/browse/{issue['key']}",
            "description_document": issue["fields"].get("description"),
            "fields": without_formatting(issue["fields"]),
        }
        for issue in response.body["issues"]
    ]
    return changes.page(rows, response, next_page=further)


@pack.add_sync_table(
    name="Comments",
    identity_name="Comment",
    schema=COMMENT,
    description="The comments on issues of all projects.",
)
def sync_comments(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page: of changed issues with their comments, or of one issue that has many."""
    changes = changes_of(context)
    place = changes.next_page or first_place(context, changes.since)
    found, response, further = attached(context, place, "comment")
    rows = [
        {
            **each,
            "issue_id": issue["id"],
            "issue_key": issue["key"],
            "text": plain_text(each.get("body")),
            "page_url": f"{place['site']}/browse/{issue['key']}?focusedCommentId={each['id']}",
        }
        for issue, each in found
    ]
    return changes.page(rows, response, next_page=further)


@pack.add_sync_table(
    name="Worklogs",
    identity_name="Worklog",
    schema=WORKLOG,
    description="Time that was worked on issues. What was changed within the last minute may come "
    "with the next sync.",
)
def sync_worklogs(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page."""
    return worklog_page(context)


def _suggest_projects(
    context: SyncExecutionContext, text: str, _parameters: Mapping[str, Any]
) -> list[ChoiceDefinition]:
    projects, _ = _projects(context, 0, **({"query": text} if text else {}))
    return [{"display": each["name"], "value": each["key"]} for each in projects]


@pack.add_sync_table(
    name="Boards",
    identity_name="Board",
    schema=BOARD,
    description="The boards that the user may see, or those of one project.",
    parameters=[
        make_parameter(
            name="project",
            type=ParameterType.STRING,
            optional=True,
            description="Key or identifier of a project: only boards that show its issues.",
            autocomplete=_suggest_projects,
        )
    ],
)
def sync_boards(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page (https://developer.atlassian.com/cloud/jira/software/rest/api-group-board/)."""
    rows, further = whole_list(context, f"{AGILE}/board", projectKeyOrId=args[0] or None)
    return {"result": rows, "continuation": further}


def _of_board(name: str, key: str) -> Any:
    return make_parameter(
        name=name,
        type=ParameterType.NUMBER if key == "id" else ParameterType.STRING,
        description=f"The {key} of a board.",
        crawl_strategy={"parentTable": {"tableName": "Boards", "propertyKey": key}},
    )


@pack.add_sync_table(
    name="Sprints",
    identity_name="Sprint",
    schema=SPRINT,
    description="The sprints that each board shows; kanban boards have none.",
    parameters=[_of_board("board", "id"), _of_board("board_type", "type")],
)
def sync_sprints(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page. Closed sprints come last: what is closed meanwhile moves there, and is read.

    https://developer.atlassian.com/cloud/jira/software/rest/api-group-board/
    """
    board, kind = args
    if kind == "kanban":
        return {"result": []}
    place: Place = context.sync.continuation or {"state": "future,active", "start": 0}
    path = f"{AGILE}/board/{board}/sprint"
    try:
        sprints, start = counted(context, path, place["start"], state=place["state"])
    except StatusCodeError as error:
        has_none = error.status_code == 400 and kind == "simple"  # its team has not enabled them
        if not has_none and error.status_code != 404:  # a board that was deleted meanwhile
            raise
        return {"result": []}
    following: Place | None = {**place, "start": start} if start else None
    if following is None and place["state"] != "closed":
        following = {"state": "closed", "start": 0}
    return {"result": [{**row, "board_id": board} for row in sprints], "continuation": following}
