"""Rows of a made-up service, which remember when and in which order they changed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any, Literal, TypeAlias

Fields: TypeAlias = Mapping[str, Any]
Make: TypeAlias = Callable[[Random, int, datetime], Fields]
"""Makes a row: given chance, the row's number from 1 on, and the time."""

Revise: TypeAlias = Callable[[Random, Fields, datetime], Fields]
"""Makes another version of a row, with the same id."""

ChangeKind: TypeAlias = Literal["insert", "update", "delete", "undelete", "late"]
"""What may happen to a row; `late` is an update that bears an earlier time than it shows at."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """A row as the service holds it, at one version.

    `number` is its place in the order of creation, `version` the place of its last change among
    all changes of its collection. `created_at` and `updated_at` are in UTC; deleting a row and
    bringing it back are updates as well. A deleted row keeps its last fields.
    """

    number: int
    version: int
    id: Any
    fields: Fields
    created_at: datetime
    updated_at: datetime
    deleted: bool = False


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of a row: `item` is the row after it."""

    collection: str
    kind: ChangeKind
    item: Item


class Collection:
    """Rows of one kind: issues, say. Whoever lists them gets copies of nothing: leave them alone.

    >>> from pack_sdk.testing import Clock
    >>> teams = Collection("teams", lambda random, number, now: {"id": f"T{number}"})
    >>> item = teams.insert(Random(1), Clock().now)
    >>> item.id, [item.fields for item in teams.items()]
    ('T1', [{'id': 'T1'}])
    """

    def __init__(
        self,
        name: str,
        make: Make,
        revise: Revise | None = None,
        *,
        id_of: Callable[[Fields], Any] = lambda fields: fields["id"],
    ) -> None:
        self.name = name
        self.log: list[Change] = []
        """Every change since the beginning, in order: the change of version 1 comes first."""
        self._make = make
        self._revise = revise
        self._id_of = id_of
        self._items: dict[Any, Item] = {}

    def items(self, *, deleted: bool = False) -> list[Item]:
        """The rows in the order of their creation; with `deleted`, those that are gone as well."""
        return [item for item in self._items.values() if deleted or not item.deleted]

    def get(self, row_id: object) -> Item | None:
        """The row with this id, None if there is none or it is deleted. Ids compare as texts."""
        return next((i for i in self.items() if str(i.id) == str(row_id)), None)

    @property
    def version(self) -> int:
        """The version of the last change, 0 before the first."""
        return len(self.log)

    def changes(
        self, after: int = 0, upto: int | None = None, *, deleted: bool = True
    ) -> list[Item]:
        """What last changed in versions `after` < v <= `upto`, in the order of the changes.

        A feed of changes: each row once, as it is now; a deleted one has `deleted` set.
        """
        last = self.version if upto is None else upto
        found = [item for item in self.items(deleted=deleted) if after < item.version <= last]
        return sorted(found, key=lambda item: item.version)

    def updated_since(self, moment: datetime, *, deleted: bool = False) -> list[Item]:
        """The rows that were updated at that moment or later, in the order of their creation."""
        return [item for item in self.items(deleted=deleted) if item.updated_at >= moment]

    def insert(self, random: Random, now: datetime, fields: Fields | None = None) -> Item:
        """Add a row: of these fields, or made up. Raises `ValueError` for an id that is there."""
        number = len(self._items) + 1
        made = self._make(random, number, now) if fields is None else fields
        row_id = self._id_of(made)
        if row_id in self._items:
            raise ValueError(f"{self.name} has a row with the id {row_id!r} already")
        item = Item(
            number=number, version=0, id=row_id, fields=made, created_at=now, updated_at=now
        )
        return self._put("insert", item)

    def update(
        self, random: Random, row_id: Any, now: datetime, *, kind: ChangeKind = "update"
    ) -> Item:
        """Change a row; `now` becomes its time of modification."""
        item = self._items[row_id]
        fields = self._revise(random, item.fields, now) if self._revise else item.fields
        return self._put(kind, replace(item, fields=fields, updated_at=now))

    def delete(self, row_id: Any, now: datetime) -> Item:
        """Delete a row; its fields and its time of modification say so."""
        return self._put("delete", replace(self._items[row_id], deleted=True, updated_at=now))

    def undelete(self, row_id: Any, now: datetime) -> Item:
        """Bring a deleted row back."""
        return self._put("undelete", replace(self._items[row_id], deleted=False, updated_at=now))

    def __len__(self) -> int:
        return len(self.items())

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items())

    def _put(self, kind: ChangeKind, item: Item) -> Item:
        item = replace(item, version=self.version + 1)
        self._items[item.id] = item
        self.log.append(Change(collection=self.name, kind=kind, item=item))
        return item


def ids_of(items: Sequence[Item]) -> list[Any]:
    """The ids of the items, in their order."""
    return [item.id for item in items]
