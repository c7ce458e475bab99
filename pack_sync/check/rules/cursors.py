"""Rules about when a cursor is of: before the sync began, with an overlap, ties kept."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pack_sdk.incremental.moments import parse_time
from pack_sdk.testing import FakeService
from pack_sdk.testing.collection import ChangeKind
from pack_sync.check.findings import Evidence, rule
from pack_sync.check.lab import Lab
from pack_sync.check.rules.increments import SEEDS
from pack_sync.check.story import Story, shown_cursor
from pack_sync.check.table_state import leaves, some
from pack_sync.check.table_under_test import TableUnderTest
from pack_sync.check.traces import Trace

_SLOW = 61
"""Seconds that an answer takes of a slow service, in place of one."""

_PAGES = 3
"""With fewer pages of the last list, the first could be the last."""

_CALM = (
    "changes-missed", "local-time-as-utc", "partial-rows", "increment-fails",
    "increment-paging-forgotten",
)  # fmt: skip


@rule(
    "cursor-from-the-end",
    says="A cursor is of the time at which the sync began, so that what changes meanwhile comes "
    "next time.",
    remedy="Use `context.sync.started_at`, the service's time on the first page, or a token that "
    "the service gives; never the time at the end, and never the last page's.",
)
def cursor_from_the_end(table: TableUnderTest) -> Iterator[Evidence]:
    """Changes while pages are fetched, in a full sync and in an increment."""
    if not table.is_incremental or table.broke(*_CALM):
        return
    for seed, full in ((seed, full) for full in (True, False) for seed in SEEDS):
        with table.lab(seed, slow_requests) as lab:
            lost, cursor = _lost(
                table, lab, partial(_while_full if full else _while_incremental, table)
            )
        if lost:
            which = "a full sync" if full else "an increment"
            yield table.evidence(
                f"rows changed while {which} was fetching pages, and the next increment, from the "
                f"cursor {cursor}, did not bring them: {some(lost)}",
                "cursor",
            )
            return
    if (cursor := _cursor_of_the_end(table)) is not None:
        yield table.evidence(
            f"the cursor {shown_cursor(cursor)} has the time of the last request: the longer the "
            "service takes to answer, the later it is, also when no row has changed",
            "cursor",
        )


def _cursor_of_the_end(table: TableUnderTest) -> Any:
    """The cursor of a full sync in which nothing changes, if it is later where requests are slow.

    Later by all requests but the last, that is: the one for the first page of the last list gives
    a time that is right.
    """
    quick, slow = (_full_sync(table, request_time=timedelta(seconds=each)) for each in (1, _SLOW))
    paths = [urlsplit(each.request.url).path for each in slow.exchanges]
    if len(paths) < _PAGES or len(set(paths[-_PAGES:])) > 1:
        return None
    before, after = (_seconds_after_start(each) for each in (quick, slow))
    all_but_last = (len(paths) - 1.5) * (_SLOW - 1)
    if any(later - soon > all_but_last for soon, later in zip(before, after, strict=False)):
        return slow.next_cursor
    return None


def _full_sync(table: TableUnderTest, *, request_time: timedelta) -> Trace:
    def change(service: FakeService) -> None:
        service.request_time = request_time

    with table.lab(SEEDS[0], change) as lab:
        return lab.sync()


def _seconds_after_start(trace: Trace) -> list[float]:
    """The times in a cursor, in their order, in seconds after the start of the sync."""
    found = map(parse_time, leaves(trace.next_cursor))
    return [(moment - trace.started_at).total_seconds() for moment in found if moment]


@rule(
    "tie-lost",
    says="A row that changes in the very moment of the cursor comes with the next increment.",
    remedy="Ask for rows at or after the cursor, not only after it; where the service has no such "
    "filter, go back by its smallest unit of time. Rows that come twice do no harm.",
)
def tie_lost(table: TableUnderTest) -> Iterator[Evidence]:
    """A change right after the last page, at the same moment as the newest row."""
    if not table.is_incremental or table.broke(*_CALM):
        return
    with table.lab(SEEDS[0]) as lab:
        lost, cursor = _lost(table, lab, _ties)
    if lost:
        yield table.evidence(
            f"rows changed at the moment of the cursor {cursor}, after the sync had read them, and "
            f"the next increment did not bring them: {some(lost)}",
            "cursor",
        )


@rule(
    "no-overlap",
    says="A time cursor goes back a little, since a change may show later than its time says.",
    remedy="Take some seconds off the moment, a minute where the service does not say: rows that "
    "come twice and have not changed are not written again.",
)
def no_overlap(table: TableUnderTest) -> Iterator[Evidence]:
    """A change that bears a time one second before the cursor shows after the sync."""
    if not table.is_incremental or table.broke(*_CALM, "cursor-from-the-end", "tie-lost"):
        return
    with table.lab(SEEDS[0]) as lab:
        lost, cursor = _lost(table, lab, _late)
    if lost:
        yield table.evidence(
            "a row whose time of modification was a second before the sync began showed only after "
            f"it, and the next increment, from the cursor {cursor}, did not bring it: {some(lost)}",
            "cursor",
        )


Happen = Callable[[Story], object]

_BUSY: Sequence[ChangeKind] = ("update",) * 6 + ("insert",)
"""What happens after each answer: so much that rows of earlier pages are among it."""


def slow_requests(service: FakeService) -> None:
    """Let each request take some seconds."""
    service.request_time = timedelta(seconds=4)


def _lost(table: TableUnderTest, lab: Lab, happen: Happen) -> tuple[list[str], str]:
    """What is missing or stale after an increment that follows what happened, and its cursor."""
    lab.advance(hours=1)
    lab.service.world.step("update")
    story = Story(lab, table.still.volatile)
    happen(story)
    cursor = shown_cursor(story.cursor)
    lab.advance(hours=2)
    if story.failed is not None or story.cursor is None:
        return [], cursor
    story.increment()
    found = story.difference() if story.failed is None else None
    changed = story.ids_that("insert", "update", "late")
    lost = [*found.missing, *found.stale] if found else []
    return [key for key in lost if key in changed or not changed & set(story.state)], cursor


def _while_full(table: TableUnderTest, story: Story) -> None:
    story.begin(after_answer=table.now_and_then(lambda: story.step(*_BUSY)))


def _while_incremental(table: TableUnderTest, story: Story) -> None:
    story.begin()
    story.lab.advance(hours=1)
    story.step("update")
    if story.failed is None:
        story.increment(after_answer=table.now_and_then(lambda: story.step(*_BUSY)))


def _ties(story: Story) -> None:
    story.begin()
    story.step("update", "insert")


def _late(story: Story) -> None:
    story.begin()
    story.step("late")
