"""A service whose rows change from version to version, as a pack's `execute` sees it.

What it holds at each version follows from the seed alone, so that the contents of a table
can be told from its cursor. A listing keeps to the version at which it began, as services
with snapshots do, however much changes while it is paged through.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

PAGE_ROWS = 7
"""How many rows and deletions a page holds."""

Rows: TypeAlias = dict[str, str]


@dataclass(frozen=True)
class World:
    """Versions 0 to `versions` of some rows, as {id: name}."""

    seed: int
    versions: int = 6
    rows: int = 45

    @cached_property
    def states(self) -> Sequence[Rows]:
        """The rows at each version: some are new, some changed, some gone since the last."""
        chance = random.Random(self.seed)
        state = {f"r{n:03}": f"first {n}" for n in range(self.rows)}
        states = [dict(state)]
        for version in range(1, self.versions + 1):
            for row in chance.sample(sorted(state), 6):
                state[row] = f"changed in {version}"
            for row in chance.sample(sorted(state), 5):
                del state[row]
            for number in chance.sample(range(self.rows * 2), 8):  # also ids that were deleted
                state[f"r{number:03}"] = f"new in {version}"
            states.append(dict(state))
        return states

    def at(self, version: int | None) -> Rows:
        """The rows at a version; none before there was any."""
        return {} if version is None else self.states[version]

    def changes(self, since: int, until: int) -> list[tuple[str, str | None]]:
        """What differs between two versions, by id; None where a row is gone."""
        before, after = self.states[since], self.states[until]
        ids = sorted({*before, *after})
        return [(row, after.get(row)) for row in ids if before.get(row) != after.get(row)]

    def listing(self, since: int | None, until: int) -> list[tuple[str, str | None]]:
        """What a sync lists in all: changes since a version, or every row if that is None."""
        return list(self.states[until].items()) if since is None else self.changes(since, until)


@dataclass(frozen=True)
class Service:
    """The pack's `execute`, at the time when the world is at version `now`.

    A cursor older than `oldest` has expired: its sync ends with incomplete results (C8).
    """

    world: World
    now: int
    oldest: int = 0

    def execute(self, args: Any, context: Any) -> dict[str, Any]:
        """One page; the cursor, and every continuation, names the version listed."""
        del args
        previous = context.sync.previous_completion
        since = previous.incremental_continuation["version"] if previous else None
        place = context.sync.continuation or {"version": self.now, "offset": 0}
        if since is not None and since < self.oldest:
            return _untrusted(place)
        listing = self.world.listing(since, place["version"])
        end = place["offset"] + PAGE_ROWS
        page = listing[place["offset"] : end]
        answer: dict[str, Any] = {
            "result": [{"id": row, "name": name} for row, name in page if name is not None],
            "deletedRowIds": [
                self._told(row, since, place["version"]) for row, name in page if name is None
            ],
        }
        if end < len(listing):
            return {**answer, "continuation": {**place, "offset": end}}
        return {**answer, "completion": {"incrementalContinuation": {"version": place["version"]}}}

    def _told(self, row: str, since: int | None, until: int) -> Any:
        """How a deleted row is told: by its name if no other row has that, else by its id (C9)."""
        before, after = self.world.at(since), self.world.at(until)
        name = before.get(row)
        alone = list(before.values()).count(str(name)) == 1 and name not in after.values()
        return {"name": name} if alone else row


def _untrusted(place: dict[str, Any]) -> dict[str, Any]:
    """Two pages of an incremental sync that turns out to be incomplete."""
    rows = [{"id": f"untrusted {place['offset']}", "name": "must never be seen"}]
    if place["offset"] == 0:
        return {"result": rows, "continuation": {**place, "offset": 1}}
    return {"result": rows, "completion": {"hasIncompleteResults": True}}


def page_count(rows: int) -> int:
    """How many pages so many rows and deletions make; an empty listing is a page too."""
    return max(1, -(-rows // PAGE_ROWS))
