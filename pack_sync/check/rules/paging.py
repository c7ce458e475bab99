"""Rules about pages: all of them, each row, none lost while the service changes."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

from pack_sdk.schemas import Schema
from pack_sync.check.findings import Evidence, rule
from pack_sync.check.lab import Lab
from pack_sync.check.table_state import id_text, row_id, some, stored
from pack_sync.check.table_under_test import TableUnderTest
from pack_sync.check.traces import Exchange, Trace

_DELETIONS = (4, 8)
"""Few and many, so that pages end elsewhere, also where a list has rows of other tables."""

_OF_THE_LEFT_OUT = 3
"""So many rows that did not come are deleted at last: others may be left out in their place."""


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
    "rows of each, those of the first and of the last as well.",
)
def rows_left_out(table: TableUnderTest) -> Iterator[Evidence]:
    """Rows that stay as they are come with one full sync, and not with another."""
    if table.broke("paging-forgotten", "continuation-counts-as-none", "cap-unnoticed"):
        return
    schema = table.still.schema
    came = _ids(table.still.second, schema)
    shown = _objects(table.still.second.exchanges, schema)
    with table.lab() as lab:
        # Others may be of what happened, such as an event that tells of a deletion.
        there = _items(lab)
        for hours, deleted in enumerate(_deletions(lab, came), start=1):
            there -= deleted
            lab.advance(hours=1)
            trace, again = lab.sync(), lab.sync()
            now = _ids(trace, schema) & _ids(again, schema)
            if new := sorted(now & there - came):
                yield table.evidence(
                    f"{len(new)} rows did not come with a full sync, and came with another one "
                    f"after other rows were deleted: {some(new)}",
                    "continuation",
                )
                return
            lost = there & came - _ids(trace, schema) - _ids(again, schema)
            objects = _objects(trace.exchanges, schema)
            lost = {key for key in lost if key in objects and objects[key] == shown.get(key)}
            if trace.ended and (lost := sorted(lost & _ids_after(table, hours) if lost else lost)):
                yield table.evidence(
                    f"{len(lost)} rows came with a full sync, and did not come with another one "
                    f"after other rows were deleted, though its answers have them as before: "
                    f"{some(lost)}",
                    "result",
                )
                return


def _deletions(lab: Lab, came: set[str]) -> Iterator[set[str]]:
    """Delete some rows, by chance and then of those that did not come; their ids."""
    world = lab.service.world
    for count in _DELETIONS:
        changes = [change for _ in range(count) for change in world.step("delete")]
        yield {id_text(change.item.id) for change in changes}
    deleted = set[str]()
    for collection in world.collections.values():
        absent = [item for item in collection.items() if id_text(item.id) not in came]
        if len(absent) < len(collection):
            for item in absent[:_OF_THE_LEFT_OUT]:
                collection.delete(item.id, world.clock.now)
                deleted.add(id_text(item.id))
    if deleted:
        yield deleted


def _ids_after(table: TableUnderTest, hours: int) -> set[str]:
    """What comes after so many hours where nothing is deleted: rows may leave with time."""
    with table.lab() as lab:
        lab.advance(hours=hours)
        return _ids(lab.sync(), table.still.schema)


def _items(lab: Lab) -> set[str]:
    collections = lab.service.world.collections.values()
    return {id_text(item.id) for each in collections for item in each.items()}


def _ids(trace: Trace, schema: Schema) -> set[str]:
    return {key for row in trace.rows if (key := row_id(row, schema)) is not None}


def _objects(exchanges: Sequence[Exchange], schema: Schema) -> Mapping[str, Any]:
    """The objects in the answers by the id that they have as a row, or that they call so."""
    found: dict[str, Any] = {}
    waiting: list[Any] = [exchange.response.body for exchange in exchanges]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += cast("list[Any]", value)
        elif isinstance(value, dict):
            fields = cast("dict[str, Any]", value)
            waiting += fields.values()
            key = row_id(fields, schema) or (id_text(fields["id"]) if fields.get("id") else None)
            if key is not None:
                found[key] = fields
    return found


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
            before = _ids(lab.sync(), lab.table.schema)
            trace = lab.sync(after_answer=table.now_and_then(partial(moving, lab)))
            after = _ids(lab.sync(), lab.table.schema)
            if not trace.ended:
                return  # how it fails is another rule's
            came = _ids(trace, lab.table.schema)
        lost = sorted(before & after - came)
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
