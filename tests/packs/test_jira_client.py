"""`jira`, a client for Python with incomplete types, reads from our fake what our pack reads."""

from collections.abc import Sequence
from typing import Any

import pytest
from jira import JIRA

from pack_sdk.testing import FakeService, execute_sync_table
from pack_sync.check.fakes import find_fake
from pack_sync.runtimes.loader import load_pack, pack_folder
from tests.packs.requests_adapter import FakeAdapter


@pytest.fixture
def service() -> FakeService:
    """A site whose issues, comments and worklogs have been there for a while."""
    return find_fake("jira", load_pack("jira"), pack_folder("jira"))(3)


@pytest.fixture
def client(service: FakeService) -> Any:
    """The client, of the version of the API that the pack uses."""
    options = {"server": service.endpoint, "rest_api_version": "3"}
    made: Any = JIRA(options=options, token_auth="t", get_server_info=False)
    made._version = (1001, 0, 0)
    made.deploymentType = "Cloud"
    made._session.mount("https://", FakeAdapter(service))
    return made


def _synced(service: FakeService, table: str, **values: Any) -> Sequence[Any]:
    return execute_sync_table(
        load_pack("jira"),
        table,
        values,
        fetcher=service,
        endpoint=service.endpoint,
        clock=service.world.clock,
    ).rows


def _raw(resources: Any) -> dict[str, Any]:
    return {str(each.raw["id"]): each.raw for each in resources}


def test_issues_and_what_is_attached_to_them(service: FakeService, client: Any) -> None:
    """By the same search; the client follows the tokens by itself."""
    issues = client.enhanced_search_issues(
        'updated >= "1970/01/01 00:00" ORDER BY created ASC', maxResults=0
    )
    theirs, mine = _raw(issues), _synced(service, "Issues")
    assert {row["id"] for row in mine} == set(theirs)
    for row in mine:
        for name in ("summary", "status", "assignee", "customfield_10020"):
            assert row["fields"][name] == theirs[row["id"]]["fields"][name]
    comments = {row["id"]: row for row in _synced(service, "Comments")}
    read = [each for key in theirs for each in client.comments(key, max_results=3)]
    assert {each.id for each in read} <= set(comments)
    assert len(read) > len(comments) / 2
    for each in read:
        assert comments[each.id].items() >= each.raw.items()
    worklogs = {row["id"]: row for row in _synced(service, "Worklogs")}
    logged = _raw(each for key in theirs for each in client.worklogs(key))
    assert set(logged) <= set(worklogs)
    assert all(worklogs[key].items() >= each.items() for key, each in logged.items())


def test_boards_and_sprints(service: FakeService, client: Any) -> None:
    """Of each board that has some."""
    boards = _raw(client.boards(maxResults=0))
    assert {str(row["id"]) for row in _synced(service, "Boards")} == set(boards)
    for board in (1, 4):
        sprints = _raw(client.sprints(board, maxResults=0))
        mine = {
            str(row["id"]): row
            for row in _synced(service, "Sprints", board=board, board_type="scrum")
        }
        assert set(mine) == set(sprints)
        assert all(mine[key].items() >= each.items() for key, each in sprints.items())


def test_fields_and_the_user(service: FakeService, client: Any) -> None:
    """What the columns of issues and the times of searches are made of."""
    named = {each["name"] for each in client.fields() if each["custom"]}
    assert {"Severity", "Story Points"} <= named
    assert client.myself()["timeZone"] == "Australia/Sydney"
    assert service.unknown == []
