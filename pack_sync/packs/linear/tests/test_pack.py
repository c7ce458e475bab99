"""The pack against the fake: what is particular to this service."""

import json
from typing import Any

import pytest

from pack_sdk import FetchError, FetchResponse
from pack_sdk.testing import StatusCode, execute_sync_table
from pack_sdk.testing.faults import failing
from pack_sdk.testing.fetcher import MockFetcher

from ..pack import pack
from .fake import LinearFake, make_fake
from .rows import identifier

LIMITED = {"errors": [{"message": "Rate limit exceeded", "extensions": {"code": "RATELIMITED"}}]}


def _sync(service: LinearFake, table: str, after: Any = None) -> Any:
    options = {} if after is None else {"previous_completion": after.completion}
    return execute_sync_table(pack, table, fetcher=service, clock=service.world.clock, **options)


def _delete(service: LinearFake, name: str, *, for_good: bool) -> Any:
    """The id of an object that is deleted."""
    objects = service.objects(name)
    while (objects.version + 1) % 4 != (0 if for_good else 1):
        objects.update(service.world.random, objects.items()[-1].id, service.world.clock.now)
    return objects.delete(objects.items()[0].id, service.world.clock.now).id


def test_what_is_in_the_trash_is_deleted() -> None:
    """Of issues an increment says it, of projects they are not there."""
    service = make_fake(1)
    full = _sync(service, "Issues")
    service.world.advance(hours=1)
    issue = _delete(service, "issues", for_good=False)
    project = _delete(service, "projects", for_good=False)
    service.world.advance(hours=1)
    assert _sync(service, "Issues", full).deleted_row_ids == [issue]
    assert project not in _sync(service, "Projects").ids


def test_what_is_archived_stays_and_says_so() -> None:
    """Also if `updatedAt` does not change by it."""
    service = make_fake(1)
    full = _sync(service, "Issues")
    service.world.advance(hours=1)
    before = {row["id"]: row["updatedAt"] for row in full.rows}
    issues = service.objects("issues")
    for number in range(1, 12):
        issues.update(service.world.random, identifier("issues", number), service.world.clock.now)
    changed = _sync(service, "Issues", full)
    archived = [row for row in changed.rows if row["archivedAt"]]
    assert archived
    assert all(row["updatedAt"] == before[row["id"]] for row in archived)
    assert changed.deleted_row_ids == []


def test_an_issue_that_is_deleted_for_good_is_told_by_full_syncs_alone() -> None:
    """Nothing is left of it, nor of a comment: so the page says that it stays until then."""
    service = make_fake(1)
    full = {table: _sync(service, table) for table in ("Issues", "Comments")}
    service.world.advance(hours=1)
    for table, name in (("Issues", "issues"), ("Comments", "comments")):
        gone = _delete(service, name, for_good=True)
        changed = _sync(service, table, full[table])
        assert gone not in {*changed.ids, *changed.deleted_row_ids}
        assert gone not in _sync(service, table).ids


def test_after_30_days_the_trash_is_empty() -> None:
    """What was deleted since then is told no more: a full sync follows."""
    service = make_fake(1)
    full = _sync(service, "Issues")
    service.world.advance(days=29)
    assert not _sync(service, "Issues", full).has_incomplete_results
    service.world.advance(days=1)
    assert _sync(service, "Issues", full).has_incomplete_results


def test_an_archived_team_is_not_there() -> None:
    """Linear is about to delete it; a user who leaves stays."""
    service = make_fake(1)
    team = service.objects("teams").delete(identifier("teams", 1), service.world.clock.now)
    user = service.objects("users").delete(identifier("users", 1), service.world.clock.now)
    assert team.id not in _sync(service, "Teams").ids
    left = next(row for row in _sync(service, "Users").rows if row["id"] == user.id)
    assert not left["active"]


def test_limits() -> None:
    """They are told in the body, with a status of 400."""
    assert pack.rate_limits is not None
    is_limited = pack.rate_limits.is_limited
    assert is_limited is not None
    assert is_limited(FetchResponse(status=400, body=LIMITED)) == 60
    headers = {"retry-after": "7"}
    assert is_limited(FetchResponse(status=400, body=LIMITED, headers=headers)) is True
    assert is_limited(FetchResponse(status=400, body={"errors": [{"message": "No"}]})) is None
    assert is_limited(FetchResponse(status=502, body="<html>")) is None


def test_errors_with_some_of_the_data_are_errors() -> None:
    """GraphQL answers with a status of 200 all the same."""
    service = make_fake(1)
    body: Any = {"data": {"issues": None}, "errors": [{"message": "Entity not found"}]}
    service.faults = [failing({2}, StatusCode(200, body))]
    with pytest.raises(FetchError, match=r"^Linear answered with an error: Entity not found$"):
        _sync(service, "Issues")


def test_a_page_that_does_not_say_where_it_ends() -> None:
    """There is more, and nobody can ask for it."""
    place = {"hasNextPage": True, "endCursor": None}
    answer: Any = {"data": {"teams": {"nodes": [], "pageInfo": place}}}
    with pytest.raises(FetchError, match="does not say where"):
        execute_sync_table(pack, "Teams", fetcher=MockFetcher(answer))


def test_an_increment_asks_for_what_changed_at_the_cursor_or_after() -> None:
    """It goes back by five minutes."""
    service = make_fake(1)
    full = _sync(service, "Comments")
    _sync(service, "Comments", full)
    asked = json.loads(service.requests[-1].body or "")
    assert asked["variables"]["filter"] == {"updatedAt": {"gte": "2024-12-31T23:55:00.000Z"}}
