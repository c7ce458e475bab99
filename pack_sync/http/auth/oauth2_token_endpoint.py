"""Requests to the token endpoint of a service with OAuth2 (contract A1, A3).

What a request and its answer hold is RFC 6749, section 6 and 4.4. It goes by the same way
as a pack's requests: checked addresses, limits, and no secret in an error (A4).
"""

import base64
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast
from urllib.parse import quote, urlencode

import httpx

from pack_sdk.authentication import CredentialsLocation
from pack_sdk.errors import AuthenticationFailedError, StatusCodeError
from pack_sync.http.allowed_hosts import host_of
from pack_sync.http.auth.access_tokens import Ask
from pack_sync.http.auth.authenticator import credential
from pack_sync.http.auth.oauth2_responses import error_code, expiry, explain_refusal, fields_of
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
    """Ask the token endpoint. Raises a `FetchError` that says who must do what."""
    url = token_url(connection)
    response = _first_accepted(connection, url, form)
    return _tokens_of(connection, url, response)


def token_url(connection: Connection) -> httpx.URL:
    """The token endpoint, checked: https, on a declared domain or the host the pack names.

    Raises `RequestRefusedError` (contract F4).
    """
    url, policy = connection.authentication.token_url, connection.policy
    if "://" in url:  # the pack's author has named this host
        policy = replace(policy, domains=[*policy.domains, host_of(httpx.URL(url))])
    return policy.resolve(url)


def _first_accepted(connection: Connection, url: httpx.URL, form: Mapping[str, str]) -> RawResponse:
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
    credentials = connection.settings.credentials
    client_id = credential(credentials, "client_id")
    secret = ""
    if "client_secret" in connection.authentication.credential_keys:
        secret = credential(credentials, "client_secret")
    secret = secret or credentials.get("client_secret", "").strip()
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": "pack-sync",
    }
    if location is CredentialsLocation.AUTHORIZATION_HEADER:
        pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
        connection.redactor.learn([pair])
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form = {**form, "client_id": client_id, **({"client_secret": secret} if secret else {})}
    hop = Hop(
        method="POST",
        url=url,
        headers=headers,
        content=urlencode(form).encode(),
        authenticated=False,
    )
    # Not the page's time: what the endpoint answers must be saved even if the page is over.
    seconds = connection.settings.request_timeout_seconds
    response, _ = send_once(connection, hop, PageDeadline(seconds, threading.Event()))
    return response


def _tokens_of(connection: Connection, url: httpx.URL, response: RawResponse) -> Tokens:
    if response.status == 429 or response.status >= 500:  # it may be better next time
        answer = parse_response(response, as_bytes=False)
        raise StatusCodeError(answer, method="POST", url=str(url))
    fields = fields_of(response.body)
    code = error_code(fields)
    if response.status < 300 and not code:
        nested = fields.get(connection.authentication.nested_response_key)
        if isinstance(nested, Mapping):
            fields = cast("Mapping[str, Any]", nested)
        token = fields.get("access_token")
        if isinstance(token, str) and token:
            return Tokens(
                access_token=token,
                refresh_token=str(fields.get("refresh_token") or ""),
                expires_at=expiry(fields),
            )
    raise AuthenticationFailedError(explain_refusal(connection, url, response.status, code))
