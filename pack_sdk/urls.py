"""Building URLs, by the names and rules of the original SDK."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from pack_sdk.ensure import ensure_non_empty_string


def with_query_params(url: str, params: Mapping[str, Any] | None = None) -> str:
    """The URL with these query parameters, instead of those of the same name that it has.

    None is left out, booleans are `true` and `false`, moments are ISO 8601 in UTC, and lists
    and mappings are written as `name[0]` and `name[key]`.

    >>> with_query_params("/tasks?limit=5", {"limit": 10, "after": None, "open": True})
    '/tasks?limit=10&open=true'
    """
    parts = urlsplit(url)
    kept = [
        (key, value)
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
        if key not in (params or {})
    ]
    added = [pair for key, value in (params or {}).items() for pair in _pairs(key, value)]
    query = urlencode([*kept, *added], quote_via=quote, safe="")
    return urlunsplit(parts._replace(query=query))


def get_query_params(url: str) -> dict[str, Any]:
    """The URL's query parameters: texts, or a list of texts where a name comes repeatedly.

    >>> get_query_params("/tasks?token=asdf&id=1&id=2")
    {'token': 'asdf', 'id': ['1', '2']}
    """
    values: dict[str, list[str]] = {}
    for key, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        values.setdefault(key, []).append(value)
    return {key: found if len(found) > 1 else found[0] for key, found in values.items()}


def join_url(*tokens: str) -> str:
    """The tokens with one slash between them. Raises `ValueError` for an empty token.

    >>> join_url("https://api.example.com/", "/v1", "tasks")
    'https://api.example.com/v1/tasks'
    """
    for token in tokens:
        ensure_non_empty_string(token)
    later = [token.lstrip("/") for token in tokens[1:]]
    between = [token.rstrip("/") for token in [*tokens[:1], *later][:-1]]
    return "/".join([*between, *[*tokens[:1], *later][-1:]])


def _pairs(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if isinstance(value, Mapping):
        for name, item in cast("Mapping[str, Any]", value).items():
            yield from _pairs(f"{key}[{name}]", item)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from _pairs(f"{key}[{index}]", item)
    else:
        yield key, _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else str(value)
