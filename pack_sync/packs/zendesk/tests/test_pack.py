"""The pack against the fake: what is particular to this service."""

import pytest

from pack_sdk.testing import execute_sync_table

from ..pack import pack
from .fake import BASE_URL, make_fake


def test_what_is_younger_than_a_minute_comes_later() -> None:
    """And is not passed over: the cursor stays behind it."""
    service = make_fake(1)
    full = execute_sync_table(pack, "Tickets", fetcher=service, endpoint=BASE_URL)
    service.world.step("insert", "update")
    service.world.advance(seconds=30)
    before = execute_sync_table(
        pack,
        "Tickets",
        fetcher=service,
        endpoint=BASE_URL,
        previous_completion=full.completion,
    )
    assert before.rows == []
    service.world.advance(seconds=30)
    changed = execute_sync_table(
        pack,
        "Tickets",
        fetcher=service,
        endpoint=BASE_URL,
        previous_completion=before.completion,
    )
    assert len(changed.rows) == 2


@pytest.mark.parametrize("table", ["Tickets", "Users", "Organizations", "TicketMetricEvents"])
def test_deleted_rows_are_told(table: str) -> None:
    """Each export says so in a way of its own; a full sync leaves them out."""
    service = make_fake(1)
    full = execute_sync_table(pack, table, fetcher=service, endpoint=BASE_URL)
    service.world.step("delete", "delete")
    service.world.advance(minutes=5)
    changed = execute_sync_table(
        pack, table, fetcher=service, endpoint=BASE_URL, previous_completion=full.completion
    )
    assert len(changed.deleted_row_ids) >= 2
    again = execute_sync_table(pack, table, fetcher=service, endpoint=BASE_URL)
    assert set(again.applied_to()) == set(changed.applied_to(full.applied_to()))


def test_comments_are_read_from_the_log_of_events() -> None:
    """Other events of a ticket are none."""
    service = make_fake(1)
    rows = execute_sync_table(pack, "TicketComments", fetcher=service, endpoint=BASE_URL).rows
    assert {row["type"] for row in rows} == {"Comment"}
    assert len({row["id"] for row in rows}) == service.row_counts()["TicketComments"] > 0
    assert all(row["ticket_id"] for row in rows)
