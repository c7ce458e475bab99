"""A pack of what a service was seen to answer: of recordings, a table for each recorded list."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from pack_sdk.next_links import next_link
from pack_sdk.row_values import value_at
from pack_sdk.testing.list_endpoint import (
    ChangeFilter,
    LastId,
    LinkHeader,
    NextToken,
    NextUrl,
    Offset,
    OnePage,
    PageNumber,
    Paging,
)
from pack_sdk.testing.recordings import Exchange, Recording
from pack_sdk.urls import get_query_params
from pack_sync.new_pack import paging_names
from pack_sync.new_pack.answers import Answer, read_answer
from pack_sync.new_pack.draft import (
    AuthenticationDraft,
    CannotDraftError,
    Guess,
    PackDraft,
    TableDraft,
)
from pack_sync.new_pack.from_answers import style_of, table_of
from pack_sync.new_pack.naming import names_of, words_of
from pack_sync.new_pack.probing import more_key, number_at
from pack_sync.new_pack.row_fields import fields_of
from pack_sync.new_pack.row_schema import schema_of


def draft_from_recordings(name: str, recordings: Sequence[Recording]) -> PackDraft:
    """The pack with a table for each recorded one, of its first full sync.

    What only incremental syncs sent, if it is a moment, asks for changes.

    Raises `CannotDraftError` if there is no full sync, or one without a list.
    """
    full: dict[str, Recording] = {}
    for recording in recordings:
        if recording.mode == "full":
            full.setdefault(recording.table, recording)
    if not full:
        raise CannotDraftError("there is no recording of a full sync")
    tables = [
        _with_changes(table_of(names_of(words_of(table)), *_listed(recording)), recordings, table)
        for table, recording in full.items()
    ]
    question = "recordings have no credentials: which does the service want?"
    return PackDraft(
        name=name,
        source=f"recordings of {', '.join(full)}",
        domains=list(dict.fromkeys(urlsplit(t.endpoint.url).hostname or "" for t in tables)),
        tables=tables,
        authentication=AuthenticationDraft(guess=Guess(question=question)),
        domain_guess=Guess(evidence="the recorded requests"),
    )


def _with_changes(drafted: TableDraft, recordings: Sequence[Recording], table: str) -> TableDraft:
    """The table with the parameter that its incremental syncs sent, and full ones did not."""
    endpoint = drafted.endpoint
    increments = [each for each in recordings if each.table == table and each.mode != "full"]
    urls = [whole_url(each, exchange) for each in increments for exchange in each.exchanges]
    sent = [get_query_params(url) for url in urls if _place(url) == _place(endpoint.url)]
    for name, value in (pair for query in sent for pair in query.items()):
        style = style_of(str(value))
        if style and name not in endpoint.query and endpoint.changes is None:
            endpoint = replace(endpoint, changes=ChangeFilter(name, style))
            guess = Guess(evidence=f"{name} of a recorded incremental sync")
            guesses = {**drafted.guesses, "changes": guess}
            return replace(drafted, endpoint=endpoint, guesses=guesses)
    return drafted


def whole_url(recording: Recording, exchange: Exchange) -> str:
    """A request's URL; one without a host is a path below the connection's endpoint."""
    url = exchange.request.url
    return url if "://" in url else f"{(recording.endpoint or '').rstrip('/')}/{url.lstrip('/')}"


def _listed(recording: Recording) -> tuple[Sequence[Answer], Paging]:
    """The pages of the recorded list, and how they follow one another."""
    pages = list(_pages(recording))
    if not pages:
        raise CannotDraftError(f"the recording {recording} has no answer with a list of objects")
    rows = list(pages[0].rows)
    fields, _ = fields_of(schema_of(rows), recording.table, rows)
    if len(pages) < 2:
        return pages, OnePage()
    return pages, _step(pages[0], pages[1], ".".join(fields.id_key)) or OnePage()


def _pages(recording: Recording) -> Iterator[Answer]:
    """The answers with the first list that was read; those at other addresses are none of it."""
    first: Answer | None = None
    for exchange in recording.exchanges:
        if exchange.request.method != "GET" or exchange.response is None:
            continue
        url = whole_url(recording, exchange)
        try:
            found = read_answer(url, exchange.response, first and first.path)
        except CannotDraftError:
            continue
        if first is None or _place(url) == _place(first.url):
            first = first or found
            yield found


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc, parts.path


def _step(page: Answer, following: Answer, id_path: str) -> Paging | None:
    """How one page led to the next, by where what the second request added comes from."""
    values = page.values()
    if next_link(page.response, base=page.url) == following.url:
        return LinkHeader()
    for path, value in values.items():
        if isinstance(value, str) and urljoin(page.url, value) == following.url != page.url:
            return NextUrl(path)
    before, after = get_query_params(page.url), get_query_params(following.url)
    added = {key: value for key, value in after.items() if before.get(key) != value}
    for parameter, value in added.items():
        found = [path for path, each in values.items() if str(each) == value]
        tokens = [path for path in found if not isinstance(values[path], bool)]
        if tokens:
            return NextToken(tokens[0], parameter, more_key(values))
        if page.rows and str(value_at(page.rows[-1], id_path)) == value:
            return LastId(parameter, more_key(values))
        if value.isdigit():
            return _counted(page, parameter, int(value), before.get(parameter))
    return None


def _counted(page: Answer, parameter: str, number: int, before: str | None) -> Paging:
    """A parameter that counts: pages where it grows by one, else rows."""
    values, least = page.values(), len(page.rows)
    start = int(before) if before and before.isdigit() else None
    if number - (start if start is not None else 1) in (0, 1):
        first = start if start is not None else number - 1
        pages_key = number_at(values, paging_names.TOTAL_PAGES, least=1)
        return PageNumber(parameter, first, pages_key, more_key(values))
    total = number_at(values, paging_names.TOTALS, least=least)
    return Offset(parameter, total, start or 0, more_key(values))
