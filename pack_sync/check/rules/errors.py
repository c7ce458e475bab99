"""Rules about answers that are no pages: errors, half pages, results that were capped."""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from pack_sdk.crawl import crawl_of
from pack_sdk.testing import StatusCode, cut_short, failing
from pack_sdk.testing.fake_service import Fault
from pack_sync.check.findings import Evidence, rule
from pack_sync.check.rules.increments import SEEDS
from pack_sync.check.story import Story
from pack_sync.check.table_state import Difference, row_id, some
from pack_sync.check.table_under_test import TableUnderTest

_REMEDY = (
    "Let the error pass, or raise one: a sync that fails changes nothing and is tried again. Catch "
    "only the status that you mean, and raise again otherwise."
)
_PATHS = 4
"""More than most tables read."""
_REQUESTS_OF_INCREMENTS = 2
"""A list of changes, and one of deleted rows."""


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
    """One of some requests of a full sync fails, or of the first ones of an increment."""
    if not table.full_is_right:
        return
    for number in _telling_requests(table):
        for how, fault in [*_faults(number), *_not_found(table, number)]:
            if lost := _lost_rows(table, fault):
                yield table.evidence(
                    f"request {number} of a full sync was answered {how}, and the sync ended "
                    f"without an error and without {lost} of its rows: they would be deleted",
                    "handler",
                )
                return
    if table.is_incremental and not (table.found_errors or table.broke("changes-missed")):
        for number in range(1, _REQUESTS_OF_INCREMENTS + 1):
            for how, _ in _faults(0):
                if lost := _lost_changes(table, how, number):
                    yield table.evidence(
                        f"request {number} of an increment was answered {how}, and it ended "
                        f"without an error, with another cursor: changes are lost for good, of "
                        f"{lost}",
                        "handler",
                    )
                    return


def _not_found(table: TableUnderTest, number: int) -> list[tuple[str, Fault]]:
    """The list itself is not found: of what belongs to a row that may mean that the row is gone."""
    if number > 1 or crawl_of(table.declared) is not None:
        return []
    return [("with status 404", failing({number}, StatusCode(404, {"error": "not found"})))]


def _telling_requests(table: TableUnderTest) -> list[int]:
    """The numbers of the first requests of a full sync, of the last, and of each path's first."""
    exchanges = table.still.first.exchanges
    paths = [urlsplit(each.request.url).path for each in exchanges]
    firsts = [paths.index(path) + 1 for path in dict.fromkeys(paths)]
    numbers = {1, 2, len(paths), *firsts[:_PATHS]}
    return sorted(numbers & set(range(1, len(paths) + 1)))


def _lost_rows(table: TableUnderTest, fault: Fault) -> int:
    """How many rows a full sync with this fault ends without; 0 if it fails, as it should."""
    with table.lab(0, lambda service: service.faults.append(fault)) as lab:
        trace = lab.sync()
    if not trace.ended:
        return 0
    came = {row_id(row, table.still.schema) for row in trace.rows}
    return len(set(table.still.ids) - came)


def _lost_changes(table: TableUnderTest, how: str, number: int) -> str:
    """What an increment one of whose requests fails leaves wrong; nothing if it fails itself."""
    found = _wrong_after_increments(table, how, number)
    usual = _wrong_after_increments(table) if found else Difference()
    if not found or usual is None:
        return ""
    return some(
        [
            *(key for key in found.missing if key not in usual.missing),
            *(key for key in found.stale if key not in usual.stale),
            *(key for key in found.left if key not in usual.left),
        ]
    )


def _wrong_after_increments(
    table: TableUnderTest, how: str = "", number: int = 0
) -> Difference | None:
    """How the table is wrong after two increments, the first with a fault, or with none.

    None where that one fails, or asks for a full sync in its place: nothing is lost then.
    """
    with table.lab(SEEDS[0]) as lab:
        story = Story(lab, table.still.volatile).begin()
        lab.advance(hours=1)
        story.step("delete", "update", "insert")
        lab.advance(hours=1)
        service = lab.service
        service.faults = [f for named, f in _faults(len(service.requests) + number) if named == how]
        if story.failed is not None or story.increment().error or story.cursor is None:
            return None
        service.faults = []
        if story.fell_back:
            return None
        lab.advance(hours=1)
        story.increment()
        return story.difference() if story.failed is None else None


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


@rule(
    "failed-request-repeated",
    says="A request that fails is repeated by Pack Sync, which waits between the tries, and not by "
    "the pack.",
    remedy="Let the error pass: the sync is tried again, and goes on from its last page.",
)
def failed_request_repeated(table: TableUnderTest) -> Iterator[Evidence]:
    """From some request of a full sync on, each is answered with status 500."""
    for number in _telling_requests(table):
        fault = failing(range(number, _ENDLESS), StatusCode(500, {"error": "internal error"}))
        with table.lab(0, lambda service, fault=fault: service.faults.append(fault)) as lab:
            lab.sync()
            asked = Counter(request.url for request in lab.service.requests[number - 1 :])
        if repeated := [url for url, times in asked.items() if times > _TRIES]:
            yield table.evidence(
                f"{repeated[0]} was answered with status 500 and asked for again, "
                f"{asked[repeated[0]]} times without a pause",
                "handler",
            )
            return


_ENDLESS = 1_000_000
_TRIES = 5
