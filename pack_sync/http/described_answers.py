"""What an answer is, in a few words, for messages."""

import re
from collections.abc import Mapping
from typing import Any, cast

from pack_sdk.fetching import FetchResponse

_HTML = re.compile(
    rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--((?!-->).)*-->\s*)*<(!doctype\s+html|html[\s>])",
    re.I | re.S,
)
_SHOWN_KEYS = 10
_SHOWN_OF_A_KEY = 40
_SHOWN_OF_A_LINE = 200
_LOOKED_AT = 10_000


def describe_answer(response: FetchResponse, size: int) -> str:
    """What came, in a few words: the keys of an object, but no values; `size` in bytes.

    >>> describe_answer(FetchResponse(status=200, body={"error": "no such list"}), 25)
    "status 200, an object with the keys 'error'"
    """
    body: Any = response.body
    if not size:
        what = "an empty body"
    elif isinstance(body, Mapping):
        keys = [repr(key)[:_SHOWN_OF_A_KEY] for key in cast("Mapping[str, Any]", body)]
        more = ", …" if len(keys) > _SHOWN_KEYS else ""
        what = f"an object with the keys {', '.join(keys[:_SHOWN_KEYS]) or 'none'}{more}"
    elif isinstance(body, list):
        what = f"a list of {len(cast('list[Any]', body)):,}"
    else:
        label = response.headers.get("content-type") or "no content type"
        kind = "text" if isinstance(body, str) else type(cast("object", body)).__name__
        what = f"{kind} ({label}, {size:,} bytes)"
        start = body[:_LOOKED_AT].encode() if isinstance(body, str) else b""
        if is_page_of_html(start):
            what = f"a page of HTML ({label}, {size:,} bytes): {first_line(start)}"
    return f"status {response.status}, {what}"


def is_page_of_html(body: bytes) -> bool:
    """Whether it is a whole document of HTML."""
    return _HTML.match(body[:_LOOKED_AT]) is not None


def first_line(body: bytes) -> str:
    """The first line of a body that is not blank."""
    line = body.lstrip().partition(b"\n")[0].strip()
    shown = line[:_SHOWN_OF_A_LINE].decode(errors="replace")
    return shown + ("…" if len(line) > _SHOWN_OF_A_LINE else "")
