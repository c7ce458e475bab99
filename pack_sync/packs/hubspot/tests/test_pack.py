"""The pack against the fake: what is particular to this service."""

from typing import Any

import pytest

from pack_sdk import FetchResponse, UserVisibleError
from pack_sdk.testing import ServiceRequest, execute_sync_table, make_context
from pack_sdk.testing.collection import Item

from ..pack import list_objects, object_name, pack
from .fake import INDEX_LAG, HubSpotFake, make_fake


def _sync(service: HubSpotFake, table: str, completion: Any = None, **given: Any) -> Any:
    url = service.dynamic_urls.get(table)
    more: dict[str, Any] = {"dynamic_url": url} if url else {}
    if completion:
        more["previous_completion"] = completion
    return execute_sync_table(
        pack, table, given, fetcher=service, clock=service.world.clock, **more
    )


def _change(service: HubSpotFake, kind: str, item: Item) -> None:
    service.records[kind].update(service.world.random, item.id, service.world.clock.now)


def test_columns_are_the_properties_of_the_account() -> None:
    """Of their own types; one that is called as a column that every record has is renamed."""
    full = _sync(make_fake(1), "Deals")
    columns = {name: each.hint or each.type for name, each in full.table.schema.properties.items()}
    assert columns["amount"] == "currency"
    assert columns["closed_on"] == "date"
    assert columns["reminded_at"] == "datetime"
    assert columns["is_hot"] == "boolean"
    assert columns["url"] == "url"
    assert columns["property_url"] == "string"
    assert full.table.schema.display_property == "dealname"
    assert full.rejected == []


def test_a_moment_in_milliseconds_is_a_moment() -> None:
    """As the API has some of them."""
    service = make_fake(1)
    row = _sync(service, "Deals").rows[0]
    raw = service.records["deals"].items()[0].fields["reminded_at"]
    assert raw.isdigit()
    assert row["properties"]["reminded_at"].endswith("Z")


def test_what_the_search_finds_late_is_not_missed() -> None:
    """A change is found some time after it happened, and by then a sync has been."""
    service = make_fake(1)
    full = _sync(service, "Contacts")
    service.world.advance(hours=2)
    changed = service.records["contacts"].items()[3]
    _change(service, "contacts", changed)
    service.world.advance(INDEX_LAG / 2)
    early = _sync(service, "Contacts", full.completion)
    assert changed.id not in early.ids
    service.world.advance(INDEX_LAG)
    assert changed.id in _sync(service, "Contacts", early.completion).ids


def test_a_record_comes_as_it_is_now() -> None:
    """The search knows an earlier version of it, or one that is archived since."""
    service = make_fake(1)
    full = _sync(service, "Deals")
    service.world.advance(hours=2)
    first, second = service.records["deals"].items()[:2]
    _change(service, "deals", first)
    _change(service, "deals", second)
    service.world.advance(INDEX_LAG * 1.5)
    _change(service, "deals", first)
    service.faults = [_archive_before_the_search(service, second.id)]
    changed = _sync(service, "Deals", full.completion)
    assert [row["properties"]["dealname"] for row in changed.rows] == ["Number 1++"]
    assert second.id in changed.deleted_row_ids


def _archive_before_the_search(service: HubSpotFake, row_id: str) -> Any:
    def fault(request: ServiceRequest, _number: int, make: Any) -> FetchResponse:
        deals = service.records["deals"]
        if request.url.endswith("/search") and deals.get(row_id):
            deals.delete(row_id, service.world.clock.now)
        return make()

    return fault


def test_records_that_were_merged_are_deleted() -> None:
    """They are in no list; the record that they are part of names them."""
    service = make_fake(1)
    full = _sync(service, "Companies")
    service.world.advance(hours=2)
    first, second = full.ids[:2]
    new = service.merge("companies", first, second)
    service.world.advance(hours=2)
    changed = _sync(service, "Companies", full.completion)
    assert changed.ids == [new]
    assert set(changed.deleted_row_ids) == {first, second}


