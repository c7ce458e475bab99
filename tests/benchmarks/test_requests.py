"""The requests of ready packs are counted as their services count them."""

import httpx
import pytest

from benchmarks.airbyte_requests import served
from benchmarks.requests_asked import asked
from pack_sync.check.fakes import find_fake
from pack_sync.runtimes.loader import load_pack, pack_folder


@pytest.mark.parametrize(("name", "table"), [("github", "Repositories"), ("stripe", "Customers")])
def test_a_quiet_week_costs_nothing_where_the_service_has_etags(name: str, table: str) -> None:
    """GitHub answers 304 to all of it; Stripe has no ETags and counts all."""
    found = asked(name, [table], changes=2)
    assert found.full == found.quiet > 0
    assert found.counted == (0 if name == "github" else found.quiet)


def test_a_fake_is_served_for_the_address_that_was_asked_for() -> None:
    """And keeps the request, so that it can be counted."""
    service = find_fake("stripe", load_pack("stripe"), pack_folder("stripe"))(1)
    with served(service) as url:
        asked_for = "https://api.stripe.com/v1/customers"
        answer = httpx.get(url, headers={"X-Asked": asked_for})
    assert answer.json()["object"] == "list"
    assert [request.url for request in service.requests] == [asked_for]
