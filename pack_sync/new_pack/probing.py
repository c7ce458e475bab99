"""Finding out how a service pages, by asking it for further pages."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pack_sdk.errors import StatusCodeError
from pack_sdk.fetching import FetchResponse
from pack_sdk.next_links import next_link
from pack_sdk.row_values import value_at
from pack_sdk.testing.list_endpoint import (
    LastId,
    LinkHeader,
    NextToken,
    NextUrl,
    Offset,
    OnePage,
    PageNumber,
    Paging,
    Path,
)
from pack_sdk.urls import get_query_params, with_query_params
from pack_sync.new_pack import paging_names as names
from pack_sync.new_pack.answers import Answer, read_answer
from pack_sync.new_pack.draft import CannotDraftError, Json
from pack_sync.new_pack.naming import normalized

Ask = Callable[[str], FetchResponse]
"""Asks for a URL. Raises `StatusCodeError` for a status of 300 or more."""

MOST_REQUESTS = 20
MOST_PAGES = 3
_TOKEN_PARAMETERS = (
    "cursor", "page_token", "pageToken", "after", "next", "page", "token", "start", "from",
)  # fmt: skip
_LAST_ID_PARAMETERS = ("starting_after", "after", "after_id", "last_id")


@dataclass
class Probe:
    """Asks for pages; remembers those that belong to the list, in their order."""

    ask: Ask
    first: Answer
    id_key: Path
    requests: int = 1
    pages: list[Answer] = field(default_factory=list[Answer])

    def paging(self) -> Paging:
        """The first way of paging that brings rows which are not on the first page."""
        for paging in self._candidates():
            if self.requests < MOST_REQUESTS and self._leads_on(paging):
                return paging
        self.pages = [self.first]
        return OnePage()

    def _leads_on(self, paging: Paging) -> bool:
        """Whether this way brings a second page; if so, further ones are read as well."""
        self.pages = [self.first]
        while len(self.pages) < MOST_PAGES:
            url = following_url(paging, self.pages[-1], self.first.url, self.id_key)
            page = self._page(url) if url else None
            if page is None or not self._is_new(page):
                break
            self.pages.append(page)
        return len(self.pages) > 1

    def _page(self, url: str) -> Answer | None:
        if self.requests >= MOST_REQUESTS:
            return None
        self.requests += 1
        try:
            return read_answer(url, self.ask(url), self.first.path)
        except (StatusCodeError, CannotDraftError):
            return None

    def _is_new(self, page: Answer) -> bool:
        """Whether a page has rows, of which none was on a page before."""
        known = {_key(row, self.id_key) for each in self.pages for row in each.rows}
        return bool(page.rows) and not known & {_key(row, self.id_key) for row in page.rows}

    def _candidates(self) -> Iterator[Paging]:
        """Ways of paging, those that the answer speaks of before those that are only usual."""
        values = self.first.values()
        query = get_query_params(self.first.url)
        if next_link(self.first.response, base=self.first.url):
            yield LinkHeader()
        more = more_key(values)
        for path in _ordered(values, (*names.NEXT_URLS, *names.NEXT)):
            if _is_url(values[path]):
                yield NextUrl(path)
        for path in _ordered(values, (*names.NEXT_TOKENS, *names.NEXT)):
            if _is_token(values[path]):
                for parameter in _parameters_of(path, query):
                    yield NextToken(path, parameter, more)
        for path in self._unknown_tokens(values):
            for parameter in _parameters_of(path, query):
                yield NextToken(path, parameter, more)
        if more:
            yield from (LastId(parameter, more) for parameter in _LAST_ID_PARAMETERS)
        yield from self._counted(values, query, more)

    def _unknown_tokens(self, values: Mapping[Path, Json]) -> Sequence[Path]:
        """Texts of an unknown name in what is about paging."""
        known = _ordered(values, (*names.NEXT_TOKENS, *names.NEXT))
        about = names.may_be_tokens(values)
        return [
            path for path in about
            if path not in known and isinstance(values[path], str) and _is_token(values[path])
        ]  # fmt: skip

    def _counted(
        self, values: Mapping[Path, Json], query: Mapping[str, Json], more: Path | None
    ) -> Iterator[Paging]:
        pages_key = number_at(values, names.TOTAL_PAGES, least=1)
        total = number_at(values, names.TOTALS, least=len(self.first.rows))
        in_url = names.find_parameter(query, names.PAGE_PARAMETERS)
        for parameter in _named(in_url, values, names.PAGE_PARAMETERS[:6], "page"):
            first = self._first_number(parameter, query, values)
            yield PageNumber(parameter, first, pages_key, more)
        in_url = names.find_parameter(query, names.OFFSET_PARAMETERS)
        for parameter in _named(in_url, values, names.OFFSET_PARAMETERS[:5], "offset", "skip"):
            start = query.get(parameter) or _value_named(values, parameter) or 0
            first = 1 if str(start) == "1" else 0
            yield Offset(parameter, total, first, more)

    def _first_number(
        self, parameter: str, query: Mapping[str, Json], values: Mapping[Path, Json]
    ) -> int:
        """The number of the first page: as the URL or the answer says, else as page 1 tells."""
        said = query.get(parameter, _value_named(values, parameter))
        if str(said) in ("0", "1"):
            return int(said)
        page = self._page(with_query_params(self.first.url, {parameter: 1}))
        self.pages = [self.first]
        return 0 if page is not None and self._is_new(page) else 1


def following_url(paging: Paging, page: Answer, first_url: str, id_key: Path) -> str | None:
    """The URL of the page after this one; None if it is the last."""
    values = page.values()
    match paging:
        case LinkHeader():
            return next_link(page.response, base=page.url)
        case NextUrl(key):
            return next_link(page.response, ".".join(key), base=page.url)
        case NextToken(key, parameter, more):
            token = values.get(key)
            ended = not token or (more is not None and not values.get(more))
            return None if ended else with_query_params(first_url, {parameter: token})
        case PageNumber(parameter, first, pages, _):
            number = int(get_query_params(page.url).get(parameter, first)) + 1
            ended = pages is not None and number - first >= int(values.get(pages) or 0)
            return None if ended else with_query_params(first_url, {parameter: number})
        case Offset(parameter, total, first, _):
            offset = int(get_query_params(page.url).get(parameter, first)) + len(page.rows)
            ended = total is not None and offset - first >= int(values.get(total) or 0)
            return None if ended else with_query_params(first_url, {parameter: offset})
        case LastId(parameter, more):
            ended = not page.rows or (more is not None and not values.get(more))
            last: Json = None if ended else value_at(page.rows[-1], ".".join(id_key))
            return with_query_params(first_url, {parameter: last}) if last else None
        case OnePage():
            return None


def _key(row: Json, id_key: Path) -> str:
    found = value_at(row, ".".join(id_key))
    return repr(row if found is None else found)


def _ordered(values: Mapping[Path, Json], wanted: Sequence[str]) -> Sequence[Path]:
    """The places of values that have one of these names, by the order of the names."""
    found = [names.find_value(values, (name,)) for name in wanted]
    return list(dict.fromkeys(path for path in found if path is not None))


def _is_url(value: Json) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://", "/", "?"))


def _is_token(value: Json) -> bool:
    return not isinstance(value, bool) and bool(value) and not _is_url(value)


def _parameters_of(path: Path, query: Mapping[str, Json]) -> Sequence[str]:
    """Parameters that may take a token: of the URL, of the token's own name, and usual ones."""
    key = path[-1]
    plain = key[4:].lstrip("_-") if key.lower().startswith("next") else key
    own = [plain[:1].lower() + plain[1:]] if plain else []
    mine = names.find_parameter(query, names.TOKEN_PARAMETERS)
    return list(dict.fromkeys([*([mine] if mine else []), *own, key, *_TOKEN_PARAMETERS]))


def more_key(values: Mapping[Path, Json]) -> Path | None:
    """Where a page says that there are more."""
    found = names.find_value(values, names.HAS_MORE)
    return found if found is not None and values[found] is True else None


def number_at(values: Mapping[Path, Json], wanted: Sequence[str], *, least: int) -> Path | None:
    """Where a page has a number of one of these names, which is not below `least`."""
    for path in _ordered(values, wanted):
        value = values[path]
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return path
    return None


def _named(
    in_url: str | None, values: Mapping[Path, Json], known: Sequence[str], *usual: str
) -> Sequence[str]:
    """Parameters to try: that of the URL, those that the answer repeats, and usual ones."""
    told = [path[-1] for path in _ordered(values, known) if isinstance(values[path], int)]
    return list(dict.fromkeys([*([in_url] if in_url else []), *told, *usual]))


def _value_named(values: Mapping[Path, Json], parameter: str) -> Json:
    return next(
        (value for path, value in values.items() if normalized(path[-1]) == normalized(parameter)),
        None,
    )
