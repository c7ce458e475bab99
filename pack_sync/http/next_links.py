"""Whether an answer names a further page, and whether a pack left it unread (contract D11).

A pack that forgets to page gets the first page of each list, and nothing fails. What most services
say in each answer tells: a `Link` header, or a field of the JSON. The rules are narrow, so that a
pack which does page never hears of it.
"""

import re
from collections.abc import Generator, Mapping
from itertools import islice
from typing import Any, cast
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from pack_sdk.fetching import FetchResponse
from pack_sdk.next_links import linked

_NEXT = (
    "next", "next_page", "nextPage", "next_page_token", "nextPageToken", "next_cursor",
    "nextCursor", "next_token", "nextToken", "next_url", "nextUrl", "next_page_url",
    "nextPageUrl", "next_link", "nextLink", "@odata.nextLink",
)  # fmt: skip
_HAS_MORE = ("has_more", "hasMore", "has_next", "hasNext", "has_next_page", "hasNextPage")
_IS_LAST = ("is_last", "isLast", "is_last_page", "isLastPage", "end_of_stream")
_AROUND = (
    "meta", "paging", "pagination", "page", "pages", "page_info", "pageInfo", "links", "_links",
    "response_metadata",
)  # fmt: skip
_URL = re.compile(r"https?://|[/?]", re.I)
_LOOKED_AT = 50


class PagedAnswers:
    """The answers that the pack got for one page, as they come.

    The first that brings a list is the paged one. Those of the same path belong to it: a pack may
    read several pages in one call, also at once, and one that is the last has no further page.
    """

    def __init__(self) -> None:
        self._path: str | None = None
        self._next = ""

    @property
    def left_unread(self) -> str:
        """Where the answer names a further page that was not asked for; nothing if none does."""
        return self._next

    def add(self, url: httpx.URL, response: FetchResponse) -> None:
        """Look at an answer that the pack is given."""
        found, path = next_page_in(url, response), _path(url)
        if path == self._path:
            self._next = self._next and found
        elif self._path is None:
            if found or _brings_list(response.body):
                self._path, self._next = path, found
        elif _brings_list(response.body) and self._next != _HEADER:
            # Where a list goes on may be another path, which a token does not tell.
            self._next = ""


_HEADER = "`Link` header"


def next_page_in(url: httpx.URL, response: FetchResponse) -> str:
    """Where the answer to a request for `url` names a further page, in words; else nothing."""
    if any(_leads_on(url, target) for target in linked(response)):
        return _HEADER
    body: Any = response.body
    # What has an id is a thing, of which `next` may be the one after it.
    if not isinstance(body, dict) or "id" in body or not _brings_list(cast("object", body)):
        return ""
    return _next_field(url, cast("Mapping[str, Any]", body))


def _next_field(url: httpx.URL, body: Mapping[str, Any]) -> str:
    found = ""
    for prefix, fields in _places(body):
        if any(fields.get(name) is False for name in _HAS_MORE):
            return ""
        if any(fields.get(name) is True for name in _IS_LAST):
            return ""
        names = [name for name in _NEXT if name in fields and _leads_on(url, fields[name])]
        names += [name for name in _HAS_MORE if fields.get(name) is True]
        found = found or (f"field `{prefix}{names[0]}`" if names else "")
    return found


def _places(body: Mapping[str, Any]) -> Generator[tuple[str, Mapping[str, Any]]]:
    """Where services write of pages: at the top, and in what surrounds the list."""
    yield "", body
    for name in _AROUND:
        if isinstance(around := body.get(name), dict):
            yield f"{name}.", cast("dict[str, Any]", around)


def _leads_on(url: httpx.URL, target: Any) -> bool:
    """Whether this names another page of what was asked for: by a URL, a number or a token."""
    if isinstance(target, dict):
        link = cast("dict[str, Any]", target)
        target = next((link[name] for name in ("href", "url") if name in link), any(link.values()))
    if not isinstance(target, str) or not _URL.match(target):
        return bool(target) and str(target) not in url.params.values()
    try:
        following = urlsplit(urljoin(str(url), target))  # several times as fast as httpx
    except ValueError:
        return False
    # Behind a proxy, services name themselves by other hosts.
    same = unquote(following.path).rstrip("/") == _path(url)
    return same and following.query.encode() != url.query


def _path(url: httpx.URL) -> str:
    return url.path.rstrip("/")


def _brings_list(body: object) -> bool:
    """Whether it is a list with something in it, or has one not far below."""
    near = [body, *_values(body)]
    near += [each for value in near[1:] for each in _values(value)]
    return any(isinstance(each, list) and each != [] for each in near)


def _values(value: object) -> list[object]:
    """What an object has, as far as it is worth looking."""
    if not isinstance(value, dict):
        return []
    return list(islice(cast("dict[str, object]", value).values(), _LOOKED_AT))
