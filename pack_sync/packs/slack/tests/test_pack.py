"""The pack against the fake: what is particular to this service."""

from typing import Any

import pytest

from pack_sdk import UserVisibleError
from pack_sdk.testing import execute_sync_table

from ..pack import pack
from .fake import SlackFake, make_fake


def _sync(service: SlackFake, table: str, **more: Any) -> Any:
    given = {"channel": "C1"} if table in {"Messages", "Replies"} else {}
    return execute_sync_table(
        pack, table, given, fetcher=service, clock=service.world.clock, **more
    )


@pytest.mark.parametrize("table", ["Messages", "Replies"])
def test_recent_days_are_read_again(table: str) -> None:
    """What was edited comes, and what is gone is deleted, though nothing says so."""
    service = make_fake(1)
    full = _sync(service, table)
    collection = service.messages if table == "Messages" else service.replies
    service.world.advance(hours=5)
    plain = [
        key for key in full.ids if not any(i.fields["thread_ts"] == key for i in service.replies)
    ]
    edited, gone = plain[:2]
    collection.update(service.world.random, edited, service.world.clock.now)
    collection.delete(gone, service.world.clock.now)
    changed = _sync(service, table, previous_completion=full.completion)
    assert {row["ts"]: row["text"][-1] for row in changed.rows}[edited] == "!"
    assert list(changed.deleted_row_ids) == [gone]


def test_older_days_are_not() -> None:
    """Neither read nor deleted, and the cursor forgets them."""
    service = make_fake(1)
    full = _sync(service, "Messages")
    service.world.advance(days=8)
    changed = _sync(service, "Messages", previous_completion=full.completion)
    assert set(changed.ids) == set(full.ids)  # of the seven days before the first sync
    last = _sync(service, "Messages", previous_completion=changed.completion)
    assert (last.rows, list(last.deleted_row_ids)) == ([], [])
    assert last.completion.incremental_continuation["known"] == {}


def test_a_channel_that_the_app_has_left_has_no_messages() -> None:
    """Its rows go with a full sync, which finds none."""
    service = make_fake(1)
    full = _sync(service, "Messages")
    while service.channels.items()[0].fields["is_member"]:
        service.channels.update(service.world.random, "C1", service.world.clock.now)
    assert _sync(service, "Messages", previous_completion=full.completion).has_incomplete_results
    assert _sync(service, "Messages").rows == []


def test_an_error_with_a_status_of_200_fails_the_sync() -> None:
    """`"ok": false` is an error, whatever the status."""
    service = make_fake(1)
    service.error = "invalid_auth"
    with pytest.raises(UserVisibleError, match="invalid_auth"):
        _sync(service, "Channels")


def test_times_keep_their_digits() -> None:
    """A `ts` is an identifier: as a number it would lose its last digits."""
    row = _sync(make_fake(1), "Messages").rows[0]
    assert row["posted_at"].endswith("+00:00")
    assert row["ts"].partition(".")[2] == row["posted_at"].partition(".")[2][:6]
