"""Rows that the fake makes up."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from pack_sdk.testing.collection import Fields, Make, Revise

REPOSITORIES = 3
"""How many there are at first; their numbers begin with 1, and later there is one more."""

_PERSON = {"id": 7, "login": "ada", "html_url": "https://github.com/ada", "type": "User"}


def text(moment: datetime) -> str:
    """A time as GitHub writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def within(make: Make) -> Make:
    """Rows of some repository: its number is `_repository`, which is not shown."""

    def made(random: Random, number: int, now: datetime) -> Fields:
        repository = random.randint(1, REPOSITORIES + 1)
        return {**make(random, number, now), "_repository": repository}

    return made


def changed(key: str) -> Revise:
    """Another version of a row: another text in one of its fields."""

    def revise(random: Random, fields: Fields, _now: datetime) -> Fields:
        return {**fields, key: f"{str(fields[key]).partition(' (')[0]} ({random.randint(0, 999)})"}

    return revise


def make_repository(_random: Random, number: int, _now: datetime) -> Fields:
    """To every third one the account may not push."""
    name = f"project{number}"
    return {
        "id": 9_000_000_000 + number,
        "name": name,
        "full_name": f"acme/{name}",
        "owner": {"id": 5, "login": "acme", "type": "Organization"},
        "private": False,
        "html_url": f"https://github.com/acme/{name}",
        "url": f"https://api.github.com/repos/acme/{name}",
        "description": f"Project {number}",
        "fork": False,
        "homepage": "https://acme.example",
        "size": 180,
        "stargazers_count": 80,
        "language": "Python",
        "forks_count": 9,
        "archived": False,
        "disabled": False,
        "open_issues_count": 3,
        "license": {"key": "mit", "spdx_id": "MIT"} if number % 2 else None,
        "is_template": False,
        "topics": ["data"],
        "visibility": "public",
        "default_branch": "main",
        "permissions": {"admin": False, "push": number % 3 != 0, "pull": True},
    }


def revise_repository(_random: Random, fields: Fields, _now: datetime) -> Fields:
    return {**fields, "stargazers_count": fields["stargazers_count"] + 1}


def make_issue(random: Random, number: int, _now: datetime) -> Fields:
    """Issues have odd numbers, pull requests have even ones."""
    return {**_issue_or_pull_request(random, 2 * number - 1, "issues"), "state_reason": None}


def make_pull_request(random: Random, number: int, _now: datetime) -> Fields:
    made = _issue_or_pull_request(random, 2 * number, "pull")
    repository = {"full_name": "ada/fork"} if number % 4 else None
    return {
        **made,
        "draft": number % 5 == 0,
        "head": {"ref": f"change-{number}", "sha": f"{number:040x}", "repo": repository},
        "base": {"ref": "main", "sha": f"{number + 1:040x}", "repo": {"full_name": "acme/any"}},
        "requested_reviewers": [_PERSON],
        "requested_teams": [{"id": 3, "slug": "core", "name": "Core"}],
        "merged_at": None,
        "merge_commit_sha": f"{random.getrandbits(160):040x}",
    }


def revise_issue(random: Random, fields: Fields, now: datetime) -> Fields:
    """It is closed or opened again."""
    closed = fields["state"] == "open"
    return {
        **changed("title")(random, fields, now),
        "state": "closed" if closed else "open",
        "state_reason": "completed" if closed else "reopened",
        "closed_at": text(now) if closed else None,
    }


def revise_pull_request(random: Random, fields: Fields, now: datetime) -> Fields:
    """It is closed, sometimes merged, or opened again; what is merged stays so."""
    titled = changed("title")(random, fields, now)
    if fields["merged_at"]:
        return titled
    closed = fields["state"] == "open"
    merged = closed and random.random() < 0.5
    return {
        **titled,
        "state": "closed" if closed else "open",
        "closed_at": text(now) if closed else None,
        "merged_at": text(now) if merged else None,
        "merge_commit_sha": f"{random.getrandbits(160):040x}",
    }


def _issue_or_pull_request(random: Random, number: int, kind: str) -> dict[str, Any]:
    return {
        "id": 2_000_000_000 + number,
        "number": number,
        "title": f"Number {number}",
        "body": "It does not work.",
        "user": _PERSON if number % 7 else None,
        "labels": [{"id": random.randint(1, 5), "name": "bug", "color": "ff0000"}],
        "state": "open",
        "locked": False,
        "assignees": [_PERSON],
        "milestone": {"id": 11, "number": 1, "title": "v1"},
        "closed_at": None,
        "type": {"id": 1, "name": "Bug"},
        "html_url": f"https://github.com/acme/any/{kind}/{number}",
        "url": f"https://api.github.com/repos/acme/any/{kind}/{number}",
    }


def make_comment(_random: Random, number: int, _now: datetime) -> Fields:
    return {
        "id": 3_000_000_000 + number,
        "body": f"Comment {number}",
        "user": _PERSON,
        "html_url": f"https://github.com/acme/any/issues/1#issuecomment-{number}",
        "url": f"https://api.github.com/repos/acme/any/issues/comments/{number}",
        "issue_url": "https://api.github.com/repos/acme/any/issues/1",
    }


