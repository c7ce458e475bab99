"""Stripe's own client reads from our fake of Stripe what our pack reads."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import stripe

from pack_sdk.fetching import FetchRequest
from pack_sdk.testing import FakeService, execute_sync_table
from pack_sync.check.fakes import find_fake
from pack_sync.packs.stripe.pack import VERSION
from pack_sync.packs.stripe.tables import TABLES, Table
from pack_sync.runtimes.loader import load_pack, pack_folder


class FakeHttp(stripe.HTTPClient):
    """What the client sends its requests by, answered by a fake."""

    name = "fake"

    def __init__(self, service: FakeService) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self.service = service
        self.versions: set[str] = set()

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """As `stripe.HTTPClient` has it."""
        assert (method.upper(), post_data) == ("GET", None)
        self.versions.add((headers or {})["Stripe-Version"])
        answer = self.service.respond(FetchRequest(url=url))
        return json.dumps(answer.body), answer.status, answer.headers

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def http() -> FakeHttp:
    """The fake that answers the client."""
    pack = load_pack("stripe")
    return FakeHttp(find_fake("stripe", pack, pack_folder("stripe"))(3))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_list(http: FakeHttp, table: Table) -> None:
    """All pages, by the client's own paging; one object by its id."""
    client = stripe.StripeClient("sk_test_1", http_client=http).v1
    service: Any = getattr(client, table.path.replace("invoiceitems", "invoice_items"))
    listed = service.list({"limit": 3, **table.query}).auto_paging_iter()
    found = {each.id: each.to_dict() for each in listed}
    synced = execute_sync_table(load_pack("stripe"), table.name, fetcher=http.service)
    rows = {row["id"]: row for row in synced.rows}
    assert found.keys() == rows.keys()
    assert len(rows) > 3
    if table.name != "Events":
        first = synced.ids[0]
        assert service.retrieve(first).id == first


def test_the_version_is_one_that_the_client_knows(http: FakeHttp) -> None:
    """The columns are those of that version."""
    stripe.StripeClient("sk_test_1", http_client=http).v1.charges.list()
    assert http.versions == {VERSION}


def test_what_is_deleted(http: FakeHttp) -> None:
    """The client sees a stub of a customer, and an error for an invoice."""
    client = stripe.StripeClient("sk_test_1", http_client=http).v1
    world = http.service.world
    for kind, row_id in (("customer", "cus_1"), ("invoice", "in_1")):
        world.collections[kind].delete(row_id, world.clock.now)
    assert client.customers.retrieve("cus_1").deleted
    with pytest.raises(stripe.InvalidRequestError, match="No such invoice") as refused:
        client.invoices.retrieve("in_1")
    assert refused.value.code == "resource_missing"


def test_events_of_some_types(http: FakeHttp) -> None:
    """As the pack asks for them: by a group of types, or by several."""
    client = stripe.StripeClient("sk_test_1", http_client=http).v1
    refunds = client.events.list({"types": ["refund.created"], "limit": 100})
    assert {event.type for event in refunds.data} == {"refund.created"}
    disputes = client.events.list({"type": "charge.dispute.*", "limit": 100})
    assert {event.type for event in disputes.data} == {"charge.dispute.created"}
