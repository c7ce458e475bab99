"""The rule about increments as a whole, over random worlds: what no other rule explains."""

from collections.abc import Iterator

from typing_extensions import Unpack

from pack_sync.check.findings import Evidence, rule
from pack_sync.check.rules.cursors import slow_requests
from pack_sync.check.rules.increments import SEEDS, evidence_of
from pack_sync.check.story import Happenings, Story
from pack_sync.check.table_state import Difference, id_text
from pack_sync.check.table_under_test import TableUnderTest

_MANY_REQUESTS = 300
"""After so many no further world is tried: a check is to take seconds."""
_STEPS = 6


@rule(
    "increments-differ",
    says="Increments and deletions together leave the table as a full sync would.",
    remedy="Try it step by step with `execute_sync_table` and the fake: the seed is named.",
)
def increments_differ(table: TableUnderTest) -> Iterator[Evidence]:
    """Random worlds: changes of all kinds, also while pages are fetched."""
    if not table.is_incremental or table.found_errors:
        return
    requests = 0
    for seed in SEEDS:
        if requests > _MANY_REQUESTS:
            return
        with table.lab(seed, slow_requests) as lab:
            story = Story(lab, table.still.volatile).begin()
            found = _random_world(table, story)
            requests += len(lab.service.requests)
        when = f"after {_STEPS} increments with the seed {seed}"
        evidence = list(evidence_of(table, found, when, story.removed)) if found else []
        yield from evidence
        if any(each.kind not in table.blind_spots for each in evidence):
            return


def _random_world(table: TableUnderTest, story: Story) -> Difference | None:
    """How the table differs after several increments, as far as the service told it; None if not.

    That a row was deleted counts as told if the answers to a later increment name it.
    """
    lab = story.lab
    told = set[str]()

    def increment(**happenings: Unpack[Happenings]) -> None:
        gone, changes = story.ids_gone(), len(story.changes)
        if story.failed is None:
            exchanges = story.increment(**happenings).exchanges
            gone -= {id_text(each.item.id) for each in story.changes[changes:]}
            told.difference_update(story.ids_that("delete") - gone)
            told.update(story.told_of(gone, exchanges))
        told.intersection_update(story.ids_gone())

    def happen() -> None:
        story.step("insert", "update", "late")
        if not lab.service.shifting_pages:
            story.step("delete", "undelete")

    for _ in range(_STEPS):
        lab.advance(minutes=30)
        told.difference_update(
            id_text(change.item.id) for change in story.step("insert", "update", "delete")
        )
        lab.advance(minutes=30)
        increment(after_answer=table.now_and_then(happen))
    lab.advance(minutes=30)
    increment()
    found = story.difference() if story.failed is None else None
    if found is None:
        return None
    gone = story.ids_gone()
    left = [key for key in found.left if key in told or key not in gone]
    return Difference(missing=found.missing, stale=found.stale, left=left)