def make_review_comment(_random: Random, number: int, _now: datetime) -> Fields:
    return {
        "id": 4_000_000_000 + number,
        "body": f"Remark {number}",
        "user": _PERSON,
        "html_url": f"https://github.com/acme/any/pull/2#discussion_r{number}",
        "url": f"https://api.github.com/repos/acme/any/pulls/comments/{number}",
        "pull_request_url": "https://api.github.com/repos/acme/any/pulls/2",
        "pull_request_review_id": 42,
        "in_reply_to_id": 4_000_000_001,
        "path": "src/main.py",
        "line": 3,
        "original_line": 3,
        "original_commit_id": f"{number:040x}",
        "commit_id": f"{number:040x}",
        "side": "RIGHT",
    }


def make_commit(random: Random, number: int, now: datetime) -> Fields:
    """Some are older than what was pushed before: a branch that was merged late."""
    written = now - timedelta(days=random.choice([0, 0, 30]))
    return {
        "id": number,
        "number": number,
        "message": f"Change {number}",
        "signature": {"name": "Ada", "email": "ada@example.com", "date": text(written)},
    }


def revise_commit(random: Random, fields: Fields, now: datetime) -> Fields:
    """Commits never change; rarely one is amended, and the branch rewritten."""
    return changed("message")(random, fields, now) if random.random() < 0.2 else fields


def make_run(_random: Random, number: int, now: datetime) -> Fields:
    return {
        "id": 5_000_000_000 + number,
        "name": "CI",
        "display_title": f"Change {number}",
        "workflow_id": 161_335,
        "run_number": number,
        "run_attempt": 1,
        "event": "push",
        "status": "queued",
        "conclusion": None,
        "path": ".github/workflows/ci.yml",
        "head_branch": "main",
        "head_sha": f"{number:040x}",
        "actor": _PERSON,
        "triggering_actor": _PERSON,
        "run_started_at": text(now),
        "html_url": f"https://github.com/acme/any/actions/runs/{number}",
        "url": f"https://api.github.com/repos/acme/any/actions/runs/{number}",
    }


def revise_run(random: Random, fields: Fields, now: datetime) -> Fields:
    """It goes on, or is run again."""
    if fields["status"] != "completed":
        conclusion = random.choice(["success", "failure"])
        return {**fields, "status": "completed", "conclusion": conclusion}
    again = {"status": "queued", "conclusion": None, "run_started_at": text(now)}
    return {**fields, **again, "run_attempt": fields["run_attempt"] + 1}


def make_release(_random: Random, number: int, now: datetime) -> Fields:
    return {
        "id": 6_000_000_000 + number,
        "name": f"Version {number}",
        "tag_name": f"v{number}",
        "target_commitish": "main",
        "body": "What is new",
        "draft": False,
        "prerelease": number % 3 == 0,
        "author": _PERSON,
        "assets": [
            {
                "id": number,
                "name": "app.zip",
                "size": 1024,
                "download_count": 42,
                "browser_download_url": "https://github.com/acme/any/releases/app.zip",
            }
        ],
        "published_at": text(now),
        "html_url": f"https://github.com/acme/any/releases/v{number}",
        "url": f"https://api.github.com/repos/acme/any/releases/{number}",
    }


def make_milestone(_random: Random, number: int, now: datetime) -> Fields:
    return {
        "id": 7_000_000_000 + number,
        "number": number,
        "title": f"v{number}",
        "description": "Tracking",
        "state": "open",
        "creator": _PERSON,
        "open_issues": 4,
        "closed_issues": 8,
        "due_on": text(now + timedelta(days=30)),
        "closed_at": text(now) if number % 2 else None,
        "html_url": f"https://github.com/acme/any/milestone/{number}",
        "url": f"https://api.github.com/repos/acme/any/milestones/{number}",
    }


def make_label(_random: Random, number: int, _now: datetime) -> Fields:
    return {
        "id": 8_000_000_000 + number,
        "name": f"label{number}",
        "color": "0088aa",
        "description": "Something",
        "default": number == 1,
        "url": f"https://api.github.com/repos/acme/any/labels/label{number}",
    }


def make_collaborator(random: Random, number: int, _now: datetime) -> Fields:
    return {
        "id": 100 + number,
        "login": f"person{number}",
        "html_url": f"https://github.com/person{number}",
        "url": f"https://api.github.com/users/person{number}",
        "type": "User",
        "role_name": random.choice(["read", "write", "admin"]),
    }


def revise_collaborator(random: Random, fields: Fields, _now: datetime) -> Fields:
    return {**fields, "role_name": random.choice(["read", "triage", "write", "maintain", "admin"])}


COLLECTIONS: dict[str, tuple[Callable[..., Fields], Revise, int]] = {
    "issues": (make_issue, revise_issue, 20),
    "pulls": (make_pull_request, revise_pull_request, 20),
    "issue_comments": (make_comment, changed("body"), 20),
    "review_comments": (make_review_comment, changed("body"), 16),
    "commits": (make_commit, revise_commit, 20),
    "runs": (make_run, revise_run, 24),
    "releases": (make_release, changed("name"), 8),
    "milestones": (make_milestone, changed("title"), 6),
    "labels": (make_label, changed("description"), 12),
    "collaborators": (make_collaborator, revise_collaborator, 8),
}
"""What a repository has: how a row is made and changed, and how many there are at first."""
