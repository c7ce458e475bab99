"""The pack against the fake: what is particular to this service."""

from collections.abc import Callable

import pytest

from pack_sdk import FetchResponse, StatusCodeError
from pack_sdk.testing import ServiceRequest, StatusCode, discover_choices, execute_sync_table
from pack_sdk.testing.fake_service import Fault
from pack_sdk.testing.faults import failing

from ..pack import pack
from .fake import GitHubFake, make_fake

REPOSITORY = {"repository": "acme/project1"}


def test_no_issue_is_passed_over_that_moves_while_pages_are_read() -> None:
    """The first page's rows go to the end: what follows moves up by a page."""
    service = make_fake(1)
    service.faults = [_touch_issues(service)]
    expected = {i.id for i in service.world.collections["issues"] if i.fields["_repository"] == 1}
    found = execute_sync_table(pack, "Issues", REPOSITORY, fetcher=service)
    assert set(found.ids) == expected
    assert len(service.requests) > 1


def test_more_changes_within_a_second_than_fit_on_a_page() -> None:
    """Then pages go on by number."""
    service = make_fake(1)
    issues, now = service.world.collections["issues"], service.world.clock.now
    for item in list(issues):
        issues.update(service.world.random, item.id, now)
    for _ in range(40):
        issues.insert(service.world.random, now)
    expected = {item.id for item in issues if item.fields["_repository"] == 1}
    assert len(expected) > 12
    found = execute_sync_table(pack, "Issues", REPOSITORY, fetcher=service)
    assert set(found.ids) == expected


def test_an_old_run_that_is_run_again() -> None:
    """It is no more the newest, and has changed."""
    service = make_fake(1)
    full = execute_sync_table(pack, "WorkflowRuns", REPOSITORY, fetcher=service)
    oldest = full.ids[-1]
    service.world.advance(days=29)
    runs = service.world.collections["runs"]
    runs.update(service.world.random, oldest, service.world.clock.now)
    again = execute_sync_table(
        pack, "WorkflowRuns", REPOSITORY, fetcher=service, previous_completion=full.completion
    )
    assert oldest in again.ids


def test_a_branch_that_was_rewritten_is_read_anew() -> None:
    """Commits that are gone are told by nothing else."""
    service = make_fake(1)
    full = execute_sync_table(pack, "Commits", REPOSITORY, fetcher=service)
    commits = service.world.collections["commits"]
    first = next(item for item in commits if item.fields["_repository"] == 1)
    commits.delete(first.id, service.world.clock.now)
    again = execute_sync_table(
        pack, "Commits", REPOSITORY, fetcher=service, previous_completion=full.completion
    )
    assert again.has_incomplete_results


def test_a_repository_without_commits() -> None:
    """GitHub answers with 409, and the sync does not fail."""
    service = make_fake(1)
    commits = service.world.collections["commits"]
    for item in list(commits):
        commits.delete(item.id, service.world.clock.now)
    assert execute_sync_table(pack, "Commits", REPOSITORY, fetcher=service).rows == []


def test_collaborators_are_not_told_to_everybody() -> None:
    """What a token lacks is an error all the same."""
    service = make_fake(1)
    other = {"repository": "acme/project3"}
    assert execute_sync_table(pack, "Collaborators", other, fetcher=service).rows == []
    lacking = StatusCode(403, {"message": "Resource not accessible by personal access token"})
    service.faults = [failing(range(99), lacking)]
    with pytest.raises(StatusCodeError):
        execute_sync_table(pack, "Collaborators", other, fetcher=service)


def test_organizations_are_suggested() -> None:
    """Those of the account; the repositories of one are listed."""
    service = make_fake(1)
    choices = discover_choices(pack, "Repositories", "organization", fetcher=service)
    assert [choice.value for choice in choices] == ["acme"]
    synced = execute_sync_table(pack, "Repositories", {"organization": "acme"}, fetcher=service)
    assert synced.ids == [item.id for item in service.repositories]


def test_a_pull_request_that_is_hidden_is_told_by_full_syncs_alone() -> None:
    """So the page says that it stays until then."""
    service = make_fake(1)
    full = execute_sync_table(pack, "PullRequests", REPOSITORY, fetcher=service)
    service.world.collections["pulls"].delete(full.ids[0], service.world.clock.now)
    changed = execute_sync_table(
        pack, "PullRequests", REPOSITORY, fetcher=service, previous_completion=full.completion
    )
    assert full.ids[0] not in {*changed.ids, *changed.deleted_row_ids}


def _touch_issues(service: GitHubFake) -> Fault:
    """After the first answer each issue in it changes."""

    def fault(
        _request: ServiceRequest, number: int, make: Callable[[], FetchResponse]
    ) -> FetchResponse:
        response = make()
        if number == 1:
            service.world.advance(minutes=1)
            for row in response.body:
                if "pull_request" not in row:
                    service.world.collections["issues"].update(
                        service.world.random, row["id"], service.world.clock.now
                    )
        return response

    return fault
