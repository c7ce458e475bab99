"""The URL of the next page, as an answer names it."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

from pack_sdk.fetching import FetchResponse
from pack_sdk.row_values import value_at

_LINK = re.compile(r"<([^>]*)>([^<]*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.I)


def next_link(response: FetchResponse, path: str = "", *, base: str = "") -> str | None:
    """The URL of the next page, None on the last one.

    It is that of the header `Link` with `rel="next"` (RFC 8288); with a `path`, that in the body
    under this path, such as `links.next` or `@odata.nextLink`. `base` is the URL that was asked
    for, where services name the next one by its path alone.

    >>> headers = {"link": '</tasks?page=2>; rel="next", </tasks?page=9>; rel="last"'}
    >>> next_link(FetchResponse(status=200, headers=headers), base="https://api.example.com/tasks")
    'https://api.example.com/tasks?page=2'
    """
    found: Any = value_at(response.body, path) if path else next(linked(response), None)
    return urljoin(base, str(found)) if found else None


def linked(response: FetchResponse, relation: str = "next") -> Iterator[str]:
    """The targets of the header `Link` that have this relation, as they are written there."""
    for target, parameters in _LINK.findall(str(response.headers.get("link", ""))):
        matched = _REL.search(parameters)
        names = (matched[1] or matched[2]).lower().split() if matched else ()
        if relation in names:
            yield target
