"""Rules about deleted rows, where the service tells of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pack_sync.check.findings import Evidence, rule
from pack_sync.check.rules.increments import SEEDS
from pack_sync.check.story import Story
from pack_sync.check.table_state import State, deleted_by, id_text, some
from pack_sync.check.table_under_test import TableUnderTest

_DELETIONS = 3
_MANY = 60
"""More than many services list on a page, so that a page may have no rows at all."""


@rule(
    "deleted-id-differs",
    says="A deleted id is written as the rows' ids are.",
    remedy="Return in deletedRowIds what the id property of the row had, as it was.",
)
def deleted_id_differs(table: TableUnderTest) -> Iterator[Evidence]:
    """What is reported as deleted is no row's id, and the rows that were deleted stay."""
    if not table.is_incremental:
        return
    with table.lab(SEEDS[0]) as lab:
        story = Story(lab, table.still.volatile).begin()
        before = story.state
        for _ in range(_DELETIONS):
            lab.advance(hours=1)
            story.step("delete")
        lab.advance(hours=1)
        reported = [] if story.failed else story.increment().deletions
        left = sorted(story.ids_gone() & before.keys() & story.state.keys())
    if says := _miswritten(reported, before) or _unknown(reported, before, left):
        yield table.evidence(says, "deleted")


def _miswritten(reported: Sequence[Any], before: State) -> str:
    """Which of the ids would be a row's if they were in its case or form."""
    known = {_loosely(key): key for key in before}
    for key in map(id_text, reported):
        meant = known.get(_loosely(key))
        if meant is not None and meant != key:
            return (
                f"the row with the id {meant!r} was deleted, and deletedRowIds has {key!r}: it "
                "stays in the table"
            )
    return ""


def _unknown(reported: Sequence[Any], before: State, left: list[str]) -> str:
    """That none of them is any row's, though rows were deleted."""
    if not reported or not left or any(deleted_by(each, before) for each in reported):
        return ""
    return (
        f"rows were deleted, and deletedRowIds has {some([*map(id_text, reported)])}, which no "
        f"row had as its id: they stay in the table ({some(left)})"
    )


def _loosely(key: str) -> str:
    """An id without what may be written in different ways."""
    return key.strip().casefold().rpartition("/")[2].replace("-", "").lstrip("#0")


@rule(
    "deletions-forgotten",
    says="A row that the service says is deleted leaves the table.",
    remedy="Return its id in deletedRowIds, and not the row in result.",
)
def deletions_forgotten(table: TableUnderTest) -> Iterator[Evidence]:
    """The answers of an increment name deleted rows, and these stay."""
    if not table.is_incremental or table.broke(
        "deleted-id-differs", "increment-fails", "increment-paging-forgotten"
    ):
        return
    with table.lab(SEEDS[0]) as lab:
        story = Story(lab, table.still.volatile).begin()
        there = set(story.state)
        for _ in range(_DELETIONS):
            lab.advance(hours=1)
            story.step("delete")
        lab.advance(hours=1)
        if story.failed is not None:
            return
        gone = story.told_of(story.ids_gone() & there, story.increment().exchanges)
        left = sorted(gone & set(story.state)) if story.failed is None else []
        # What an id in an answer means, a full sync says: it does not have the row any more.
        found = story.difference() if left else None
    left = [key for key in left if found is not None and key in found.left]
    if left:
        yield table.evidence(
            f"rows were deleted, the service's answers to an increment named them, and they are "
            f"still in the table: {some(left)}",
            "deleted",
            kind="undeleted",
        )


@rule(
    "deletions-missed",
    says="An increment removes all rows that were deleted, however many they are.",
    remedy="Read every page of the list that tells of deleted rows, and go on where the last "
    "increment ended, not behind it.",
)
def deletions_missed(table: TableUnderTest) -> Iterator[Evidence]:
    """Some rows that were deleted left the table, so the service tells of them, and others stay."""
    if not table.is_incremental or table.found_errors:
        return
    with table.lab(SEEDS[0]) as lab:
        story = Story(lab, table.still.volatile).begin()
        one_by_one = _left_of_deleted(story, [1] * _DELETIONS)
        together = _left_of_deleted(story, [_MANY])
    if one_by_one is None or together is None or not (one_by_one.gone or together.gone):
        return
    for left, when in ((one_by_one.left, "one by one"), (together.left, "at once")):
        if left:
            yield table.evidence(
                f"of rows that were deleted {when} some left the table with the next increment, "
                f"and others are still there: {some(left)}",
                "deleted",
                kind="undeleted",
            )
            return


@dataclass(frozen=True, kw_only=True)
class _Deleted:
    """What became of rows that the service deleted: those that left the table, and the others."""

    gone: list[str]
    left: list[str]


def _left_of_deleted(story: Story, numbers: Sequence[int]) -> _Deleted | None:
    """Delete so many rows before each of some increments; None where a sync fails or is full."""
    before = set(story.state)
    for number in numbers:
        for _ in range(number):
            story.lab.advance(minutes=1)
            story.step("delete")
        story.lab.advance(hours=1)
        if story.failed is None:
            story.increment()
        if story.failed is not None or story.fell_back:
            return None
    deleted = story.ids_gone() & before
    left = deleted & story.state.keys()
    found = story.difference() if left else None  # a row of another list may have such an id
    return _Deleted(
        gone=sorted(deleted - left), left=sorted(left & set(found.left if found else ()))
    )


@rule(
    "undeleted-missed",
    says="A row that comes back after it was deleted is in the table again.",
    remedy="Return the row in result when the service lists it again.",
)
def undeleted_missed(table: TableUnderTest) -> Iterator[Evidence]:
    """A row is deleted, and undeleted before the next increment, or the next but one."""
    if not table.is_incremental or table.found_errors:
        return
    for together in (False, True):
        with table.lab(SEEDS[0]) as lab:
            story = Story(lab, table.still.volatile).begin()
            for kind in ("delete", "undelete"):
                lab.advance(hours=1)
                story.step(kind)
                lab.advance(hours=1)
                if story.failed is None and not (together and kind == "delete"):
                    story.increment()
            found = story.difference() if story.failed is None else None
        if found and (missing := sorted(set(found.missing) & story.ids_that("undelete"))):
            when = " before the next increment" if together else ""
            yield table.evidence(
                f"a row was deleted and came back{when}, and after the increment it is not in the "
                f"table: {some(missing)}",
                "result",
                kind="missed",
            )
            return
