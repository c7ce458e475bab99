"""The objects of a made-up Zendesk, as its API sends them."""

from datetime import datetime
from random import Random
from typing import Any

from pack_sdk.testing.collection import Fields

BASE_URL = "https://example.zendesk.com"


def time(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H:%M:%SZ}"


def _url(kind: str, number: int) -> str:
    return f"{BASE_URL}/api/v2/{kind}/{number}.json"


def make_ticket(random: Random, number: int, now: datetime) -> Fields:
    user = random.randint(1, 15)
    return {
        "id": number,
        "url": _url("tickets", number),
        "subject": f"Printer {number} is on fire",
        "description": "The fire is very colourful.",
        "status": "new",
        "custom_status_id": 5,
        "priority": "high",
        "type": "incident",
        "requester_id": user,
        "submitter_id": user,
        "assignee_id": 1,
        "organization_id": 2,
        "group_id": 3,
        "brand_id": 4,
        "ticket_form_id": 6,
        "collaborator_ids": [7],
        "follower_ids": [1],
        "email_cc_ids": [7],
        "problem_id": 1,
        "has_incidents": False,
        "is_public": True,
        "due_at": time(now),
        "recipient": "support@example.com",
        "via": {"channel": "email"},
        "satisfaction_rating": {"id": 1, "score": "good", "comment": "Great support!"},
        "custom_fields": [{"id": 27642, "value": "745"}, {"id": 27648, "value": True}],
        "tags": ["printer"],
        "external_id": f"A{number}",
        "created_at": time(now),
        "updated_at": time(now),
    }


def revise_ticket(random: Random, fields: Fields, now: datetime) -> Fields:
    """Some changes are the system's, which leave `updated_at` as it is."""
    status = random.choice(["open", "pending", "hold", "solved", "closed"])
    updated = fields["updated_at"] if random.random() < 0.3 else time(now)
    return {**fields, "status": status, "assignee_id": random.randint(1, 99), "updated_at": updated}


def make_user(random: Random, number: int, now: datetime) -> Fields:
    return {
        "id": number,
        "url": _url("users", number),
        "name": f"Person {number}",
        "email": f"person{number}@example.com",
        "phone": f"+1555{number:07}",
        "role": random.choice(["end-user", "agent", "admin"]),
        "custom_role_id": 9,
        "organization_id": 2,
        "default_group_id": 3,
        "alias": "Helper",
        "details": "",
        "notes": "A nice person",
        "locale": "en-US",
        "time_zone": "Copenhagen",
        "verified": True,
        "suspended": False,
        "ticket_restriction": "assigned",
        "user_fields": {"user_decimal": 5.1},
        "tags": ["enterprise"],
        "external_id": f"U{number}",
        "last_login_at": time(now),
        "created_at": time(now),
        "updated_at": time(now),
    }


def revise_user(random: Random, fields: Fields, now: datetime) -> Fields:
    return {**revise_name(random, fields, now), "suspended": random.random() < 0.3}


def make_organization(_random: Random, number: int, now: datetime) -> Fields:
    return {
        "id": number,
        "url": _url("organizations", number),
        "name": f"Organization {number}",
        "details": "Somewhere",
        "notes": "Pays late",
        "domain_names": ["example.com"],
        "group_id": 3,
        "shared_tickets": True,
        "shared_comments": True,
        "organization_fields": {"org_dropdown": "option_1"},
        "tags": ["enterprise"],
        "external_id": f"O{number}",
        "created_at": time(now),
        "updated_at": time(now),
    }


def revise_name(random: Random, fields: Fields, now: datetime) -> Fields:
    return {**fields, "name": f"Name {random.randint(1, 10**6)}", "updated_at": time(now)}


def make_event(random: Random, number: int, now: datetime) -> Fields:
    """An event of a ticket: a comment with a change, or a change alone."""
    change = {"id": number * 10, "event_type": "Change", "status": "open"}
    comment = {
        "id": number * 10 + 1,
        "event_type": "Comment",
        "type": "Comment",
        "author_id": random.randint(1, 15),
        "body": f"Have you tried water? {number}",
        "html_body": "<p>Have you tried water?</p>",
        "public": True,
        "via": {"channel": "web"},
        "attachments": [
            {
                "id": number,
                "file_name": "fire.png",
                "content_type": "image/png",
                "content_url": f"{BASE_URL}/attachments/{number}",
                "size": 9,
            }
        ],
        "created_at": time(now),
    }
    return {
        "id": number,
        "ticket_id": random.randint(1, 25),
        "updater_id": 1,
        "event_type": "Audit",
        "timestamp": int(now.timestamp()),
        "created_at": time(now),
        "via": "Web form",
        "child_events": [comment, change] if number % 3 else [change],
    }


def make_metric_event(random: Random, number: int, now: datetime) -> Fields:
    made: dict[str, Any] = {
        "id": number,
        "ticket_id": random.randint(1, 25),
        "metric": random.choice(["reply_time", "agent_work_time", "requester_wait_time"]),
        "instance_id": 1,
        "type": random.choice(["activate", "fulfill", "pause"]),
        "time": time(now),
    }
    if number % 3 == 0:
        return {**made, "type": "update_status", "status": {"calendar": 3, "business": 2}}
    if number % 3 == 1:
        policy = {"target": 240, "business_hours": False, "policy": {"id": 2, "title": "Fast"}}
        return {**made, "type": "apply_sla", "sla": policy}
    return made
