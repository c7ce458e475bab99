"""What an answer of a service holds: where its rows are, and what stands beside them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from pack_sdk.fetching import FetchResponse
from pack_sdk.testing.list_endpoint import Path
from pack_sync.new_pack.draft import CannotDraftError, Json

_BESIDE = ("errors", "warnings", "links", "included", "messages")
_DEEPEST = 3


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer to a request for a list. `rows` are what is under `path`."""

    url: str
    response: FetchResponse
    path: Path
    rows: Sequence[Json]

    @property
    def body(self) -> Json:
        """The parsed body."""
        return self.response.body

    def values(self) -> Mapping[Path, Json]:
        """The texts, numbers and truth values beside the rows."""
        return dict(_values(self.body, self.path))


def read_answer(url: str, response: FetchResponse, path: Path | None = None) -> Answer:
    """The list in an answer: under `path`, or the one that it is about.

    Raises `CannotDraftError` that says what was answered instead of a list of objects.
    """
    body = response.body
    if "xml" in response.headers.get("content-type", ""):
        raise CannotDraftError(
            f"{url} answered with XML, which is not looked into. `packsync new` without a source "
            "makes a pack to fill in; XML arrives in it as objects, each element as a list"
        )
    if not isinstance(body, dict | list):
        raise CannotDraftError(f"{url} answered with {_kind(response)}, not with JSON")
    lists = dict(_lists(cast("Json", body)))
    if path is not None:
        found = lists.get(path) or []
        return Answer(url=url, response=response, path=path, rows=found)
    filled = {place: rows for place, rows in lists.items() if rows}
    if not filled:
        raise CannotDraftError(f"{url} answered with {_without_rows(cast('Json', body), lists)}")
    place = min(filled, key=lambda place: _unlikeliness(place, filled[place]))
    return Answer(url=url, response=response, path=place, rows=filled[place])


def _unlikeliness(place: Path, rows: Sequence[Json]) -> tuple[bool, int, int]:
    """What sorts the list that an answer is about before lists beside it."""
    beside = bool(place) and place[-1].lower() in _BESIDE
    return beside, len(place), -len(rows)


def _lists(value: Json, place: Path = ()) -> Iterator[tuple[Path, Sequence[Json]]]:
    if isinstance(value, list):
        rows = cast("list[Json]", value)
        if all(isinstance(row, dict) for row in rows):
            yield place, rows
    elif isinstance(value, dict) and len(place) < _DEEPEST:
        for key, each in cast("Mapping[str, Json]", value).items():
            yield from _lists(each, (*place, key))


def _values(value: Json, rows: Path, place: Path = ()) -> Iterator[tuple[Path, Json]]:
    if place and place == rows:
        return
    if isinstance(value, dict):
        if len(place) < _DEEPEST:
            for key, each in cast("Mapping[str, Json]", value).items():
                yield from _values(each, rows, (*place, key))
    elif place and not isinstance(value, list):
        yield place, value


def _kind(response: FetchResponse) -> str:
    kind = response.headers.get("content-type", "").partition(";")[0]
    text = response.body
    if isinstance(text, str) and ("html" in kind or text.lstrip()[:1] == "<"):
        return "a page of HTML: is it the API's address, or that of its documentation?"
    return f"a body of type {kind}" if kind else "a body without a type"


def _without_rows(body: Json, lists: Mapping[Path, Sequence[Json]]) -> str:
    if lists:
        place = ".".join(next(iter(lists)))
        return (
            f"an empty list{f' in {place}' if place else ''}: nothing is known of its rows. "
            "Take an address, or an account, that has some"
        )
    if isinstance(body, list):
        return "a list whose items are no objects, which no rows can be made of"
    keys = ", ".join(list(cast("Mapping[str, Json]", body))[:8])
    return f"an object that has no list of objects; its keys are: {keys or 'none'}"
