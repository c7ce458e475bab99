"""Asking whether an answer has changed, in place of asking for it again (contract F9).

By RFC 9110, 13 (conditions) and RFC 9111 (what may be stored, and when a 304 is about it). Stricter
than these where an API might be careless: no answer is used unasked, and it is used only for a
request that is the same in URL, all headers and body, of the same account and pack version.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime

from pack_sync.http.response_body import RawResponse
from pack_sync.http.single_request import Hop
from pack_sync.http.stored_answers import StoredAnswer, StoredAnswers
from pack_sync.redaction import Redactor

NOT_MODIFIED = 304
_CONDITIONS = frozenset(
    {"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"}
)
_OF_THE_BODY = frozenset(
    {
        "connection", "content-encoding", "content-length", "content-range", "content-type",
        "keep-alive", "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
"""Headers of a 304 that say nothing of the answer of before (RFC 9111, 3.2)."""

_LONG_AGO_SECONDS = 60.0
"""What was modified just before it was answered may be modified once more in the same second, and
a date with seconds would not tell (RFC 9110, 8.8.2.2)."""


@dataclass(frozen=True, kw_only=True)
class ConditionalRequests:
    """How a sync asks: by which stored `answers`, of which version of the pack's code."""

    answers: StoredAnswers
    redactor: Redactor
    code_version: str

    def find(self, hop: Hop) -> StoredAnswer | None:
        """The answer that was kept of the same request, if it may be asked about."""
        return self.answers.find(self._identity(hop)) if _may_be_conditional(hop) else None

    def used(self, stored: StoredAnswer, raw: RawResponse) -> RawResponse | None:
        """The answer of before with what a 304 says of it; None if the 304 is not about it.

        Nor is there one where it was damaged or removed meanwhile: ask without the condition.
        """
        body = self.answers.body_of(stored) if _is_about(raw.headers, stored.headers) else None
        new = {name: value for name, value in raw.headers.items() if name not in _OF_THE_BODY}
        headers = {**stored.headers, **new}
        if body is None or not _may_be_stored(headers):
            self.answers.forget(stored)
        return (
            None
            if body is None
            else RawResponse(status=200, headers=headers, body=body, from_store=True)
        )

    def keep(self, hop: Hop, raw: RawResponse) -> None:
        """Keep an answer that can be asked about again. Raises `OSError`, once."""
        if raw.from_store or raw.status != 200 or not condition_of(raw.headers):
            return
        if not _may_be_conditional(hop) or not _may_be_stored(raw.headers):
            return
        # A cookie is a credential, and a body that repeats one must not be on disk.
        headers = {name: value for name, value in raw.headers.items() if name != "set-cookie"}
        texts = [raw.body, *(value.encode() for value in headers.values())]
        if not any(map(self.redactor.has_secret, texts)):
            self.answers.keep(self._identity(hop), headers, raw.body)

    def _identity(self, hop: Hop) -> Iterator[bytes]:
        """What makes it the same request; templates of credentials as if all calls had one."""
        token = hop.invocation_token
        headers = sorted((name.lower(), value) for name, value in hop.headers.items())
        texts = [str(hop.url), *(text for header in headers for text in header)]
        yield self.code_version.encode()
        yield b"with credentials" if hop.authenticated else b"without"
        yield hop.content.replace(token.encode(), b"") if token else hop.content
        yield from ((text.replace(token, "") if token else text).encode() for text in texts)


def condition_of(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The header that asks for an answer only if it is no longer the one with these headers.

    By its `ETag`, else by its date of modification where that is long enough ago; nothing if it
    has neither.
    """
    etag, modified = headers.get("etag", ""), headers.get("last-modified", "")
    if etag:
        return {"If-None-Match": etag} if etag.isascii() and etag.isprintable() else {}
    if not modified:
        return {}
    try:
        age = parsedate_to_datetime(headers.get("date", "")) - parsedate_to_datetime(modified)
    except (ValueError, TypeError):  # no date, or of one the time zone is not known
        return {}
    return {"If-Modified-Since": modified} if age.total_seconds() >= _LONG_AGO_SECONDS else {}


def with_condition(hop: Hop, stored: StoredAnswer) -> Hop:
    """The request for what is new since the answer that was kept."""
    return replace(hop, headers={**hop.headers, **condition_of(stored.headers)})


def _may_be_conditional(hop: Hop) -> bool:
    """Whether the pack leaves that to us."""
    if hop.method != "GET":
        return False
    given = {name.lower(): value for name, value in hop.headers.items()}
    return not (given.keys() & _CONDITIONS) and "no-store" not in _words(given, "cache-control")


def _may_be_stored(headers: Mapping[str, str]) -> bool:
    """Whether the service leaves it to us, by RFC 9111, 3 and 4.1; of a partial answer, never."""
    words = _words(headers, "cache-control")
    return "no-store" not in words and "*" not in _words(headers, "vary")


def _is_about(new: Mapping[str, str], stored: Mapping[str, str]) -> bool:
    """Whether a 304 with these headers is about the answer that was kept (RFC 9111, 4.3.4)."""
    if "etag" in new:
        return _weak(new["etag"]) == _weak(stored.get("etag", ""))
    dated = "etag" not in stored and "last-modified" in new
    return not dated or new["last-modified"] == stored["last-modified"]


def _weak(etag: str) -> str:
    """For the weak comparison of RFC 9110, 8.8.3.2."""
    return etag.strip().removeprefix("W/")


def _words(headers: Mapping[str, str], name: str) -> set[str]:
    return {word.strip().lower() for word in headers.get(name, "").split(",")}
