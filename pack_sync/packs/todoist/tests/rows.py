"""The objects of a made-up Todoist, as its API sends them."""

from datetime import datetime
from random import Random

from pack_sdk.testing.collection import Fields


def text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


def make_project(_random: Random, number: int, now: datetime) -> Fields:
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
        "created_at": text(now),
        "updated_at": text(now),
    }


def revise_project(random: Random, fields: Fields, now: datetime) -> Fields:
    archived = fields["id"] != "project0001" and random.random() < 0.3
    name = f"{fields['name']}+"
    return {**fields, "name": name, "is_archived": archived, "updated_at": text(now)}


def make_section(_random: Random, number: int, now: datetime) -> Fields:
    return {
        "id": f"section{number:04}",
        "name": f"Section {number}",
        "project_id": f"project{number % 4 + 1:04}",
        "section_order": number,
        "is_collapsed": False,
        "user_id": "1",
        "is_archived": False,
        "archived_at": None,
        "added_at": text(now),
        "updated_at": text(now),
    }


def revise_section(random: Random, fields: Fields, now: datetime) -> Fields:
    archived = random.random() < 0.2
    name = f"{fields['name']}+"
    return {**fields, "name": name, "is_archived": archived, "updated_at": text(now)}


def make_item(random: Random, number: int, now: datetime) -> Fields:
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
        "added_at": text(now),
        "updated_at": text(now),
        "completed_at": text(now) if done else None,
        "duration": {"amount": 15, "unit": "minute"} if number % 2 else None,
    }


def revised_item(random: Random, fields: Fields, now: datetime) -> Fields:
    """Some are completed by it, and of those that were some no longer are."""
    done = random.random() < 0.3
    changed = {"content": f"{fields['content']}!", "checked": done, "updated_at": text(now)}
    return {**fields, **changed, "completed_at": text(now) if done else None}


def make_note(_random: Random, number: int, now: datetime) -> Fields:
    fields = _comment(f"note{number:05}", now)
    return {**fields, "item_id": f"item{number % 30 + 1:05}", "reactions": {"👍": ["1"]}}


def make_project_note(_random: Random, number: int, now: datetime) -> Fields:
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
        "posted_at": text(now),
    }


def revise_text(_random: Random, fields: Fields, _now: datetime) -> Fields:
    return {**fields, "content": f"{fields['content']}!"}


def make_label(_random: Random, number: int, _now: datetime) -> Fields:
    label = {"id": str(number), "name": f"Label {number}", "color": "lime_green"}
    return {**label, "item_order": number, "order": number, "is_favorite": False}


def revise_label(_random: Random, fields: Fields, _now: datetime) -> Fields:
    return {**fields, "name": f"{fields['name']}+"}
