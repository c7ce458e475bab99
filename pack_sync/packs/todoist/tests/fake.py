"""Todoist without a network: https://developer.todoist.com/api/v1/."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from pack_sdk.testing import FakeService, ServiceRequest, StatusCode, World
from pack_sdk.testing.collection import Change, ChangeKind, Fields, Item
from pack_sdk.testing.listing import page_after, seal, unseal

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
        self.projects = add("projects", _make_project, _revise_project, count=4)
        self.sections = add("sections", _make_section, _revise_section, count=6)
        self.items = add("items", _make_item, self._revise_item, count=30)
        self.notes = add("notes", _make_note, _revise_text, count=20)
        self.project_notes = add("project_notes", _make_project_note, _revise_text, count=5)
        self.labels = add("labels", _make_label, _revise_label, count=5)
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
        return _revised_item(random, fields, now) if active else fields

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
            body |= {"full_sync": True, "full_sync_date_utc": _text(made)}
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
        return {"id": "1", "email": "ada@example.com", "joined_at": _text(self.joined_at)}


_WITHIN = {"projects": "project_id", "sections": "section_id"}


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


def _make_project(_random: Random, number: int, now: datetime) -> Fields:
    return {
        "id": f"project{number:04}",
        "name": f"Project {number}",
        "description": "",
        "workspace_id": None,
        "color": "lime_green",
        "parent_id": None,
        "child_order": number,
        "is_collapsed": False,
        "shared": False,
        "can_assign_tasks": False,
        "is_archived": False,
        "is_favorite": False,
        "is_frozen": False,
        "view_style": "list",
        "inbox_project": number == 1,
        "folder_id": None,
        "created_at": _text(now),
        "updated_at": _text(now),
    }


def _revise_project(random: Random, fields: Fields, now: datetime) -> Fields:
    archived = fields["id"] != "project0001" and random.random() < 0.3
    name = f"{fields['name']}+"
    return {**fields, "name": name, "is_archived": archived, "updated_at": _text(now)}


def _make_section(_random: Random, number: int, now: datetime) -> Fields:
    return {
        "id": f"section{number:04}",
        "name": f"Section {number}",
        "project_id": f"project{number % 4 + 1:04}",
        "section_order": number,
        "is_collapsed": False,
        "user_id": "1",
        "is_archived": False,
        "archived_at": None,
        "added_at": _text(now),
        "updated_at": _text(now),
    }


def _revise_section(random: Random, fields: Fields, now: datetime) -> Fields:
    archived = random.random() < 0.2
    name = f"{fields['name']}+"
    return {**fields, "name": name, "is_archived": archived, "updated_at": _text(now)}


def _make_item(random: Random, number: int, now: datetime) -> Fields:
    """Every third task is in a section, and every fourth is completed."""
    section = number % 6 + 1 if number % 3 == 0 else None
    due = [
        None,
        {"date": "2026-02-03", "timezone": None},
        {"date": "2026-02-03T12:00:00", "timezone": None},
        {"date": "2026-02-03T13:00:00Z", "timezone": "Europe/Madrid"},
    ][number % 4]
    done = number % 4 == 3
    return {
        "id": f"item{number:05}",
        "user_id": "1",
        "project_id": f"project{(section or number) % 4 + 1:04}",
        "content": f"Buy {random.randint(2, 9)} things",
        "description": "",
        "priority": random.randint(1, 4),
        "due": due and {**due, "string": "some day", "lang": "en", "is_recurring": False},
        "deadline": {"date": "2026-03-01", "lang": "en"} if number % 5 == 0 else None,
        "parent_id": None,
        "child_order": number,
        "section_id": section and f"section{section:04}",
        "day_order": -1,
        "is_collapsed": False,
        "labels": ["Food"],
        "added_by_uid": "1",
        "assigned_by_uid": None,
        "responsible_uid": None,
        "checked": done,
        "added_at": _text(now),
        "updated_at": _text(now),
        "completed_at": _text(now) if done else None,
        "duration": {"amount": 15, "unit": "minute"} if number % 2 else None,
    }


def _revised_item(random: Random, fields: Fields, now: datetime) -> Fields:
    """Some are completed by it, and of those that were some no longer are."""
    done = random.random() < 0.3
    changed = {"content": f"{fields['content']}!", "checked": done, "updated_at": _text(now)}
    return {**fields, **changed, "completed_at": _text(now) if done else None}


def _make_note(_random: Random, number: int, now: datetime) -> Fields:
    fields = _comment(f"note{number:05}", now)
    return {**fields, "item_id": f"item{number % 30 + 1:05}", "reactions": {"👍": ["1"]}}


def _make_project_note(_random: Random, number: int, now: datetime) -> Fields:
    fields = _comment(f"about{number:05}", now)
    return {**fields, "project_id": f"project{number % 4 + 1:04}", "reactions": None}


def _comment(key: str, now: datetime) -> Fields:
    return {
        "id": key,
        "posted_uid": "1",
        "content": "Noted",
        "file_attachment": {
            "file_type": "text/plain",
            "file_name": "list.txt",
            "file_size": 1234,
            "file_url": "https://example.com/list.txt",
            "upload_state": "completed",
        },
        "uids_to_notify": ["2"],
        "posted_at": _text(now),
    }


def _revise_text(_random: Random, fields: Fields, _now: datetime) -> Fields:
    return {**fields, "content": f"{fields['content']}!"}


def _make_label(_random: Random, number: int, _now: datetime) -> Fields:
    label = {"id": str(number), "name": f"Label {number}", "color": "lime_green"}
    return {**label, "item_order": number, "order": number, "is_favorite": False}


def _revise_label(_random: Random, fields: Fields, _now: datetime) -> Fields:
    return {**fields, "name": f"{fields['name']}+"}
