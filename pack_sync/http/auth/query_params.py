"""Setting and removing a query parameter, the rest of the query byte for byte.

`httpx.URL.copy_set_param` writes the whole query anew; some APIs sign it, or tell `+` from `%20`.
"""

from urllib.parse import quote, unquote_plus

import httpx


def with_query_param(url: httpx.URL, name: str, value: str) -> httpx.URL:
    """The URL with that query parameter, in place of any it had."""
    rest = without_query_param(url, name).query
    param = f"{quote(name, safe='')}={quote(value, safe='')}".encode()
    return url.copy_with(query=rest + b"&" + param if rest else param)


def without_query_param(url: httpx.URL, name: str) -> httpx.URL:
    """The URL without that query parameter, however often it is there."""
    pieces = url.query.split(b"&") if url.query else []
    kept = [piece for piece in pieces if _name(piece) != name]
    return url if len(kept) == len(pieces) else url.copy_with(query=b"&".join(kept) or None)


def _name(piece: bytes) -> str:
    return unquote_plus(piece.partition(b"=")[0].decode("ascii", errors="replace"))
