"""The records of the demo service: how each kind is made up and how it is revised.

Everything comes from the random generator and the time that are passed in, so the same
seed gives the same records. A revision returns a new record and leaves the old one as it
was, and it always differs from the old one.
"""

from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeAlias

Record: TypeAlias = dict[str, Any]

STATUSES = ("open", "in progress", "blocked", "done")
"""What the status of a task may be."""

RESPONSES = ("accepted", "declined", "tentative", "needsAction")
"""What an attendee may have answered."""

_PEOPLE = (
    "Ada Okafor", "Bruno Keller", "Chen Wei", "Dalia Haddad", "Emil Novak", "Fatou Diop",
    "Greta Lind", "Hugo Ramos", "Ines Moreau", "Jonas Berg", "Kavya Rao", "Liam Walsh",
)  # fmt: skip
_PROJECTS = (
    "Harbour", "Lighthouse", "Orchard", "Quarry", "Aqueduct", "Observatory", "Granary",
    "Viaduct", "Foundry", "Meadow", "Causeway", "Belfry",
)  # fmt: skip
_VERBS = ("Draft", "Review", "Fix", "Measure", "Document", "Migrate", "Test", "Plan")
_OBJECTS = ("invoice export", "sign-in page", "search index", "backup job", "price list", "API")
_LABELS = ("bug", "design", "docs", "ops", "research", "urgent")
_MEETINGS = ("Stand-up", "Design review", "Interview", "Planning", "Retrospective", "Workshop")
_PLACES = ("Room 1.04", "Room 2.11", "Studio", "Café", "https://meet.example.com/demo")


def as_timestamp(moment: datetime) -> str:
    """A moment in UTC as the API writes it, such as `2026-01-05T09:00:00Z`."""
    return moment.isoformat().replace("+00:00", "Z")


def make_project(random: Random, number: int, now: datetime, *, planned: bool) -> Record:
    """A project; one that is only planned has no progress yet (and no tasks)."""
    name = _PROJECTS[(number - 1) % len(_PROJECTS)]
    generation = (number - 1) // len(_PROJECTS)
    return {
        "id": f"PROJ-{number}",
        "name": f"{name} {generation + 1}" if generation else name,
        "summary": f"**{name}**: {random.choice(_VERBS).lower()} the {random.choice(_OBJECTS)}",
        "owner": _person(random),
        "progress": 0.0 if planned else random.randint(1, 99) / 100,
        "budget": random.randint(100_000, 9_000_000) / 100,
        "startsOn": (now + timedelta(days=random.randint(-200, 90))).date().isoformat(),
        "archived": False,
        "url": f"https://demo.example.com/projects/PROJ-{number}",
    }


def revise_project(random: Random, project: Record) -> Record:
    """The project with other progress and another budget."""
    return {
        **project,
        # Up to 99 hundredths further, round and round: never where it was.
        "progress": round((project["progress"] + random.randint(1, 99) / 100) % 1, 2),
        "budget": random.randint(100_000, 9_000_000) / 100,
    }


def make_task(random: Random, number: int, project_id: str, created: datetime) -> Record:
    """A task as it is when somebody has just created it."""
    due = (created + timedelta(days=random.randint(1, 60))).date().isoformat()
    status = random.choice(STATUSES)
    return {
        "id": f"TASK-{number}",
        "title": f"{random.choice(_VERBS)} the {random.choice(_OBJECTS)}",
        "projectId": project_id,
        "assignee": None if random.random() < 0.1 else _person(random),
        "labels": sorted(random.sample(_LABELS, random.randint(0, 3))),
        "status": status,
        "priority": random.randint(1, 5),
        "estimateHours": random.randint(1, 80) / 4,
        "done": status == "done",
        "dueDate": None if random.random() < 0.1 else due,
        "createdAt": as_timestamp(created),
        "modifiedAt": as_timestamp(created),
        "url": f"https://demo.example.com/tasks/TASK-{number}",
    }


def make_past_task(random: Random, number: int, project_id: str, now: datetime) -> Record:
    """A task of the last 90 days, created and last modified an hour ago or earlier."""
    age = random.randint(2 * 3600, 90 * 86_400)
    task = make_task(random, number, project_id, now - timedelta(seconds=age))
    modified = now - timedelta(seconds=random.randint(3600, age))
    return {**task, "modifiedAt": as_timestamp(modified)}


def revise_task(random: Random, task: Record, now: datetime) -> Record:
    """The task with another status, modified now. It never moves to another project."""
    status = random.choice([status for status in STATUSES if status != task["status"]])
    return {
        **task,
        "status": status,
        "done": status == "done",
        "priority": random.randint(1, 5),
        "assignee": _person(random),
        "modifiedAt": as_timestamp(now),
    }


def make_event(random: Random, number: int, now: datetime) -> Record:
    """An event within a month before or two months after now."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    starts = day + timedelta(days=random.randint(-30, 60), minutes=30 * random.randint(14, 36))
    minutes = random.choice((15, 30, 45, 60, 90, 120))
    attendees = [_person(random)["email"] for _ in range(random.randint(0, 5))]
    return {
        "id": f"EVENT-{number}",
        "title": random.choice(_MEETINGS),
        "startsAt": as_timestamp(starts),
        "endsAt": as_timestamp(starts + timedelta(minutes=minutes)),
        "durationMinutes": minutes,
        "location": None if random.random() < 0.3 else random.choice(_PLACES),
        "attendees": [
            {"email": email, "response": random.choice(RESPONSES)}
            for email in dict.fromkeys(attendees)
        ],
    }


def revise_event(random: Random, event: Record) -> Record:
    """The event at a later hour, answered anew by everybody."""
    starts = datetime.fromisoformat(event["startsAt"]) + timedelta(hours=random.randint(1, 48))
    return {
        **event,
        "startsAt": as_timestamp(starts),
        "endsAt": as_timestamp(starts + timedelta(minutes=event["durationMinutes"])),
        "attendees": [
            {**attendee, "response": random.choice(RESPONSES)} for attendee in event["attendees"]
        ],
    }


def _person(random: Random) -> Record:
    name = random.choice(_PEOPLE)
    return {"name": name, "email": f"{name.lower().replace(' ', '.')}@example.com"}
