"""What the records of the made-up account are like."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any

from pack_sdk.testing.collection import Fields, Item, Make, Revise

CUSTOM_TYPE = "2-3453932"
TYPES: Mapping[str, str] = {
    "contacts": "0-1",
    "companies": "0-2",
    "deals": "0-3",
    "tickets": "0-5",
    "notes": "0-46",
    "calls": "0-48",
    "emails": "0-49",
    "meetings": "0-47",
    "tasks": "0-27",
    CUSTOM_TYPE: CUSTOM_TYPE,
}
"""The identifiers of the types, by the names that paths have."""

_NAMES = {
    "contacts": "email",
    "companies": "name",
    "deals": "dealname",
    "tickets": "subject",
    "notes": "hs_note_body",
    "calls": "hs_call_title",
    "emails": "hs_email_subject",
    "meetings": "hs_meeting_title",
    "tasks": "hs_task_subject",
    CUSTOM_TYPE: "model",
}
_FIRST_ID = 94
"""So that the ids soon have three digits: they are numbers, and no text sorts them."""


def modified_property(kind: str) -> str:
    """Under which name the records of a type have the time of their modification."""
    return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"


def _id_of(number: int) -> str:
    return str(_FIRST_ID + number * 3)


def properties_of(kind: str) -> Sequence[Fields]:
    """The definitions of the properties of a type."""
    defined = [
        ("hs_object_id", "number", "number"),
        ("createdate", "datetime", "date"),
        (modified_property(kind), "datetime", "date"),
        ("hs_merged_object_ids", "enumeration", "checkbox"),
        ("hubspot_owner_id", "enumeration", "select"),
        (_NAMES[kind], "string", "text"),
        ("amount", "number", "number"),
        ("url", "string", "text"),
        ("closed_on", "date", "date"),
        ("reminded_at", "datetime", "date"),
        ("is_hot", "bool", "booleancheckbox"),
        ("labels", "enumeration", "checkbox"),
        ("days_open", "number", "calculation_equation"),
    ]
    return [_defined(*each) for each in defined]


def _defined(name: str, kind: str, field_type: str) -> Fields:
    return {
        "name": name,
        "label": name.replace("_", " ").capitalize(),
        "type": kind,
        "fieldType": field_type,
        "description": "What was measured" if name == "days_open" else "",
        "groupName": "information",
        "options": [],
        "displayOrder": -1,
        "calculated": field_type == "calculation_equation",
        "externalOptions": False,
        "hasUniqueValue": False,
        "hidden": False,
        "hubspotDefined": True,
        "formField": False,
    }


def make_record(kind: str) -> Make:
    """What makes the records of a type."""

    def make(random: Random, number: int, now: datetime) -> Fields:
        return {
            "id": _id_of(number),
            _NAMES[kind]: f"Number {number}",
            "hubspot_owner_id": "501",
            "amount": f"{random.randint(1, 10**6)}.{number % 10}0",
            "url": f"https://example.com/{number}",
            "closed_on": f"{now:%Y-%m-%d}" if number % 2 else None,
            "reminded_at": str(int(now.timestamp() * 1000)) if number % 3 else "",
            "is_hot": "true" if number % 2 else "false",
            "labels": "new;large",
        }

    return make


def revise_record(kind: str) -> Revise:
    """What changes a record of a type."""

    def revise(random: Random, fields: Fields, _now: datetime) -> Fields:
        amount = f"{random.randint(1, 10**6)}.25"
        return {**fields, _NAMES[kind]: f"{fields[_NAMES[kind]]}+", "amount": amount}

    return revise


def show_record(kind: str, item: Item, names: Sequence[str], *, days_open: int) -> Fields:
    """A record with these of its properties, and those that always come."""
    automatic = {
        "hs_object_id": item.id,
        "createdate": iso(item.created_at),
        modified_property(kind): iso(item.updated_at),
    }
    known = {each["name"] for each in properties_of(kind)}
    fields = {**item.fields, "days_open": str(days_open)}
    values = {name: fields.get(name) for name in names if name in known}
    record = {
        "id": item.id,
        "properties": {**values, **automatic},
        "createdAt": iso(item.created_at),
        "updatedAt": iso(item.updated_at),
        "archived": item.deleted,
        "url": f"https://app.hubspot.com/contacts/1/record/{TYPES[kind]}/{item.id}",
    }
    return {**record, "archivedAt": iso(item.updated_at)} if item.deleted else record


def iso(moment: datetime) -> str:
    """A moment as HubSpot writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def make_owner(_random: Random, number: int, now: datetime) -> Fields:
    """A user."""
    return {
        "id": str(500 + number),
        "email": f"person{number}@example.com",
        "type": "PERSON",
        "firstName": "Person",
        "lastName": f"Number {number}",
        "createdAt": iso(now),
        "updatedAt": iso(now),
        "teams": [{"id": "7", "name": "Sales", "primary": True}],
    }


