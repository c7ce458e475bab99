"""The pack against the fake: what is particular to this service."""

import pytest

from pack_sdk import get_query_params
from pack_sdk.testing import SyncedRows, execute_sync_table

from ..pack import pack
from .fake import StripeFake, make_fake


def _increment(service: StripeFake, table: str, before: SyncedRows) -> SyncedRows:
    return execute_sync_table(pack, table, fetcher=service, previous_completion=before.completion)


def test_a_changed_object_is_read_as_it_is_now() -> None:
    """What its events say is of an older version of the API, and of another moment."""
    service = make_fake(1)
    full = execute_sync_table(pack, "Customers", fetcher=service)
    service.world.advance(hours=1)
    customers = service.world.collections["customer"]
    for _ in range(120):  # on more than one page of events
        customers.update(service.world.random, "cus_2", service.world.clock.now)
    changed = _increment(service, "Customers", full)
    found = customers.get("cus_2")
    assert found is not None
    assert changed.rows == [found.fields]
    assert sum(request.url.endswith("/customers/cus_2") for request in service.requests) == 1


@pytest.mark.parametrize(("table", "kind"), [("Customers", "customer"), ("Invoices", "invoice")])
def test_what_is_deleted(table: str, kind: str) -> None:
    """Of customers a stub is left, invoices are not found; one may be new as well."""
    service = make_fake(1)
    collection = service.world.collections[kind]
    new = collection.insert(service.world.random, service.world.clock.now)
    full = execute_sync_table(pack, table, fetcher=service)
    old = collection.items()[0]
    assert {old.id, new.id} <= set(full.ids)
    service.world.advance(seconds=5)
    for each in (old, new):
        collection.delete(each.id, service.world.clock.now)
    changed = _increment(service, table, full)
    assert set(changed.deleted_row_ids) == {old.id, new.id}
    assert changed.rows == []


def test_what_is_new_is_listed() -> None:
    """So that a hundred new objects take one request."""
    service = make_fake(1)
    full = execute_sync_table(pack, "Charges", fetcher=service)
    service.world.advance(hours=1)
    charges = service.world.collections["charge"]
    made = [charges.insert(service.world.random, service.world.clock.now) for _ in range(5)]
    before = len(service.requests)
    assert set(_increment(service, "Charges", full).ids) == {item.id for item in made}
    assert len(service.requests) == before + 2


def test_a_dispute_changes_its_charge() -> None:
    """Events of a charge's disputes are about the dispute."""
    service = make_fake(1)
    full = execute_sync_table(pack, "Charges", fetcher=service)
    service.world.advance(hours=1)
    service.world.collections["dispute"].update(
        service.world.random, "du_1", service.world.clock.now
    )
    assert _increment(service, "Charges", full).ids == ["ch_1"]


def test_after_more_than_thirty_days() -> None:
    """Events are gone, and a full sync follows."""
    service = make_fake(1)
    full = execute_sync_table(pack, "Prices", fetcher=service)
    service.world.advance(days=31)
    again = execute_sync_table(
        pack,
        "Prices",
        fetcher=service,
        clock=service.world.clock,
        previous_completion=full.completion,
    )
    assert again.has_incomplete_results


def test_events_end() -> None:
    """Old ones are in no list, and stay until the next full sync, as the page says."""
    service = make_fake(1)
    full = execute_sync_table(pack, "Events", fetcher=service)
    service.world.advance(days=20)
    changed = _increment(service, "Events", full)
    service.world.advance(days=20)
    later = _increment(service, "Events", changed)
    assert (changed.rows, later.rows, later.deleted_row_ids) == ([], [], [])
    assert execute_sync_table(pack, "Events", fetcher=service).rows == []


def test_invoice_items_are_read_as_a_whole() -> None:
    """Stripe has events for new and deleted ones, and none for changes."""
    service = make_fake(1)
    synced = execute_sync_table(pack, "InvoiceItems", fetcher=service)
    assert len(synced.rows) == len(service.world.collections["invoiceitem"])
    assert synced.completion is None


def test_all_is_read_in_one_version() -> None:
    """Whatever version the account has; and subscriptions that have ended are asked for."""
    service = make_fake(1)
    execute_sync_table(pack, "Subscriptions", fetcher=service)
    for request in service.requests:
        assert request.headers["Stripe-Version"] == "2026-10-28.endive"
        assert get_query_params(request.url)["status"] == "all"
