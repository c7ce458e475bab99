"""Rules about whether a first full sync works at all: the others rest on it."""

from collections.abc import Iterator
from typing import Any, cast

from pack_sdk.errors import RequestRefusedError
from pack_sync.check.findings import Evidence, rule
from pack_sync.check.lab import MAX_PAGES
from pack_sync.check.table_under_test import TableUnderTest
from pack_sync.engine.sync_failures import EndlessContinuationError


@rule(
    "undeclared-domain",
    says="Every request goes to a domain that the pack declares.",
    remedy="Declare the domain with add_network_domain, or correct the URL.",
    basic=True,
    live=True,
)
def undeclared_domain(table: TableUnderTest) -> Iterator[Evidence]:
    """A request was refused."""
    error = table.still.first.error
    if isinstance(error, RequestRefusedError):
        yield table.evidence(str(error), "fetch")


@rule(
    "endless-paging",
    says="Paging comes to an end.",
    remedy="Return a continuation only while the service has a further page, and one that leads "
    "further than the page before.",
    basic=True,
    live=True,
)
def endless_paging(table: TableUnderTest) -> Iterator[Evidence]:
    """A continuation repeats, or there are more pages than the service has."""
    first = table.still.first
    if isinstance(first.error, EndlessContinuationError):
        pages = len(first.pages)
        ends = f"after {pages} pages" if pages >= MAX_PAGES else f"at page {pages}"
        yield table.evidence(f"a full sync goes on for ever: {ends} {first.error}", "continuation")


@rule(
    "sync-fails",
    says="A full sync of a service that works comes to its end.",
    remedy="Correct the function at the line that is named; `packsync preview` shows one page.",
    basic=True,
    live=True,
)
def sync_fails(table: TableUnderTest) -> Iterator[Evidence]:
    """Any other error of the first full sync, or of the second."""
    for which, trace in (("first", table.still.first), ("second", table.still.second)):
        error = trace.error
        if error is None or isinstance(error, RequestRefusedError | EndlessContinuationError):
            continue
        notes = " ".join(getattr(error, "__notes__", []))
        yield table.evidence_of_error(
            f"the {which} full sync failed: {type(error).__name__}: {error} {notes}".strip(), error
        )
        return


@rule(
    "no-rows",
    says="A full sync of a service that has rows returns rows.",
    remedy="Look at where the rows are in the answer: under which key, and how deep.",
    basic=True,
)
def no_rows(table: TableUnderTest) -> Iterator[Evidence]:
    """The answers have lists of objects, and nothing comes of them."""
    first = table.still.first
    served = max((_longest_list(each.response.body) for each in first.exchanges), default=0)
    if first.ended and not first.rows and served:
        yield table.evidence(
            f"a full sync returned no rows, though an answer has a list of {served} objects: all "
            "rows of the table would be deleted",
            "result",
        )


def _longest_list(body: Any) -> int:
    """The length of the longest list of objects in a body."""
    if isinstance(body, dict):
        fields = cast("dict[str, Any]", body)
        return max((_longest_list(value) for value in fields.values()), default=0)
    if not isinstance(body, list):
        return 0
    values = cast("list[Any]", body)
    own = len(values) if all(isinstance(value, dict) for value in values) else 0
    return max([own, *(_longest_list(value) for value in values)])
