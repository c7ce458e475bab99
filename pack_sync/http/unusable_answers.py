"""Answers with status 200 that are none: nothing, or a page for people where JSON was asked for."""

import re
from dataclasses import dataclass

import httpx

from pack_sdk.fetching import FetchRequest
from pack_sync.http.described_answers import first_line, is_page_of_html
from pack_sync.http.response_body import RawResponse

_PASSWORD = re.compile(rb"<input[^>]+type\s*=\s*[\"']?password", re.I)
# What servers, proxies and firewalls call such a page, some of them with status 200.
_FAILURE = re.compile(
    rb"<title[^>]*>\s*(?:(?:http\s*)?(?:error\s*)?[45]\d\d\b[\s:.|-]*)?(?:"
    rb"bad gateway|service (?:temporarily )?unavailable|gateway time-?out|internal server error|"
    rb"access denied|request rejected|too many requests|"
    rb"just a moment\.\.\.|attention required! \| cloudflare|"
    rb"(?:site|down for|under|scheduled|undergoing) maintenance"
    rb")[\s.!]*</title>",
    re.I,
)
_LOGIN = re.compile(
    r"(^|[/._-])(log-?[io]n|sign-?[io]n|sso|saml2?|authorize|oauth2?)([/._-]|$)", re.I
)
_TAG = re.compile(rb"<[^>]*>")
_LOOKED_AT = 10_000
_HOW = "sends `Accept: text/html`"
_API_HOST = re.compile(r"(^|[.-])(api|rest|graphql)[.-]", re.I)
_API_PATH = re.compile(r"/(api|rest|graphql|odata|rpc|wp-json|v\d+(\.\d+)*)(/|$)|\.json$", re.I)
_JSON_QUERY = re.compile(r"=[a-z/]*json(&|$)", re.I)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request and what is known of it: where it went at last, and what its like brought."""

    request: FetchRequest
    url: httpx.URL
    last_url: httpx.URL
    authenticated: bool
    json_before: bool

    @property
    def accept(self) -> str:
        """The `Accept` header, as the pack wrote it."""
        return self._header("accept")

    @property
    def open_to_all(self) -> bool:
        """Whether that leaves everything open."""
        return self.accept in ("", "*/*")

    @property
    def sends_json(self) -> bool:
        """Whether the body of the request is JSON."""
        return "json" in self._header("content-type")

    @property
    def expects_json(self) -> bool:
        """Whether no page of HTML can be meant."""
        if "html" in self.accept or not (self.open_to_all or "json" in self.accept):
            return False
        if "json" in self.accept or self.json_before or self.sends_json:
            return True
        if "html" in f"{self.url.path}?{self.url.query.decode()}".lower():
            return False
        return bool(
            _API_HOST.search(self.url.host)
            or _API_PATH.search(self.url.path)
            or _JSON_QUERY.search(self.url.query.decode())
        )

    def _header(self, wanted: str) -> str:
        for name, value in self.request.headers.items():
            if name.lower() == wanted:
                return str(value).strip().lower()
        return ""


def why_unusable(asked: Asked, raw: RawResponse) -> str | None:
    """What is wrong with an answer that the request cannot have meant; None if nothing is.

    JSON is asked for by the `Accept` header. Where a pack leaves that open, it is so for a path
    that was answered with JSON before, for a request that sends JSON, and for the URL of an API.
    Without any of that a page of HTML may be wanted, but for one to log in or one that tells of a
    failure.
    """
    request = asked.request
    if raw.status != 200 or request.is_binary_response or request.method == "HEAD":
        return None
    if not raw.body or raw.body.isspace():
        return "its body is empty" if _needs_a_body(asked, raw.content_type) else None
    if not is_page_of_html(raw.body):
        return None
    shown = f"{first_line(raw.body)} (a pack that wants HTML {_HOW})"
    if asked.expects_json:
        return f"its body is a page of HTML, and JSON was asked for: {shown}"
    if asked.open_to_all and _is_login(asked, raw.body):
        return f"its body is a page to log in: {shown}"
    if asked.open_to_all and (title := _FAILURE.search(raw.body[:_LOOKED_AT])):
        named = _TAG.sub(b"", title[0]).decode().strip()
        return f"its body is a page of HTML that says {named!r} (a pack that wants it {_HOW})"
    return None


def _needs_a_body(asked: Asked, content_type: str) -> bool:
    """Whether an empty answer would pass for one without rows."""
    if "json" in asked.accept:
        return True
    if not asked.open_to_all:
        return False
    labelled_json = "json" in content_type.lower()
    if asked.request.method == "GET":
        return labelled_json or not content_type or asked.json_before
    if asked.request.method == "POST":
        return labelled_json or asked.json_before or (not content_type and asked.sends_json)
    return False


def _is_login(asked: Asked, body: bytes) -> bool:
    """Whether a page asks for a password instead of what a request with credentials wanted."""
    redirected = _LOGIN.search(asked.last_url.path) and not _LOGIN.search(asked.url.path)
    return bool(redirected) or (asked.authenticated and _PASSWORD.search(body) is not None)
