"""From the bytes of an answer to what a pack gets (contract F2)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from functools import lru_cache
from typing import Any, cast
from xml.parsers.expat import ExpatError

import orjson
import xmltodict

from pack_sdk.fetching import FetchResponse
from pack_sync.http.text_encodings import (
    UndecodableTextError,
    decode,
    encoding_by_bytes,
    encoding_of,
)

_JSON = re.compile(r"application/(\S+\+)?json|text/json")
_XML = re.compile(r"application/(\S+\+)?xml|text/xml")
_JSON_START = re.compile(rb"\0*(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*[{\[]")
# What a document says of its own encoding: XML's declaration, HTML's element.
_DECLARATION = re.compile(
    rb"""\s*<\?xml\s[^>]*?\sencoding\s*=\s*["']([\w.:-]+)|.{0,1024}?<meta\s[^>]*?charset\s*=\s*["']?([\w.:-]+)""",
    re.I | re.S,
)
_POINT = ord(".")


@dataclass(frozen=True, kw_only=True)
class RawResponse:
    """An answer as it came, decompressed; `headers` has its names in lower case.

    `from_store` says that it came earlier, and that the service says it has not changed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    from_store: bool = False

    @property
    def content_type(self) -> str:
        """The `Content-Type` header, or nothing."""
        return self.headers.get("content-type", "")


class BrokenBodyError(Exception):
    """The body is not what its content type says; the message says how."""


def parse_response(response: RawResponse, *, as_bytes: bool) -> FetchResponse:
    r"""The answer as a pack gets it (contract F2).

    A body that is labelled JSON or XML and is not raises `BrokenBodyError`: half a document
    with status 200 must not pass as text. With an error status it is given as text, so that
    the status is what the pack learns. An empty body is `""`, whatever its label. Bytes that fit
    no encoding raise `UndecodableTextError`, or stand in that text as `\xfc`.
    """
    try:
        body = response.body if as_bytes else _parsed(response.body, response.content_type)
    except (BrokenBodyError, UndecodableTextError):
        if response.status < 300:
            raise
        body = _readable(response.body, _charset(response.content_type))
    return FetchResponse(status=response.status, headers=dict(response.headers), body=body)


def _parsed(body: bytes, content_type: str) -> Any:
    media_type, charset = re.split("[;,]", content_type)[0].strip().lower(), _charset(content_type)
    if not body:
        return ""
    if _JSON.fullmatch(media_type):
        return parse_json(body, charset)
    if _XML.fullmatch(media_type):
        return parse_xml(body, charset)
    if _JSON_START.match(body):
        # Many APIs label JSON as text/plain or text/javascript. As in the original SDK, an
        # object or array that parses as a whole arrives parsed under any label.
        try:
            return parse_json(body, charset)
        except BrokenBodyError:
            pass
    return decode(body, charset, _declared(body))


def parse_json(body: bytes, charset: str = "") -> Any:
    """A JSON document, with the meaning that JavaScript's `JSON.parse` finds in it.

    Half a surrogate pair stays half a one, and 1e400 is infinity. Whole numbers stay exact,
    however long they are. It is UTF-8, whatever the label says, unless its bytes say otherwise or
    are no UTF-8 (RFC 8259). Raises `BrokenBodyError` and `UndecodableTextError`.
    """
    if encoding_by_bytes(body, "json") or (encoding_of(charset) or "").startswith("iso2022"):
        return _loads(decode(body, charset, kind="json").encode())
    try:
        return _loads(body)
    except BrokenBodyError:
        recoded = decode(body, charset, kind="json").encode()
        if recoded == body:
            raise
    return _loads(recoded)


def _loads(body: bytes) -> Any:
    reason = ""
    if not _has_long_number(body):
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            reason = str(error)
    # orjson is strict, and rounds whole numbers of more than 64 bits.
    try:
        return json.loads(body.decode(), parse_constant=_refuse)
    except RecursionError:
        reason = "it is nested too deeply"
    except ValueError as error:  # of the decoder as well
        reason = reason or str(error)
    raise BrokenBodyError(f"it is cut short or not JSON: {reason}")


_DIGITS = bytes(ord("0") if chr(byte).isdigit() and byte < 128 else ord(" ") for byte in range(256))
_LONG = b"0" * 20


def _has_long_number(body: bytes) -> bool:
    """Whether twenty digits follow each other anywhere: a quick look, faster than a pattern.

    Those of a fraction do not count: small floats have that many, and only whole numbers would
    be rounded.
    """
    digits = body.translate(_DIGITS)
    start = digits.find(_LONG)
    while start > 0 and body[start - 1] == _POINT:
        start = digits.find(_LONG, digits.find(b" ", start))
    return start >= 0


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def parse_xml(body: bytes, charset: str = "") -> Any:
    """An XML document as nested objects, in the shape the original SDK gives packs.

    The root element itself is left out. An element with attributes or children is an
    object: each child's name holds a *list* of the children of that name, `$` holds the
    attributes and `_` the text. An element with text only is that text, an empty one `""`.
    Entities that a document declares itself are refused, as they may grow without bound.

    >>> parse_xml(b'<feed lang="en"><entry><id>1</id></entry><entry>two</entry></feed>')
    {'$': {'lang': 'en'}, 'entry': [{'id': ['1']}, 'two']}

    What it says of its encoding counts after its bytes and its label. Raises `BrokenBodyError` and
    `UndecodableTextError`.
    """
    body = decode(body, charset, _declared(body), kind="xml").encode()
    try:
        document = xmltodict.parse(
            body,
            encoding="utf-8",
            disable_entities=True,
            strip_whitespace=False,
            force_list=_Children(),
        )
        return _element(next(iter(document.values()))[0])
    except (ExpatError, ValueError, LookupError) as error:
        reason = str(error)
    except RecursionError:
        reason = "it is nested too deeply"
    raise BrokenBodyError(f"it is cut short or not XML: {reason}")


class _Children:
    """The names that are put in lists: all but the text.

    A function in its place would be given the path, copied for each element: a document
    that is nested deeply would then take hours.
    """

    def __contains__(self, name: object) -> bool:
        return name != "#text"


def _element(value: Any) -> Any:
    if not isinstance(value, dict):
        return value or ""
    element = cast("dict[str, Any]", value)
    attributes = {key[1:]: item for key, item in element.items() if key.startswith("@")}
    result: dict[str, Any] = {"$": attributes} if attributes else {}
    for key, item in element.items():
        if key == "#text":
            if item.strip():
                result["_"] = item
        elif not key.startswith("@"):
            result[key] = [_element(child) for child in item]
    return result


def _readable(body: bytes, charset: str) -> str:
    try:
        return decode(body, charset, _declared(body))
    except UndecodableTextError:
        return body.decode(errors="backslashreplace")


def _declared(body: bytes) -> str:
    found = _DECLARATION.match(body[:2048])
    return (found[1] or found[2]).decode() if found else ""


@lru_cache(maxsize=256)  # each answer of an API has the same
def _charset(content_type: str) -> str:
    message = Message()
    message["content-type"] = content_type
    found = message.get_param("charset", "")  # a tuple if it is written `charset*=`
    return found.strip(" '\",").lower() if isinstance(found, str) else ""
