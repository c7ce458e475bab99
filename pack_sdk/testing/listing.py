"""How services list rows page by page: helpers for fakes of them."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pack_sdk.testing.collection import Item

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class ListPage(Generic[T]):
    """One page of a list of `total` rows, `size` on a page; `more` says that some follow."""

    items: Sequence[T]
    more: bool
    total: int
    size: int


def page_at(items: Sequence[T], offset: int, size: int) -> ListPage[T]:
    """The rows from an offset on: what is inserted or deleted before it shifts them.

    >>> page_at("abcde", 2, 2)
    ListPage(items='cd', more=True, total=5, size=2)
    """
    more = offset + size < len(items)
    return ListPage(items=items[offset : offset + size], more=more, total=len(items), size=size)


def numbered_page(items: Sequence[T], number: int, size: int, *, first: int = 1) -> ListPage[T]:
    """The page of that number, counted from `first` on: shifts as `page_at` does."""
    return page_at(items, (number - first) * size, size)


def page_after(
    items: Sequence[Item],
    after: Any,
    size: int,
    *,
    key: Callable[[Item], Any] = lambda item: item.number,
) -> ListPage[Item]:
    """The rows whose `key` is greater than `after`, None for the first page; sorted by it.

    A place in an order that no change disturbs: with the item's number as the key a row that is
    there from the first page to the last comes exactly once.
    """
    ordered = sorted(items, key=key)
    following = [item for item in ordered if after is None or key(item) > after]
    more = len(following) > size
    return ListPage(items=following[:size], more=more, total=len(items), size=size)


def seal(**content: Any) -> str:
    """A token: for whoever holds it an opaque text.

    >>> unseal(seal(after=7))
    {'after': 7}
    """
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def unseal(token: str) -> dict[str, Any] | None:
    """What a token holds; None for what is no token of `seal`."""
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        content: object = json.loads(text)
    except (binascii.Error, ValueError):
        return None
    return cast("dict[str, Any]", content) if isinstance(content, dict) else None


def with_query(url: str, **parameters: Any) -> str:
    """The URL with these parameters set, or removed where they are None.

    >>> with_query("https://api.example.com/a?page=1&size=5", page=2)
    'https://api.example.com/a?size=5&page=2'
    """
    parts = urlsplit(url)
    kept = [
        pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in parameters
    ]
    given = [(name, str(value)) for name, value in parameters.items() if value is not None]
    return urlunsplit(parts._replace(query=urlencode(kept + given)))


def next_link_header(url: str | None) -> dict[str, str]:
    """The header `Link` that names the next page (RFC 8288), none where there is none.

    >>> next_link_header("https://api.example.com/a?page=2")
    {'Link': '<https://api.example.com/a?page=2>; rel="next"'}
    """
    return {"Link": f'<{url}>; rel="next"'} if url else {}
