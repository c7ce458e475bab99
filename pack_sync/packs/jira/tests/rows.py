"""The rows of the made-up site, in the words of Jira's API."""

from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from pack_sdk.testing.collection import Fields, Item

SITE = "https://your-domain.atlassian.net"
SITE_ZONE = ZoneInfo("America/Los_Angeles")
"""What the site writes times in; the user has another one."""

BOARD_TYPES = ("simple", "scrum", "kanban")


def text_of(moment: datetime) -> str:
    """A time as Jira writes it: with an offset that has no colon."""
    return f"{moment.astimezone(SITE_ZONE):%Y-%m-%dT%H:%M:%S}.000{moment.astimezone(SITE_ZONE):%z}"


def document(text: str) -> Fields:
    """An Atlassian document of two lines."""
    mention = {"type": "mention", "attrs": {"id": "u1", "text": "@Ada"}}
    content = [{"type": "text", "text": text}, {"type": "hardBreak"}, mention]
    return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": content}]}


def user(number: int) -> Fields:
    """A user, as rows refer to one."""
    return {"accountId": f"5b10{number:04}", "displayName": f"Person {number}", "active": True}


def _custom(number: int, name: str, kind: str, custom: str, **more: str) -> Fields:
    names = {"id": f"customfield_{number}", "key": f"customfield_{number}", "name": name}
    return {**names, "custom": True, "schema": schema_of(kind, custom, customId=number, **more)}


def schema_of(kind: str, custom: str, **more: Any) -> Fields:
    """What a custom field holds."""
    if ":" not in custom:
        custom = f"com.atlassian.jira.plugin.system.customfieldtypes:{custom}"
    return {"type": kind, "custom": custom, **more}


FIELDS = [
    {"id": "issuekey", "key": "issuekey", "name": "Key", "custom": False},
    {
        "id": "summary",
        "key": "summary",
        "name": "Summary",
        "custom": False,
        "schema": {"type": "string", "system": "summary"},
    },
    _custom(10031, "Severity", "option", "select"),
    _custom(10016, "Story Points", "number", "float"),
    _custom(10020, "Sprint", "array", "com.pyxis.greenhopper.jira:gh-sprint", items="json"),
    _custom(10019, "Rank", "any", "com.pyxis.greenhopper.jira:gh-lexo-rank"),
    _custom(10032, "severity", "option-with-child", "cascadingselect"),
    _custom(10033, "Notes", "string", "textarea"),
    _custom(10034, "Link", "string", "url"),
    _custom(10035, "Begin", "date", "datepicker"),
    _custom(10036, "Seen", "datetime", "datetime"),
    _custom(10037, "Tester", "user", "userpicker"),
    _custom(10038, "Testers", "array", "multiuserpicker", items="user"),
    _custom(10039, "Colours", "array", "multicheckboxes", items="option"),
    _custom(10040, "Tags", "array", "labels", items="string"),
    _custom(10041, "Answers", "any", "com.example.app:answers"),
]


def issue(item: Item, updated: datetime) -> Fields:
    """An issue with all its fields, comments apart."""
    made = item.fields
    number, project = item.number, made["project"]
    named = [{"id": "10000", "name": "One"}]
    fields: Mapping[str, Any] = {
        "summary": made["summary"],
        "description": document(made["summary"]),
        "environment": document("Linux"),
        "issuetype": {"id": "71", "name": "Task", "subtask": number % 5 == 0},
        "status": {
            "id": "3",
            "name": made["status"],
            "statusCategory": {"id": 4, "key": "indeterminate", "name": "In Progress"},
        },
        "statuscategorychangedate": text_of(item.created_at),
        "priority": {"id": "3", "name": "Medium"},
        "resolution": {"id": "10000", "name": "Done"} if number % 2 else None,
        "resolutiondate": text_of(updated) if number % 2 else None,
        "project": {"id": f"{100 + project}", "key": f"P{project}", "name": f"Project {project}"},
        "parent": {"id": "19001", "key": "P1-9001", "fields": {}},
        "assignee": user(1) if number % 3 else None,
        "reporter": user(2),
        "creator": user(3),
        "security": {"id": "79", "name": "Staff"},
        "labels": ["guest"],
        "components": named,
        "fixVersions": named,
        "versions": named,
        "issuelinks": [
            {
                "id": "77",
                "type": {"id": "10000", "name": "Blocks"},
                ("outwardIssue" if number % 2 else "inwardIssue"): {
                    "id": "19002",
                    "key": "P1-9002",
                },
            }
        ],
        "attachment": [
            {
                "id": "78",
                "filename": "picture.png",
                "mimeType": "image/png",
                "size": 9,
                "author": user(1),
                "created": text_of(item.created_at),
            }
        ],
        "duedate": "2025-05-01",
        "timeoriginalestimate": 7200,
        "timeestimate": 3600,
        "timespent": 1800,
        "votes": {"votes": number},
        "created": text_of(item.created_at),
        "updated": text_of(updated),
        **_custom_values(item),
    }
    return {"id": item.id, "key": f"P{project}-{number}", "fields": fields}


