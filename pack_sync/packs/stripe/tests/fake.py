"""Stripe without a network: https://docs.stripe.com/api."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import islice, takewhile
from typing import Any

from pack_sdk.testing import FakeService, ServiceRequest, StatusCode, World
from pack_sdk.testing.collection import Change, ChangeKind, Collection, Fields, Item

from .rows import DELETABLE, FIXED, PATHS, maker, revise

PAGE_SIZE = 5
"""Far below what Stripe gives, so that there are many pages."""

EVENTS_PAGE_SIZE = 50
FEWEST, MOST, MOST_FIXED = 8, 14, 56
KEPT = timedelta(days=30)

_SUFFIXES = {
    "insert": "created", "update": "updated", "late": "updated", "delete": "deleted",
}  # fmt: skip
_TOPICS = {"subscription": "customer.subscription", "dispute": "charge.dispute"}


def make_fake(seed: int) -> "StripeFake":
    """The service with some objects of each kind."""
    return StripeFake(seed)


class StripeWorld(World):
    """A world in which what is deleted never comes back, and most objects are never deleted.

    Of each kind there are always `FEWEST` to `MOST`: where one more or less is too much, another
    changes instead.
    """

    def _change(self, collection: Collection, kind: ChangeKind) -> Item | None:
        size = len(collection)
        if collection.name in FIXED:
            grows = kind == "insert" and size < MOST_FIXED
            return super()._change(collection, kind) if grows else None
        may_shrink = collection.name in DELETABLE and size > FEWEST
        if {"insert": size < MOST, "delete": may_shrink, "undelete": False}.get(kind, True):
            return super()._change(collection, kind)
        return super()._change(collection, "update")

    def expire_tokens(self) -> bool:
        """There are none but times; what ends is the log of events."""
        return False


class StripeFake(FakeService):
    """Lists, the newest first, with `starting_after`, and the events of the last 30 days."""

    def __init__(self, seed: int) -> None:
        super().__init__(StripeWorld(seed), "https://api.stripe.com/v1")
        for kind, path in PATHS.items():
            self.world.add(kind, maker(kind), revise, count=12)
            self._add(kind, path)
        self.route("GET", "/events")(self._list_events)
        self._events: list[Fields] = []
        self._read: dict[str, int] = dict.fromkeys(PATHS, 0)

    def row_counts(self) -> Mapping[str, int]:
        """How many rows the tables of the pack should have."""
        tables = ["Customers", "Products", "Prices", "Subscriptions", "Invoices", "InvoiceItems",
                  "Charges", "Refunds", "Payouts", "BalanceTransactions", "Disputes"]  # fmt: skip
        counts = {
            table: len(self.world.collections[kind])
            for table, kind in zip(tables, PATHS, strict=True)
        }
        return {**counts, "Events": sum(1 for _ in self.kept_events())}

    def kept_events(self) -> Iterator[Fields]:
        """The events of the last 30 days, the newest first."""
        for kind, collection in self.world.collections.items():
            if new := collection.log[self._read[kind] :]:
                self._events += [event for change in new for event in _events(change)]
                self._events.sort(key=_created)
                self._read[kind] = collection.version
        oldest = (self.world.clock.now - KEPT).timestamp()
        return takewhile(lambda event: event["created"] >= oldest, reversed(self._events))

    def _add(self, kind: str, path: str) -> None:
        collection = self.world.collections[kind]

        def list_objects(request: ServiceRequest) -> Any:
            newest_first = sorted(
                collection, key=lambda item: (item.created_at, item.number), reverse=True
            )
            rows = [item.fields for item in newest_first]
            if kind == "subscription":
                assert request.query.get("status") == "all", "those that have ended are left out"
            return _listed(request, rows, PAGE_SIZE, f"/v1/{path}")

        def get_object(request: ServiceRequest) -> Any:
            row_id = request.path["id"]
            found = collection.get(row_id)
            if found is not None:
                return found.fields
            if kind in ("customer", "product"):  # a stub is left
                return {"id": row_id, "object": kind, "deleted": True}
            return _missing(404, kind, row_id)

        self.route("GET", f"/{path}")(list_objects)
        self.route("GET", f"/{path}/{{id}}")(get_object)

    def _list_events(self, request: ServiceRequest) -> Any:
        query = request.query
        wanted = query.get("type", "*")
        types = [value for name, value in query.items() if name.startswith("types[")]
        rows = (
            event
            for event in self.kept_events()
            if (event["type"] in types if types else _fits(event["type"], wanted))
        )
        return _listed(request, rows, EVENTS_PAGE_SIZE, "/v1/events")


def _events(change: Change) -> list[Fields]:
    """What Stripe notes of a change: nothing of most that happens to items of invoices."""
    item, kind = change.item, change.collection
    if kind in FIXED or (kind == "invoiceitem" and _SUFFIXES[change.kind] == "updated"):
        return []
    before = {"metadata": {"plan": "before"}}
    event_type = f"{_TOPICS.get(kind, kind)}.{_SUFFIXES[change.kind]}"
    return [
        {
            "id": f"evt_{kind}_{item.version}",
            "object": "event",
            "api_version": "2020-08-27",
            "created": int(item.updated_at.timestamp()),
            "type": event_type,
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": f"req_{item.version}", "idempotency_key": None},
            # In another version of the API, and as the object was then.
            "data": {
                "object": {**item.fields, "name": "as of then"},
                "previous_attributes": before if event_type.endswith("updated") else None,
            },
        }
    ]


def _fits(event_type: str, wanted: str) -> bool:
    return event_type.startswith(wanted[:-1]) if wanted.endswith("*") else event_type == wanted


def _created(row: Fields) -> int:
    return int(row["date"] if row["object"] == "invoiceitem" else row["created"])


def _listed(request: ServiceRequest, rows: Iterable[Fields], most: int, path: str) -> Any:
    """A page of rows that come with the newest first."""
    query, following = request.query, iter(rows)
    after, since = query.get("starting_after"), int(query.get("created[gte]", 0))
    if after and all(row["id"] != after for row in following):
        return _missing(400, "object", after)
    size = min(int(query.get("limit", 10)), most)
    found = list(islice(takewhile(lambda row: _created(row) >= since, following), size + 1))
    return {"object": "list", "url": path, "has_more": len(found) > size, "data": found[:size]}


def _missing(status: int, kind: str, row_id: str) -> StatusCode:
    error = {
        "code": "resource_missing",
        "message": f"No such {kind}: '{row_id}'",
        "param": "id",
        "type": "invalid_request_error",
    }
    return StatusCode(status, {"error": error})
