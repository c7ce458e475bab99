"""A fake of any service that is known by its lists: it serves each `ListEndpoint` over a world."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from pack_sdk.testing.collection import Collection, Item
from pack_sdk.testing.fake_service import FakeService, Reply, ServiceRequest, url_pattern
from pack_sdk.testing.fetcher import StatusCode
from pack_sdk.testing.list_endpoint import (
    LastId,
    LinkHeader,
    ListEndpoint,
    NextToken,
    NextUrl,
    Offset,
    PageNumber,
    Path,
)
from pack_sdk.testing.list_rows import Row, RowMaker, put_at, read_moment
from pack_sdk.testing.listing import (
    ListPage,
    next_link_header,
    numbered_page,
    page_after,
    page_at,
    seal,
    unseal,
    with_query,
)
from pack_sdk.testing.world import World

_PAGE_SIZE = 20
_FIRST = ("0", "1")
"""What clients send for the first page where tokens are numbers of pages, as in `next_page: 2`."""
_PLACE = "after"
"""The parameter in links to further pages, which a client follows as they are."""


class ListService(FakeService):
    """Serves lists as their `ListEndpoint`s describe them, some pages of rows in each.

    >>> from pack_sdk.fetching import FetchRequest
    >>> from pack_sdk.testing import ListEndpoint, NextToken
    >>> endpoint = ListEndpoint(
    ...     url="https://api.example.com/tasks", rows=("tasks",), id_key=("id",),
    ...     row_schema={"properties": {"id": {"type": "string"}, "title": {"type": "string"}}},
    ...     paging=NextToken(("next",), "cursor"), size_parameter="limit", page_size=10,
    ... )
    >>> service = ListService([endpoint], seed=1)
    >>> body = service.send(FetchRequest(url="https://api.example.com/tasks?limit=2")).body
    >>> [task["id"] for task in body["tasks"]]
    ['id-1', 'id-2']
    >>> service.send(FetchRequest(url=f"https://api.example.com/tasks?cursor={body['next']}")).status
    200

    `samples` are rows that were seen, by the endpoint's URL: they are served, and others like
    them. Rows come in the order of their creation. Without a parameter for changes all rows are
    listed that are not deleted; with it, those that changed at that moment or later, and the
    deleted ones too where the endpoint has a `deleted_key`. A `route` that is added answers before
    the lists do.
    """

    def __init__(
        self,
        endpoints: Sequence[ListEndpoint],
        *,
        samples: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        seed: int = 0,
        world: World | None = None,
    ) -> None:
        super().__init__(world or World(seed))
        self._endpoints = endpoints
        self._samples = samples or {}
        self.lists = self._lists()
        self.shifting_pages = any(
            isinstance(each.paging, PageNumber | Offset) for each in endpoints
        )

    def use_large_ids(self) -> None:
        """Have other rows from now on, with ids beyond 2^53 where ids are numbers."""
        self.lists = self._lists(large_ids=True)

    def _lists(self, *, large_ids: bool = False) -> "list[_List]":
        return [
            _List(
                RowMaker(
                    endpoint=endpoint,
                    samples=self._samples.get(endpoint.url, ()),
                    large_ids=large_ids,
                ),
                self.world,
                f"{number} {endpoint.url}",
            )
            for number, endpoint in enumerate(self._endpoints, start=1)
        ]

    def answer_without_route(self, request: ServiceRequest) -> Reply:
        """The page of the list that is at the request's URL; 404 where there is none."""
        fitting = [each for each in self.lists if each.serves(request)]
        if not fitting:
            return super().answer_without_route(request)
        asked = max(fitting, key=lambda each: each.exactness(request))
        reply, page = asked.answer(request, self.result_cap)
        if page is not None:
            self.note_page(request, page, asked.endpoint.page_size)
        return reply