def test_a_record_that_was_merged_just_now_brings_the_one_that_it_is_part_of() -> None:
    """The search finds the old one, whose id the service answers with the new one."""
    service = make_fake(1)
    full = _sync(service, "Companies")
    service.world.advance(hours=2)
    first, second = full.ids[:2]
    service.records["companies"].update(service.world.random, first, service.world.clock.now)
    service.world.advance(INDEX_LAG * 1.5)
    new = service.merge("companies", first, second)
    changed = _sync(service, "Companies", full.completion)
    assert changed.ids == [new]
    assert first in changed.deleted_row_ids


def test_ids_are_compared_as_numbers() -> None:
    """Some have two digits, others three."""
    service = make_fake(1)
    full = _sync(service, "Tickets")
    service.world.advance(hours=2)
    for item in service.records["tickets"].items():
        _change(service, "tickets", item)
    service.world.advance(hours=2)
    assert {len(row_id) for row_id in full.ids} == {2, 3}
    assert _sync(service, "Tickets", full.completion).ids == full.ids


def test_a_search_in_another_order_fails() -> None:
    """Its pages would leave out records."""
    service = make_fake(1)
    full = _sync(service, "Tickets")
    service.world.advance(hours=2)
    for item in service.records["tickets"].items():
        _change(service, "tickets", item)
    service.world.advance(hours=2)

    def shuffled(request: ServiceRequest, _number: int, make: Any) -> FetchResponse:
        answer = make()
        if request.url.endswith("/search"):
            answer.body["results"].reverse()
        return answer

    service.faults = [shuffled]
    with pytest.raises(UserVisibleError, match="another order"):
        _sync(service, "Tickets", full.completion)


def test_the_blind_spots_are_the_services() -> None:
    """Neither a deletion for good nor a calculated value is told; a full sync corrects both."""
    service = make_fake(1)
    full = _sync(service, "Contacts")
    service.world.advance(hours=2)
    lost = service.records["contacts"].items()[4]
    service.records["contacts"].delete(lost.id, service.world.clock.now)
    service.deleted_for_good.add(lost.id)
    service.days_open = 4
    service.world.advance(hours=2)
    changed = _sync(service, "Contacts", full.completion)
    assert (changed.rows, list(changed.deleted_row_ids)) == ([], [])
    again = _sync(service, "Contacts").applied_to()
    assert lost.id not in again
    assert {row["properties"]["days_open"] for row in again.values()} == {"4"}


def test_owners_who_are_gone_are_there() -> None:
    """Records still name them."""
    service = make_fake(1)
    gone = service.owners.items()[2]
    service.owners.delete(gone.id, service.world.clock.now)
    rows = _sync(service, "Owners").applied_to()
    assert len(rows) == 9
    assert rows[gone.id]["archived"] is True


def test_only_pairs_that_are_asked_for() -> None:
    """And a pair that is none is told."""
    service = make_fake(1)
    rows = _sync(service, "Associations", pairs=["deals/contacts"]).rows
    assert {(row["from_type"], row["to_type"]) for row in rows} == {("deals", "contacts")}
    with pytest.raises(UserVisibleError, match="'deals' is no pair"):
        _sync(service, "Associations", pairs=["deals"])


def test_custom_objects_can_be_chosen() -> None:
    """By their plural names, beside further types of the service's own."""
    service = make_fake(1)
    chosen = list_objects(make_context(service))
    names = [each["display"] for each in chosen]
    assert names == ["Cars", "Line items", "Products", "Quotes"]
    for url, name in zip((each["value"] for each in chosen), names, strict=True):
        assert object_name(make_context(service, dynamic_url=url)) == name


@pytest.mark.parametrize(("policy", "seconds"), [("SECONDLY", "1.0"), ("DAILY", "3600.0")])
def test_a_limit_is_waited_for_as_long_as_it_lasts(policy: str, seconds: str) -> None:
    """HubSpot says which one it is."""
    body = {"status": "error", "errorType": "RATE_LIMIT", "policyName": policy}
    told = pack.rate_limits.in_usual_words(FetchResponse(status=429, headers={}, body=body))
    assert told.headers["retry-after"] == seconds
