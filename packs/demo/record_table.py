"""`RecordTable`: one table of the demo service, which remembers the order of its changes."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from packs.demo.records import Record


class RecordTable:
    """Records by number: the 17 of "TASK-17".

    Numbers grow and are never used again, which makes "after number n" a place in a
    listing that stays right whatever is inserted or deleted meanwhile. Every change gets
    the next `version`. `tombstones` are the versions at which records were deleted, until
    they are forgotten.
    """

    def __init__(self, prefix: str) -> None:
        self.version = 0
        self._prefix = prefix
        self._last_number = 0
        self._numbers: list[int] = []
        self._records: dict[int, Record] = {}
        self._versions: dict[int, int] = {}
        self._tombstones: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, record_id: object) -> bool:
        return any(record["id"] == record_id for record in self._records.values())

    @property
    def next_number(self) -> int:
        """The number that the next record will have."""
        return self._last_number + 1

    def id_of(self, number: int) -> str:
        """The id of the record with this number, deleted or not."""
        return f"{self._prefix}-{number}"

    def records(self) -> list[Record]:
        """All records, by number."""
        return [self._records[number] for number in self._numbers]

    def get(self, number: int) -> Record:
        """One record; a `KeyError` if it has been deleted."""
        return self._records[number]

    def numbers(self, after: int = 0) -> list[int]:
        """The numbers of the records above `after`, ascending."""
        return self._numbers[bisect_right(self._numbers, after) :]

    def insert(self, record: Record) -> None:
        """Add a record, which must have been made for `next_number`."""
        self._last_number += 1
        self._numbers.append(self._last_number)
        self._put(self._last_number, record)

    def replace(self, number: int, record: Record) -> None:
        """Put a revised record in the place of the one with this number."""
        self._put(number, record)

    def delete(self, number: int) -> None:
        """Delete a record and leave a tombstone."""
        del self._records[number], self._versions[number]
        del self._numbers[bisect_left(self._numbers, number)]
        self.version += 1
        self._tombstones[number] = self.version

    def forget_tombstones(self) -> None:
        """Forget which records were deleted."""
        self._tombstones.clear()

    def changes(self, after: int, upto: int) -> Iterator[tuple[int, Record]]:
        """The (version, record) of what last changed in versions `after` < v <= `upto`.

        In the order of the changes; a deleted record is `{"id": …, "deleted": true}`.
        """
        every = [(version, number, False) for number, version in self._versions.items()]
        every += [(version, number, True) for number, version in self._tombstones.items()]
        for version, number, deleted in sorted(e for e in every if after < e[0] <= upto):
            if deleted:
                yield version, {"id": self.id_of(number), "deleted": True}
            else:
                yield version, self._records[number]

    def _put(self, number: int, record: Record) -> None:
        self.version += 1
        self._records[number] = record
        self._versions[number] = self.version
