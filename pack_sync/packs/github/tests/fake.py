"""GitHub without a network: https://docs.github.com/en/rest."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pack_sdk.fetching import FetchResponse
from pack_sdk.testing import FakeService, ServiceRequest, StatusCode, World
from pack_sdk.testing.collection import ChangeKind, Collection, Fields, Item
from pack_sdk.testing.listing import next_link_header, numbered_page, with_query

from .git import Histories
from .rows import COLLECTIONS, REPOSITORIES, make_repository, revise_repository, text, within

PAGE_SIZE = 5
"""Far below what GitHub gives, so that there are many pages."""

API = "https://api.github.com"


def make_fake(seed: int) -> "GitHubFake":
    """The service with three repositories."""
    return GitHubFake(seed)


class GitHubWorld(World):
    """A world in which pull requests are never deleted.

    Of all things there are always two thirds to four thirds as many as at first: where one more or
    less is too much, another changes instead.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.histories = Histories()

    def _change(self, collection: Collection, kind: ChangeKind) -> Item | None:
        name, size = collection.name, len(collection)
        first = REPOSITORIES if name == "repositories" else COLLECTIONS[name][2]
        if name == "repositories" and kind == "insert":
            made = len(collection.items(deleted=True))
            kind = "undelete" if made > REPOSITORIES else kind  # others would have nothing in them
        too_few = kind == "delete" and (name == "pulls" or size <= first * 2 / 3)
        too_many = kind in ("insert", "undelete") and size >= first * 4 / 3
        return super()._change(collection, "update" if too_few or too_many else kind)

    def expire_tokens(self) -> bool:
        """Forget commits that are in no branch: what is compared with them is not found."""
        heads = [self.head(number) for number in range(1, REPOSITORIES + 2)]
        self.histories.forget_all_but(heads)
        return False

    def head(self, repository: int) -> str | None:
        """The last commit of a repository's branch."""
        items = [i for i in self.collections["commits"] if i.fields["_repository"] == repository]
        return self.histories.head(items)


