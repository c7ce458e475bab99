"""Rules about what a pack may remember: nothing, but what it returns."""

from collections.abc import Iterator
from typing import Any

from pack_sync.check.findings import Evidence, rule
from pack_sync.check.lab import MAX_PAGES, Lab
from pack_sync.check.story import shown_cursor
from pack_sync.check.table_state import changed_properties, row_id, some, stored
from pack_sync.check.table_under_test import TableUnderTest
from pack_sync.check.traces import Trace, TracedPage

_REMEDY = (
    "Keep what the next page needs in the continuation, and what the next sync needs in the "
    "cursor; nothing in variables of the module."
)


@rule(
    "sync-needs-memory",
    says="Two syncs share no state in the pack's module.",
    remedy=_REMEDY,
)
def sync_needs_memory(table: TableUnderTest) -> Iterator[Evidence]:
    """A second full sync, of a service that did not change, brings other rows."""
    still = table.still
    ids = still.ids
    again = [row_id(row, still.schema) for row in still.second.rows]
    missing = [key for key in ids if key not in set(again)]
    if missing and len(again) < len(ids):
        yield table.evidence(
            f"a second full sync, of a service that had not changed, brought {len(again)} rows "
            f"instead of {len(ids)}: without {some(missing)}",
            "memory",
        )


@rule(
    "page-needs-memory",
    says="A sync resumed at any page brings the same rows as one that was not interrupted.",
    remedy=_REMEDY,
)
def page_needs_memory(table: TableUnderTest) -> Iterator[Evidence]:
    """Each page is called again with its continuation, by the pack's code loaded afresh."""
    if table.broke("sync-needs-memory", "id-changes"):
        return
    with table.lab() as lab:
        trace = lab.sync()
        pages = trace.pages[1:] if trace.ended else []
        for number, page in enumerate(_some_pages(pages), start=2):
            with lab.another_session(table.pack.load_afresh()) as session:
                try:
                    again = lab.page(trace, page.called_with, session)
                except Exception as error:
                    yield table.evidence(
                        f"page {number} of a full sync fails when the sync is resumed there: "
                        f"{type(error).__name__}: {error}",
                        "memory",
                    )
                    return
            problem = _differs(lab, page, again, table.still.volatile)
            if not problem and _place(page) != _place(again):
                # Some services give another token for each answer.
                same = _place(page) == _place(lab.page(trace, page.called_with))
                problem = _leads(page, again) if same else ""
            if problem:
                yield table.evidence(
                    f"page {number} of a full sync is another one when the sync is resumed there: "
                    f"{problem}",
                    "memory",
                )
                return


@rule(
    "replayed-page-differs",
    says="A page that is asked for again with its continuation brings the same rows.",
    remedy=_REMEDY,
)
def replayed_page_differs(table: TableUnderTest) -> Iterator[Evidence]:
    """Each page is called a second time in the same sync."""
    if table.broke("sync-needs-memory", "page-needs-memory", "id-changes"):
        return
    with table.lab() as lab:
        trace = Trace(started_at=lab.service.world.clock.now)
        continuation: Any = None
        for number in range(1, MAX_PAGES):
            page = lab.page(trace, continuation)
            try:
                problem = _differs(lab, page, lab.page(trace, continuation), table.still.volatile)
            except Exception as error:
                problem = f"{type(error).__name__}: {error}"
            if problem:
                yield table.evidence(
                    f"page {number} of a full sync is another one when it is asked for again: "
                    f"{problem}",
                    "memory",
                )
            continuation = page.page.continuation
            if problem or continuation is None:
                return


def _some_pages(pages: list[TracedPage]) -> list[TracedPage]:
    return pages if len(pages) <= 4 else [*pages[:3], pages[-1]]


def _leads(page: TracedPage, again: TracedPage) -> str:
    return f"it leads to {shown_cursor(_place(again))}, and not to {shown_cursor(_place(page))}"


def _place(page: TracedPage) -> Any:
    """Where a page says to go on: its continuation, or the cursor of the last one."""
    completion = page.page.completion
    cursor = completion.incremental_continuation if completion else None
    return page.page.continuation if cursor is None else cursor


def _differs(lab: Lab, page: TracedPage, again: TracedPage, volatile: frozenset[str]) -> str:
    """How a page differs from the one before, in words; nothing if it does not."""
    schema = lab.table.schema
    before = [stored(row, schema) for row in page.rows]
    now = [stored(row, schema) for row in again.rows]
    if len(before) != len(now):
        return f"{len(now)} rows instead of {len(before)}"
    for one, other in zip(before, now, strict=True):
        if changed := changed_properties(one, other, volatile):
            return f"a row differs in {some(changed)}"
    if (page.page.continuation is None) != (again.page.continuation is None):
        ends = "it ends the sync" if again.page.continuation is None else "it goes on"
        return f"{ends}, which it did not before"
    return ""
