"""A seeded world: rows that change by chance, and a clock that only moves when it is told."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from pack_sdk.testing.clock import Clock
from pack_sdk.testing.collection import Change, ChangeKind, Collection, Fields, Item, Make, Revise

_AGE = timedelta(days=1)
_LATENESS = timedelta(seconds=1)


class World:
    """The data of a service that does not exist. The same seed and calls give the same data.

    >>> world = World(seed=7)
    >>> tasks = world.add(
    ...     "tasks",
    ...     lambda random, number, now: {"id": f"T{number}", "points": random.randint(1, 9)},
    ...     lambda random, fields, now: {**fields, "points": fields["points"] + 1},
    ...     count=3,
    ... )
    >>> world.advance(minutes=5)
    >>> [(change.kind, change.item.id) for change in world.step("update", "delete")]
    [('update', 'T3'), ('delete', 'T1')]
    >>> [item.fields["points"] for item in tasks.updated_since(world.clock.now)]
    [8]

    A fake of a service that has a world of its own overrides `advance`, `step` and
    `expire_tokens`.
    """

    def __init__(self, seed: int = 0, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.random = Random(seed)  # noqa: S311 - made-up data, no secret
        self.collections: dict[str, Collection] = {}
        self.epoch = 0
        """How often tokens have expired: a token that bears another number is of no use."""

    def add(
        self,
        name: str,
        make: Make,
        revise: Revise | None = None,
        *,
        count: int = 0,
        id_of: Callable[[Fields], Any] = lambda fields: fields["id"],
    ) -> Collection:
        """Add a collection with `count` rows, made an hour to a day ago, one after another.

        `make(random, number, now)` makes a row, `revise(random, fields, now)` another version.
        """
        collection = self.collections[name] = Collection(name, make, revise, id_of=id_of)
        begin, now = self.clock.now - _AGE, self.clock.now - timedelta(hours=1)
        for number in range(count):
            collection.insert(self.random, begin + (now - begin) * number / count)
        return collection

    def advance(self, by: timedelta | None = None, **units: float) -> None:
        """Move the clock, by a timedelta or by what makes one, such as `hours=4`."""
        self.clock.advance(by, **units)

    def step(self, *kinds: ChangeKind) -> Sequence[Change]:
        """Let one change of each of these kinds happen in every collection, at this moment.

        Where there is nothing that could be changed so, nothing is. `late` is an update that bears
        a time one second earlier, as where a transaction took a second to commit.
        """
        changed = [
            (collection, self._change(collection, kind))
            for collection in self.collections.values()
            for kind in kinds
        ]
        return [collection.log[item.version - 1] for collection, item in changed if item]

    def expire_tokens(self) -> bool:
        """Make all tokens for changes useless; False if this world has none that could expire."""
        self.epoch += 1
        return True

    def _change(self, collection: Collection, kind: ChangeKind) -> Item | None:
        now = self.clock.now
        if kind == "insert":
            return collection.insert(self.random, now)
        deleted = kind == "undelete"
        choices = [item for item in collection.items(deleted=True) if item.deleted == deleted]
        if not choices:
            return None
        chosen = self.random.choice(choices).id
        if kind == "delete":
            return collection.delete(chosen, now)
        if kind == "undelete":
            return collection.undelete(chosen, now)
        moment = now - _LATENESS if kind == "late" else now
        return collection.update(self.random, chosen, moment, kind=kind)
