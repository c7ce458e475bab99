"""Requests to the token endpoint of a service with OAuth2 (contract A1, A3).

What a request and its answer hold is RFC 6749, section 6 and 4.4. It goes by the same way
as a pack's requests: checked addresses, limits, and no secret in an error (A4).
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

import httpx

from pack_sdk.authentication import CredentialsLocation
from pack_sdk.errors import AuthenticationFailedError, StatusCodeError
from pack_sync.http.allowed_hosts import host_of
from pack_sync.http.auth.access_tokens import Ask
from pack_sync.http.auth.oauth2 import OAuth2ClientCredentials
from pack_sync.http.auth.oauth2_responses import (
    TokenAnswer,
    error_code,
    explain_refusal,
    fields_of,
    read_answer,
)
from pack_sync.http.connection import Connection
from pack_sync.http.page_deadline import PageDeadline
from pack_sync.http.response_body import RawResponse, parse_response
from pack_sync.http.single_request import Hop, send_once
from pack_sync.state.tokens import Tokens


def access_token_for(connection: Connection, hop: Hop, deadline: PageDeadline) -> str:
    """The access token that a request needs; nothing if it needs none."""
    tokens = connection.tokens
    if tokens is None or not hop.authenticated:
        return ""
    if not connection.authenticator.covers(hop.url):
        return ""
    return tokens.current(_asking(connection), deadline)


def renewed_access_token(connection: Connection, rejected: str, deadline: PageDeadline) -> str:
    """The token after the one that the API has just rejected (contract A3)."""
    if connection.tokens is None:
        raise AssertionError("only a connection with tokens has had one rejected")
    return connection.tokens.renewed(rejected, _asking(connection), deadline)


def _asking(connection: Connection) -> Ask:
    return lambda form: _ask(connection, form)


def _ask(connection: Connection, form: Mapping[str, str]) -> Tokens:
    return ask_token_endpoint(connection, form).tokens


def ask_token_endpoint(connection: Connection, form: Mapping[str, str]) -> TokenAnswer:
    """Ask the token endpoint. Raises a `FetchError` that says who must do what."""
    answer = tokens_or_refusal(connection, form)
    if isinstance(answer, Refusal):
        raise AuthenticationFailedError(
            explain_refusal(connection, answer.url, answer.status, answer.code)
        )
    return answer


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A token endpoint's answer that gives no token; `code` is its `error`, if it names one."""

    url: httpx.URL
    status: int
    code: str


def tokens_or_refusal(connection: Connection, form: Mapping[str, str]) -> TokenAnswer | Refusal:
    """What the token endpoint answers. Raises a `FetchError` where it does not, or not now."""
    url = service_url(connection, connection.authentication.token_url)
    response = post_form(connection, url, form)
    if response.status == 429 or response.status >= 500:  # it may be better next time
        answer = parse_response(response, as_bytes=False)
        raise StatusCodeError(answer, method="POST", url=str(url))
    fields = fields_of(response.body)
    code = error_code(fields)
    if response.status < 300 and not code:
        found = read_answer(connection.authentication, fields)
        if found is not None:
            return found
    return Refusal(url=url, status=response.status, code=code)


def service_url(connection: Connection, url: str) -> httpx.URL:
    """A URL of the pack's authentication, checked: https, on a declared domain or the host named.

    Raises `RequestRefusedError` (contract F4).
    """
    policy = connection.policy
    if "://" in url:  # the pack's author has named this host
        policy = replace(policy, domains=[*policy.domains, host_of(httpx.URL(url))])
    return policy.resolve(url)


def post_form(connection: Connection, url: httpx.URL, form: Mapping[str, str]) -> RawResponse:
    """Post a form with the client's credentials, where the endpoint accepts them."""
    location = connection.authentication.credentials_location
    if location is not CredentialsLocation.AUTOMATIC:
        return _post(connection, url, form, location)
    response = _post(connection, url, form, CredentialsLocation.BODY)
    if response.status == 401 or error_code(fields_of(response.body)) == "invalid_client":
        response = _post(connection, url, form, CredentialsLocation.AUTHORIZATION_HEADER)
    return response


def _post(
    connection: Connection,
    url: httpx.URL,
    form: Mapping[str, str],
    location: CredentialsLocation,
) -> RawResponse:
    authenticator = connection.authenticator
    if not isinstance(authenticator, OAuth2ClientCredentials):
        raise AssertionError("only kinds that obtain tokens ask a token endpoint")
    headers, content = authenticator.token_request(form, location)
    hop = Hop(
        method="POST",
        url=url,
        headers={"Accept": "application/json", "User-Agent": "pack-sync", **headers},
        content=content,
        authenticated=False,
    )
    # Not the page's time: what the endpoint answers must be saved even if the page is over.
    seconds = connection.settings.request_timeout_seconds
    response, _ = send_once(connection, hop, PageDeadline(seconds, threading.Event()))
    return response
