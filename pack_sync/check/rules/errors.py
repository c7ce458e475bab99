"""Rules about answers that are no pages: errors, half pages, results that were capped."""

from collections.abc import Iterator

from pack_sdk.testing import StatusCode, cut_short, failing
from pack_sdk.testing.fake_service import Fault
from pack_sync.check.findings import Evidence, rule
from pack_sync.check.rules.increments import SEEDS
from pack_sync.check.story import Story
from pack_sync.check.table_state import row_id, some
from pack_sync.check.table_under_test import TableUnderTest

_REMEDY = (
    "Let the error pass, or raise one: a sync that fails changes nothing and is tried again. Catch "
    "only the status that you mean, and raise again otherwise."
)


def _faults(number: int) -> list[tuple[str, Fault]]:
    return [
        ("with status 500", failing({number}, StatusCode(500, {"error": "internal error"}))),
        ("with status 403", failing({number}, StatusCode(403, {"error": "forbidden"}))),
        ("with half of its answer", cut_short({number})),
    ]


@rule(
    "errors-swallowed",
    says="A sync whose request failed does not end as if all was well.",
    remedy=_REMEDY,
)
def errors_swallowed(table: TableUnderTest) -> Iterator[Evidence]:
    """The first, second or last request of a full sync fails, or the first of an increment."""
    if not table.full_is_right:
        return
    count = len(table.still.first.exchanges)
    for number in sorted({1, 2, count} & set(range(1, count + 1))):
        for how, fault in _faults(number):
            if lost := _lost_rows(table, fault):
                yield table.evidence(
                    f"request {number} of a full sync was answered {how}, and the sync ended "
                    f"without an error and without {lost} of its rows: they would be deleted",
                    "handler",
                )
                return
    if table.is_incremental and not (table.found_errors or table.broke("changes-missed")):
        for how, _ in _faults(0):
            if lost := _lost_changes(table, how):
                yield table.evidence(
                    f"the first request of an increment was answered {how}, and it ended without "
                    f"an error, with another cursor: changes are lost for good, of {lost}",
                    "handler",
                )
                return


def _lost_rows(table: TableUnderTest, fault: Fault) -> int:
    """How many rows a full sync with this fault ends without; 0 if it fails, as it should."""
    with table.lab(0, lambda service: service.faults.append(fault)) as lab:
        trace = lab.sync()
    if not trace.ended:
        return 0
    came = {row_id(row, table.still.schema) for row in trace.rows}
    return len(set(table.still.ids) - came)


def _lost_changes(table: TableUnderTest, how: str) -> str:
    """What an increment whose first request fails leaves missed; nothing if it fails itself."""
    with table.lab(SEEDS[0]) as lab:
        story = Story(lab, table.still.volatile).begin()
        lab.advance(hours=1)
        story.step("update", "insert")
        lab.advance(hours=1)
        service = lab.service
        service.faults = [f for named, f in _faults(len(service.requests) + 1) if named == how]
        if story.failed is not None or story.increment().error or story.cursor is None:
            return ""
        service.faults = []
        if story.fell_back:
            return ""
        lab.advance(hours=1)
        story.increment()
        found = story.difference() if story.failed is None else None
    return some([*found.missing, *found.stale]) if found else ""


@rule(
    "error-page-as-data",
    says="An answer that says with status 200 that the request failed is no page.",
    remedy="Look at what the service says of success in the body, and raise an error if it failed.",
)
def error_page_as_data(table: TableUnderTest) -> Iterator[Evidence]:
    """The service's own answers for failures stand in for the first and the last page."""
    count = len(table.still.first.exchanges)
    for reply in table.still.service.error_pages:
        answer = reply if isinstance(reply, StatusCode) else StatusCode(200, reply)
        for number in sorted({1, count}):
            if lost := _lost_rows(table, failing({number}, answer)):
                yield table.evidence(
                    f"request {number} of a full sync was answered with status 200 and "
                    f"{str(answer.body)[:120]}, and the sync ended without an error and without "
                    f"{lost} of its rows",
                    "fetch",
                )
                return
