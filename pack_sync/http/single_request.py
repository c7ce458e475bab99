"""One HTTP request and its answer: what a fetch is made of, once or several times."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import urlencode

import httpx

from pack_sdk.errors import (
    ConnectionFailedError,
    FetchError,
    RequestRefusedError,
    ResponseSizeTooLargeError,
)
from pack_sdk.fetching import FetchRequest
from pack_sync.budgets.book import Urgency
from pack_sync.http.allowed_hosts import host_of, same_origin
from pack_sync.http.auth.authenticator import RequestTokens
from pack_sync.http.connection import Connection
from pack_sync.http.connection_failures import LastingFailureError, explain_failure
from pack_sync.http.decompression import (
    ACCEPTED_ENCODINGS,
    BodyCollector,
    BrokenEncodingError,
    TooLargeError,
    UnknownEncodingError,
)
from pack_sync.http.page_deadline import PageDeadline
from pack_sync.http.response_body import RawResponse
from pack_sync.http.timed_stream import EXTENSION

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# The connection's own business; a pack that sets them is not heard, as in a browser.
_RESERVED_HEADERS = frozenset(
    {
        "accept-encoding", "connection", "content-length", "expect", "host", "keep-alive",
        "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Hop:
    """A request to one host, checked and ready; a redirect makes the next one of it.

    `url` and `headers` are what the pack wrote: the credentials are added where the request
    is sent, if `authenticated`, and are seen nowhere else (contract A2). `invocation_token`
    is that of the pack's call, which the templates of Custom authentication must have.
    """

    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    content: bytes
    authenticated: bool
    invocation_token: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


def cache_key(request: FetchRequest, hop: Hop) -> Hashable:
    """What makes it the same request."""
    headers = tuple(sorted((name.lower(), value) for name, value in hop.headers.items()))
    shape = (hop.authenticated, request.ignore_redirects)
    return (hop.method, str(hop.url), headers, hop.content, *shape)


def first_hop(connection: Connection, request: FetchRequest, invocation_token: str = "") -> Hop:
    """The request as a pack wrote it, its URL checked (contract F4).

    Raises `RequestRefusedError`; `ValueError` for a body that is neither text nor bytes.
    """
    headers = {
        name: _header_value(name, value)
        for name, value in request.headers.items()
        if name.lower() not in _RESERVED_HEADERS
    }
    given = {name.lower() for name in headers}
    if "user-agent" not in given:
        headers["User-Agent"] = "pack-sync"
    if request.form is not None and "content-type" not in given:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    if request.etag is not None and "if-none-match" not in given:
        headers["If-None-Match"] = _header_value("If-None-Match", request.etag)
    return Hop(
        method=request.method,
        url=connection.policy.resolve(request.url),
        headers=headers,
        content=_content(request),
        authenticated=not request.disable_authentication,
        invocation_token=invocation_token,
    )


def next_hop(connection: Connection, hop: Hop, response: RawResponse) -> Hop | None:
    """Where a redirect leads, checked as the first request was; None if it is not one.

    Credentials do not follow to another host and do not come back from there (contract
    F4). As in browsers, 303 turns any method but HEAD into GET, and 301 and 302 POST.
    """
    location = response.headers.get("location")
    if response.status not in _REDIRECTS or not location:
        return None
    following = replace(hop, url=connection.policy.redirected(hop.url, location))
    if (response.status == 303 and hop.method != "HEAD") or (
        response.status in (301, 302) and hop.method == "POST"
    ):
        headers = {
            name: value
            for name, value in hop.headers.items()
            if not name.lower().startswith("content-")
        }
        following = replace(following, method="GET", content=b"", headers=headers)
    if not same_origin(hop.url, following.url):
        authenticator = connection.authenticator
        headers, url = authenticator.without_credentials(following.headers, following.url)
        if authenticator.may_be_anywhere_in_url:
            _refuse_secrets(connection, hop, url)
        following = replace(following, headers=headers, url=url, authenticated=False)
    return following


def _refuse_secrets(connection: Connection, hop: Hop, url: httpx.URL) -> None:
    """For kinds whose credentials may be anywhere in a `Location`."""
    if connection.redactor.redact(str(url)) != str(url):
        raise RequestRefusedError(
            f"{hop} redirects to {host_of(url)} with a credential in the URL, and credentials do "
            "not follow to another host. If they should, set `ignore_redirects` and request that "
            "host in the pack."
        )


@dataclass(kw_only=True)
class Spender:
    """Who makes requests, for those who share the connection's budget: how urgent they are.

    `tell` is told why requests wait for long.
    """

    urgency: Urgency = Urgency.PERSON_INCREMENTAL
    tell: Callable[[str], object] = lambda _: None


def send_once(
    connection: Connection,
    hop: Hop,
    deadline: PageDeadline,
    access_token: str = "",
    spender: Spender | None = None,
) -> tuple[RawResponse, int]:
    """Send one request and read its answer; returns it and the bytes its body took.

    Waits for the connection's budget, and holds one of its slots meanwhile (contract F5, F8).
    Raises a `FetchError` that has no httpx exception behind it: those hold the request, and with it
    the credentials.
    """
    by = spender or Spender()
    with ExitStack() as held:
        answered = None
        if connection.budget:
            # First: who waits for the budget must not keep others from the slots.
            answered = held.enter_context(
                connection.budget.request(deadline, str(hop), by.urgency, by.tell)
            )
        held.enter_context(connection.limit.slot(deadline, hop.method, str(hop.url)))
        outcome = _send_once(connection, hop, deadline, access_token)
        if answered and not isinstance(outcome, FetchError):
            answered(outcome[0])
    if isinstance(outcome, FetchError):
        raise outcome
    return outcome


def _send_once(
    connection: Connection, hop: Hop, deadline: PageDeadline, access_token: str
) -> tuple[RawResponse, int] | FetchError:
    try:
        response = connection.open(_http_request(connection, hop, deadline, access_token))
        try:
            return _read(response, hop, connection.settings.max_response_bytes, deadline)
        finally:
            response.close()
    except httpx.HTTPError as error:
        return explain_failure(error, hop.method, str(hop.url), host_of(hop.url))
    except BrokenEncodingError as error:
        return ConnectionFailedError(f"{hop} brought an unreadable body: {error}.")
    except UnknownEncodingError as error:
        return LastingFailureError(f"{hop} brought an unreadable body: {error}.")
    except TooLargeError:
        return ResponseSizeTooLargeError(str(hop.url), connection.settings.max_response_bytes)


def _http_request(
    connection: Connection, hop: Hop, deadline: PageDeadline, access_token: str
) -> httpx.Request:
    seconds = max(min(connection.settings.request_timeout_seconds, deadline.left), 0.001)
    has_body = hop.content or hop.method in ("POST", "PUT", "PATCH")
    request = httpx.Request(
        hop.method,
        hop.url,
        headers={"Accept": "*/*", **hop.headers, "Accept-Encoding": ACCEPTED_ENCODINGS},
        content=hop.content if has_body else None,
        extensions={"timeout": httpx.Timeout(seconds).as_dict(), EXTENSION: deadline},
    )
    if not hop.authenticated:
        return request
    tokens = RequestTokens(invocation_token=hop.invocation_token, access_token=access_token)
    return connection.authorized(request, tokens)


def _read(
    response: httpx.Response, hop: Hop, limit: int, deadline: PageDeadline
) -> tuple[RawResponse, int]:
    """Read a body up to the limit (contract F6)."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    announced = headers.get("content-length", "")
    if hop.method != "HEAD" and announced.isdecimal() and int(announced) > limit:
        raise TooLargeError
    collector, received = BodyCollector(headers.get("content-encoding", ""), limit), 0
    for chunk in cast("Iterable[bytes]", response.stream):
        received += len(chunk)
        collector.add(chunk)
        deadline.check(f"Reading the answer of {hop}")
    raw = RawResponse(status=response.status_code, headers=headers, body=collector.finish())
    return raw, received


def _content(request: FetchRequest) -> bytes:
    if request.form is not None:
        pairs = {name: value for name, value in _pairs(request.form) if value is not None}
        return urlencode({name: _form_value(value) for name, value in pairs.items()}).encode()
    body: Any = request.body
    if body is None or isinstance(body, bytes):
        return body or b""
    if isinstance(body, str):
        return body.encode()
    raise ValueError(
        f"the body of a fetch request is a {type(body).__name__}; it must be text or bytes: use "
        "json.dumps(…) for JSON, or `form` for a form"
    )


def _pairs(form: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    return form.items()


def _form_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _header_value(name: str, value: Any) -> str:
    text = str(value)
    if name.isascii() and text.isascii() and "\n" not in text and "\r" not in text:
        return text
    raise RequestRefusedError(
        f"The request is refused: its header {name!r} has a line break or a character that is "
        "not ASCII, which HTTP headers cannot carry. Encode it, for instance with "
        "urllib.parse.quote."
    )
