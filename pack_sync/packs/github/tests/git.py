"""Histories of commits, as git has them: a commit is known by what it and all before it hold."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from pack_sdk.testing.collection import Item

Commit = Mapping[str, Any]


class Histories:
    """All commits that ever were, also those that a rewritten branch has no more."""

    def __init__(self) -> None:
        self._commits: dict[str, Commit] = {}

    def head(self, items: Sequence[Item]) -> str | None:
        """The last commit of a branch with these commits, None if there are none."""
        parent = None
        for item in items:
            content = f"{parent} {item.id} {item.fields['message']}"
            sha = hashlib.sha1(content.encode(), usedforsecurity=False).hexdigest()
            if sha not in self._commits:
                self._commits[sha] = _commit(sha, parent, item.fields)
            parent = sha
        return parent

    def before(self, sha: str | None) -> list[Commit]:
        """A commit and those before it, the newest first; none of one that is not known."""
        found: list[Commit] = []
        while sha in self._commits:
            found.append(self._commits[sha])
            sha = next((each["sha"] for each in found[-1]["parents"]), None)
        return found

    def forget_all_but(self, heads: Sequence[str | None]) -> None:
        """Forget the commits that are in no branch, as git does some time after a rewrite."""
        kept = {commit["sha"] for head in heads for commit in self.before(head)}
        self._commits = {sha: each for sha, each in self._commits.items() if sha in kept}


def _commit(sha: str, parent: str | None, fields: Mapping[str, Any]) -> Commit:
    account = {"id": 7, "login": "ada"} if fields["number"] % 3 else None
    return {
        "sha": sha,
        "node_id": f"C_{sha[:12]}",
        "commit": {
            "message": fields["message"],
            "author": fields["signature"],
            "committer": fields["signature"],
            "tree": {"sha": sha[::-1]},
        },
        "html_url": f"https://github.com/acme/any/commit/{sha}",
        "author": account,
        "committer": account,
        "parents": [{"sha": parent}] if parent else [],
    }
