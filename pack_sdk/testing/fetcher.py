"""A fetcher that answers from a list instead of the network."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, cast
from urllib.parse import parse_qsl, urlsplit

from pack_sdk.errors import StatusCodeError
from pack_sdk.fetching import FetchRequest, FetchResponse, Method, is_expected
from pack_sdk.testing.recorded_answers import RecordedAnswers
from pack_sdk.testing.recordings import Recording, read_recordings


@dataclass(frozen=True)
class StatusCode:
    """An answer with this status; from 300 on it raises `StatusCodeError` (contract F3).

    >>> StatusCode(429, {"error": "slow down"}, {"Retry-After": "5"}).status
    429
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Answer: TypeAlias = Any
"""A body, a `StatusCode`, a `FetchResponse`, an exception, or a function of the request.

An exception is raised; a function returns any of the others.
"""


class MockFetcher:
    """Answers the requests of a pack and remembers them in `requests`.

    Answers given to the constructor, or to `then`, are used in turn, whatever is asked for:

    >>> fetcher = MockFetcher({"page": 1}, StatusCode(410))
    >>> fetcher.send(FetchRequest(url="https://api.example.com/a")).body
    {'page': 1}

    Answers given to `on` are for a URL. A URL with a query wants just these parameters, in
    any order; one without wants any. Several answers are used in turn, the last one for all
    further requests:

    >>> fetcher = MockFetcher().on("https://api.example.com/tasks?page=2", {"tasks": []})
    >>> fetcher.send(FetchRequest(url="https://api.example.com/tasks?page=2")).status
    200

    What is asked for with no answer left is an `AssertionError` that lists what was expected.
    It works for packs whose functions are `def` and `async def` alike: give it to
    `execute_sync_table`, `make_context` or `make_async_context`.
    """

    def __init__(self, *answers: Answer) -> None:
        self.requests: list[FetchRequest] = []
        self._queue: list[Answer] = list(answers)
        self._routes: list[_Route] = []
        self._recorded: RecordedAnswers | None = None

    @classmethod
    def replay(cls, *recorded: str | Path | Recording) -> "MockFetcher":
        """Answers as the service did in recorded syncs: files, folders of them, or recordings.

        What was not recorded is an `AssertionError` that says the nearest request that was, and
        how it differs. Answers given to `on` and `then` go before what was recorded.
        """
        recordings: list[Recording] = []
        for each in recorded:
            recordings += [each] if isinstance(each, Recording) else read_recordings(each)
        fetcher = cls()
        fetcher._recorded = RecordedAnswers(recordings)
        return fetcher

    def then(self, *answers: Answer) -> "MockFetcher":
        """Add answers for whatever is asked for next; returns itself."""
        self._queue += answers
        return self

    def on(self, url: str, *answers: Answer, method: Method = "GET") -> "MockFetcher":
        """Answer requests of this method and URL, as the pack writes it; returns itself."""
        if not answers:
            raise ValueError(f"on({url!r}) needs an answer")
        self._routes.append(_Route(method=method, url=url, answers=list(answers)))
        return self

    @property
    def urls(self) -> list[str]:
        """The URLs of the requests so far."""
        return [request.url for request in self.requests]

    @property
    def unused(self) -> list[str]:
        """What is prepared and was not asked for: routes, answers in turn, recorded requests."""
        never_used = [str(route) for route in self._routes if not route.used]
        in_turn = [f"the next answer: {answer!r:.200}" for answer in self._queue]
        return never_used + in_turn + (self._recorded.unused if self._recorded else [])

    def send(self, request: FetchRequest) -> FetchResponse:
        """Answer a request; a status of 300 or more raises `StatusCodeError` (contract F3)."""
        self.requests.append(request)
        answer = self._answer_to(request)
        if callable(answer) and not isinstance(answer, type):
            answer = cast("Callable[[FetchRequest], Answer]", answer)(request)
        if isinstance(answer, BaseException):
            raise answer
        response = _response(answer)
        if not is_expected(response.status, request):
            raise StatusCodeError(response, method=request.method, url=request.url)
        return response

    __call__ = send

    def _answer_to(self, request: FetchRequest) -> Answer:
        matching = [route for route in self._routes if route.matches(request)]
        if matching:  # one that names the query is meant more exactly
            return max(matching, key=lambda route: "?" in route.url).next_answer()
        if self._queue:
            return self._queue.pop(0)
        if self._recorded:
            return self._recorded.answer_to(request)
        raise AssertionError(self._unexpected(request))

    def _unexpected(self, request: FetchRequest) -> str:
        expected = "".join(f"\n  {route}" for route in self._routes) or " no further request"
        return (
            f"the pack asked for {request.method} {request.url}, which the test does not expect; "
            f"it expects{':' if self._routes else ''}{expected}"
        )


@dataclass(kw_only=True)
class _Route:
    """The answers for a method and a URL."""

    method: Method
    url: str
    answers: list[Answer]
    used: int = 0

    def matches(self, request: FetchRequest) -> bool:
        wanted, given = urlsplit(self.url), urlsplit(request.url)
        return (
            request.method == self.method
            and (wanted.scheme, wanted.netloc.lower(), wanted.path or "/")
            == (given.scheme, given.netloc.lower(), given.path or "/")
            and (not wanted.query or _parameters(wanted.query) == _parameters(given.query))
        )

    def next_answer(self) -> Answer:
        index = min(self.used, len(self.answers) - 1)
        self.used += 1
        return self.answers[index]

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


def _parameters(query: str) -> Sequence[tuple[str, str]]:
    return sorted(parse_qsl(query, keep_blank_values=True))


def _response(answer: Answer) -> FetchResponse:
    """The answer as a response of its own, since a pack may change what it gets."""
    if not isinstance(answer, StatusCode | FetchResponse):
        return FetchResponse(status=200, body=copy.deepcopy(answer))
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return FetchResponse(status=answer.status, headers=headers, body=copy.deepcopy(answer.body))
