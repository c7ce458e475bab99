"""A burst: updates, inserts and deletes that happen to a table at one moment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from packs.demo.listings import InvalidRequestError
from packs.demo.record_table import RecordTable
from packs.demo.records import Record


@dataclass(frozen=True, kw_only=True)
class TableChange:
    """What one burst did to a table: the ids of the records concerned, no id twice."""

    updated: Sequence[str]
    inserted: Sequence[str]
    deleted: Sequence[str]

    @property
    def counts(self) -> dict[str, int]:
        """How many records were updated, inserted and deleted."""
        return {
            "updated": len(self.updated),
            "inserted": len(self.inserted),
            "deleted": len(self.deleted),
        }


@dataclass(frozen=True, kw_only=True)
class SourceChange:
    """What one burst did to each table of the service."""

    projects: TableChange
    tasks: TableChange
    events: TableChange

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """How many records were updated, inserted and deleted, by table."""
        return {
            "projects": self.projects.counts,
            "tasks": self.tasks.counts,
            "events": self.events.counts,
        }


@dataclass(frozen=True, kw_only=True)
class BurstSize:
    """How many records to change, at most as many as there are."""

    updated: int
    inserted: int
    deleted: int

    def __post_init__(self) -> None:
        if min(self.updated, self.inserted, self.deleted) < 0:
            raise InvalidRequestError("A number of changes is 0 or more.")


def burst(
    table: RecordTable,
    size: BurstSize,
    random: Random,
    *,
    new: Callable[[], Record],
    revise: Callable[[Record], Record],
    deletable: Sequence[int] | None = None,
) -> TableChange:
    """Delete some records (of the numbers in `deletable`), revise others, add new ones."""
    deleted = _some(random, table.numbers() if deletable is None else deletable, size.deleted)
    for number in deleted:
        table.delete(number)
    updated = _some(random, table.numbers(), size.updated)
    for number in updated:
        table.replace(number, revise(table.get(number)))
    first_new = table.next_number
    for _ in range(size.inserted):
        table.insert(new())
    return TableChange(
        updated=[table.id_of(number) for number in updated],
        inserted=[table.id_of(number) for number in range(first_new, table.next_number)],
        deleted=[table.id_of(number) for number in deleted],
    )


def _some(random: Random, numbers: Sequence[int], count: int) -> list[int]:
    return sorted(random.sample(numbers, min(count, len(numbers))))
