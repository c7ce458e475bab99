"""Google Calendar without a network: https://developers.google.com/workspace/calendar/api/v3."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from urllib.parse import unquote

from pack_sdk.testing import FakeService, ServiceRequest, StatusCode, World
from pack_sdk.testing.collection import Change, ChangeKind, Collection, Fields, Item
from pack_sdk.testing.listing import page_after, seal, unseal

PAGE_SIZE = 7
"""Far below what is asked for, as the service is free to do."""


def make_fake(seed: int) -> "GoogleCalendarFake":
    """The service with four calendars."""
    return GoogleCalendarFake(seed)


class CalendarWorld(World):
    """A world in which the instances of a recurring event come back with it."""

    def step(self, *kinds: ChangeKind) -> Sequence[Change]:
        """As in every world, and what follows from it."""
        changed = super().step(*kinds)
        events = self.collections["events"]
        back = {each.item.id for each in changed if each.kind == "undelete"}
        for item in events.items(deleted=True):
            if item.fields.get("recurringEventId") in back:
                change = events.delete if item.deleted else partial(events.update, self.random)
                change(item.id, self.clock.now)
        return changed


class GoogleCalendarFake(FakeService):
    """Lists with `pageToken` and `syncToken`; a token that has expired is answered with 410."""

    def __init__(self, seed: int) -> None:
        super().__init__(CalendarWorld(seed), "https://www.googleapis.com/calendar/v3")
        self.calendars = self.world.add("calendars", _make_calendar, _revise_calendar, count=4)
        self.events = self.world.add("events", _make_event, _revise_event, count=30)
        self.rules = self.world.add("rules", _make_rule, _revise_rule, count=9)
        self.route("GET", "/users/me/calendarList")(self._list_calendars)
        self.route("GET", "/calendars/{calendar}/events")(self._list_events)
        self.route("GET", "/calendars/{calendar}/acl")(self._list_rules)

    def row_counts(self) -> Mapping[str, int]:
        """How many rows the tables of the pack should have."""
        there = {item.id: item.fields for item in self.calendars}
        owned = [key for key, fields in there.items() if fields["accessRole"] == "owner"]
        return {
            "Calendars": len(there),
            "Events": sum(len(self._shown_events(key)) for key in there),
            "AclRules": sum(len(_of(self.rules.items(), key)) for key in owned),
        }

    def _list_calendars(self, request: ServiceRequest) -> Any:
        return self._listed(request, self.calendars, self.calendars.items(), _calendar)

    def _list_events(self, request: ServiceRequest) -> Any:
        calendar = unquote(request.path["calendar"])
        if self.calendars.get(calendar) is None:
            return _refused(404, "notFound")
        return self._listed(request, self.events, self._shown_events(calendar), _event, calendar)

    def _list_rules(self, request: ServiceRequest) -> Any:
        calendar = unquote(request.path["calendar"])
        found = self.calendars.get(calendar)
        if found is None:
            return _refused(404, "notFound")
        if found.fields["accessRole"] != "owner":
            return _refused(403, "forbidden")
        rules = _of(self.rules.items(), calendar)
        return self._listed(request, self.rules, rules, _rule, calendar)

    def _shown_events(self, calendar: str) -> list[Item]:
        """What a full list has: instances that are left out as well, while their event is there."""
        every = _of(self.events.items(deleted=True), calendar)
        there = {item.id for item in every if not item.deleted}
        return [
            item
            for item in every
            if (not item.deleted or "recurringEventId" in item.fields)
            and item.fields.get("recurringEventId", item.id) in there
        ]

    def _listed(
        self,
        request: ServiceRequest,
        collection: Collection,
        full: Sequence[Item],
        shown: Any,
        calendar: str | None = None,
    ) -> Any:
        """A page of a full list or of changes, and the token for what changes afterwards."""
        token = unseal(request.query.get("syncToken", ""))
        place = unseal(request.query.get("pageToken", "")) or {"upto": collection.version}
        if token and (token["epoch"] != self.world.epoch or token["calendar"] != calendar):
            return _refused(410, "fullSyncRequired")
        if token:
            changes = collection.changes(token["upto"], place["upto"])
            items = changes if calendar is None else _of(changes, calendar)
            page = page_after(items, place.get("after"), PAGE_SIZE, key=lambda item: item.version)
            last = page.items[-1].version if page.items else None
        else:
            page = page_after(full, place.get("after"), PAGE_SIZE)
            last = page.items[-1].number if page.items else None
        body: dict[str, Any] = {"items": [shown(item) for item in page.items]}
        if page.more:
            return {**body, "nextPageToken": seal(upto=place["upto"], after=last)}
        following = seal(upto=place["upto"], epoch=self.world.epoch, calendar=calendar)
        return {**body, "nextSyncToken": following}


def _of(items: Sequence[Item], calendar: str) -> list[Item]:
    return [item for item in items if item.fields["calendar"] == calendar]


def _refused(status: int, reason: str) -> StatusCode:
    errors = [{"domain": "calendar", "reason": reason, "message": reason}]
    return StatusCode(status, {"error": {"errors": errors, "code": status, "message": reason}})


def _calendar(item: Item) -> Fields:
    return {"id": item.id, "deleted": True} if item.deleted else item.fields


def _event(item: Item) -> Fields:
    fields = {key: value for key, value in item.fields.items() if key != "calendar"}
    if not item.deleted:
        return fields
    kept = {"id", "kind", "recurringEventId", "originalStartTime"} & fields.keys()
    return {**{key: fields[key] for key in kept}, "status": "cancelled"}


def _rule(item: Item) -> Fields:
    fields = {key: value for key, value in item.fields.items() if key != "calendar"}
    return {**fields, "role": "none"} if item.deleted else fields


def _make_calendar(random: Random, number: int, _now: datetime) -> Fields:
    return {
        "kind": "calendar#calendarListEntry",
        "id": f"team{number}@group.calendar.google.com",
        "summary": f"Team {number}",
        "timeZone": random.choice(["Europe/Zurich", "America/New_York"]),
        "accessRole": "owner" if number % 2 else "reader",
        "selected": True,
    }


def _revise_calendar(random: Random, fields: Fields, _now: datetime) -> Fields:
    role = random.choice(["owner", "owner", "reader"])
    return {**fields, "summary": f"{fields['summary']}+", "accessRole": role}


def _make_event(random: Random, number: int, now: datetime) -> Fields:
    """Every sixth event recurs, and the next one is a changed instance of it."""
    recurring = number - number % 6
    calendar = f"team{recurring % 4 + 1}@group.calendar.google.com"
    day = now + timedelta(days=random.randint(-30, 30))
    made: dict[str, Any] = {
        "kind": "calendar#event",
        "id": f"event{number:06}",
        "calendar": calendar,
        "status": "confirmed",
        "summary": f"Meeting {number}",
        "created": now.isoformat().replace("+00:00", "Z"),
        "updated": now.isoformat().replace("+00:00", "Z"),
        "iCalUID": f"event{number:06}@google.com",
        "start": {"dateTime": f"{day:%Y-%m-%dT%H:%M:%S}+02:00", "timeZone": "Europe/Zurich"},
        "end": {"dateTime": f"{day + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}+02:00"},
        "creator": {"email": "ada@example.com", "self": True},
        "organizer": {"email": "ada@example.com", "self": True},
        "attendees": [{"email": "bob@example.com", "responseStatus": "needsAction"}],
        "sequence": 0,
        "eventType": "default",
    }
    if number == recurring:
        return {**made, "recurrence": ["RRULE:FREQ=WEEKLY"]}
    if number == recurring + 1 and recurring:
        whole = {"recurringEventId": f"event{recurring:06}", "originalStartTime": made["start"]}
        return {**made, **whole}
    if number % 5 == 0:
        whole_day = {"start": {"date": f"{day:%Y-%m-%d}"}, "end": {"date": f"{day:%Y-%m-%d}"}}
        return {**made, **whole_day}
    return made


def _revise_event(random: Random, fields: Fields, now: datetime) -> Fields:
    return {
        **fields,
        "summary": f"{fields['summary']}!",
        "updated": now.isoformat().replace("+00:00", "Z"),
        "sequence": fields["sequence"] + 1,
        "status": random.choice(["confirmed", "tentative"]),
    }


def _make_rule(random: Random, number: int, _now: datetime) -> Fields:
    address = f"person{number}@example.com"
    return {
        "kind": "calendar#aclRule",
        "calendar": f"team{random.randint(1, 4)}@group.calendar.google.com",
        "id": f"user:{address}",
        "scope": {"type": "user", "value": address},
        "role": random.choice(["reader", "writer"]),
    }


def _revise_rule(random: Random, fields: Fields, _now: datetime) -> Fields:
    return {**fields, "role": random.choice(["freeBusyReader", "reader", "writer", "owner"])}
