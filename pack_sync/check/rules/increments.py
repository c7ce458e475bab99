"""Rules about what increments bring: with what is deleted, as much as a full sync would."""

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from pack_sdk.testing.collection import ChangeKind
from pack_sync.check.findings import Evidence, rule
from pack_sync.check.pack_clock import in_utc
from pack_sync.check.story import Story, shown_cursor
from pack_sync.check.table_state import Difference, Row, State, difference, row_id, some
from pack_sync.check.table_under_test import TableUnderTest
from pack_sync.check.traces import Trace

SEEDS = (11, 12, 13)


@dataclass(frozen=True, kw_only=True)
class Calm:
    """A table after increments, with all changes well between two syncs and no deletion.

    `failed` is the sync that raised; `brought` are the ids of the rows that the increment brought;
    `found` is how the table differs from the `truth` of a full sync; `when` says what came before.
    """

    story: Story
    failed: Trace | None
    truth: State = field(default_factory=dict[str, Row])
    brought: frozenset[str] = frozenset()
    found: Difference = field(default_factory=Difference)
    when: str = "after an increment"


@lru_cache(maxsize=4)
def calm(table: TableUnderTest, seed: int = SEEDS[0], updates: int = 8) -> Calm:
    """A full sync, changes well after it, and an increment well after them."""
    with table.lab(seed) as lab:
        story = Story(lab, table.still.volatile).begin()
        lab.advance(hours=2)
        for _ in range(updates):
            story.step("update")
            lab.advance(minutes=1)
        story.step("insert")
        lab.advance(hours=2)
        rows = story.increment().rows if story.failed is None else []
        truth = Story(lab, table.still.volatile).begin()
    failed = story.failed or truth.failed
    if failed is not None:
        return Calm(story=story, failed=failed)
    found = difference(story.state, truth.state, ignore=table.still.volatile)
    keys = (row_id(row, table.still.schema) for row in rows)
    brought = frozenset(key for key in keys if key is not None)
    return Calm(story=story, failed=None, truth=truth.state, brought=brought, found=found)


@rule(
    "increment-fails",
    says="An increment of a service that works comes to its end.",
    remedy="Correct the function for the case that `context.sync.previous_completion` is there.",
)
def increment_fails(table: TableUnderTest) -> Iterator[Evidence]:
    """The increment after a few changes raises, or one after deletions."""
    if not table.is_incremental:
        return
    failed = calm(table).failed or _failed_after_deletions(table)
    if failed is not None and failed.cursor is not None:
        yield table.evidence_of_error(
            f"an increment from the cursor {shown_cursor(failed.cursor)} failed: "
            f"{type(failed.error).__name__}: {failed.error}",
            failed.error,
        )


def _failed_after_deletions(table: TableUnderTest) -> Trace | None:
    """The increment after some rows were deleted, if it failed and a full sync does not."""
    with table.lab(SEEDS[0]) as lab:
        story = Story(lab, table.still.volatile).begin()
        for _ in range(4):
            lab.advance(hours=1)
            story.step("delete")
        lab.advance(hours=1)
        error = None if story.failed else story.increment().error
        return None if error is None or story.fails_anyway(error) else story.failed


@rule(
    "partial-rows",
    says="An increment returns whole rows.",
    remedy="Return every property of a changed row: what is left out becomes NULL.",
)
def partial_rows(table: TableUnderTest) -> Iterator[Evidence]:
    """In rows that an increment brought, properties are NULL that a full sync fills."""
    if not table.is_incremental or calm(table).failed:
        return
    after, truth = calm(table), calm(table).truth
    emptied = {
        name
        for key in after.brought & after.story.state.keys()
        for name, value in after.story.state[key].items()
        if value is None and truth.get(key, {}).get(name) is not None
    }
    if emptied:
        yield table.evidence(
            f"after an increment {some(sorted(emptied))} of changed rows is NULL, though a full "
            "sync brings values",
            "result",
            column=sorted(emptied)[0],
        )


@rule(
    "local-time-as-utc",
    says="A moment in a cursor or a request is in UTC, or says its zone.",
    remedy="Use `context.sync.started_at`, or datetime.now(UTC); a datetime without a zone is "
    "this machine's local time.",
)
def local_time_as_utc(table: TableUnderTest) -> Iterator[Evidence]:
    """Changes are missed in a zone east of UTC, and not in UTC."""
    if not table.is_incremental or table.broke("partial-rows"):
        return
    found = calm(table).found
    missed = [*found.missing, *found.stale]
    if not missed:
        return
    with in_utc():
        same = calm.__wrapped__(table)
    if same.failed is None and not same.found.missing and not same.found.stale:
        yield table.evidence(
            f"on a machine whose zone is 5.5 hours ahead of UTC an increment missed changes of "
            f"{some(missed)}, and none in UTC",
            "cursor",
        )


@rule(
    "rows-leave-the-filter",
    says="A row that no longer fits what increments ask for does not stay as it was.",
    remedy="Ask for all rows in increments, and keep the filter for full syncs: declare its "
    "parameter with supports_incremental_sync=False, or report rows that left in deletedRowIds.",
)
def rows_leave_the_filter(table: TableUnderTest) -> Iterator[Evidence]:
    """Rows are left in the table that a full sync does not return, though none was deleted."""
    for seed in SEEDS if table.is_incremental else ():
        after = calm(table, seed, 24)
        left = set(after.found.left) & after.story.ids_that("insert", "update")
        if left and not after.story.ids_that("delete"):
            yield table.evidence(
                f"rows were updated so that a full sync does not return them, and after an "
                f"increment they are still in the table as they were: {some(sorted(left))}",
                "fetch",
                kind="undeleted",
            )
            return


