"""Small packs without a fault, the fakes of their services, and faults that are planted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Base = Literal["tasks", "events", "pages"]

TASKS = '''
"""Tasks: pages by a token, changes by a time, deletions in the changes."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from pack_sdk import Pack, StatusCodeError, make_object_schema

pack = Pack()
pack.add_network_domain("api.example.com")
TASK = make_object_schema(
    properties={
        "id": {"type": "string"},
        "title": {"type": "string"},
        "points": {"type": "number", "precision": 0},
        "owner": {"type": "string", "from_key": "ownerName"},
        "modified": {"type": "string", "hint": "datetime", "from_key": "modifiedAt"},
    },
    id_property="id",
    display_property="title",
)
seen = {}


@pack.add_sync_table(name="Tasks", identity_name="Task", schema=TASK)
def sync_tasks(args, context):
    previous = context.sync.previous_completion
    query = {"limit": 10}
    if context.sync.continuation:
        query["cursor"] = context.sync.continuation["cursor"]
    if previous:
        query["since"] = previous.incremental_continuation["since"]
    response = context.fetcher.fetch(url="https://api.example.com/tasks?" + urlencode(query))
    rows = response.body["tasks"]
    page = {
        "result": [row for row in rows if not row["deleted"]],
        "deletedRowIds": [row["id"] for row in rows if row["deleted"]],
    }
    if response.body["next"]:
        page["continuation"] = {"cursor": response.body["next"]}
    else:
        since = context.sync.started_at - timedelta(minutes=1)
        page["completion"] = {"incrementalContinuation": {"since": since.isoformat()}}
    return page
'''

TASKS_FAKE = """
from pack_sdk.testing import ChangeFilter, FakeService, ListEndpoint, ListService, NextToken


def make_fake(seed):
    return ListService(
        [
            ListEndpoint(
                url="https://api.example.com/tasks",
                rows=("tasks",),
                row_schema={
                    "properties": {
                        "id": {"type": "string"},
                        "title": {"type": "string"},
                        "points": {"type": "integer"},
                        "ownerName": {"type": "string"},
                        "status": {"type": "string", "enum": ["open", "done"]},
                        "modifiedAt": {"type": "string", "format": "date-time"},
                        "deleted": {"type": "boolean"},
                    }
                },
                id_key=("id",),
                updated_key=("modifiedAt",),
                deleted_key=("deleted",),
                paging=NextToken(("next",), "cursor"),
                size_parameter="limit",
                page_size=10,
                changes=ChangeFilter("since", "iso"),
            )
        ],
        seed=seed,
    )
"""

EVENTS = '''
"""Events: a feed of changes by a sync token that expires, and pages of it."""

from pack_sdk import Pack, StatusCodeError, make_object_schema

pack = Pack()
pack.add_network_domain("calendar.example.com")
EVENT = make_object_schema(
    properties={
        "id": {"type": "string"},
        "title": {"type": "string"},
        "minutes": {"type": "number"},
    },
    id_property="id",
    display_property="title",
)


def fetch_events(context, query):
    return context.fetcher.fetch(url=f"https://calendar.example.com/events?{query}").body


@pack.add_sync_table(name="Events", identity_name="Event", schema=EVENT)
async def sync_events(args, context):
    previous = context.sync.previous_completion
    token = (context.sync.continuation or {}).get("page")
    if token:
        query = f"pageToken={token}"
    elif previous:
        query = "syncToken=" + previous.incremental_continuation["token"]
    else:
        query = ""
    try:
        url = f"https://calendar.example.com/events?{query}"
        body = (await context.fetcher.fetch(url=url)).body
    except StatusCodeError as error:
        if previous and error.status_code == 410:
            return {"completion": {"hasIncompleteResults": True}}
        raise
    gone = [event["id"] for event in body["items"] if event.get("cancelled")]
    rows = [event for event in body["items"] if not event.get("cancelled")]
    if body.get("nextPageToken"):
        return {
            "result": rows,
            "deletedRowIds": gone,
            "continuation": {"page": body["nextPageToken"]},
        }
    return {
        "result": rows,
        "deletedRowIds": gone,
        "completion": {"incrementalContinuation": {"token": body["nextSyncToken"]}},
    }
