"""The pack against the fake: what is particular to this service."""

import pytest

from pack_sdk import StatusCodeError
from pack_sdk.testing import execute_sync_table

from ..pack import pack
from .fake import make_fake


@pytest.mark.parametrize("table", ["People", "OtherContacts", "ContactGroups"])
def test_an_expired_token_leads_to_a_full_sync(table: str) -> None:
    """It is known by its reason: the status, 400, is that of any wrong request."""
    service = make_fake(1)
    full = execute_sync_table(pack, table, fetcher=service)
    service.world.expire_tokens()
    again = execute_sync_table(pack, table, fetcher=service, previous_completion=full.completion)
    assert again.has_incomplete_results


def test_a_wrong_request_is_an_error() -> None:
    """A token that was given for other parameters is refused with 400 too, and is no reason."""
    service = make_fake(1)
    people = execute_sync_table(pack, "People", fetcher=service)
    with pytest.raises(StatusCodeError, match="400"):
        execute_sync_table(
            pack, "OtherContacts", fetcher=service, previous_completion=people.completion
        )


def test_a_person_that_is_called_otherwise_is_one_row() -> None:
    """https://developers.google.com/people/api/rest/v1/people#PersonMetadata."""
    service = make_fake(1)
    full = execute_sync_table(pack, "People", fetcher=service)
    for _ in range(9):
        service.world.step("late")
    changed = execute_sync_table(
        pack, "People", fetcher=service, previous_completion=full.completion
    )
    assert set(changed.deleted_row_ids) & set(full.ids)
    held = changed.applied_to(full.applied_to())
    assert set(held) == {item.fields["resourceName"] for item in service.people}


def test_changes_need_nothing_of_the_quota_of_first_pages() -> None:
    """What is beyond it is refused with 429, by which the engine makes a pause."""
    service = make_fake(1)
    service.first_pages_left = 1
    full = execute_sync_table(pack, "People", fetcher=service)
    execute_sync_table(pack, "People", fetcher=service, previous_completion=full.completion)
    with pytest.raises(StatusCodeError, match="429"):
        execute_sync_table(pack, "People", fetcher=service)


def test_the_primary_values_are_columns() -> None:
    """The second e-mail address is the primary one."""
    row = execute_sync_table(pack, "People", fetcher=make_fake(1)).rows[0]
    assert row["email"] == "ada1@example.com"
    assert row["organization"]["name"] == "Analytical Engines"
    assert row["birthday"] == {"month": 12, "day": 10}
