"""Changing every text of a recording, wherever it is: URLs, headers, bodies, values, cursors."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote, unquote, unquote_plus

from pack_sdk.fetching import FetchRequest, FetchResponse
from pack_sdk.testing.recorded_answers import INVOCATION_TOKEN
from pack_sdk.testing.recordings import Exchange, Recording, json_or_text
from pack_sync.redaction import map_texts

Change = Callable[[str], str]

_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/]+|/", re.I)
_ROOT = re.compile(r"[a-z][a-z0-9+.-]*://[^/]*", re.I)
_IN_BRACKETS = re.compile(r"(?<=<)([a-z]+://[^<>\s]+)(?=>)", re.I)
_READABLE = "[]{}:,@"


def with_texts(
    recording: Recording, change: Change, whole: Change = lambda text: text
) -> Recording:
    """The recording with every text as `change` returns it; of URLs, each of their parts.

    Before that, each text is as `whole` returns it.
    """

    def changed(text: str) -> str:
        return in_parts(whole(text), change)

    return replace(
        recording,
        parameters=map_texts(dict(recording.parameters), changed),
        dynamic_url=recording.dynamic_url and changed(recording.dynamic_url),
        cursor_before=map_texts(recording.cursor_before, changed),
        next_cursor=map_texts(recording.next_cursor, changed),
        exchanges=[
            Exchange(
                request=_request(each.request, changed),
                response=each.response and _response(each.response, changed),
                error=each.error and change(each.error),
            )
            for each in recording.exchanges
        ],
    )


def _request(request: FetchRequest, change: Change) -> FetchRequest:
    body = request.body
    if isinstance(body, bytes):
        body = body.decode("utf-8", "backslashreplace")
    body = body and map_texts(json_or_text(body), change)
    return replace(
        request,
        url=change(INVOCATION_TOKEN.sub("0" * 32, request.url)),
        headers=map_texts(dict(request.headers), change),
        form=request.form and map_texts(dict(request.form), change),
        body=body if body is None or isinstance(body, str) else json.dumps(body),
    )


def _response(response: FetchResponse, change: Change) -> FetchResponse:
    return replace(
        response,
        headers={name: change(value) for name, value in response.headers.items()},
        body=map_texts(response.body, change),
    )


def in_parts(text: str, change: Change) -> str:
    """A text as `change` returns it; of a URL, or a path, each segment and each parameter.

    They are decoded for it, and stay as they are written where nothing changes.
    """
    if _IN_BRACKETS.search(text):  # the header Link (RFC 8288)
        parts = _IN_BRACKETS.split(text)
        return "".join(in_parts(each, change) for each in parts)
    if not _URL.match(text):
        return change(text)
    address, mark, query = text.partition("?")
    root = _ROOT.match(address)
    start, rest = (change(root[0]), address[root.end() :]) if root else ("", address)
    path = "/".join(_part(each, change, unquote) for each in rest.split("/"))
    pairs = re.split("([&=#])", query)
    return start + path + mark + "".join(_part(each, change, unquote_plus) for each in pairs)


def _part(written: str, change: Change, decode: Change) -> str:
    decoded = decode(written)
    changed = change(decoded)
    return written if changed == decoded else quote(changed, safe=_READABLE)