'''

EVENTS_FAKE = """
from pack_sdk.testing import FakeService, StatusCode, World, page_after, seal, unseal


def make_fake(seed):
    world = World(seed)
    events = world.add(
        "events",
        lambda random, number, now: {
            "id": f"Ev{number}",
            "title": f"Event {random.randint(1, 999)}",
            "minutes": random.randint(5, 90),
        },
        lambda random, fields, now: {**fields, "title": f"Event {random.randint(1000, 99999)}"},
        count=23,
    )
    service = FakeService(world, "https://calendar.example.com")

    @service.route("GET", "/events")
    def list_events(request):
        place = unseal(request.query.get("pageToken", "")) or {}
        sync = unseal(request.query.get("syncToken", "")) or {}
        place = {"since": None, "epoch": world.epoch, "upto": events.version} | sync | place
        if place["epoch"] != world.epoch:
            return StatusCode(410, {"error": "the token is too old"})
        if place["since"] is None:
            page = page_after(events.items(), place.get("after"), 10)
        else:
            changed = events.changes(place["since"], place["upto"])
            page = page_after(changed, place.get("after"), 10, key=lambda item: item.version)
        service.note_page(request, page)
        items = [
            {"id": item.id, "cancelled": True} if item.deleted else item.fields
            for item in page.items
        ]
        if page.more:
            last = page.items[-1]
            after = last.number if place["since"] is None else last.version
            return {"items": items, "nextPageToken": seal(**{**place, "after": after})}
        token = seal(since=place["upto"], epoch=place["epoch"])
        return {"items": items, "nextSyncToken": token}

    return service
"""

PAGES = '''
"""Contacts: numbered pages, no changes; full syncs alone."""

import uuid

from pack_sdk import Pack, StatusCodeError, UserVisibleError, make_object_schema

pack = Pack()
pack.add_network_domain("crm.example.com")


@pack.add_sync_table(
    name="Contacts",
    identity_name="Contact",
    schema=make_object_schema(
        properties={
            "contact_id": {"type": "string", "from_key": "id"},
            "email": {"type": "string"},
            "city": {"type": "string"},
            "balance": {"type": "number", "hint": "currency"},
            "vip": {"type": "boolean"},
        },
        id_property="contact_id",
        display_property="email",
    ),
)
def sync_contacts(args, context):
    number = (context.sync.continuation or {"page": 1})["page"]
    url = f"https://crm.example.com/contacts?page={number}&per_page=20"
    body = context.fetcher.fetch(url=url).body
    if body.get("error"):
        raise UserVisibleError(body["error"])
    rows = body["data"]
    page = {"result": rows}
    if len(rows) == 20:
        page["continuation"] = {"page": number + 1}
    return page
'''

PAGES_FAKE = """
from pack_sdk.testing import ListEndpoint, ListService, PageNumber


def make_fake(seed):
    service = ListService(
        [
            ListEndpoint(
                url="https://crm.example.com/contacts",
                rows=("data",),
                row_schema={
                    "properties": {
                        "id": {"type": "integer"},
                        "email": {"type": "string", "format": "email"},
                        "city": {"type": "string"},
                        "balance": {"type": "number"},
                        "vip": {"type": "boolean"},
                    }
                },
                id_key=("id",),
                paging=PageNumber("page"),
                size_parameter="per_page",
                page_size=20,
            )
        ],
        seed=seed,
    )
    service.error_pages = [{"error": "rate limit exceeded"}]
    return service
"""

PACKS: dict[Base, tuple[str, str]] = {
    "tasks": (TASKS, TASKS_FAKE),
    "events": (EVENTS, EVENTS_FAKE),
    "pages": (PAGES, PAGES_FAKE),
}


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A fault in a pack: `changes` are texts and what stands in their place.

    The check is to find it by the rule `code`, at a line that has the text `at`.
    """

    code: str
    base: Base
    changes: Sequence[tuple[str, str]]
    at: str
    fake_changes: Sequence[tuple[str, str]] = ()

    def __str__(self) -> str:
        return f"{self.code}-{self.base}"


def write_pack(
    folder: Path,
    base: Base,
    changes: Sequence[tuple[str, str]] = (),
    fake_changes: Sequence[tuple[str, str]] = (),
) -> Path:
    """Write a pack with these changes, and the fake of its service."""
    source, fake = PACKS[base]
    place = folder / base
    (place / "tests").mkdir(parents=True)
    (place / "__init__.py").write_text("")
    (place / "pack.py").write_text(changed(source.lstrip(), changes))
    (place / "tests" / "fake.py").write_text(changed(fake.lstrip(), fake_changes))
    return place


def changed(text: str, changes: Sequence[tuple[str, str]]) -> str:
    """The text with other texts in the place of some, which must be there."""
    for old, new in changes:
        assert old in text, f"{old!r} is not in the pack"
        text = text.replace(old, new)
    return text
