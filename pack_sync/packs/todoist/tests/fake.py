"""Todoist without a network: https://developer.todoist.com/api/v1/."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from pack_sdk.testing import FakeService, ServiceRequest, StatusCode, World
from pack_sdk.testing.collection import Change, ChangeKind, Fields, Item
from pack_sdk.testing.listing import page_after, seal, unseal

from .rows import (
    make_item,
    make_label,
    make_note,
    make_project,
    make_project_note,
    make_section,
    revise_label,
    revise_project,
    revise_section,
    revise_text,
    revised_item,
    text,
)

PAGE_SIZE = 7
"""Of completed tasks: far below what is asked for, as the service is free to do."""

DELAY = timedelta(minutes=10)
"""How old the data of a full sync may be that big accounts get."""

Rows = Mapping[str, Mapping[str, Item]]
"""The rows by collection and id at some time, deleted ones too."""


def make_fake(seed: int) -> "TodoistFake":
    """An account with four projects."""
    return TodoistFake(seed)


class TodoistWorld(World):
    """A world in which what is in a project or section comes back with it, changed."""

    def step(self, *kinds: ChangeKind) -> Sequence[Change]:
        """As in every world, and what follows from it."""
        before = self.rows()
        changed = super().step(*kinds)
        after = self.rows()
        for name in ("projects", "sections", "items"):
            for key, item in before[name].items():
                undeleted = item.deleted and not after[name][key].deleted
                if undeleted or _is_listed(after, name, key) > _is_listed(before, name, key):
                    self._bring_back(name, key)
        return changed

    def rows(self, upto: Mapping[str, int] | None = None) -> Rows:
        """All rows, now, or as they were at these versions of the collections."""
        if upto is None:
            return {
                name: {item.id: item for item in collection.items(deleted=True)}
                for name, collection in self.collections.items()
            }
        return {
            name: {each.item.id: each.item for each in collection.log[: upto[name]]}
            for name, collection in self.collections.items()
        }

    def _bring_back(self, parent: str, key: str) -> None:
        for collection in self.collections.values():
            for item in collection.items():
                if item.fields.get(_PARENTS.get(parent, "")) == key:
                    collection.update(self.random, item.id, self.clock.now)


_PARENTS = {"projects": "project_id", "sections": "section_id", "items": "item_id"}


def _is_listed(rows: Rows, name: str, key: str) -> bool:
    """Whether a full list has the row: it is active, and so is all that it is in."""
    return _is_within(rows, name, key) and not rows[name][key].fields.get("checked")


def _is_within(rows: Rows, name: str, key: str) -> bool:
    """Whether a row is there and not archived, and neither is what it is in."""
    item = rows[name][key]
    if item.deleted or item.fields.get("is_archived"):
        return False
    parents = [(parent, item.fields.get(field)) for parent, field in _PARENTS.items()]
    return all(_is_listed(rows, parent, str(each)) for parent, each in parents if each)


class TodoistFake(FakeService):
    """`/sync`, and the lists that the official client reads.

    Every third full sync is of older data; a token that has expired is answered with a full sync.
    """

    def __init__(self, seed: int) -> None:
        self.todoist = TodoistWorld(seed)
        super().__init__(self.todoist, "https://api.todoist.com/api/v1")
        add = self.world.add
        self.projects = add("projects", make_project, revise_project, count=4)
        self.sections = add("sections", make_section, revise_section, count=6)
        self.items = add("items", make_item, self._revise_item, count=30)
        self.notes = add("notes", make_note, revise_text, count=20)
        self.project_notes = add("project_notes", make_project_note, revise_text, count=5)
        self.labels = add("labels", make_label, revise_label, count=5)
        self.joined_at = self.world.clock.now - timedelta(days=400)
        self.full_syncs = 0
        self._old: tuple[datetime, dict[str, int]] | None = None
        self.route("POST", "/sync")(self._sync)
        self.route("GET", "/user")(self._user)
        self.route("GET", "/tasks/completed/by_completion_date")(self._list_completed)
        for path, name in {"tasks": "items", "comments": "notes"}.items():
            self.route("GET", f"/{path}")(self._lister(name))
        for name in ("projects", "sections", "labels"):
            self.route("GET", f"/{name}")(self._lister(name))

    def row_counts(self) -> Mapping[str, int]:
        """How many rows the tables of the pack should have."""
        active = {name: len(list(self._active(name))) for name in self.world.collections}
        return {
            "Projects": active["projects"],
            "Sections": active["sections"],
            "Tasks": active["items"],
            "Comments": active["notes"] + active["project_notes"],
            "Labels": active["labels"],
            "CompletedTasks": len(self._completed()),
        }

    def _revise_item(self, random: Random, fields: Fields, now: datetime) -> Fields:
        """What is in an archived project or section cannot be changed."""
        rows = self.todoist.rows()
        within = [(name, fields[key]) for name, key in _WITHIN.items() if fields[key]]
        active = all(_is_listed(rows, name, key) for name, key in within)
        return revised_item(random, fields, now) if active else fields

    def _sync(self, request: ServiceRequest) -> Any:
        token, types = request.form.get("sync_token", ""), request.form.get("resource_types", "[]")
        wanted: list[str] = json.loads(types)
        known = unseal(token)
        if token != "*" and known is None:
            return StatusCode(400, {"error": "Invalid sync token", "http_code": 400})
        body: dict[str, Any] = {"temp_id_mapping": {}}
        if known is None or known["epoch"] != self.world.epoch:
            made, versions = self._time_of_full_sync()
            rows = self.todoist.rows(versions)
            listed = {name: [k for k in rows[name] if _is_listed(rows, name, k)] for name in rows}
            body |= {"full_sync": True, "full_sync_date_utc": text(made)}
        else:
            versions, rows = self._versions(), self.todoist.rows()
            listed = {name: list(self._changed(name, known["versions"][name])) for name in rows}
            body["full_sync"] = False
        for name in rows.keys() & set(wanted):
            body[name] = [self._sent(rows[name][key]) for key in listed[name]]
        return {**body, "sync_token": seal(versions=versions, epoch=self.world.epoch)}

    def _time_of_full_sync(self) -> tuple[datetime, dict[str, int]]:
        """Of when the data of a full sync is: now, or as old as it was when it was last asked."""
        self.full_syncs += 1
        now = self.world.clock.now
        old, self._old = self._old, (now, self._versions())
        is_late = self.full_syncs % 3 == 0 and old is not None and now - old[0] >= DELAY
        return old if old is not None and is_late else self._old

    def _changed(self, name: str, after: int) -> Iterator[str]:
        """What changed and is in what is active, and what is gone of it."""
        rows = self.todoist.rows()
        for item in self.world.collections[name].changes(after):
            fields = item.fields
            is_gone = fields.get("is_archived") or fields.get("checked")
            is_told = is_gone and self._is_in_what_is_there(item)
            if item.deleted or is_told or _is_listed(rows, name, item.id):
                yield item.id

    def _versions(self) -> dict[str, int]:
        return {name: each.version for name, each in self.world.collections.items()}

    def _active(self, name: str) -> Iterator[Item]:
        rows = self.todoist.rows()
        return (item for key, item in rows[name].items() if _is_listed(rows, name, key))

    def _lister(self, name: str) -> Callable[[ServiceRequest], Any]:
        def listed(request: ServiceRequest) -> Any:
            task = request.query.get("task_id")
            items = [
                each for each in self._active(name) if task in (None, each.fields.get("item_id"))
            ]
            return self._page(request, items, "results")

        return listed

    def _list_completed(self, request: ServiceRequest) -> Any:
        since, until = (datetime.fromisoformat(request.query[key]) for key in ("since", "until"))
        if until - since > timedelta(days=92):
            return StatusCode(400, {"error": "the range is longer than three months"})
        items = [
            item
            for item in self._completed()
            if since <= datetime.fromisoformat(item.fields["completed_at"]) <= until
        ]
        return self._page(request, items, "items")

    def _completed(self) -> list[Item]:
        """What was completed, in projects and sections that are not deleted."""
        return [
            item
            for item in self.items.items()
            if item.fields["checked"] and self._is_in_what_is_there(item)
        ]

    def _is_in_what_is_there(self, item: Item) -> bool:
        return all(
            item.fields.get(field) is None or self.world.collections[name].get(item.fields[field])
            for name, field in _WITHIN.items()
        )

    def _page(self, request: ServiceRequest, items: Sequence[Item], key: str) -> Any:
        place = unseal(request.query.get("cursor", "")) or {}
        page = page_after(items, place.get("after"), PAGE_SIZE)
        following = seal(after=page.items[-1].number) if page.more else None
        return {key: [self._sent(item) for item in page.items], "next_cursor": following}

    def _sent(self, item: Item) -> Fields:
        sent = {**item.fields, "is_deleted": item.deleted}
        if "checked" not in sent:
            return sent
        notes = [note for note in self.notes.items() if note.fields["item_id"] == item.id]
        return {**sent, "note_count": len(notes)}

    def _user(self, _request: ServiceRequest) -> Fields:
        return {"id": "1", "email": "ada@example.com", "joined_at": text(self.joined_at)}


_WITHIN = {"projects": "project_id", "sections": "section_id"}