class _List:
    """One endpoint, with its collection."""

    def __init__(self, maker: RowMaker, world: World, name: str) -> None:
        self.maker = maker
        self.endpoint = endpoint = maker.endpoint
        self._place = re.compile(url_pattern(endpoint.url.rstrip("/")))
        self.collection: Collection = world.add(
            name,
            self.maker.make,
            self.maker.revise,
            count=max(2 * self.page_size + 3, len(maker.samples)),
            id_of=self.maker.id_of,
        )

    def exactness(self, request: ServiceRequest) -> tuple[int, int]:
        """Of several lists that serve a request the one with the greatest is meant."""
        given, fixed = _parameters(request), self.endpoint.query
        said = sum(given.get(name) == value for name, value in fixed.items())
        return 2 * said - len(fixed), -self.endpoint.url.count("{")

    @property
    def page_size(self) -> int:
        """How many rows a page has at most."""
        return self.endpoint.page_size or _PAGE_SIZE

    def serves(self, request: ServiceRequest) -> bool:
        """Whether a request is for this list: its method, its URL, no other fixed parameters."""
        asked = urlsplit(request.url)._replace(query="", fragment="").geturl()
        same_place = self._place.fullmatch(asked.rstrip("/"))
        given = _parameters(request)
        follows_link = _PLACE in given
        return (
            request.request.method == self.endpoint.method
            and same_place is not None
            and (follows_link or all(given.get(k, v) == v for k, v in self.endpoint.query.items()))
        )

    def answer(
        self, request: ServiceRequest, cap: int | None
    ) -> tuple[Reply, ListPage[Item] | None]:
        """A page of the rows that are asked for, of so many rows in all at most.

        400 for parameters that make no sense.
        """
        given = _parameters(request)
        try:
            since = self._since(given)
            page, following = self._page(self._rows(since)[:cap], given, request.url)
        except ValueError as error:
            return StatusCode(400, {"error": {"message": str(error)}}), None
        rows = [
            self.maker.shown(item.fields, item.updated_at, deleted=item.deleted)
            for item in page.items
        ]
        return self._reply(rows, page, following), page

    def _since(self, given: Mapping[str, str]) -> datetime | None:
        changes = self.endpoint.changes
        text = given.get(changes.parameter) if changes else None
        return read_moment(text, changes.format) if changes and text else None

    def _rows(self, since: datetime | None) -> list[Item]:
        if since is None:
            return self.collection.items()
        with_deleted = self.endpoint.deleted_key is not None
        return self.collection.updated_since(since, deleted=with_deleted)

    def _page(
        self, items: list[Item], given: Mapping[str, str], url: str
    ) -> tuple[ListPage[Item], str | None]:
        """The page, and the URL or token of the next one where the service names it."""
        size = self._size(given)
        match self.endpoint.paging:
            case PageNumber(parameter, first, _, _):
                number = int(given.get(parameter) or first)
                return numbered_page(items, max(number, first), size, first=first), None
            case Offset(parameter, _, first, _):
                offset = int(given.get(parameter) or first) - first
                return page_at(items, max(offset, 0), size), None
            case LastId(parameter, _):
                return page_after(items, self._number_of(given.get(parameter)), size), None
            case NextToken(_, parameter, _):
                return self._following(page_after(items, _place(given.get(parameter)), size))
            case LinkHeader() | NextUrl():
                page, token = self._following(page_after(items, _place(given.get(_PLACE)), size))
                return page, with_query(url, **{_PLACE: token}) if token else None
            case _:
                return ListPage(items=items, more=False, total=len(items), size=len(items)), None

    def _size(self, given: Mapping[str, str]) -> int:
        asked = given.get(self.endpoint.size_parameter) if self.endpoint.size_parameter else None
        return min(max(int(asked), 1), self.page_size) if asked else self.page_size

    def _number_of(self, row_id: str | None) -> int | None:
        if not row_id:
            return None
        for item in self.collection.items(deleted=True):
            if str(item.id) == row_id:
                return item.number
        raise ValueError(f"there is no row {row_id!r}")

    def _following(self, page: ListPage[Item]) -> tuple[ListPage[Item], str | None]:
        return page, seal(after=page.items[-1].number) if page.more else None

    def _reply(self, rows: list[Row], page: ListPage[Item], following: str | None) -> Reply:
        paging = self.endpoint.paging
        headers = next_link_header(following) if isinstance(paging, LinkHeader) else {}
        if not self.endpoint.rows:
            return StatusCode(200, rows, headers)
        body: Row = {}
        put_at(body, self.endpoint.rows, rows)
        for key, value in self._told(page, following):
            if key:
                put_at(body, key, value)
        return StatusCode(200, body, headers)

    def _told(self, page: ListPage[Item], following: str | None) -> list[tuple[Path | None, Any]]:
        """What the body says of further pages, by where it says so."""
        match self.endpoint.paging:
            case NextUrl(key):
                return [(key, following)]
            case NextToken(key, _, more_key):
                return [(key, following), (more_key, page.more)]
            case PageNumber(_, _, pages_key, more_key):
                return [(pages_key, -(-page.total // page.size)), (more_key, page.more)]
            case Offset(_, total_key, _, more_key):
                return [(total_key, page.total), (more_key, page.more)]
            case LastId(_, more_key):
                return [(more_key, page.more)]
            case _:
                return []


def _parameters(request: ServiceRequest) -> dict[str, str]:
    """The parameters of the URL, and those of a form or of an object in JSON."""
    given = dict(request.query)
    if request.request.method == "GET":
        return given
    if isinstance(body := request.json, dict):
        fields = cast("dict[str, Any]", body)
        return {**given, **{name: _text(value) for name, value in fields.items()}}
    return {**given, **request.form}


def _text(value: Any) -> str:
    """A value of a body as a parameter of a URL would have it."""
    return value if isinstance(value, str) else json.dumps(value)


def _place(token: str | None) -> int | None:
    """The number of the last row of the page before. Raises `ValueError`."""
    if not token or token in _FIRST:
        return None
    place = (unseal(token) or {}).get("after")
    if not isinstance(place, int):
        raise ValueError(f"{token!r} is no token of this list")
    return place
