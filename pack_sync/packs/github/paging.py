"""Pages of GitHub's lists, whose own links to the next page count pages.

https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import wraps
from typing import Any, TypeAlias

from pack_sdk import (
    FetchResponse,
    FullSyncNeededError,
    StatusCodeError,
    SyncExecutionContext,
    SyncPage,
    TimeCursor,
    format_time,
    next_link,
    parse_time,
    value_at,
    with_query_params,
)

PAGE_SIZE = 100
"""The most that a list gives."""

SECONDS = "%Y-%m-%dT%H:%M:%SZ"
"""Times as GitHub has them: it knows no fractions of a second."""

Execute: TypeAlias = Callable[[Sequence[Any], SyncExecutionContext], SyncPage]
Place: TypeAlias = Mapping[str, Any]
"""Where a page of a list that is sorted by a time begins: its `time` and the number of its page."""

_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


def get(context: SyncExecutionContext, path: str, **query: object) -> FetchResponse:
    """The answer to a path below the API, or to the URL of a further page."""
    base = (context.endpoint or "https://api.github.com").rstrip("/")
    url = path if "://" in path else f"{base}{path}"
    return context.fetcher.fetch(url=with_query_params(url, query), headers=_HEADERS)


def whole_list(context: SyncExecutionContext, path: str, **query: object) -> FetchResponse:
    """A page of a list that is read as a whole in each sync."""
    further = context.sync.continuation and context.sync.continuation["url"]
    return get(context, further) if further else get(context, path, **query, per_page=PAGE_SIZE)


def whole_list_page(rows: Sequence[Any], response: FetchResponse) -> SyncPage:
    """The page to return of such a list."""
    further = next_link(response)
    return {"result": rows, "continuation": {"url": further} if further else None}


def of_repository(repository: str, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows, with the repository that they are of."""
    return [{**row, "repository": repository} for row in rows]


def next_place(
    rows: Sequence[Any], key: str, response: FetchResponse, place: Place, *, ascending: bool
) -> dict[str, Any] | None:
    """Where the next page of a list begins that is sorted by a time; None after the last page.

    By number a row would be passed over whenever one before it leaves its page. So the next page
    begins at the time of the last row, and a second before, as it may be that the filter leaves
    out the time itself. By number it goes on only within a second that fills a page and more.
    """
    if next_link(response) is None:
        return None
    last = parse_time(rows[-1][key])
    if last is None:
        raise ValueError(f"a row has the {key} {rows[-1][key]!r}")
    time = format_time(last + timedelta(seconds=-1 if ascending else 1), SECONDS)
    before = place.get("time")
    if before is None or (time > before if ascending else time < before):
        return {"time": time, "page": 1}
    return {"time": before, "page": place.get("page", 1) + 1}


def changed(
    context: SyncExecutionContext, path: str, **query: object
) -> tuple[TimeCursor, FetchResponse, dict[str, Any] | None]:
    """A page of a list with the filter `since`, the oldest change first, and the next place."""
    changes = TimeCursor(context)
    place = changes.next_page or {"time": format_time(changes.since, SECONDS), "page": 1}
    order = {"sort": "updated", "direction": "asc", "per_page": PAGE_SIZE}
    response = get(context, path, **query, **order, since=place["time"], page=place["page"])
    further = next_place(response.body, "updated_at", response, place, ascending=True)
    return changes, response, further


def nothing_where(status: int, text: str) -> Callable[[Execute], Execute]:
    """A decorator: there are no rows where GitHub answers with this status and this text."""

    def decorate(execute: Execute) -> Execute:
        @wraps(execute)
        def without(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
            try:
                return execute(args, context)
            except StatusCodeError as error:
                message = str(value_at(error.body, "message"))
                if error.status_code != status or text not in message:
                    raise
                if context.sync.previous_completion is not None:
                    raise FullSyncNeededError(message) from error
                return {"result": []}

        return without

    return decorate
