"""Telling several notifiers, each what it does not know yet, and remembering what they know."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import orjson

from pack_sync.notify.changes import Changes, Seen, changes
from pack_sync.notify.message import Message
from pack_sync.notify.senders import NotSentError, send
from pack_sync.notify_settings import NotifierSettings

MOST_TRIES = 30
"""At so many looks, a minute apart, a message is tried; then it is dropped."""

PATIENCE_SECONDS = 12.0
"""How long all notifiers together may take."""


@dataclass(frozen=True)
class Told:
    """What one notifier knows: since when, by the keys of conditions.

    `failures` counts the looks at which it could not be told the rest.
    """

    conditions: Mapping[str, str]
    failures: int = 0


@dataclass(frozen=True)
class Memory:
    """What all notifiers know, by their names. It is kept as text from look to look.

    `looked_at` is when that was, in seconds since 1970, and `runs_until` the last run it saw.
    """

    told: Mapping[str, Told]
    looked_at: float = 0.0
    runs_until: float = 0.0

    @classmethod
    def read(cls, text: str | None) -> Self:
        """The memory as it was written; an empty one for None."""
        document: dict[str, Any] = orjson.loads(text) if text else {}
        told = {name: Told(each[0], each[1]) for name, each in document.get("told", {}).items()}
        return cls(told, document.get("looked_at", 0.0), document.get("runs_until", 0.0))

    def as_text(self) -> str:
        """The memory as `read` takes it."""
        told = {name: [each.conditions, each.failures] for name, each in self.told.items()}
        document = {
            "looked_at": self.looked_at,
            "runs_until": self.runs_until,
            "told": told,
        }
        return orjson.dumps(document).decode()

    @property
    def keys(self) -> frozenset[str]:
        """All that anybody has been told of."""
        return frozenset(key for each in self.told.values() for key in each.conditions)

    @property
    def is_waiting(self) -> bool:
        """Whether somebody could not be told the last time."""
        return any(each.failures for each in self.told.values())


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """What is the same in all messages of a look, at a time (UTC)."""

    project: str
    at: datetime
    webserver_url: str | None = None

    def message(self, new: Changes) -> Message:
        """The message that tells of changes."""
        keys = [each.key for each in new.new] + [str(each) for each in new.over]
        known = orjson.dumps([self.project, keys, sorted(new.remembered.items())])
        return Message(
            id=f"msg_{hashlib.sha256(known).hexdigest()[:24]}",
            project=self.project,
            at=self.at,
            new=new.new,
            over=new.over,
            webserver_url=self.webserver_url,
        )


def tell(
    notifiers: Sequence[NotifierSettings],
    seen: Seen,
    told: Mapping[str, Told],
    envelope: Envelope,
    log: Callable[[str], object],
) -> dict[str, Told]:
    """Send each notifier what it does not know; returns what they know then.

    All are told side by side, and nobody is waited for beyond `PATIENCE_SECONDS`. A message that
    cannot be sent is tried again at the next call, and dropped after `MOST_TRIES`; both are
    logged.
    """
    after: dict[str, Told] = {}
    sending: dict[str, tuple[Changes, _Sending]] = {}
    for name, notifier in named(notifiers):
        known = told.get(name, Told({}))
        new = changes(known.conditions, seen, notifier.about)
        after[name] = Told(new.remembered)
        if new:
            sending[name] = new, _Sending(notifier, envelope.message(new))
    until = time.monotonic() + PATIENCE_SECONDS
    for name, (new, each) in sending.items():
        problem = each.problem(until)
        if problem is None:
            log(f"told {name}: {len(new.new)} new, {len(new.over)} over")
            continue
        known = told.get(name, Told({}))
        failures = known.failures + 1
        if failures < MOST_TRIES:
            log(f"{name} could not be told, and is tried again in a minute: {problem}")
            after[name] = Told(known.conditions, failures)
        else:
            log(f"{name} could not be told {failures} times, so the message is dropped: {problem}")
    return after


def named(notifiers: Sequence[NotifierSettings]) -> Iterator[tuple[str, NotifierSettings]]:
    """The notifiers with their names; the second of a name is numbered."""
    counts: dict[str, int] = {}
    for notifier in notifiers:
        counts[notifier.name] = number = counts.get(notifier.name, 0) + 1
        yield notifier.name if number == 1 else f"{notifier.name} {number}", notifier


class _Sending:
    """A message on its way, in a thread that nobody waits for at the end."""

    def __init__(self, notifier: NotifierSettings, message: Message) -> None:
        self._notifier = notifier
        self._message = message
        self._problem: str | None = None
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def problem(self, until: float) -> str | None:
        """Why it was not sent, by `until` on the monotonic clock; None if it was."""
        self._thread.join(max(until - time.monotonic(), 0))
        if self._thread.is_alive():
            return f"it did not answer within {PATIENCE_SECONDS:g} s"
        return self._problem

    def _send(self) -> None:
        try:
            send(self._notifier, self._message)
        except NotSentError as error:
            self._problem = str(error)
