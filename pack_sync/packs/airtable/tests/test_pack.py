"""The pack against the fake: what is particular to this service."""

from collections.abc import Callable
from typing import Any

from pack_sdk.testing import ServiceRequest, SyncedRows, execute_sync_table

from ..pack import pack
from .fake import API, BASE, TABLE, AirtableFake, make_fake

URL = f"{API}/{BASE}/{TABLE}"


def _records(service: AirtableFake, completion: Any = None) -> SyncedRows:
    return execute_sync_table(
        pack, "Records", fetcher=service, dynamic_url=URL, previous_completion=completion
    )


def test_an_increment_brings_what_was_made_or_modified() -> None:
    """And not what has long been there."""
    service = make_fake(1)
    full = _records(service)
    service.world.advance(hours=1)
    made = service.world.step("insert")
    changed = _records(service, full.completion)
    assert changed.ids == [change.item.id for change in made if change.collection == "records"]


def test_the_blind_spots_are_the_services() -> None:
    """The formula brings no deletions, restored records or computed values; a full sync does."""
    service = make_fake(1)
    gone = service.records.items()[-1].id
    service.records.delete(gone, service.world.clock.now)
    full = _records(service)
    service.world.advance(hours=1)
    service.records.undelete(gone, service.world.clock.now)
    service.records.delete(full.ids[0], service.world.clock.now)
    service.compute()
    changed = _records(service, full.completion)
    assert (changed.rows, changed.deleted_row_ids) == ([], [])
    again = _records(service).applied_to()
    assert full.ids[0] not in again
    assert gone in again
    assert all(row["fields"]["fldStock"] != 3 for row in again.values())


def test_a_list_that_the_service_has_forgotten_is_begun_again() -> None:
    """As when a sync goes on a day later."""
    service = make_fake(1)

    def forget(_request: ServiceRequest, number: int, make: Callable[[], Any]) -> Any:
        if number == 4:
            service.world.expire_tokens()
        return make()

    service.faults = [forget]
    full = _records(service)
    assert len(full.rows) > len(service.records)
    assert set(full.applied_to()) == {item.id for item in service.records}


def test_columns_are_made_of_fields() -> None:
    """Names that differ by case alone are told apart; no result of a formula is no value."""
    full = _records(make_fake(1))
    properties = full.table.schema.properties or {}
    assert {"record_id", "Title", "title 2", "Stock"} <= set(properties)
    assert full.rejected == []
    assert "fldPrice" not in full.rows[3]["fields"]
