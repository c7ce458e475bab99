"""PyGithub reads from our fake of GitHub what our pack reads."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from github import Auth, Github
from github.Requester import Requester

from pack_sdk import parse_time
from pack_sdk.fetching import FetchRequest
from pack_sdk.testing import FakeService, execute_sync_table
from pack_sync.check.fakes import find_fake
from pack_sync.runtimes.loader import load_pack, pack_folder

NAME = "acme/project1"


class Answer:
    """What the client reads of an answer."""

    def __init__(self, service: FakeService, url: str, headers: dict[str, str]) -> None:
        found = service.respond(FetchRequest(url=f"https://api.github.com{url}", headers=headers))
        self.status, self.headers = found.status, found.headers
        self._text = json.dumps(found.body)

    def getheaders(self) -> Iterable[tuple[str, str]]:
        """As `http.client.HTTPResponse`."""
        return self.headers.items()

    def read(self) -> str:
        """The body."""
        return self._text


@pytest.fixture
def service() -> Iterator[FakeService]:
    """A fake that answers the client's requests."""
    made = find_fake("github", load_pack("github"), pack_folder("github"))(3)

    class Connection:
        host = "api.github.com"

        def __init__(self, *_: Any, **__: Any) -> None:
            pass

        def request(self, verb: str, url: str, _: Any, headers: dict[str, str], *__: Any) -> None:
            assert verb == "GET"
            self._answer = Answer(made, url, headers)

        def getresponse(self) -> Answer:
            return self._answer

        def close(self) -> None:
            pass

    connection: Any = Connection
    Requester.injectConnectionClasses(connection, connection)
    yield made
    Requester.resetConnectionClasses()


def _client() -> Github:
    return Github(auth=Auth.Token("t"), seconds_between_requests=0, per_page=100)


def test_repositories(service: FakeService) -> None:
    synced = execute_sync_table(load_pack("github"), "Repositories", fetcher=service)
    listed = _client().get_user().get_repos(sort="created", direction="asc")
    assert [(each.id, each.full_name, each.pushed_at) for each in listed] == [
        (row["id"], row["full_name"], parse_time(row["pushed_at"])) for row in synced.rows
    ]


def test_what_a_repository_has(service: FakeService) -> None:
    """Page by page, by the client's own paging; it has pull requests among the issues, too."""
    repository = _client().get_repo(NAME)
    issues = [i for i in repository.get_issues(state="all") if "/issues/" in i.html_url]
    every: dict[str, tuple[Iterable[Any], Sequence[str]]] = {
        "Issues": (issues, ("number", "title", "state", "updated_at", "closed_at")),
        "PullRequests": (repository.get_pulls(state="all"), ("number", "title", "merged_at")),
        "IssueComments": (repository.get_issues_comments(), ("body", "updated_at")),
        "ReviewComments": (repository.get_pulls_comments(), ("body", "path", "original_line")),
        "Commits": (repository.get_commits(), ("html_url",)),
        "WorkflowRuns": (repository.get_workflow_runs(), ("status", "run_attempt", "created_at")),
        "Releases": (repository.get_releases(), ("tag_name", "published_at")),
        "Milestones": (repository.get_milestones(state="all"), ("title", "due_on")),
        "Labels": (repository.get_labels(), ("name", "color")),
        "Collaborators": (repository.get_collaborators(), ("login", "role_name")),
    }
    pack = load_pack("github")
    for table, (listed, names) in every.items():
        key = "sha" if table == "Commits" else "id"
        synced = execute_sync_table(pack, table, {"repository": NAME}, fetcher=service)
        rows = {row[key]: [_typed(name, row[name]) for name in names] for row in synced.rows}
        assert rows, table
        assert {getattr(each, key): [getattr(each, name) for name in names] for each in listed} == (
            rows
        )


def _typed(name: str, value: Any) -> Any:
    return parse_time(value) if name.endswith(("_at", "_on")) else value


def test_new_commits(service: FakeService) -> None:
    """What the client compares is what an increment brings."""
    pack, parameters = load_pack("github"), {"repository": NAME}
    before = execute_sync_table(pack, "Commits", parameters, fetcher=service)
    commits = service.world.collections["commits"]
    while len(commits) < 60:
        commits.insert(service.world.random, service.world.clock.now)
    after = execute_sync_table(
        pack, "Commits", parameters, fetcher=service, previous_completion=before.completion
    )
    repository = _client().get_repo(NAME)
    compared = repository.compare(before.ids[0], repository.get_commits()[0].sha)
    assert compared.status == "ahead"
    assert [each.sha for each in compared.commits] == after.ids
    assert len(after.ids) > 5
