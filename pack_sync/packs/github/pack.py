"""GitHub: repositories, issues, pull requests, commits, releases and workflow runs.

Issues and comments are asked for by the time of their last change (`since`), pull requests come
with the last change first, workflow runs with the newest first
(https://docs.github.com/en/rest/issues/issues, https://docs.github.com/en/rest/pulls/pulls,
https://docs.github.com/en/rest/actions/workflow-runs). New commits are those that the branch has
and the last known commit has not (https://docs.github.com/en/rest/commits/commits): however old
their dates are, and a branch that was rewritten is read anew. All else is read as a whole;
GitHub does not count what has not changed
(https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api).

Names of labels, milestones and people in a row are those of the time of its last change; their ids
stay. With `endpoint` it reads from https://api.SUBDOMAIN.ghe.com. For a GitHub Enterprise Server
make a copy of the pack (`packsync copy github`), declare the server's domain in it, and set
`endpoint` to https://HOST/api/v3; such a server limits nothing unless told to.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pack_sdk import (
    AuthenticationType,
    ChangeFeed,
    FetchResponse,
    Pack,
    ParameterType,
    SyncExecutionContext,
    SyncPage,
    TimeCursor,
    full_sync_when_expired,
    make_parameter,
    next_link,
)

from . import schemas
from .commits import history, new_commits
from .paging import (
    PAGE_SIZE,
    Place,
    changed,
    get,
    next_place,
    nothing_where,
    of_repository,
    whole_list,
    whole_list_page,
)

_STAYS = "stays until the next full sync: GitHub tells nobody of it."

BLIND_SPOTS: Mapping[str, Mapping[str, str]] = {
    "Issues": {"undeleted": f"An issue that is deleted or transferred {_STAYS}"},
    "IssueComments": {"undeleted": f"A comment that is deleted {_STAYS}"},
    "ReviewComments": {"undeleted": f"A comment that is deleted {_STAYS}"},
    "PullRequests": {
        "undeleted": "Nobody can delete a pull request, but GitHub hides those of accounts that "
        f"it suspends. Such a one {_STAYS}"
    },
    "WorkflowRuns": {"undeleted": f"A run that is deleted {_STAYS}"},
}

RUN_MAY_CHANGE_DAYS = 65
"""A run may be run again for 30 days, and then last for 35.

https://docs.github.com/en/enterprise-server@3.13/actions/managing-workflow-runs-and-deployments/managing-workflow-runs/re-running-workflows-and-jobs
https://docs.github.com/en/actions/reference/limits
"""

pack = Pack()
pack.add_network_domain("github.com")
pack.add_network_domain("ghe.com")
# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
pack.set_rate("5000/hour", "900/minute", count_not_modified=False)


def _is_limited(response: FetchResponse) -> int | None:
    """The seconds to wait at a secondary limit; it may come without `Retry-After`."""
    refused = response.status in (403, 429) and "retry-after" not in response.headers
    return 60 if refused and "secondary rate limit" in str(response.body) else None


pack.set_rate_limits(is_limited=_is_limited)


def _connection_name(context: SyncExecutionContext) -> str:
    return str(get(context, "/user").body["login"])


pack.set_authentication(
    type=AuthenticationType.HEADER_BEARER_TOKEN,
    instructions_url="https://docs.github.com/en/authentication/"
    "keeping-your-account-and-data-secure/managing-your-personal-access-tokens",
    scopes=["repo", "read:org"],
    get_connection_name=_connection_name,
)


def _organizations(
    context: SyncExecutionContext, _search: str, _parameters: Mapping[str, Any]
) -> list[str]:
    return [str(each["login"]) for each in get(context, "/user/orgs", per_page=PAGE_SIZE).body]


REPOSITORY = make_parameter(
    name="repository",
    type=ParameterType.STRING,
    description="Full name of a repository, such as octocat/hello-world.",
    crawl_strategy={"parentTable": {"tableName": "Repositories", "propertyKey": "full_name"}},
)


@pack.add_sync_table(
    name="Repositories",
    identity_name="Repository",
    schema=schemas.REPOSITORY,
    description="The repositories that the account may see by a membership, or those of one "
    "organization.",
    parameters=[
        make_parameter(
            name="organization",
            type=ParameterType.STRING,
            optional=True,
            description="Only repositories of this organization, public ones too.",
            autocomplete=_organizations,
        )
    ],
)
def sync_repositories(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page, the oldest first: what is made meanwhile comes at the end."""
    path = f"/orgs/{args[0]}/repos" if args[0] else "/user/repos"
    response = whole_list(context, path, sort="created", direction="asc")
    return whole_list_page(response.body, response)


