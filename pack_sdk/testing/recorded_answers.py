"""Answers to requests that were recorded; to one that was not, what the nearest one was."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from pack_sdk.errors import ConnectionFailedError
from pack_sdk.fetching import FetchRequest, FetchResponse
from pack_sdk.testing.recordings import Exchange, Recording, json_or_text

_METHOD, _HOST, _PATH, _DETAIL = 8, 8, 3, 1
"""How far a difference of that kind takes two requests apart."""
INVOCATION_TOKEN = re.compile(r"(?<=-)[0-9a-f]{32}(?=\}\}|%7D%7D)", re.I)
"""What is another one in each call, in the templates of Custom authentication (contract A2)."""


@dataclass(frozen=True)
class Difference:
    """Where two requests differ; `asked` or `recorded` is None where one has nothing there."""

    where: str
    asked: str | None
    recorded: str | None
    weight: int = _DETAIL

    def __str__(self) -> str:
        if self.recorded is None:
            return f"{self.where}: asked with {self.asked!r}, recorded without"
        if self.asked is None:
            return f"{self.where}: asked without, recorded with {self.recorded!r}"
        return f"{self.where}: asked {self.asked!r}, recorded {self.recorded!r}"


class RecordedAnswers:
    """What the service answered in some recorded syncs.

    A request that was made several times gets its answers in turn, the last one for all further
    requests. Method, URL and body must be those that were recorded, parameters in any order;
    headers only choose between requests that are else the same.
    """

    def __init__(self, recordings: Iterable[Recording]) -> None:
        self._recordings = list(recordings)
        self._exchanges = [(r, e) for r in self._recordings for e in r.exchanges]
        self._used: Counter[int] = Counter()

    @property
    def unused(self) -> list[str]:
        """The recorded requests that were not made."""
        return [f"{exchange} ({recording})" for recording, exchange in self._unused()]

    @property
    def unused_exchanges(self) -> list[Exchange]:
        """The same, with what was answered."""
        return [exchange for _, exchange in self._unused()]

    def _unused(self) -> list[tuple[Recording, Exchange]]:
        return [each for at, each in enumerate(self._exchanges) if not self._used[at]]

    def answer_to(self, request: FetchRequest) -> FetchResponse | Exception:
        """What was answered. Raises `AssertionError` for a request that was not recorded."""
        same = [
            at for at, (_, e) in enumerate(self._exchanges) if not differences(request, e.request)
        ]
        if not same:
            raise AssertionError(self._not_recorded(request))
        headers = _headers_of(request)
        best = [at for at in same if _headers_of(self._exchanges[at][1].request) == headers]
        turns = best or same
        at = next((at for at in turns if not self._used[at]), turns[-1])
        self._used[at] += 1
        exchange = self._exchanges[at][1]
        return exchange.response or ConnectionFailedError(exchange.error or "no answer came")

    def _not_recorded(self, request: FetchRequest) -> str:
        asked = f"the pack asked for\n  {request.method} {request.url}\nwhich was not recorded. "
        if not self._exchanges:
            return f"{asked}No request was."
        at = min(range(len(self._exchanges)), key=lambda at: self._distance(request, at))
        recording, exchange = self._exchanges[at]
        number = next(n for n, e in enumerate(recording.exchanges, 1) if e is exchange)
        lines = "".join(f"\n  {each}" for each in differences(request, exchange.request))
        return (
            f"{asked}The nearest request that was is number {number} of {recording}:\n  {exchange}"
            f"\nThey differ in{lines}\n{recording.how_to_renew}"
        )

    def _distance(self, request: FetchRequest, at: int) -> tuple[int, bool]:
        found = differences(request, self._exchanges[at][1].request)
        return sum(each.weight for each in found), self._used[at] > 0


def differences(asked: FetchRequest, recorded: FetchRequest) -> list[Difference]:
    """Where two requests differ, headers apart: parameter by parameter, key by key."""
    return [*_of_urls(asked, recorded), *_of_bodies(asked, recorded)]


def _of_urls(asked: FetchRequest, recorded: FetchRequest) -> Iterator[Difference]:
    if asked.method != recorded.method:
        yield Difference("the method", asked.method, recorded.method, _METHOD)
    one, other = (urlsplit(INVOCATION_TOKEN.sub("", each.url)) for each in (asked, recorded))
    hosts = [f"{url.scheme}://{url.netloc}".lower() for url in (one, other)]
    if hosts[0] != hosts[1]:
        yield Difference("the host", hosts[0], hosts[1], _HOST)
    paths = [unquote(url.path) or "/" for url in (one, other)]
    if paths[0] != paths[1]:
        steps, steps_recorded = (path.split("/") for path in paths)
        unlike = sum(a != b for a, b in zip(steps, steps_recorded, strict=False))
        unlike += abs(len(steps) - len(steps_recorded))
        yield Difference("the path", paths[0], paths[1], _PATH * unlike)
    yield from _of_fields("the parameter", _parameters(one.query), _parameters(other.query))


def _of_bodies(asked: FetchRequest, recorded: FetchRequest) -> Iterator[Difference]:
    yield from _of_fields("the form's field", _texts(asked.form), _texts(recorded.form))
    one, other = _parsed(asked.body), _parsed(recorded.body)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        keys = _texts(cast("Mapping[str, Any]", one)), _texts(cast("Mapping[str, Any]", other))
        yield from _of_fields("the body's key", *keys)
    elif one != other:
        yield Difference("the body", _shown(one), _shown(other))


def _of_fields(
    what: str, asked: Mapping[str, str], recorded: Mapping[str, str]
) -> Iterator[Difference]:
    for name in {**asked, **recorded}:
        one, other = asked.get(name), recorded.get(name)
        if one != other:
            yield Difference(f"{what} {name!r}", one, other)


def _parameters(query: str) -> Mapping[str, str]:
    """The parameters of a query by name; one that is given several times has all its values."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return {name: ", ".join(sorted(values)) for name, values in found.items()}


def _texts(fields: Mapping[str, Any] | None) -> Mapping[str, str]:
    return {name: _shown(value) or "" for name, value in (fields or {}).items()}


def _parsed(body: str | bytes | None) -> Any:
    if isinstance(body, bytes):
        body = body.decode("utf-8", "backslashreplace")
    return json_or_text(INVOCATION_TOKEN.sub("", body)) if body else None


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value and INVOCATION_TOKEN.sub("", value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _headers_of(request: FetchRequest) -> Sequence[tuple[str, str]]:
    headers = {**request.headers, **({"if-none-match": request.etag} if request.etag else {})}
    return sorted((name.lower(), str(value)) for name, value in headers.items())
