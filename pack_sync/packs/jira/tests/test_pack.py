"""The pack against the fake: what is particular to this service."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pack_sdk import Fetcher, SyncExecutionContext
from pack_sdk.testing import SyncedRows, discover_choices, execute_sync_table

from ..documents import plain_text
from ..issue_columns import issue_schema
from ..pack import list_sites, pack
from ..service import in_zone
from .fake import ENDPOINT, JiraFake, make_fake
from .rows import FIELDS, SITE

REPEATED_HOUR = datetime(2025, 4, 5, 15, tzinfo=UTC)
"""From then on clocks in Sydney show the hour after two a first time, an hour later again."""


def _sync(service: JiraFake, table: str, completion: Any = None, **values: Any) -> SyncedRows:
    return execute_sync_table(
        pack,
        table,
        values,
        fetcher=service,
        endpoint=ENDPOINT,
        clock=service.world.clock,
        previous_completion=completion,
    )


@pytest.mark.parametrize("fold", [0, 1])
def test_no_change_is_missed_in_an_hour_that_comes_twice(fold: int) -> None:
    """Whichever of the two Jira takes a time for."""
    service = make_fake(1)
    service.repeated_hour_fold = fold
    service.world.clock.now = REPEATED_HOUR + timedelta(minutes=20)
    full = _sync(service, "Issues")
    service.world.advance(minutes=5)
    service.issues.update(service.world.random, "10003", service.world.clock.now)
    service.world.advance(hours=2)
    assert _sync(service, "Issues", full.completion).ids == ["10003"]


def test_times_are_those_of_the_users_zone() -> None:
    """A minute that comes twice becomes the last one before."""
    assert in_zone(REPEATED_HOUR - timedelta(seconds=1), "Australia/Sydney") == "2025/04/06 01:59"
    assert in_zone(REPEATED_HOUR, "Australia/Sydney") == "2025/04/06 01:59"
    assert in_zone(REPEATED_HOUR + timedelta(hours=1.5), "Australia/Sydney") == "2025/04/06 01:59"
    assert in_zone(REPEATED_HOUR + timedelta(hours=2), "Australia/Sydney") == "2025/04/06 03:00"
    assert in_zone(REPEATED_HOUR, "UTC") == "2025/04/05 15:00"


def test_deletions_of_issues_and_comments_are_not_told() -> None:
    """By an increment; a full sync does."""
    service = make_fake(1)
    before = {table: _sync(service, table) for table in ("Issues", "Comments")}
    service.world.advance(hours=1)
    service.issues.delete("10003", service.world.clock.now)
    gone = before["Comments"].ids[0]
    service.comments.delete(gone, service.world.clock.now)
    for table, full in before.items():
        assert not _sync(service, table, full.completion).deleted_row_ids
    assert "10003" not in _sync(service, "Issues").ids
    assert gone not in _sync(service, "Comments").ids


def test_deletions_of_worklogs_are_told() -> None:
    """But not of those that went with their issue, which the fake names in no list."""
    service = make_fake(1)
    full = _sync(service, "Worklogs")
    service.world.advance(hours=1)
    service.worklogs.delete(full.ids[0], service.world.clock.now)
    service.world.advance(minutes=5)
    changed = _sync(service, "Worklogs", full.completion)
    assert changed.ids == []
    assert list(changed.deleted_row_ids) == [full.ids[0]]
    for _ in range(9):
        service.world.step("delete")
    service.world.advance(minutes=5)
    told = set(_sync(service, "Worklogs", changed.completion).deleted_row_ids)
    assert service.jira.gone_with_issue
    assert told.isdisjoint(service.jira.gone_with_issue)


def test_worklogs_that_changed_a_moment_ago_are_in_a_full_sync() -> None:
    """Though the list has them only after a minute."""
    service = make_fake(1)
    changed = service.worklogs.items()[3]
    service.worklogs.update(service.world.random, changed.id, service.world.clock.now)
    assert changed.id in _sync(service, "Worklogs").ids


def test_all_comments_of_an_issue_are_read() -> None:
    """A search shows the first ones of each."""
    service = make_fake(1)
    for number in range(9):
        fields = {"id": f"{29_000 + number}", "issue": "10003", "text": "Me too"}
        service.comments.insert(service.world.random, service.world.clock.now, fields)
    found = _sync(service, "Comments")
    assert len(set(found.ids)) == len(found.ids) == service.row_counts()["Comments"]
    row = next(row for row in found.rows if row["id"] == "29008")
    assert row["text"] == "Me too\n@Ada"
    assert row["page_url"].endswith(f"/browse/{row['issue_key']}?focusedCommentId=29008")


def test_custom_fields_are_columns_by_their_names() -> None:
    """The second of two that differ by case alone has its id behind it; the rank is left out."""
    full = _sync(make_fake(1), "Issues")
    columns = full.table.schema.properties
    assert {"Severity", "severity (customfield_10032)", "Story Points", "Sprint"} <= set(columns)
    assert "Rank" not in columns
    assert list(issue_schema(FIELDS[::-1]).properties) == list(columns)
    fields = full.rows[0]["fields"]
    assert fields["customfield_10033"] == "Noted\n@Ada"
    assert full.rows[0]["page_url"] == f"{SITE}/browse/{full.rows[0]['key']}"


def test_sprints_of_boards_that_have_none() -> None:
    """A kanban board is not asked; a simple one refuses where its team has not enabled them."""
    service = make_fake(1)
    assert _sync(service, "Sprints", board=2, board_type="kanban").rows == []
    assert not service.requests
    assert _sync(service, "Sprints", board=3, board_type="simple").rows == []
    assert _sync(service, "Sprints", board=1, board_type="scrum").rows != []


def test_the_endpoint_is_chosen_among_the_sites_of_the_consent() -> None:
    """By the gateway, which takes OAuth's tokens."""
    context = SyncExecutionContext(fetcher=Fetcher(make_fake(1)))
    assert list_sites(context) == [{"display": f"your-domain ({SITE})", "value": ENDPOINT}]


def test_projects_are_suggested_for_boards() -> None:
    """By their keys."""
    choices = discover_choices(
        pack, "Boards", "project", fetcher=make_fake(1), search="Project 16", endpoint=ENDPOINT
    )
    assert [choice.value for choice in choices] == ["P16"]


def test_a_text_that_is_no_document_stays() -> None:
    """And cards are the addresses that they lead to."""
    card = {"type": "inlineCard", "attrs": {"url": "https://example.com"}}
    document = {"type": "doc", "content": [{"type": "paragraph", "content": [card]}]}
    assert [plain_text(each) for each in (document, "as it is", None)] == [
        "https://example.com",
        "as it is",
        None,
    ]
