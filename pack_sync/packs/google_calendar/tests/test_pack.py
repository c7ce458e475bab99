"""The pack against the fake: what is particular to this service."""

from pack_sdk.testing import execute_sync_table

from ..pack import pack
from .fake import make_fake

CALENDAR = "team1@group.calendar.google.com"


def test_a_token_brings_changes_and_deletions() -> None:
    """A cancelled instance of a recurring event is a row, any other cancelled event is deleted."""
    service = make_fake(1)
    full = execute_sync_table(pack, "Events", {"calendar": CALENDAR}, fetcher=service)
    for item in service.events.items():
        if item.fields["calendar"] == CALENDAR:
            service.events.delete(item.id, service.world.clock.now)
    changed = execute_sync_table(
        pack,
        "Events",
        {"calendar": CALENDAR},
        fetcher=service,
        previous_completion=full.completion,
    )
    assert {*changed.ids, *changed.deleted_row_ids} == set(full.ids)
    assert all(row["status"] == "cancelled" for row in changed.rows)
    assert all("recurringEventId" in row for row in changed.rows)


def test_an_expired_token_leads_to_a_full_sync() -> None:
    """410 is no failure (https://developers.google.com/workspace/calendar/api/guides/sync)."""
    service = make_fake(1)
    full = execute_sync_table(pack, "Calendars", fetcher=service)
    service.world.expire_tokens()
    again = execute_sync_table(
        pack, "Calendars", fetcher=service, previous_completion=full.completion
    )
    assert again.has_incomplete_results


def test_rules_of_others_calendars_are_none() -> None:
    """The service refuses them with 403, and the sync does not fail."""
    service = make_fake(1)
    found = [
        execute_sync_table(pack, "AclRules", {"calendar": item.id}, fetcher=service).ids
        for item in service.calendars
    ]
    assert [bool(ids) for ids in found] == [
        item.fields["accessRole"] == "owner" for item in service.calendars
    ]
