"""A message: its text for people, and its JSON for programs. It has no rows and no secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pack_sync.notify.changes import Condition, Ended
from pack_sync.notify.conditions import moment
from pack_sync.notify_settings import Notice
from pack_sync.redaction import Redactor

TITLES: Mapping[Notice, str] = {
    "failed": "sync failed",
    "held": "full sync held",
    "rejected": "rows rejected",
    "schema_changed": "schema changed",
    "increments_incomplete": "increments incomplete",
    "stale": "stale",
    "no_rows": "no new rows",
    "budget_short": "budget short",
    "consent_ending": "consent ends",
}


@dataclass(frozen=True, kw_only=True)
class Message:
    """What is sent at once: what is new, what is over, in which project, at which time (UTC).

    `id` is the same when the message is sent again. Of more than `most` conditions the rest is
    counted: a service that is down fails all its tables. `test` is a message about nothing.
    """

    id: str
    project: str
    at: datetime
    new: Sequence[Condition]
    over: Sequence[Ended] = ()
    webserver_url: str | None = None
    most: int = 10
    test: bool = False

    @property
    def subject(self) -> str:
        """The message in a line."""
        if self.test:
            return f"{self.project}: a test of notifications; nothing is wrong"
        if len(self.new) + len(self.over) == 1:
            one = self.new[0] if self.new else self.over[0]
            what = TITLES[one.kind] if self.new else f"over: {TITLES[one.kind]}"
            return f"{self.project}: {one.subject}: {what}"
        return f"{self.project}: {len(self.new)} new, {len(self.over)} over"

    @property
    def text(self) -> str:
        """The message for people, without any markup."""
        new, over = self.new[: self.most], self.over[: self.most]
        blocks = [self.subject, *(self._of(each) for each in new)]
        if more := len(self.new) - len(new):
            blocks.append(f"And {more:,} more; `packsync notify` shows all.")
        blocks += [
            f"Over: {each.subject}: {TITLES[each.kind]}, since {moment(each.since)}"
            for each in over
        ]
        if more := len(self.over) - len(over):
            blocks.append(f"And {more:,} more are over.")
        return "\n\n".join(blocks) + "\n"

    def document(self) -> dict[str, Any]:
        """The message for programs."""
        return {
            "id": self.id,
            "project": self.project,
            "at": _iso(self.at),
            "test": self.test,
            "text": self.text,
            "new": [self._document_of(each) for each in self.new[: self.most]],
            "new_count": len(self.new),
            "over": [
                {"kind": each.kind, "subject": each.subject, "since": _iso(each.since)}
                for each in self.over[: self.most]
            ],
            "over_count": len(self.over),
        }

    def _of(self, condition: Condition) -> str:
        lines = [
            f"{condition.subject}: {TITLES[condition.kind]}, since {moment(condition.since)}",
            condition.text,
            condition.remedy,
        ]
        if condition.run_id:
            lines.append(f"Dagster run: {self._link(condition.run_id) or condition.run_id}")
        return "\n".join(lines)

    def _document_of(self, condition: Condition) -> dict[str, Any]:
        return {
            "kind": condition.kind,
            "subject": condition.subject,
            "since": _iso(condition.since),
            "text": condition.text,
            "remedy": condition.remedy,
            "run_id": condition.run_id,
            "url": self._link(condition.run_id),
        }

    def _link(self, run_id: str | None) -> str | None:
        if not run_id or not self.webserver_url:
            return None
        return f"{self.webserver_url.rstrip('/')}/runs/{run_id}"


def without_secrets(condition: Condition, redactor: Redactor) -> Condition:
    """The condition with all secrets that the redactor knows replaced."""
    return replace(
        condition,
        text=redactor.redact(condition.text),
        remedy=redactor.redact(condition.remedy),
    )


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