def _custom_values(item: Item) -> Fields:
    """A value of each custom field."""
    return {
        "customfield_10016": 2.5,
        "customfield_10019": f"0|i{item.number:05}:",
        "customfield_10020": [{"id": 7, "name": "Sprint 7", "state": "active", "boardId": 2}],
        "customfield_10031": {"id": "1", "value": "High"},
        "customfield_10032": {"id": "1", "value": "High", "child": {"id": "2", "value": "Very"}},
        "customfield_10033": document("Noted"),
        "customfield_10034": "https://example.com",
        "customfield_10035": "2025-05-02",
        "customfield_10036": text_of(item.created_at),
        "customfield_10037": user(4),
        "customfield_10038": [user(4), user(5)],
        "customfield_10039": [{"id": "1", "value": "Red"}],
        "customfield_10040": ["new"],
        "customfield_10041": {"any": ["thing"]},
    }


def comment(item: Item) -> Fields:
    """A comment."""
    return {**_written(item), "body": document(item.fields["text"]), "jsdPublic": True}


def worklog(item: Item) -> Fields:
    """A worklog."""
    return {
        **_written(item),
        "issueId": item.fields["issue"],
        "comment": document(item.fields["text"]),
        "started": text_of(item.created_at),
        "timeSpent": "30m",
        "timeSpentSeconds": 1800,
    }


def _written(item: Item) -> Fields:
    return {
        "id": item.id,
        "author": user(1),
        "updateAuthor": user(2),
        "visibility": {"type": "role", "value": "Administrators", "identifier": "1"},
        "created": text_of(item.created_at),
        "updated": text_of(item.updated_at),
    }


def sprint(item: Item) -> Fields:
    """A sprint; its times are written in UTC."""
    made, at = item.fields, f"{item.created_at:%Y-%m-%dT%H:%M:%S}.000Z"
    shown = {key: made[key] for key in ("id", "name", "state", "goal")}
    shown |= {"originBoardId": made["board"], "createdDate": at}
    if made["state"] != "future":
        shown |= {"startDate": at, "endDate": at}
    return {**shown, "completeDate": at} if made["state"] == "closed" else shown


def make_project(_random: Random, number: int, _now: datetime) -> Fields:
    """A project."""
    return {
        "id": f"{100 + number}",
        "key": f"P{number}",
        "name": f"Project {number}",
        "description": "What is done",
        "projectTypeKey": "software",
        "style": "classic",
        "isPrivate": False,
        "lead": user(1),
        "projectCategory": {"id": "1", "name": "First"},
        "url": "https://example.com",
    }


def make_user(_random: Random, number: int, _now: datetime) -> Fields:
    """A user, as the list of users has it."""
    more = {"emailAddress": f"person{number}@example.com", "accountType": "atlassian"}
    return {**user(number), **more, "timeZone": "Australia/Sydney", "locale": "en_US"}


def make_issue(random: Random, number: int, _now: datetime) -> Fields:
    """What differs among issues."""
    project = random.randint(1, 3)
    made = {"id": f"{10000 + number}", "project": project, "status": "To Do"}
    return {**made, "summary": f"Issue {number}"}


def make_comment(random: Random, number: int, _now: datetime) -> Fields:
    """What differs among comments; many are of few issues."""
    return {"id": f"{20000 + number}", "issue": f"{random.randint(10001, 10012)}", "text": "Noted"}


def make_worklog(random: Random, number: int, _now: datetime) -> Fields:
    """What differs among worklogs."""
    return {"id": f"{30000 + number}", "issue": f"{random.randint(10001, 10030)}", "text": "Done"}


def make_board(_random: Random, number: int, _now: datetime) -> Fields:
    """A board."""
    location = {"projectId": 101, "projectKey": "P1", "displayName": "Project 1 (P1)"}
    kind = BOARD_TYPES[number % 3]
    made = {"id": number, "name": f"Board {number}", "type": kind, "isPrivate": False}
    return {**made, "location": location}


def make_sprint(random: Random, number: int, _now: datetime) -> Fields:
    """What differs among sprints."""
    state = random.choice(["future", "active", "closed"])
    made = {"id": number, "name": f"Sprint {number}", "state": state, "goal": "Ship it"}
    return {**made, "board": random.choice([1, 4, 6, 1])}


def revise_name(random: Random, fields: Fields, _now: datetime) -> Fields:
    """Another name."""
    key = "displayName" if "displayName" in fields else "name"
    return {**fields, key: f"Name {random.randint(1, 10**6)}"}


def revise_issue(random: Random, fields: Fields, _now: datetime) -> Fields:
    """Another summary and status, and maybe another project."""
    project = random.choice([fields["project"], random.randint(1, 3)])
    status = random.choice(["To Do", "In Progress", "Done"])
    summary = f"Issue {random.randint(1, 10**6)}"
    return {**fields, "summary": summary, "status": status, "project": project}


def revise_text(random: Random, fields: Fields, _now: datetime) -> Fields:
    """Another text."""
    return {**fields, "text": f"Text {random.randint(1, 10**6)}"}


def revise_sprint(random: Random, fields: Fields, now: datetime) -> Fields:
    """Another name, and its state moves on."""
    states = {"future": "active", "active": "closed", "closed": "closed"}
    return {**revise_name(random, fields, now), "state": states[fields["state"]]}