class GitHubFake(FakeService):
    """Lists in pages that are counted, with a `Link` to the next one, and an `ETag`."""

    def __init__(self, seed: int) -> None:
        self.github = GitHubWorld(seed)
        super().__init__(self.github, API)
        self.shifting_pages = True  # of repositories, releases, milestones, labels, collaborators
        self.repositories = self.world.add(
            "repositories", make_repository, revise_repository, count=REPOSITORIES
        )
        for name, (make, revise, count) in COLLECTIONS.items():
            self.world.add(name, within(make), revise, count=count)
        self.route("GET", "/user")(_always({"id": 7, "login": "ada"}))
        self.route("GET", "/user/orgs")(_always([{"id": 5, "login": "acme"}]))
        self.route("GET", "/user/repos")(self._list_repositories)
        self.route("GET", "/orgs/{organization}/repos")(self._list_repositories)
        self._add("", lambda repository, _: _shown(repository))
        self._add("/issues", self._list_issues)
        self._add("/pulls", self._list_pull_requests)
        self._add("/issues/comments", self._changed("issue_comments"))
        self._add("/pulls/comments", self._changed("review_comments"))
        self._add("/commits", self._list_commits)
        self._add("/compare/{basehead}", self._compare)
        self._add("/actions/runs", self._list_runs)
        self._add("/collaborators", self._list_collaborators)
        for name in ("releases", "milestones", "labels"):
            self._add(f"/{name}", self._listed(name))

    def row_counts(self) -> Mapping[str, int]:
        """How many rows the tables of the pack should have."""
        there = [_number(item) for item in self.repositories]
        pushable = [_number(item) for item in self.repositories if _may_push(item)]
        tables = {
            "Issues": "issues",
            "PullRequests": "pulls",
            "IssueComments": "issue_comments",
            "ReviewComments": "review_comments",
            "Commits": "commits",
            "WorkflowRuns": "runs",
            "Releases": "releases",
            "Milestones": "milestones",
            "Labels": "labels",
        }
        counts = {
            table: sum(len(self._of(name, number)) for number in there)
            for table, name in tables.items()
        }
        collaborators = sum(len(self._of("collaborators", number)) for number in pushable)
        return {"Repositories": len(there), **counts, "Collaborators": collaborators}

    def answer(self, request: ServiceRequest) -> Any:
        """With an `ETag`; 304 to who has that version already."""
        reply = super().answer(request)
        if isinstance(reply, StatusCode):
            return reply
        headers = dict(reply.headers) if isinstance(reply, FetchResponse) else {}
        body = reply.body if isinstance(reply, FetchResponse) else reply
        digest = hashlib.sha256(json.dumps([body, headers]).encode()).hexdigest()
        headers["etag"] = f'W/"{digest[:32]}"'
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return FetchResponse(status=304, headers=headers, body="")
        return FetchResponse(status=200, headers=headers, body=body)

    def _add(self, path: str, respond: Callable[[Item, ServiceRequest], Any]) -> None:
        """Answer what is below a repository; 404 where it is not there."""

        def answer(request: ServiceRequest) -> Any:
            name = f"{request.path['owner']}/{request.path['repo']}"
            found = next((i for i in self.repositories if i.fields["full_name"] == name), None)
            return (
                StatusCode(404, {"message": "Not Found"})
                if found is None
                else respond(found, request)
            )

        self.route("GET", "/repos/{owner}/{repo}" + path)(answer)

    def _of(self, name: str, repository: int) -> list[Item]:
        return [i for i in self.world.collections[name] if i.fields["_repository"] == repository]

    def _list_repositories(self, request: ServiceRequest) -> Any:
        assert request.query["sort"] == "created"
        rows = [_shown(item) for item in self.repositories]
        return _page(request, rows if request.query["direction"] == "asc" else rows[::-1])

    def _list_issues(self, repository: Item, request: ServiceRequest) -> Any:
        """Pull requests are issues as well."""
        number = _number(repository)
        pulls = [(item, _as_issue(item)) for item in self._of("pulls", number)]
        issues = [(item, _shown(item)) for item in self._of("issues", number)]
        return _page(request, _in_order(request, [*issues, *pulls]))

    def _list_pull_requests(self, repository: Item, request: ServiceRequest) -> Any:
        assert "since" not in request.query, "there is no such filter"
        pulls = [(item, _shown(item)) for item in self._of("pulls", _number(repository))]
        return _page(request, _in_order(request, pulls))

    def _changed(self, name: str) -> Callable[[Item, ServiceRequest], Any]:
        def respond(repository: Item, request: ServiceRequest) -> Any:
            rows = [(item, _shown(item)) for item in self._of(name, _number(repository))]
            return _page(request, _in_order(request, rows, state="all"))

        return respond

    def _listed(self, name: str) -> Callable[[Item, ServiceRequest], Any]:
        def respond(repository: Item, request: ServiceRequest) -> Any:
            rows = [_shown(item) for item in self._of(name, _number(repository))]
            return _page(request, rows)

        return respond

    def _list_collaborators(self, repository: Item, request: ServiceRequest) -> Any:
        if not _may_push(repository):
            message = "Must have push access to view repository collaborators."
            return StatusCode(403, {"message": message})
        return self._listed("collaborators")(repository, request)

    def _list_runs(self, repository: Item, request: ServiceRequest) -> Any:
        """The newest first; `created` is a filter in the syntax of searches."""
        found = [_shown(item) for item in self._of("runs", _number(repository))]
        wanted = request.query.get("created")
        if wanted:
            until = re.fullmatch(r"<=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)", wanted)
            assert until, wanted
            found = [row for row in found if row["created_at"] <= until[1]]
        found.sort(key=lambda row: (row["created_at"], row["id"]), reverse=True)
        return _page(request, found, "workflow_runs")

    def _list_commits(self, repository: Item, request: ServiceRequest) -> Any:
        head = self.github.head(_number(repository))
        if head is None:
            return StatusCode(409, {"message": "Git Repository is empty."})
        return _page(request, self.github.histories.before(request.query.get("sha", head)))

    def _compare(self, _repository: Item, request: ServiceRequest) -> Any:
        base, _, head = request.path["basehead"].partition("...")
        old, new = (self.github.histories.before(sha) for sha in (base, head))
        if not old or not new:
            return StatusCode(404, {"message": "Not Found"})
        known, wanted = ({each["sha"] for each in commits} for commits in (old, new))
        ahead = [each for each in new[::-1] if each["sha"] not in known]
        behind = len(known - wanted)
        status = "diverged" if ahead and behind else "behind" if behind else "ahead"
        answer = _page(request, ahead)
        body: dict[str, Any] = {
            "status": status if ahead or behind else "identical",
            "ahead_by": len(ahead),
            "behind_by": behind,
            "total_commits": len(ahead),
            "base_commit": old[0],
            "commits": answer.body,
            "files": [],
        }
        return FetchResponse(status=200, headers=answer.headers, body=body)


def _always(reply: Any) -> Callable[[ServiceRequest], Any]:
    return lambda _: reply


def _number(repository: Item) -> int:
    return repository.number


def _may_push(repository: Item) -> bool:
    return bool(repository.fields["permissions"]["push"])


def _shown(item: Item) -> Fields:
    fields = {key: value for key, value in item.fields.items() if not key.startswith("_")}
    times = {"created_at": text(item.created_at), "updated_at": text(item.updated_at)}
    return {**fields, **times, "pushed_at": text(item.created_at)}


def _as_issue(item: Item) -> Fields:
    only_here = {"head", "base", "merged_at", "merge_commit_sha", "requested_reviewers"}
    fields = {key: value for key, value in _shown(item).items() if key not in only_here}
    return {**fields, "pull_request": {"merged_at": item.fields["merged_at"]}}


def _in_order(
    request: ServiceRequest, rows: Sequence[tuple[Item, Fields]], state: str = "open"
) -> list[Fields]:
    """Filtered by `state` and `since`, and sorted; without a word as GitHub does."""
    query = request.query
    state, since = query.get("state", state), query.get("since", "")
    found = [row for _, row in rows if row["updated_at"] >= since]
    found = [row for row in found if state in ("all", row.get("state"))]
    key = f"{query.get('sort', 'created')}_at"
    found.sort(key=lambda row: (row[key], row["id"]), reverse=query.get("direction") != "asc")
    return found


def _page(request: ServiceRequest, rows: Sequence[Fields], name: str = "") -> FetchResponse:
    number = int(request.query.get("page", 1))
    size = min(int(request.query.get("per_page", 30)), PAGE_SIZE)
    page = numbered_page(rows, number, size)
    headers = next_link_header(with_query(request.url, page=number + 1) if page.more else None)
    body = {"total_count": page.total, name: page.items} if name else page.items
    return FetchResponse(status=200, headers=headers, body=body)
