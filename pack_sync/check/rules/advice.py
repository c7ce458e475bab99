"""Advice: what costs requests or writes, or lets deleted rows stay for a while."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from pack_sync.check.findings import Evidence, rule
from pack_sync.check.rules.increments import SEEDS
from pack_sync.check.story import Story, shown_cursor
from pack_sync.check.table_state import leaves, some, state_after
from pack_sync.check.table_under_test import TableUnderTest
from pack_sync.check.traces import Trace

_MANY_ROWS = 10
_DELETIONS = 3
_UPDATES = 5
"""Enough that some are of this table, where a list has rows of other tables."""


@rule(
    "request-for-each-row",
    says="A sync takes fewer requests than it has rows.",
    remedy="Ask for many rows at once, where the service has a list or takes several ids; else let "
    "the table be crawled from its parent, so that a sync that is interrupted goes on.",
    level="advice",
)
def request_for_each_row(table: TableUnderTest) -> Iterator[Evidence]:
    """As many requests as rows, or more."""
    rows, requests = len(table.still.first.rows), len(table.still.first.exchanges)
    if rows >= _MANY_ROWS and requests >= rows:
        yield table.evidence(f"{requests} requests for {rows} rows", "fetch")


@rule(
    "small-pages",
    says="A sync asks for pages as large as the service gives.",
    remedy="Ask for more rows a page: fewer requests bring as much.",
    level="advice",
)
def small_pages(table: TableUnderTest) -> Iterator[Evidence]:
    """The service would give larger pages."""
    for asked, largest in sorted(table.still.service.asked_sizes):
        if 2 * asked <= largest:
            yield table.evidence(
                f"pages of {asked} rows are asked for, and the service gives {largest}", "fetch"
            )
            return


@rule(
    "cursor-stands-still",
    says="A cursor moves on with each increment.",
    remedy="Return the cursor of this sync, not the one that it began from: increments grow, and a "
    "service forgets old tokens.",
    level="advice",
)
def cursor_stands_still(table: TableUnderTest) -> Iterator[Evidence]:
    """Rows that changed once come with each increment, whose requests have the same cursor."""
    if not table.is_incremental or table.broke("increment-fails"):
        return
    traces = list[Trace]()
    with table.lab(SEEDS[0]) as lab:
        story = Story(lab, table.still.volatile).begin()
        for _ in range(3):
            lab.advance(days=3)
            for _ in range(_UPDATES):
                story.step("update")
            lab.advance(days=1)
            if story.failed is None and not story.fell_back:
                traces.append(story.increment())
    if story.failed is not None or story.fell_back:
        return
    came = [state_after(trace, table.still.schema) for trace in traces]
    again = [key for key, row in came[0].items() if all(each.get(key) == row for each in came)]
    # Where the newest rows come first, a page of them comes whatever the cursor is.
    first, *others = (_values_in(trace.cursor) & _values_asked(trace) for trace in traces)
    if again and first.intersection(*others):
        yield table.evidence(
            f"rows that had not changed for days came with each of three increments, the last of "
            f"them from the cursor {shown_cursor(traces[-1].cursor)}: {some(sorted(again))}",
            "cursor",
        )


def _values_asked(trace: Trace) -> set[str]:
    """What requests have as their URLs, as parameters and in JSON."""
    found = set[str]()
    for exchange in trace.exchanges:
        request = exchange.request
        found |= {request.url, *(value for _, value in parse_qsl(urlsplit(request.url).query))}
        with suppress(ValueError):
            found |= _values_in(orjson.loads(request.body or b"null"))
    return found


def _values_in(value: Any) -> set[str]:
    """The values in JSON, as texts; not yes, no and null."""
    return {str(each) for each in leaves(value) if each is not None and not isinstance(each, bool)}


@rule(
    "increment-reads-all",
    says="An increment asks for what changed, and not for every row again.",
    remedy="Compare the name and the form of the parameter for changes with the service's "
    "documentation: most services take no notice of a parameter that they do not know. If the "
    "made-up service lacks the filter, add it there; if the service has none, leave the cursor "
    "out.",
    level="advice",
)
def increment_reads_all(table: TableUnderTest) -> Iterator[Evidence]:
    """The second of two increments brings every row, though nothing changed for a year.

    Of a list that fits on a page nobody can tell: it may be read newest first.
    """
    if not table.is_incremental or table.found_errors or len(table.still.first.pages) < 2:
        return
    with table.lab(SEEDS[0]) as lab:
        story = Story(lab, table.still.volatile).begin()
        trace: Trace | None = None
        for days in (365, 1):
            lab.advance(days=days)
            trace = story.increment() if story.failed is None else None
        there, full = len(story.state), story.fell_back
    if trace and trace.ended and not full and len(trace.rows) >= there > 0:
        yield table.evidence(
            f"nothing had changed for a year, and an increment brought all {there} rows", "fetch"
        )


@rule(
    "row-changes-each-sync",
    says="A row that did not change at the service is returned as before.",
    remedy="Leave out what comes from the sync itself, such as the time of it: every row has "
    "`_changed_at` anyway, and a row that differs is written again by each sync.",
    level="advice",
)
def row_changes_each_sync(table: TableUnderTest) -> Iterator[Evidence]:
    """Properties that differ between two full syncs of a service that did not change."""
    if table.still.volatile and not table.broke("id-changes", "id-not-unique"):
        names = sorted(table.still.volatile)
        yield table.evidence_of_property(
            f"{some(names)} differs in every sync, so every row is written again", names[0]
        )


@rule(
    "deletions-not-reported",
    says="Increments tell which rows were deleted, where the service does.",
    remedy="Return in deletedRowIds what the service tells of deleted rows, in its changes, a "
    'list of their own or an audit log: ids, or objects such as {"projectId": "7"}. If it tells '
    "nothing, the weekly full refresh removes them (two of them with `confirm_deletes: 2`), or a "
    "more frequent one, by `full_every_days`; say so in BLIND_SPOTS.",
    level="advice",
)
def deletions_not_reported(table: TableUnderTest) -> Iterator[Evidence]:
    """Increments never tell of a deletion, and rows that the service deleted stay."""
    if not table.is_incremental or table.found_errors:
        return
    with table.lab(SEEDS[0]) as lab:
        story = Story(lab, table.still.volatile).begin()
        there = set(story.state)
        for _ in range(_DELETIONS):
            lab.advance(hours=1)
            story.step("delete")
            lab.advance(hours=1)
            if story.failed is None and _tells_deletions(story.increment()):
                return
        found = story.difference() if story.failed is None else None
    if found and (left := sorted(set(found.left) & story.ids_gone() & there)):
        yield table.evidence(
            f"{_DELETIONS} increments reported no deleted row, and rows that the service deleted "
            f"stay until the next full sync: {some(left)}",
            "deleted",
            kind="undeleted",
        )


def _tells_deletions(trace: Trace) -> bool:
    return any(page.page.deleted_row_ids for page in trace.pages)