_MANY: dict[ChangeKind, int] = {"insert": 25, "update": 40, "delete": 25}
"""More changes of each kind than most services list on a page."""
_MOST = 500


def _many(table: TableUnderTest) -> dict[ChangeKind, int]:
    """So many changes of each kind, and more rows than came on the largest page of a full sync."""
    page = max(len(page.rows) for page in table.still.first.pages)
    return {kind: min(max(times, page + 5), _MOST) for kind, times in _MANY.items()}


@rule(
    "increment-paging-forgotten",
    says="An increment reads all pages that the service has of what changed and what was deleted.",
    remedy="Return a continuation while the service has a further page, in increments as well, and "
    "for a list of deleted ids too.",
)
def increment_paging_forgotten(table: TableUnderTest) -> Iterator[Evidence]:
    """Of a list that an increment asked for a page was left, and the table is not right."""
    if not table.is_incremental or table.broke("increment-fails", "partial-rows"):
        return
    with table.lab(SEEDS[0]) as lab:
        story = Story(lab, table.still.volatile).begin()
        for kind, times in _many(table).items():
            for _ in range(times):
                lab.advance(minutes=1)
                story.step(kind)
        lab.advance(hours=1)
        if story.failed is not None:
            return
        lab.service.unread.clear()
        trace = story.increment()
        unread = {} if story.fell_back or not trace.ended else dict(lab.service.unread)
        found = story.difference() if unread else None
    if not found:
        return
    for path, said in unread.items():
        asked = [each for each in trace.exchanges if urlsplit(each.request.url).path == path]
        gone = story.ids_gone() & set(found.left)
        # A list that is read newest first, and not to its end, tells nothing of deleted rows.
        left = gone if story.told_of(story.ids_gone(), asked) else set[str]()
        if wrong := [*found.missing, *found.stale, *sorted(left)]:
            yield table.evidence(
                f"after many changes an increment left a page of {path} unread ({said}), and rows "
                f"differ from a full sync: {some(wrong)}",
                "continuation",
            )
            return


@rule(
    "changes-missed",
    says="An increment brings every row that was inserted or updated since the last sync.",
    remedy="Ask the service for what changed since the cursor, and return all of it.",
)
def changes_missed(table: TableUnderTest) -> Iterator[Evidence]:
    """Rows are missing or stale after an increment, with all changes well between two syncs."""
    if table.is_incremental and not table.broke(
        "local-time-as-utc",
        "partial-rows",
        "increment-fails",
        "increment-paging-forgotten",
        "rows-lost-between-pages",
    ):
        after = calm(table)
        found = _of_changes(after.found)
        if not found:
            after = one_by_one(table)
            found = _of_changes(after.found)
        yield from evidence_of(table, found, after.when, after.story.removed)


def _of_changes(found: Difference) -> Difference:
    """What of it has to do with changes: nothing was deleted."""
    return Difference(missing=found.missing, stale=found.stale)


def one_by_one(table: TableUnderTest) -> Calm:
    """An increment with nothing to bring, and some with one change each."""
    with table.lab(SEEDS[1]) as lab:
        story = Story(lab, table.still.volatile).begin()
        story.increment()
        kinds: tuple[ChangeKind, ...] = ("update", "insert", "update")
        for kind in kinds if story.failed is None else ():
            lab.advance(hours=1)
            story.step(kind)
            lab.advance(hours=1)
            if story.failed is None:
                story.increment()
        found = story.difference() if story.failed is None else None
    when = "after increments with nothing or one change each"
    return Calm(story=story, failed=story.failed, found=found or Difference(), when=when)


def evidence_of(
    table: TableUnderTest, found: Difference, when: str, removed: Set[str]
) -> Iterator[Evidence]:
    """How a table differs from the truth after something: the first thing that is not declared.

    What the pack declares as a blind spot comes with it. `removed` are the rows that increments
    reported as deleted.
    """
    for evidence in _each_kind(table, found, when, removed):
        yield evidence
        if evidence.kind not in table.blind_spots:
            return


def _each_kind(
    table: TableUnderTest, found: Difference, when: str, removed: Set[str]
) -> Iterator[Evidence]:
    if wrongly := [key for key in found.missing if key in removed]:
        says = f"{when} rows are missing that deletedRowIds named, and the service has them: "
        yield table.evidence(says + some(wrongly), "deleted", kind="missed")
    elif found.missing:
        says = f"{when} rows are missing: {some(found.missing)}"
        yield table.evidence(says, "cursor", kind="missed")
    if found.stale:
        key, names = next(iter(found.stale.items()))
        says = f"{when} rows are as they were before: {some(list(found.stale))}"
        yield table.evidence(f"{says} (of {key!r} {some(names)})", "cursor", kind="stale")
    if found.left:
        says = f"{when} rows are in the table that are gone: {some(found.left)}"
        yield table.evidence(says, "deleted", kind="undeleted")