def revise_owner(_random: Random, fields: Fields, now: datetime) -> Fields:
    """The user has another name."""
    return {**fields, "lastName": f"{fields['lastName']}+", "updatedAt": iso(now)}


def show_owner(item: Item) -> Fields:
    """A user, who may be gone."""
    number = 9_000 + item.number
    ids = {"userIdIncludingInactive": number, **({} if item.deleted else {"userId": number})}
    return {**item.fields, **ids, "archived": item.deleted}


def make_pipeline(random: Random, number: int, now: datetime) -> Fields:
    """A pipeline; the first of either type has the same identifier."""
    times = {"createdAt": iso(now), "updatedAt": iso(now), "archived": False}
    stages = [
        {
            "id": f"stage{number}{place}",
            "label": f"Stage {place}",
            "displayOrder": place,
            "metadata": {"probability": f"0.{random.randint(1, 9)}", "isClosed": "false"},
            **times,
        }
        for place in range(2)
    ]
    return {
        "number": number,
        "object_type": "deals" if number % 2 else "tickets",
        "id": "default" if number < 3 else str(70 + number),
        "label": f"Pipeline {number}",
        "displayOrder": number,
        "stages": stages,
        **times,
    }


def revise_pipeline(_random: Random, fields: Fields, now: datetime) -> Fields:
    """The pipeline has another name."""
    return {**fields, "label": f"{fields['label']}+", "updatedAt": iso(now)}


_PAIRS = (
    ("contacts", "companies"),
    ("deals", "contacts"),
    ("deals", "companies"),
    ("tickets", "deals"),
    ("notes", "contacts"),
    ("calls", "companies"),
    ("emails", "contacts"),
    ("meetings", "deals"),
    ("tasks", "tickets"),
)


def make_association(random: Random, number: int, _now: datetime) -> Fields:
    """An association of a record with another one, of those that there are from the beginning."""
    kind, other = _PAIRS[number % len(_PAIRS)]
    category = "HUBSPOT_DEFINED" if number % 2 else "USER_DEFINED"
    return {
        "number": number,
        "from": (kind, _id_of(random.randint(1, 6))),
        "to": (other, _id_of(random.randint(1, 6))),
        "type": {"category": category, "typeId": number, "label": None},
    }


def revise_association(_random: Random, fields: Fields, _now: datetime) -> Fields:
    """The association is called something else."""
    label = f"{fields['type']['label'] or 'Primary'}+"
    return {**fields, "type": {**fields["type"], "label": label}}


def custom_schema() -> Any:
    """The definition of the custom object."""
    return {
        "id": "3453932",
        "objectTypeId": CUSTOM_TYPE,
        "name": "car",
        "fullyQualifiedName": "p1_car",
        "labels": {"singular": "Car", "plural": "Cars"},
        "primaryDisplayProperty": "model",
        "secondaryDisplayProperties": [],
        "requiredProperties": ["model"],
        "searchableProperties": ["model"],
        "properties": properties_of(CUSTOM_TYPE),
        "associations": [],
        "archived": False,
    }