@pack.add_sync_table(
    name="Issues",
    identity_name="Issue",
    schema=schemas.ISSUE,
    description="Issues, open and closed ones.",
    parameters=[REPOSITORY],
)
def sync_issues(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page; pull requests are among the issues, and left out."""
    changes, response, further = changed(context, f"/repos/{args[0]}/issues", state="all")
    rows = [row for row in response.body if "pull_request" not in row]
    return changes.page(of_repository(args[0], rows), response, next_page=further)


@pack.add_sync_table(
    name="PullRequests",
    identity_name="PullRequest",
    schema=schemas.PULL_REQUEST,
    description="Pull requests, open, closed and merged ones.",
    parameters=[REPOSITORY],
)
def sync_pull_requests(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page. A full sync has the oldest first, so that no change moves a row."""
    changes = TimeCursor(context)
    order = ("created", "asc") if changes.since is None else ("updated", "desc")
    query = {"state": "all", "sort": order[0], "direction": order[1], "per_page": PAGE_SIZE}
    path = f"/repos/{args[0]}/pulls"
    response = get(context, changes.next_page) if changes.next_page else get(context, path, **query)
    done = changes.is_reached(response.body, "updated_at")
    rows = [{**row, "merge_commit_sha": _merge_commit(row)} for row in response.body]
    further = None if done else next_link(response)
    return changes.page(of_repository(args[0], rows), response, next_page=further)


def _merge_commit(row: Mapping[str, Any]) -> Any:
    """Until it is merged it is the commit of a trial, which changes behind everybody's back."""
    return row["merge_commit_sha"] if row["merged_at"] else None


@pack.add_sync_table(
    name="IssueComments",
    identity_name="IssueComment",
    schema=schemas.ISSUE_COMMENT,
    description="Comments on issues and pull requests, without those on lines of code.",
    parameters=[REPOSITORY],
)
def sync_issue_comments(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page."""
    changes, response, further = changed(context, f"/repos/{args[0]}/issues/comments")
    rows = [{**row, "issue_number": _last_part(row["issue_url"])} for row in response.body]
    return changes.page(of_repository(args[0], rows), response, next_page=further)


@pack.add_sync_table(
    name="ReviewComments",
    identity_name="ReviewComment",
    schema=schemas.REVIEW_COMMENT,
    description="Comments on lines of code of pull requests.",
    parameters=[REPOSITORY],
)
def sync_review_comments(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page."""
    changes, response, further = changed(context, f"/repos/{args[0]}/pulls/comments")
    rows = [
        {**row, "pull_request_number": _last_part(row["pull_request_url"])} for row in response.body
    ]
    return changes.page(of_repository(args[0], rows), response, next_page=further)


@pack.add_sync_table(
    name="Commits",
    identity_name="Commit",
    schema=schemas.COMMIT,
    description="Commits of the default branch.",
    parameters=[REPOSITORY],
)
@full_sync_when_expired(404)
@nothing_where(409, "is empty")
def sync_commits(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page: of the history of the branch's last commit, or of what is new in it."""
    feed = ChangeFeed(context)
    page = history if feed.position is None else new_commits
    return page(context, str(args[0]), feed)


@pack.add_sync_table(
    name="WorkflowRuns",
    identity_name="WorkflowRun",
    schema=schemas.WORKFLOW_RUN,
    description="Runs of GitHub Actions; one that was run again is still one row.",
    parameters=[REPOSITORY],
)
def sync_workflow_runs(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page, the newest first, back to the oldest run that may have changed."""
    changes = TimeCursor(context, overlap_seconds=RUN_MAY_CHANGE_DAYS * 86_400)
    place: Place = changes.next_page or {}
    created = f"<={place['time']}" if place else None
    path = f"/repos/{args[0]}/actions/runs"
    response = get(context, path, created=created, per_page=PAGE_SIZE, page=place.get("page"))
    rows = response.body["workflow_runs"]
    done = changes.is_reached(rows, "created_at")
    further = None if done else next_place(rows, "created_at", response, place, ascending=False)
    return changes.page(of_repository(args[0], rows), response, next_page=further)


@pack.add_sync_table(
    name="Releases",
    identity_name="Release",
    schema=schemas.RELEASE,
    description="Releases; drafts too, if the account may see them.",
    parameters=[REPOSITORY],
)
def sync_releases(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page."""
    response = whole_list(context, f"/repos/{args[0]}/releases")
    return whole_list_page(of_repository(args[0], response.body), response)


@pack.add_sync_table(
    name="Milestones",
    identity_name="Milestone",
    schema=schemas.MILESTONE,
    description="Milestones, open and closed ones.",
    parameters=[REPOSITORY],
)
@nothing_where(410, "disabled")
def sync_milestones(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page; none of a repository without issues."""
    response = whole_list(context, f"/repos/{args[0]}/milestones", state="all")
    return whole_list_page(of_repository(args[0], response.body), response)


@pack.add_sync_table(
    name="Labels",
    identity_name="Label",
    schema=schemas.LABEL,
    description="Labels that issues and pull requests may have.",
    parameters=[REPOSITORY],
)
def sync_labels(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page."""
    response = whole_list(context, f"/repos/{args[0]}/labels")
    return whole_list_page(of_repository(args[0], response.body), response)


@pack.add_sync_table(
    name="Collaborators",
    identity_name="Collaborator",
    schema=schemas.COLLABORATOR,
    description="Who may do what in a repository, for repositories to which the account may push.",
    parameters=[REPOSITORY],
)
@nothing_where(403, "push access")
def sync_collaborators(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page; none of a repository whose collaborators GitHub does not tell this account."""
    response = whole_list(context, f"/repos/{args[0]}/collaborators")
    return whole_list_page(of_repository(args[0], response.body), response)


def _last_part(url: str) -> int:
    """The number at the end of the URL of an issue or pull request."""
    return int(url.rpartition("/")[2])
