"""Zendesk without a network: https://developer.zendesk.com/api-reference/ticketing."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from pack_sdk.testing import FakeService, ServiceRequest, StatusCode, World
from pack_sdk.testing.collection import Collection, Fields, Item
from pack_sdk.testing.listing import seal, unseal

from .rows import (
    BASE_URL,
    make_event,
    make_metric_event,
    make_organization,
    make_ticket,
    make_user,
    revise_name,
    revise_ticket,
    revise_user,
    time,
)

PAGE_SIZE = 7
"""Far below the service's 1,000."""

SETTLED_AFTER = timedelta(minutes=1)
"""What is younger is in no export yet."""


def make_fake(seed: int) -> "ZendeskFake":
    """The service with some tickets."""
    return ZendeskFake(seed)


class EventLog(Collection):
    """Rows that are written once: who looks for one to change finds none."""

    def items(self, *, deleted: bool = False) -> list[Item]:
        """The rows in their order."""
        return [] if deleted else super().items()


class ZendeskWorld(World):
    """A world whose exports begin anew never: cursors do not expire."""

    def expire_tokens(self) -> bool:
        """Nothing could."""
        return False


class ZendeskFake(FakeService):
    """Exports by cursor and by time, of what is older than a minute."""

    def __init__(self, seed: int) -> None:
        super().__init__(ZendeskWorld(seed), BASE_URL)
        self.endpoint = BASE_URL
        world = self.world
        self.tickets = world.add("tickets", make_ticket, revise_ticket, count=25)
        self.users = world.add("users", make_user, revise_user, count=15)
        self.organizations = world.add("organizations", make_organization, revise_name, count=9)
        self.metric_events = world.add("metric_events", make_metric_event, count=18)
        self.comments = EventLog("comments", make_event)
        world.collections["comments"] = self.comments
        for hours in range(15, 0, -1):
            self.comments.insert(world.random, world.clock.now - timedelta(hours=hours))
        self.route("GET", "/api/v2/users/me.json")(self._show_me)
        exports = "/api/v2/incremental"
        self.route("GET", f"{exports}/tickets/cursor.json")(self._export_tickets)
        self.route("GET", f"{exports}/users/cursor.json")(self._export_users)
        self.route("GET", f"{exports}/organizations.json")(self._export_organizations)
        self.route("GET", f"{exports}/ticket_events.json")(self._export_events)
        self.route("GET", f"{exports}/ticket_metric_events.json")(self._export_metric_events)

    def row_counts(self) -> Mapping[str, int]:
        """How many rows the tables of the pack should have."""
        comments = [_comments(item) for item in self._settled(self.comments.items())]
        return {
            "Tickets": len(self._settled(self.tickets.items())),
            "Users": len(self._settled(self.users.items())),
            "Organizations": len(self._settled(self.organizations.items())),
            "TicketComments": sum(map(len, comments)),
            "TicketMetricEvents": len(self._settled(self.metric_events.items())),
        }

    def _show_me(self, _request: ServiceRequest) -> Any:
        return {"user": {"id": 1, "name": "Ada", "email": "ada@example.com"}}

    def _export_tickets(self, request: ServiceRequest) -> Any:
        return self._by_cursor(request, self.tickets, "tickets", _ticket)

    def _export_users(self, request: ServiceRequest) -> Any:
        return self._by_cursor(request, self.users, "users", _user)

    def _export_organizations(self, request: ServiceRequest) -> Any:
        items = self.organizations.items(deleted=True)
        return self._by_time(request, items, "organizations", _organization)

    def _export_events(self, request: ServiceRequest) -> Any:
        with_comments = request.query.get("include") == "comment_events"
        shown = partial(_event, with_comments=with_comments)
        return self._by_time(request, self.comments.items(), "ticket_events", shown)

    def _export_metric_events(self, request: ServiceRequest) -> Any:
        """Without `include_changes` an event comes when it has occurred, and never again."""
        changes = request.query.get("include_changes") == "true"
        items = self.metric_events.items(deleted=True)
        moment = _changed if changes else _made
        return self._by_time(request, items, "ticket_metric_events", _metric_event, moment)

    def _settled(self, items: Sequence[Item]) -> list[Item]:
        return [i for i in items if i.updated_at <= self.world.clock.now - SETTLED_AFTER]

    def _by_cursor(
        self,
        request: ServiceRequest,
        collection: Collection,
        key: str,
        shown: Callable[[Item], Fields],
    ) -> Any:
        place = unseal(request.query.get("cursor", ""))
        if place is None and "start_time" not in request.query:
            return StatusCode(400, {"error": "StartTimeMissing", "description": "start_time"})
        after = tuple(place["after"]) if place else (int(request.query["start_time"]), 0)
        items = self._settled(collection.items(deleted=True))
        items = sorted((i for i in items if _place(i) > after), key=_place)
        page = items[:PAGE_SIZE]
        cursor = request.query.get("cursor")
        if page:
            cursor = seal(after=_place(page[-1]))
        url = f"{BASE_URL}/api/v2/incremental/{key}/cursor.json?cursor={cursor}"
        return {
            key: [shown(item) for item in page],
            "after_cursor": cursor,
            "after_url": url if cursor else None,
            "before_cursor": None,
            "before_url": None,
            "end_of_stream": len(items) <= PAGE_SIZE,
        }

    def _by_time(
        self,
        request: ServiceRequest,
        every: Sequence[Item],
        key: str,
        shown: Callable[[Item], Fields],
        moment: Callable[[Item], int] | None = None,
    ) -> Any:
        """From a second on; those of this second and of the last one are all on one page."""
        start = int(request.query["start_time"])
        time = moment or _changed
        items = sorted((i for i in self._settled(every) if time(i) >= start), key=time)
        fresh = [time(item) for item in items if time(item) > start]
        last = fresh[min(PAGE_SIZE, len(fresh)) - 1] if fresh else start
        page = [item for item in items if time(item) <= last]
        parts = [f"{name}={value}" for name, value in request.query.items() if name != "start_time"]
        query = "&".join([f"start_time={last}", *parts])
        return {
            key: [shown(item) for item in page],
            "count": len(page),
            "end_time": last if page else None,
            "end_of_stream": len(page) == len(items),
            "next_page": f"{BASE_URL}/api/v2/incremental/{key}.json?{query}",
        }


def _changed(item: Item) -> int:
    return int(item.updated_at.timestamp())


def _made(item: Item) -> int:
    return int(item.created_at.timestamp())


def _place(item: Item) -> tuple[int, int]:
    return _changed(item), item.id


def _ticket(item: Item) -> Fields:
    fields = {**item.fields, "generated_timestamp": _changed(item)}
    return {**fields, "status": "deleted"} if item.deleted else fields


def _user(item: Item) -> Fields:
    return {**item.fields, "active": not item.deleted}


def _organization(item: Item) -> Fields:
    return {**item.fields, "deleted_at": time(item.updated_at) if item.deleted else None}


def _metric_event(item: Item) -> Fields:
    return {**item.fields, "deleted": True} if item.deleted else item.fields


def _event(item: Item, *, with_comments: bool) -> Fields:
    children = item.fields["child_events"]
    kept = [each for each in children if with_comments or each["event_type"] != "Comment"]
    return {**item.fields, "child_events": kept}


def _comments(item: Item) -> list[Any]:
    return [each for each in item.fields["child_events"] if each["event_type"] == "Comment"]
