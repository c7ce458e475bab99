"""The pack against the fake: what is particular to this service."""

from pack_sdk.testing import execute_sync_table

from ..pack import pack
from .fake import make_fake


def test_the_log_brings_changes_and_removals() -> None:
    """A file that was moved into a shared drive is gone from the account's own, without a word."""
    service = make_fake(1)
    full = execute_sync_table(pack, "Files", fetcher=service)
    for _ in range(30):
        service.world.step("late", "delete", "insert")
    changed = execute_sync_table(
        pack, "Files", fetcher=service, previous_completion=full.completion
    )
    assert len(changed.pages) > 1
    held = changed.applied_to(full.applied_to())
    there = [item for item in service.files if item.fields.get("driveId") is None]
    assert set(held) == {item.id for item in there}
    assert {row["name"] for row in held.values()} == {item.fields["name"] for item in there}


def test_the_log_begins_before_the_list() -> None:
    """What changes while the list is read is in the next increment."""
    service = make_fake(1)
    full = execute_sync_table(pack, "Files", fetcher=service)
    assert "startPageToken" in service.requests[0].url
    assert "/files?" in service.requests[1].url
    assert full.cursor["position"] == service.answers[0].body["startPageToken"]


def test_a_place_that_is_refused_leads_to_a_full_sync() -> None:
    """Of each shared drive by itself."""
    service = make_fake(1)
    drive = {"drive": service.drives.items()[0].id}
    full = execute_sync_table(pack, "SharedDriveFiles", drive, fetcher=service)
    service.world.expire_tokens()
    again = execute_sync_table(
        pack, "SharedDriveFiles", drive, fetcher=service, previous_completion=full.completion
    )
    assert again.has_incomplete_results
