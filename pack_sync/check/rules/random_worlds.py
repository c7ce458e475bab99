"""The rule about increments as a whole, over random worlds: what no other rule explains."""

from collections.abc import Iterator

from pack_sync.check.findings import Evidence, rule
from pack_sync.check.lab import Lab
from pack_sync.check.rules.cursors import slow_requests
from pack_sync.check.rules.increments import SEEDS, evidence_of
from pack_sync.check.story import Story, told_ids
from pack_sync.check.table_state import Difference
from pack_sync.check.table_under_test import TableUnderTest

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
    for seed in SEEDS:
        with table.lab(seed, slow_requests) as lab:
            found = _random_world(table, lab)
        if found:
            yield from evidence_of(table, found, f"after {_STEPS} increments with the seed {seed}")
            return


def _random_world(table: TableUnderTest, lab: Lab) -> Difference | None:
    story = Story(lab, table.still.volatile).begin()
    told = set[str]()

    def happen() -> None:
        story.step("insert", "update", "late")
        if not lab.service.shifting_pages:
            story.step("delete", "undelete")

    for _ in range(_STEPS):
        lab.advance(minutes=30)
        story.step("insert", "update", "delete")
        lab.advance(minutes=30)
        if story.failed is None:
            told |= told_ids(story.increment(after_answer=happen))
    lab.advance(minutes=30)
    if story.failed is None:
        told |= told_ids(story.increment())
    found = story.difference() if story.failed is None else None
    if found is None:
        return None
    deleted = story.ids_that("delete")
    return Difference(
        missing=found.missing,
        stale=found.stale,
        left=[key for key in found.left if key in told or key not in deleted],
    )
