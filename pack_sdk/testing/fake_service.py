"""A service that answers without a network: routes over a world, and faults on demand."""

import copy
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import format_datetime
from functools import cached_property
from typing import Any, TypeAlias, TypeVar
from urllib.parse import parse_qsl, urljoin, urlsplit

from pack_sdk.errors import ConnectionFailedError, StatusCodeError
from pack_sdk.fetching import FetchRequest, FetchResponse, Method
from pack_sdk.testing.fetcher import StatusCode
from pack_sdk.testing.listing import ListPage
from pack_sdk.testing.world import World


class QueryParameters(Mapping[str, str]):
    """Parameters of a URL. `looked_at` are the names of those that somebody has asked for."""

    def __init__(self, values: Iterable[tuple[str, str]]) -> None:
        self._values = dict(values)
        self.looked_at = set[str]()

    def __getitem__(self, name: str) -> str:
        self.looked_at.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        self.looked_at.update(self._values)
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)


@dataclass(frozen=True)
class ServiceRequest:
    """A request as a route sees it: `path` holds the values of the route's `{names}`."""

    request: FetchRequest
    path: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def url(self) -> str:
        """The whole URL."""
        return self.request.url

    @cached_property
    def query(self) -> QueryParameters:
        """The parameters of the URL; of one that is given twice, the last."""
        return QueryParameters(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers, names in lower case."""
        return {name.lower(): value for name, value in self.request.headers.items()}

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None where there is none or it is something else."""
        try:
            return json.loads(self.request.body or "null")
        except ValueError:
            return None

    @cached_property
    def form(self) -> dict[str, str]:
        """The fields of a form."""
        if self.request.form is not None:
            return dict(self.request.form)
        body = self.request.body or ""
        return dict(parse_qsl(body.decode() if isinstance(body, bytes) else body))


Reply: TypeAlias = Any
"""A body, or a `StatusCode` or `FetchResponse`."""

Route: TypeAlias = Callable[[ServiceRequest], Reply]
RouteT = TypeVar("RouteT", bound=Route)
Fault: TypeAlias = Callable[[ServiceRequest, int, Callable[[], FetchResponse]], FetchResponse]
"""Stands between a request and its answer: given the request, its number from 1 on, and a function
that makes the right answer."""


class FakeService:
    """A fake of a service: routes that are answered from a `World`.

    >>> world = World(seed=1)
    >>> tasks = world.add("tasks", lambda random, number, now: {"id": number}, count=2)
    >>> service = FakeService(world, "https://api.example.com/v1")
    >>> @service.route("GET", "/tasks")
    ... def list_tasks(request):
    ...     return {"tasks": [item.fields for item in tasks]}
    >>> service.send(FetchRequest(url="https://api.example.com/v1/tasks")).body
    {'tasks': [{'id': 1}, {'id': 2}]}

    Give it to `execute_sync_table` as the `fetcher`. What no route fits is answered with 404.

    - `faults` are what goes wrong, as `failing` and `cut_short` of `pack_sdk.testing.faults`.
    - `request_time` is how far a request moves the world's clock.
    - `credentials` are what a connection of the fake has, by the names of the pack's
      authentication; `parameters` values for the tables that need some, by table and name;
      `dynamic_urls` by table.
    - `shifting_pages` says that the service counts rows or pages: there a deletion in the midst of
      a listing makes the next page skip a row, and no pack can help it.
    - `unknown` are the requests that it has no route for; `unread` and `asked_sizes` are what
      `note_page` was told; `known_parameters` are the names of those that its routes have asked
      for, by the URL without them.
    - `error_pages` are answers by which this service says with a status of 200 that a request
      failed; `result_cap` says that a query brings so many rows and no more.
    """

    def __init__(self, world: World | None = None, base_url: str = "") -> None:
        self.world = world or World()
        self.base_url = base_url.rstrip("/")
        self.requests: list[FetchRequest] = []
        self.answers: list[FetchResponse] = []
        """What was answered to each of `requests`, faults included."""
        self.faults: list[Fault] = []
        self.request_time = timedelta(0)
        self.endpoint: str | None = None
        self.credentials: dict[str, str] = {}
        self.parameters: dict[str, Mapping[str, Any]] = {}
        self.dynamic_urls: dict[str, str] = {}
        self.shifting_pages = False
        self.error_pages: Sequence[Reply] = ()
        self.result_cap: int | None = None
        self.unknown: list[str] = []
        self.unread: dict[str, str] = {}
        self.asked_sizes: set[tuple[int, int]] = set()
        self.known_parameters = defaultdict[str, set[str]](set)
        self._routes: list[tuple[Method, re.Pattern[str], Route]] = []

    def route(self, method: Method, path: str) -> Callable[[RouteT], RouteT]:
        """Have a function answer requests of this method and path below the base URL.

        `{name}` in the path stands for one part of it, or in a whole URL for one of its parts.
        """
        url = path if "://" in path else f"{self.base_url}{path}"
        pattern = re.compile(url_pattern(url))

        def add(function: RouteT) -> RouteT:
            self._routes.append((method, pattern, function))
            return function

        return add

    def note_page(
        self, request: ServiceRequest, page: ListPage[Any], largest: int | None = None
    ) -> None:
        """Tell a check that a page of a list was answered, and how large one may be.

        What is `unread` of a list afterwards, by its path, is a further page that nobody asked for.
        Further pages may be one step below the list's own path, as in `/files/continue`.
        """
        path = urlsplit(request.url).path
        for begun in (path, path.rpartition("/")[0]):
            self.unread.pop(begun, None)
        if page.more:
            self.unread[path] = f"{page.size} of {page.total} rows were on the last page asked for"
        if largest is not None and page.more:
            self.asked_sizes.add((page.size, largest))

    def use_large_ids(self) -> None:
        """Have ids beyond 2^53 from now on, where the service has numbers as ids that may be."""

    def answer(self, request: ServiceRequest) -> Reply:
        """Answer a request, faults apart; a fake that has no routes overrides this."""
        place = urlsplit(request.url)._replace(query="", fragment="").geturl()
        for method, pattern, function in self._routes:
            if method == request.request.method and (found := pattern.fullmatch(place)):
                routed = replace(request, path=found.groupdict())
                reply = function(routed)
                self.known_parameters[place].update(routed.query.looked_at)
                return reply
        return self.answer_without_route(request)

    def answer_without_route(self, request: ServiceRequest) -> Reply:
        """Answer what no route fits: with 404, and it is `unknown`."""
        place = urlsplit(request.url)._replace(query="", fragment="").geturl()
        self.unknown.append(f"{request.request.method} {place}")
        return StatusCode(404, {"error": f"nothing is at {self.unknown[-1]}"})

    def respond(self, request: FetchRequest) -> FetchResponse:
        """The answer to a request, of whatever status, faults included.

        The clock moves on by `request_time`, half of it before the answer is made. The header
        `Date` has the clock's time.
        """
        url = urljoin(f"{self.endpoint or self.base_url}/", request.url)
        asked = ServiceRequest(replace(request, url=url))
        self.requests.append(request)
        number = len(self.requests)
        self.world.advance(self.request_time / 2)

        def make() -> FetchResponse:
            return self._response(self.answer(asked))

        for fault in self.faults:
            make = _between(fault, asked, number, make)
        response = make()
        self.answers.append(response)
        self.world.advance(self.request_time / 2)
        return response

    def send(self, request: FetchRequest) -> FetchResponse:
        """As `respond`, for a pack: a status of 300 or more raises `StatusCodeError`.

        Half a JSON document raises `ConnectionFailedError`, as in a real sync.
        """
        response = self.respond(request)
        if response.status >= 300:
            raise StatusCodeError(response, method=request.method, url=request.url)
        if isinstance(response.body, HalfDocument):
            raise ConnectionFailedError(f"{request.url} answered with half a document")
        return response

    __call__ = send

    def _response(self, reply: Reply) -> FetchResponse:
        date = {"date": format_datetime(self.world.clock.now, usegmt=True)}
        if not isinstance(reply, StatusCode | FetchResponse):
            return FetchResponse(status=200, headers=date, body=copy.deepcopy(reply))
        given = {name.lower(): value for name, value in reply.headers.items()}
        body = copy.deepcopy(reply.body)
        return FetchResponse(status=reply.status, headers={**date, **given}, body=body)


def url_pattern(url: str) -> str:
    """A regular expression for URLs of that form, in which `{name}` stands for one part."""
    return re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/?]+)", re.escape(url))


class HalfDocument(bytes):
    """The beginning of a JSON document whose rest was lost on the way."""


def _between(
    fault: Fault, request: ServiceRequest, number: int, make: Callable[[], FetchResponse]
) -> Callable[[], FetchResponse]:
    return lambda: fault(request, number, make)
