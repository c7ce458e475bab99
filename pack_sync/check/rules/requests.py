"""Rules about what a pack asks for: what the service knows, and the same each time."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import chain
from urllib.parse import urlsplit

from pack_sdk.fetching import FetchRequest
from pack_sdk.testing import FakeService, ListEndpoint, ListService
from pack_sdk.testing.fake_service import ServiceRequest
from pack_sync.check.findings import Evidence, rule
from pack_sync.check.table_under_test import TableUnderTest
from pack_sync.check.traces import Exchange

_ALIKE = 0.75
"""Names that differ by a letter or two are so much alike, by `difflib`."""


@rule(
    "misspelt-parameter",
    says="The parameters of a request are those that the service knows.",
    remedy="Correct the name: services take no notice of parameters that they do not know.",
    basic=True,
)
def misspelt_parameter(table: TableUnderTest) -> Iterator[Evidence]:
    """One is sent that the service does not know, and not one that it knows and that is alike."""
    told = set[str]()
    of_increment, service = _increment(table)
    for exchange in [*table.still.first.exchanges, *of_increment]:
        request = ServiceRequest(request=exchange.request)
        known = _known(table.still.service, request) | _known(service, request)
        sent = set(request.query)
        for name in sorted(sent - known - told):
            meant = _alike(name, sorted(known - sent))
            if meant is not None:
                told.add(name)
                yield table.evidence(
                    f"the parameter {name!r} is sent, which the service does not know; it knows "
                    f"{meant!r}",
                    "fetch",
                )


def _increment(table: TableUnderTest) -> tuple[Sequence[Exchange], FakeService]:
    with table.lab() as lab:
        cursor = lab.sync().next_cursor
        return ([] if cursor is None else lab.sync(cursor).exchanges), lab.service


def _known(service: FakeService, request: ServiceRequest) -> set[str]:
    """The parameters that the service takes there: what it declares, or what it has asked for."""
    if isinstance(service, ListService):
        lists = [each.endpoint for each in service.lists if each.serves(request)]
        if lists:
            return set(chain.from_iterable(map(_declared, lists)))
    place = urlsplit(request.url)._replace(query="", fragment="").geturl()
    return service.known_parameters.get(place, set())


def _declared(endpoint: ListEndpoint) -> Iterator[str]:
    yield from endpoint.query
    if endpoint.size_parameter:
        yield endpoint.size_parameter
    if endpoint.changes:
        yield endpoint.changes.parameter
    if parameter := getattr(endpoint.paging, "parameter", None):
        yield parameter


def _alike(name: str, known: Sequence[str]) -> str | None:
    plain = {_plain(each): each for each in known}
    near = get_close_matches(_plain(name), plain, n=1, cutoff=_ALIKE)
    return plain[near[0]] if near else None


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


@rule(
    "requests-differ",
    says="A page that is asked for again makes the same requests.",
    remedy="Take the time from `context.sync.started_at`, which stays as it is during a sync, and "
    "leave nothing to chance: a sync that is resumed, and a recording, rest on it.",
    level="advice",
)
def requests_differ(table: TableUnderTest) -> Iterator[Evidence]:
    """The first page is asked for again, a minute and a half later."""
    with table.lab() as lab:
        trace = lab.sync(pages=1)
        if trace.error is not None:
            return
        lab.advance(seconds=90)
        try:
            again = lab.page(trace, None)
        except Exception:  # other rules tell of it
            return
    pairs = zip(trace.pages[0].exchanges, again.exchanges, strict=False)
    for before, after in pairs:
        if _what(before.request) != _what(after.request):
            yield table.evidence(
                f"the first page asked for {before.request.url}, and when it was asked for again, "
                f"for {after.request.url}",
                "fetch",
            )
            return


def _what(request: FetchRequest) -> tuple[str, str, str, str]:
    return request.method, request.url, str(request.body), str(request.form)
