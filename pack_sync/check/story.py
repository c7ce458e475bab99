"""A table over several syncs: what it holds after each, and how that differs from the truth."""

import json
from collections.abc import Iterator, Sequence, Set
from typing import Any, Self, TypedDict, cast

from typing_extensions import Unpack

from pack_sdk.errors import StatusCodeError
from pack_sdk.schemas import Schema
from pack_sdk.testing import Change
from pack_sdk.testing.collection import ChangeKind
from pack_sync.check.lab import Happening, Lab
from pack_sync.check.table_state import (
    Difference,
    State,
    deleted_by,
    difference,
    id_text,
    state_after,
)
from pack_sync.check.traces import Exchange, Trace


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
        self.removed = set[str]()
        """The ids of the rows that syncs reported as deleted."""
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

    def fails_anyway(self, error: Exception) -> bool:
        """Whether a full sync fails alike: what is crawled has lost the row that it belongs to."""
        again = self.lab.sync().error
        return (
            isinstance(error, StatusCodeError)
            and isinstance(again, StatusCodeError)
            and again.status_code == error.status_code
        )

    def ids_that(self, *kinds: ChangeKind) -> set[str]:
        """The ids of the rows that changed in one of these ways."""
        return {id_text(change.item.id) for change in self.changes if change.kind in kinds}

    def ids_gone(self) -> set[str]:
        """The ids of the rows that were deleted, and have not changed since."""
        last = {id_text(change.item.id): change.kind for change in self.changes}
        return {key for key, kind in last.items() if kind == "delete"}

    def told_of(self, gone: set[str], exchanges: Sequence[Exchange]) -> set[str]:
        """Which of these rows, which were gone before, the answers tell of (see `told_ids`)."""
        schema = self.lab.table.schema
        return gone & told_ids(exchanges, schema, there=set(self.state) - gone)

    def _take(self, trace: Trace) -> None:
        if not trace.ended:
            self.failed = self.failed or trace
            return
        before = self.state if trace.cursor is not None else {}
        self.removed |= {key for told in trace.deletions for key in deleted_by(told, before)}
        self.state = state_after(trace, self.lab.table.schema, self.state)
        self.cursor = trace.next_cursor


def told_ids(exchanges: Sequence[Exchange], schema: Schema, there: Set[str]) -> set[str]:
    """What answers may tell of rows by their ids, as texts.

    Values of the id's own field, of a field that is called an id in a small object such as
    `{"fileId": "a", "removed": true}`, lists of values alone, and texts too long to be there by
    chance. Of a row that is `there` only its own id: another that it names, such as its
    predecessor, is not told to be deleted by that. Nor is what anything calls its parent.
    """
    own = {schema.field_of(str(schema.id_property)).rpartition(".")[2], "id"}
    bodies = (exchange.response.body for exchange in exchanges)
    return {id_text(told) for body in bodies for told in _told(body, own, there, listed=False)}


_FEW_FIELDS = 5
_LONG_TEXT = 8


def _told(value: Any, own: Set[str], there: Set[str], *, listed: bool) -> Iterator[Any]:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        ids = {id_text(fields[name]) for name in own & fields.keys()}
        if ids & there:
            yield from ids
            return
        few = len(fields) <= _FEW_FIELDS
        for name, inner in fields.items():
            is_id = name in own or (few and name.lower().endswith(("id", "key")))
            if name not in own and name.lower().startswith("parent"):
                continue  # a row that is there, of which this one is a part
            yield from _told(inner, own, there, listed=is_id)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _told(inner, own, there, listed=True)
    elif isinstance(value, str):
        if listed or len(value) >= _LONG_TEXT:
            yield value
    elif isinstance(value, int | float) and not isinstance(value, bool) and listed:
        yield value


def shown_cursor(cursor: Any) -> str:
    """A cursor for a message."""
    text = json.dumps(cursor)
    return text if len(text) <= 120 else f"{text[:120]}…"
