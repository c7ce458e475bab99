"""Answers with status 200 that are none: nothing, or a page for people where JSON was asked for."""

import re

from pack_sdk.fetching import FetchRequest
from pack_sync.http.response_body import RawResponse

_HTML = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype\s+html|html[\s>])", re.I)
_SHOWN = 200


def why_unusable(request: FetchRequest, raw: RawResponse, *, json_before: bool) -> str | None:
    """What is wrong with an answer that the request cannot have meant; None if nothing is.

    JSON is asked for by the `Accept` header. Where a pack leaves that open, a GET does so whose
    answer is labelled as JSON, or not at all, and one whose like was answered with JSON before.
    """
    if raw.status != 200 or request.is_binary_response or request.method == "HEAD":
        return None
    accept = _accept(request)
    open_to_all = accept in ("", "*/*")
    labelled = not raw.content_type or "json" in raw.content_type.lower()
    if not raw.body or raw.body.isspace():
        expected = open_to_all and request.method == "GET" and (labelled or json_before)
        return "its body is empty" if expected or "json" in accept else None
    expected = "json" in accept or (open_to_all and json_before)
    if expected and "html" not in accept and _HTML.match(raw.body):
        return f"its body is a page of HTML, and JSON was asked for: {first_line(raw.body)}"
    return None


def first_line(body: bytes) -> str:
    """The first line of a body that is not blank, for messages."""
    line = body.lstrip().partition(b"\n")[0].strip()
    return line[:_SHOWN].decode(errors="replace") + ("…" if len(line) > _SHOWN else "")


def _accept(request: FetchRequest) -> str:
    for name, value in request.headers.items():
        if name.lower() == "accept":
            return str(value).strip().lower()
    return ""
