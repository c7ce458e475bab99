"""Rules about deleted rows, where the service tells of them."""

from collections.abc import Iterator

from pack_sync.check.findings import Evidence, rule
from pack_sync.check.rules.increments import SEEDS
from pack_sync.check.story import Story
from pack_sync.check.table_state import id_text, some
from pack_sync.check.table_under_test import TableUnderTest


@rule(
    "deleted-id-differs",
    says="A deleted id is written as the rows' ids are.",
    remedy="Return in deletedRowIds what the id property of the row had, as it was.",
)
def deleted_id_differs(table: TableUnderTest) -> Iterator[Evidence]:
    """A deleted id is no row's, but would be in another case or form."""
    if not table.is_incremental:
        return
    with table.lab(SEEDS[0]) as lab:
        story = Story(lab, table.still.volatile).begin()
        known = {_loosely(key): key for key in story.state}
        for _ in range(2):
            lab.advance(hours=1)
            story.step("delete")
        lab.advance(hours=1)
        reported = [] if story.failed else story.increment().deleted_ids
    for deleted in reported:
        key = id_text(deleted)
        meant = known.get(_loosely(key))
        if meant is not None and meant != key:
            yield table.evidence(
                f"the row with the id {meant!r} was deleted, and deletedRowIds has {key!r}: it "
                "stays in the table",
                "deleted",
            )
            return


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
        for _ in range(3):
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
    "undeleted-missed",
    says="A row that comes back after it was deleted is in the table again.",
    remedy="Return the row in result when the service lists it again.",
)
def undeleted_missed(table: TableUnderTest) -> Iterator[Evidence]:
    """A row is deleted, and undeleted before the next increment but one."""
    if not table.is_incremental or table.found_errors:
        return
    with table.lab(SEEDS[0]) as lab:
        story = Story(lab, table.still.volatile).begin()
        for kind in ("delete", "undelete"):
            lab.advance(hours=1)
            story.step(kind)
            lab.advance(hours=1)
            if story.failed is None:
                story.increment()
        found = story.difference() if story.failed is None else None
    if found and (missing := sorted(set(found.missing) & story.ids_that("undelete"))):
        yield table.evidence(
            f"a row was deleted and came back, and after the increments it is not in the table: "
            f"{some(missing)}",
            "result",
            kind="missed",
        )
