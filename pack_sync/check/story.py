"""A table over several syncs: what it holds after each, and how that differs from the truth."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Self, TypedDict, cast

from typing_extensions import Unpack

from pack_sdk.testing import Change
from pack_sdk.testing.collection import ChangeKind
from pack_sync.check.lab import Happening, Lab
from pack_sync.check.table_state import Difference, State, difference, id_text, state_after
from pack_sync.check.traces import Trace


class Happenings(TypedDict, total=False):
    """What may happen during a sync (see `Lab.sync`)."""

    between_pages: Happening
    after_answer: Happening


class Story:
    """One table of a lab. `failed` is the first sync that raised: nothing follows it.

    Properties that are `volatile` do not count where the table is compared.
    """

    def __init__(self, lab: Lab, volatile: frozenset[str]) -> None:
        self.lab = lab
        self.changes: list[Change] = []
        self.failed: Trace | None = None
        self.state: State = {}
        self.cursor: Any = None
        self.fell_back = False
        """Whether the last increment asked for a full sync in its place."""
        self._volatile = volatile

    def begin(self, **happenings: Unpack[Happenings]) -> Self:
        """Sync fully; returns itself."""
        self._take(self.lab.sync(**happenings))
        return self

    def step(self, *kinds: ChangeKind) -> Sequence[Change]:
        """Let something change at the service; what did is remembered."""
        changed = self.lab.service.world.step(*kinds)
        self.changes += changed
        return changed

    def increment(self, **happenings: Unpack[Happenings]) -> Trace:
        """Sync from the cursor, as the engine does; without one, or where the pack asks, fully."""
        trace = self.lab.sync(self.cursor, **happenings)
        self.fell_back = trace.incomplete
        self._take(self.lab.sync() if trace.incomplete else trace)
        return trace

    def difference(self) -> Difference | None:
        """How the table differs from a full sync now; None if that fails."""
        truth = self.lab.sync()
        if not truth.ended:
            return None
        return difference(
            self.state, state_after(truth, self.lab.table.schema), ignore=self._volatile
        )

    def ids_that(self, *kinds: ChangeKind) -> set[str]:
        """The ids of the rows that changed in one of these ways."""
        return {id_text(change.item.id) for change in self.changes if change.kind in kinds}

    def _take(self, trace: Trace) -> None:
        if not trace.ended:
            self.failed = self.failed or trace
            return
        self.state = state_after(trace, self.lab.table.schema, self.state)
        self.cursor = trace.next_cursor


def values_in(body: Any) -> Iterator[Any]:
    """All texts and numbers in a JSON value."""
    if isinstance(body, dict):
        for value in cast("dict[str, Any]", body).values():
            yield from values_in(value)
    elif isinstance(body, list):
        for value in cast("list[Any]", body):
            yield from values_in(value)
    elif body is not None and not isinstance(body, bool):
        yield body


def told_ids(trace: Trace) -> set[str]:
    """Everything in the answers of a sync that may be an id, as texts."""
    return {
        id_text(value)
        for exchange in trace.exchanges
        for value in values_in(exchange.response.body)
        if isinstance(value, str | int | float)
    }


def shown_cursor(cursor: Any) -> str:
    """A cursor for a message."""
    text = json.dumps(cursor)
    return text if len(text) <= 120 else f"{text[:120]}…"
