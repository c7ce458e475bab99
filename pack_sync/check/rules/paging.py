"""Rules about pages: all of them, each row, none lost while the service changes."""

from collections.abc import Iterator
from functools import partial

from pack_sync.check.findings import Evidence, rule
from pack_sync.check.lab import Lab
from pack_sync.check.table_state import id_text, row_id, some, stored
from pack_sync.check.table_under_test import TableUnderTest

_DELETIONS = (4, 8)
"""Few and many, so that pages end elsewhere, also where a list has rows of other tables."""


@rule(
    "continuation-counts-as-none",
    says="A continuation is a value that JavaScript takes for true.",
    remedy='Wrap the value, as in {"offset": 0}, and return None after the last page.',
    live=True,
)
def continuation_counts_as_none(table: TableUnderTest) -> Iterator[Evidence]:
    """The last page returned 0 or an empty text."""
    ignored = table.still.first.pages[-1].page.ignored_continuation
    if ignored is not None and (_unread(table) or ignored == 0):
        yield table.evidence(
            f"the last page returned the continuation {ignored!r}, which counts as none, so the "
            "sync ended there",
            "continuation",
        )


@rule(
    "paging-forgotten",
    says="A full sync reads all pages that the service has.",
    remedy="Return a continuation while the service has a further page, and ask for that page when "
    "`context.sync.continuation` is there.",
    live=True,
)
def paging_forgotten(table: TableUnderTest) -> Iterator[Evidence]:
    """The last page's answer names another one."""
    if table.broke("continuation-counts-as-none"):
        return
    if unread := _unread(table):
        pages, rows = len(table.still.first.pages), len(table.still.first.rows)
        yield table.evidence(
            f"a full sync ended after {pages} page(s) with {rows} rows, though the service has "
            f"more ({unread})",
            "continuation",
        )


def _unread(table: TableUnderTest) -> str:
    """What the service has that was not asked for, in words; nothing if all was read."""
    still = table.still
    if still.first.pages[-1].page.continuation is not None:
        return ""  # only so many pages were asked for
    if said := still.first.pages[-1].next_page_unread:
        return f"its last answer says so in its {said}"
    return next(iter(still.service.unread.values()), "")


@rule(
    "cap-unnoticed",
    says="A full sync notices when the service cuts its results short.",
    remedy="Ask in windows of dates or keys, each with fewer rows than the service brings at most, "
    "and raise an error where a window is full.",
)
def cap_unnoticed(table: TableUnderTest) -> Iterator[Evidence]:
    """The service has more rows than a query brings."""
    cap = table.still.service.result_cap
    came = set(table.still.ids)
    if cap is None or not came or table.broke("paging-forgotten"):
        return
    lists = table.still.service.world.collections.values()
    ids = next((found for c in lists if came <= (found := {str(i.id) for i in c})), set[str]())
    if len(came) < len(ids) and len(came) <= cap:
        yield table.evidence(
            f"the service brings {cap} rows for a query at most and has {len(ids)}; the full sync "
            f"ended with {len(came)} rows and without an error: the others would be deleted",
            "fetch",
        )


@rule(
    "rows-left-out",
    says="A full sync returns each row, wherever pages and batches begin and end.",
    remedy="Begin each page where the one before ended, read all pages and batches, and return all "
    "rows of each.",
)
def rows_left_out(table: TableUnderTest) -> Iterator[Evidence]:
    """Rows that were there come only after others are deleted, when pages end elsewhere."""
    if table.broke(
        "paging-forgotten", "continuation-counts-as-none", "cap-unnoticed", "sync-needs-memory"
    ):
        return
    came = {row_id(row, table.still.schema) for row in table.still.second.rows}
    with table.lab() as lab:
        collections = lab.service.world.collections.values()
        # Others may be of what happened, such as an event that tells of a deletion.
        there = {id_text(item.id) for each in collections for item in each.items()} - came
        for count in _DELETIONS:
            for _ in range(count):
                there -= {id_text(each.item.id) for each in lab.service.world.step("delete")}
            lab.advance(hours=1)
            new = there & set(_ids(lab))
            if lasting := sorted(new & set(_ids(lab)) if new else new):
                yield table.evidence(
                    f"{len(lasting)} rows did not come with a full sync, and came with another "
                    f"one after other rows were deleted: {some(lasting)}",
                    "continuation",
                )
                return


@rule(
    "rows-lost-between-pages",
    says="A row that is there from the first page to the last is returned, whatever changes "
    "meanwhile.",
    remedy="Page by an order that no change disturbs: by a token of the service, by the id or the "
    "time of creation, not by the time of the last change or by a filter that rows leave.",
)
def rows_lost_between_pages(table: TableUnderTest) -> Iterator[Evidence]:
    """Full syncs of services that change after each answer."""
    if len(table.still.first.exchanges) < 2 or not table.full_is_right:
        return
    for seed in (1, 2, 3):
        with table.lab(seed) as lab:
            before = _ids(lab)
            trace = lab.sync(after_answer=table.now_and_then(partial(moving, lab)))
            after = _ids(lab)
            if not trace.ended:
                return  # how it fails is another rule's
            came = {row_id(row, lab.table.schema) for row in trace.rows}
        lost = [key for key in before if key in after and key not in came]
        if lost:
            yield table.evidence(
                f"while rows were inserted, updated and deleted between the pages of a full sync, "
                f"{len(lost)} of {len(before)} rows that were there all the time did not come: "
                f"{some(lost)}",
                "continuation",
            )
            return


def moving(lab: Lab) -> None:
    """What happens after each answer: changes, without deletions where these shift pages."""
    lab.service.world.advance(seconds=10)
    kinds = ("insert", "update") if lab.service.shifting_pages else ("insert", "update", "delete")
    lab.service.world.step(*kinds)


def _ids(lab: Lab) -> list[str]:
    schema = lab.table.schema
    return [key for row in lab.sync().rows if (key := row_id(row, schema)) is not None]


@rule(
    "rows-doubled",
    says="Pages do not overlap.",
    remedy="Begin each page behind the last row of the one before.",
    level="advice",
)
def rows_doubled(table: TableUnderTest) -> Iterator[Evidence]:
    """The same row comes twice though nothing changes."""
    seen: dict[str, object] = {}
    doubled: list[str] = []
    schema = table.still.schema
    for row in table.still.first.rows:
        key = row_id(row, schema)
        if key is not None and seen.setdefault(key, stored(row, schema)) == stored(row, schema):
            doubled.append(key)
    again = [key for key in seen if doubled.count(key) > 1]
    # A row or two at the border of two pages are right where pages go by a time or number that
    # several rows share.
    if len(again) > 2 * (len(table.still.first.pages) - 1):
        yield table.evidence(
            f"{len(again)} rows came twice in a full sync of a service that did not change: "
            f"{some(again)}",
            "continuation",
        )
