"""Made-up objects of Linear, each with the fields that its type has."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from pack_sdk.testing.collection import Fields, Make, Revise

from .changes import archived_or, changed, progressed, resolved, text

FIRST: Mapping[str, int] = {
    "teams": 4,
    "workflowStates": 8,
    "projects": 9,
    "cycles": 8,
    "issues": 30,
    "comments": 20,
    "issueLabels": 10,
    "users": 9,
}
"""The lists, and how many objects are in each at first."""

TYPES: Mapping[str, str] = {
    "teams": "Team",
    "workflowStates": "WorkflowState",
    "projects": "Project",
    "cycles": "Cycle",
    "issues": "Issue",
    "comments": "Comment",
    "issueLabels": "IssueLabel",
    "users": "User",
}
"""What the objects of each list are."""

_PRIORITIES = ("No priority", "Urgent", "High", "Medium", "Low")
_COLOR = "#5e6ad2"


def identifier(name: str, number: int) -> str:
    """The identifier of the object of that number in a list."""
    return f"00000000-0000-4000-8{list(FIRST).index(name):03x}-{number:012x}"


def _one(random: Random, name: str) -> Fields:
    """One of those that there are at first."""
    return {"id": identifier(name, random.randint(1, FIRST[name]))}


def _maybe(random: Random, name: str) -> Fields | None:
    return _one(random, name) if random.random() < 0.7 else None


def _other(name: str, number: int) -> Fields | None:
    """Another object of the same list, for every second one.

    It is one that the user may not see: nobody can tell those from objects that are deleted.
    """
    return {"id": identifier(name, 1_000_000 + number)} if number % 2 == 0 else None


def _team(_random: Random, number: int, _now: datetime) -> Fields:
    return {
        "key": f"T{number}",
        "name": f"Team {number}",
        "displayName": f"Team {number}",
        "description": "Builds things",
        "parent": _other("teams", number),
        "visibility": "public" if number % 3 else "private",
        "icon": "Rocket",
        "color": _COLOR,
        "timezone": "Europe/Vienna",
        "cyclesEnabled": True,
        "cycleDuration": 2,
        "cycleCooldownTime": 0,
        "cycleStartDay": 1,
        "issueEstimationType": "fibonacci",
        "defaultIssueEstimate": 1,
        "triageEnabled": number % 2 == 0,
        "autoClosePeriod": 6,
        "autoArchivePeriod": 3,
        "retiredAt": None,
        "securitySettings": {},
    }


def _state(random: Random, number: int, _now: datetime) -> Fields:
    kinds = ("triage", "backlog", "unstarted", "started", "completed", "canceled")
    return {
        "team": _one(random, "teams"),
        "name": f"State {number}",
        "type": kinds[number % len(kinds)],
        "position": float(number),
        "description": "What is meant",
        "color": _COLOR,
        "inheritedFrom": _other("workflowStates", number),
    }


def _project(random: Random, number: int, now: datetime) -> Fields:
    return {
        "name": f"Project {number}",
        "description": "Something new",
        "content": "# Why",
        "url": f"https://linear.app/acme/project/project-{number}",
        "slugId": f"{number:012x}",
        "status": {"id": f"status{number % 3}", "name": "In Progress", "type": "started"},
        "health": random.choice(["onTrack", "atRisk", None]),
        "healthUpdatedAt": text(now),
        **_priority(random),
        "progress": 0.25,
        "scope": 13.0,
        "lead": _maybe(random, "users"),
        "creator": _one(random, "users"),
        "teams": {"nodes": [{**_one(random, "teams"), "key": "T1"}]},
        "labelIds": ["label1"],
        "startDate": "2026-01-01",
        "startDateResolution": "quarter",
        "targetDate": "2026-03-31",
        "targetDateResolution": "quarter",
        "startedAt": text(now),
        "completedAt": None,
        "canceledAt": None,
        "convertedFromIssue": _maybe(random, "issues"),
        "icon": "Rocket",
        "color": _COLOR,
        "sortOrder": -12.5,
        "autoArchivedAt": None,
    }


def _cycle(random: Random, number: int, now: datetime) -> Fields:
    return {
        "team": _one(random, "teams"),
        "number": number,
        "name": f"Sprint {number}" if number % 2 else None,
        "description": "To be done",
        "startsAt": text(now),
        "endsAt": text(now + timedelta(days=14)),
        "completedAt": None,
        "isActive": number == 1,
        "progress": 0.5,
        "issueCountHistory": [3.0, 4.0],
        "completedIssueCountHistory": [0.0, 1.0],
        "scopeHistory": [8.0, 13.0],
        "completedScopeHistory": [0.0, 5.0],
        "inProgressScopeHistory": [0.0, 3.0],
        "inheritedFrom": _other("cycles", number),
        "autoArchivedAt": None,
    }


def _issue(random: Random, number: int, now: datetime) -> Fields:
    return {
        "identifier": f"ENG-{number}",
        "number": number,
        "title": f"Issue {number}",
        "description": "It does not work.",
        "url": f"https://linear.app/acme/issue/ENG-{number}",
        "team": _one(random, "teams"),
        "state": _one(random, "workflowStates"),
        **_priority(random),
        "estimate": random.choice([None, 1, 2, 3, 5]),
        "assignee": _maybe(random, "users"),
        "delegate": _maybe(random, "users"),
        "creator": _maybe(random, "users"),
        "externalUserCreator": {"id": "external1"} if number % 5 == 0 else None,
        "botActor": {"id": "bot1", "name": "Sentry", "type": "sentry"} if number % 4 == 0 else None,
        "integrationSourceType": "slack" if number % 4 == 0 else None,
        "labelIds": [_one(random, "issueLabels")["id"]],
        "parent": _other("issues", number),
        "project": _maybe(random, "projects"),
        "projectMilestone": {"id": "milestone1"} if number % 3 == 0 else None,
        "cycle": _maybe(random, "cycles"),
        "sourceComment": _maybe(random, "comments"),
        "previousIdentifiers": ["OPS-7"] if number % 5 == 0 else [],
        "dueDate": "2026-02-01",
        "autoClosedAt": None,
        "snoozedBy": _maybe(random, "users"),
        "slaType": "all",
        **dict.fromkeys(_TIMES_OF_ISSUES, text(now)),
        "sortOrder": -3.5,
        "subIssueSortOrder": 2.5,
        "autoArchivedAt": None,
        "reactions": [],
        "reactionData": [],
        "sharedAccess": {"isShared": False, "sharedWithUsers": [], "disallowedIssueFields": []},
    }


_TIMES_OF_ISSUES = (
    "startedTriageAt", "triagedAt", "startedAt", "completedAt", "canceledAt", "addedToTeamAt",
    "addedToProjectAt", "addedToCycleAt", "snoozedUntilAt", "slaStartedAt", "slaMediumRiskAt",
    "slaHighRiskAt", "slaBreachesAt",
)  # fmt: skip


def _comment(random: Random, number: int, now: datetime) -> Fields:
    on = ("issueId", "projectId", "projectUpdateId", "initiativeId", "initiativeUpdateId",
          "documentContentId")  # fmt: skip
    return {
        "body": "I see",
        "url": f"https://linear.app/acme/issue/ENG-1#comment-{number}",
        **dict.fromkeys(on, None),
        on[number % len(on)]: _one(random, "issues")["id"],
        "parentId": (_other("comments", number) or {}).get("id"),
        "user": _maybe(random, "users"),
        "externalUser": {"id": "external1"} if number % 5 == 0 else None,
        "botActor": {"id": "bot1", "name": "Sentry", "type": "sentry"} if number % 4 == 0 else None,
        "quotedText": "It does not work",
        "editedAt": None,
        "resolvedAt": text(now),
        "resolvingUser": _maybe(random, "users"),
        "resolvingCommentId": (_other("comments", number) or {}).get("id"),
        "reactions": [],
        "reactionData": [],
    }


def _label(random: Random, number: int, now: datetime) -> Fields:
    return {
        "name": f"Label {number}",
        "description": "What is meant",
        "color": _COLOR,
        "team": _maybe(random, "teams"),
        "isGroup": number % 5 == 0,
        "parent": _other("issueLabels", number),
        "inheritedFrom": _other("issueLabels", number),
        "creator": _maybe(random, "users"),
        "lastAppliedAt": text(now),
        "retiredBy": _maybe(random, "users"),
    }


def _user(_random: Random, number: int, now: datetime) -> Fields:
    return {
        "name": f"Person {number}",
        "displayName": f"person{number}",
        "email": f"person{number}@example.com",
        "title": "Engineer",
        "description": "Likes tea",
        "url": f"https://linear.app/acme/profiles/person{number}",
        "avatarUrl": "https://public.linear.app/avatar.png",
        "admin": number == 1,
        "owner": number == 1,
        "guest": number % 4 == 0,
        "app": number % 5 == 0,
        "timezone": "Europe/Vienna",
        "statusEmoji": ":palm_tree:",
        "statusLabel": "On vacation",
        "statusUntilAt": text(now),
        "lastSeen": text(now),
    }


def _priority(random: Random) -> Fields:
    number = random.randint(0, 4)
    return {"priority": number, "priorityLabel": _PRIORITIES[number]}


MADE: Mapping[str, tuple[Callable[[Random, int, datetime], Fields], Revise]] = {
    "teams": (_team, changed("description")),
    "workflowStates": (_state, changed("name")),
    "projects": (_project, progressed),
    "cycles": (_cycle, progressed),
    "issues": (_issue, archived_or("title")),
    "comments": (_comment, resolved),
    "issueLabels": (_label, changed("name")),
    "users": (_user, changed("title")),
}
"""How an object of each list is made and changed; `_edited` is when that was told last."""


def maker(name: str) -> Make:
    """Makes the objects of a list."""

    def make(random: Random, number: int, now: datetime) -> Fields:
        common: dict[str, Any] = {
            "__typename": TYPES[name],
            "id": identifier(name, number),
            "archivedAt": None,
            "_edited": text(now),
            "_untold": "",
        }
        return {**MADE[name][0](random, number, now), **common}

    return make
