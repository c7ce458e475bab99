"""Taking secrets out of a recording: those of the connection, and those that answers bring."""

import base64
import binascii
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast
from urllib.parse import parse_qsl, unquote_to_bytes

from pack_sdk.testing.recordings import Exchange, Recording, json_or_text
from pack_sync.credential_looks import LOOKS, is_credential_name
from pack_sync.record.texts import with_texts
from pack_sync.redaction import REPLACEMENT, Redactor

_SECRET_HEADER = re.compile(r"auth|token|secret|api-?key|cookie|session|signature|csrf", re.I)
_OF_PAGING = re.compile(r"page|next|cursor|continu|sync", re.I)
_SHORTEST = 6
"""So many characters has a secret that is found by its name, at least."""
_NOISE = re.compile(
    r"access-control-.*|alt-svc|cf-.*|connection|content-(?:length|encoding|security-policy.*)|date-.*"
    r"|keep-alive|nel|permissions-policy|referrer-policy|report-to|server(?:-timing)?|set-cookie2?"
    r"|strict-transport-security|transfer-encoding|vary|via|x-(?:amz-cf|envoy|served|timer|cache).*"
    r"|x-(?:frame-options|content-type-options|xss-protection|powered-by|request-id|runtime)"
    r"|x-github-request-id|expect-ct|origin-agent-cluster|cross-origin-.*",
    re.I,
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_DEPTH = 3
"""So often may a secret be encoded: the base64 of a URL's parameter, say, in JSON."""


class Secrets:
    """Knows the secrets of a connection, and those that were found in a recording."""

    def __init__(self, known: Redactor, recording: Recording) -> None:
        self._known = known
        found = {text for text in _found(recording) if known.redact(text) == text}
        # Numbered: two tokens of pages must not become one.
        self._found = [
            Redactor([text], replacement=f"{REPLACEMENT[:-1]}-{number}]")
            for number, text in enumerate(sorted(found, key=lambda text: (-len(text), text)), 1)
        ]

    def removed_from(self, recording: Recording) -> Recording:
        """The recording without secrets, and without headers that only servers use."""
        exchanges = [_with_plain_headers(each) for each in recording.exchanges]
        return with_texts(replace(recording, exchanges=exchanges), self.without, self._redacted)

    def without(self, text: str) -> str:
        """The text without secrets; where one is hidden in what it encodes, without that."""
        text = self._redacted(text)
        if not self.are_in(text):
            return text
        text = _BASE64.sub(lambda run: REPLACEMENT if self.are_in(run[0]) else run[0], text)
        return REPLACEMENT if self.are_in(text) else text

    def _redacted(self, text: str) -> str:
        for redactor in (*self._found, self._known):
            text = redactor.redact(text)
        return text

    def are_in(self, text: str | bytes) -> bool:
        """Whether a secret is in it, or in what it encodes."""
        redactors = [each for each in (*self._found, self._known) if each.has_any]
        if not redactors:
            return False
        content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        meant = readings(content, _DEPTH)
        return any(redactor.has_secret(each) for each in meant for redactor in redactors)


def readings(content: bytes, depth: int) -> Iterator[bytes]:
    """What bytes may mean: themselves, and what they encode, several times perhaps."""
    yield content
    if depth == 0 or len(content) < _SHORTEST:
        return
    others = {unquote_to_bytes(content.replace(b"+", b" "))}
    text = content.decode("latin-1")
    others.add(html.unescape(text).encode("utf-8", "surrogatepass"))
    if "\\" in text:
        plain = _ESCAPED.sub(lambda hit: chr(int(hit[1], 16)), text).replace("\\/", "/")
        others.add(plain.encode("utf-8", "surrogatepass"))
    for run in _BASE64.findall(text):
        others.update(_decoded(run.rstrip("=")))
    for other in others - {content}:
        yield from readings(other, depth - 1)


def _decoded(run: str) -> Iterator[bytes]:
    """What a run of base64 holds, wherever in it that begins."""
    plain = run.replace("-", "+").replace("_", "/")
    for start in range(4):
        part = plain[start:]
        part = part[: len(part) - (len(part) % 4 == 1)]
        try:
            decoded = base64.b64decode(part + "=" * (-len(part) % 4))
        except binascii.Error:
            continue
        if len(decoded) >= _SHORTEST:
            yield decoded


def _with_plain_headers(exchange: Exchange) -> Exchange:
    request, response = exchange.request, exchange.response
    return replace(
        exchange,
        request=replace(request, headers=_plain(request.headers)),
        response=response and replace(response, headers=_plain(response.headers)),
    )


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that a pack may read, without values of those whose name tells of a secret."""
    return {
        name: REPLACEMENT if _is_secret_header(name) else str(value)
        for name, value in headers.items()
        if not _NOISE.fullmatch(name)
    }


def _is_secret_header(name: str) -> bool:
    return bool(_SECRET_HEADER.search(name)) and not _OF_PAGING.search(name)


def _found(recording: Recording) -> Iterator[str]:
    """Secrets that are told by their names, or by their shapes."""
    for exchange in recording.exchanges:
        request, response = exchange.request, exchange.response
        yield from _of_headers(request.headers)
        yield from _of_text(request.url)
        body = request.body
        yield from _in(json_or_text(body) if isinstance(body, str) else body)
        yield from _in(request.form)
        if response:
            yield from _of_headers(response.headers)
            yield from _in(response.body)


def _of_headers(headers: Mapping[str, str]) -> Iterator[str]:
    for name, value in headers.items():
        if _is_secret_header(name):
            yield from (each for each in (value, value.partition(" ")[2]) if _is_long(each))
        yield from _of_text(value)


def _in(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in cast("Mapping[str, Any]", value).items():
            yield from _in(item, str(key))
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _in(item, name)
    elif isinstance(value, str | bytes):
        text = value if isinstance(value, str) else value.decode("latin-1")
        if is_credential_name(name) and _is_long(text):
            yield text
        yield from _of_text(text)


def _of_text(text: str) -> Iterator[str]:
    yield from LOOKS.findall(text)
    if "?" in text and "=" in text:
        for name, value in parse_qsl(text.partition("?")[2]):
            if is_credential_name(name) and _is_long(value):
                yield value


def _is_long(text: str) -> bool:
    return len(text) >= _SHORTEST and text != REPLACEMENT and not text.startswith("{{")
