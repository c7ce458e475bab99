"""Asking for consent in a browser, and the answer to it (contract A6).

The request is RFC 6749, section 4.1.1, with PKCE (RFC 7636) and a state of 256 bits; the answer is
checked as RFC 9700 advises, `iss` as RFC 9207 has it.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx

from pack_sync.connect.errors import ConnectError, ForeignAnswerError, PastedAddressError
from pack_sync.http.allowed_hosts import same_origin
from pack_sync.http.auth.oauth2 import OAuth2ClientCredentials
from pack_sync.http.auth.oauth2_responses import TokenAnswer, error_code
from pack_sync.http.auth.oauth2_token_endpoint import ask_token_endpoint, service_url
from pack_sync.http.connection import Connection


@dataclass(frozen=True, kw_only=True)
class ConsentRequest:
    """One request for consent: the `url` to open, and what its answer must fit to.

    `redirect` is the address at which the service hands over its answer.
    """

    url: str = field(repr=False)
    redirect: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)
    authorization_url: httpx.URL


def request_consent(connection: Connection, redirect: str) -> ConsentRequest:
    """A new request, of which nothing can be guessed.

    Raises `RequestRefusedError` for an authorization URL that may not be opened (contract F4).
    """
    authentication = connection.authentication
    if not authentication.authorization_url:
        raise ConnectError(
            "The pack's authentication has no `authorization_url`: nobody can be asked for consent "
            "in a browser. Add it to the pack, or its `device_authorization_url`."
        )
    url = service_url(connection, authentication.authorization_url)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    connection.redactor.learn([state, verifier])
    digest = hashlib.sha256(verifier.encode()).digest()
    params = {
        **authentication.additional_params,
        **scope_form(connection),
        **({"resource": authentication.resource} if authentication.resource else {}),
        "response_type": "code",
        "client_id": connection.settings.credentials["client_id"],
        "redirect_uri": redirect,
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    joined = f"{url}{'&' if url.query else '?'}{urlencode(params, quote_via=quote)}"
    return ConsentRequest(
        url=joined, redirect=redirect, state=state, verifier=verifier, authorization_url=url
    )


def code_in(request: ConsentRequest, query: str) -> str:
    """The code that an answer has, given the query of the address that was redirected to.

    Raises `ForeignAnswerError` for what does not answer this request, and `ConnectError` for an
    answer to it that gives no consent, or is from another service.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    state = given.get("state", "")
    if not hmac.compare_digest(state.encode(), request.state.encode()):
        raise ForeignAnswerError("its state is not that of the request")
    if len(pairs) != len(given):
        raise ForeignAnswerError("it says something twice")
    issuer = given.get("iss")
    if issuer is not None and not _is_of(issuer, request.authorization_url):
        raise ConnectError(
            "The answer is from another service than the one that was asked: its `iss` is not of "
            f"{request.authorization_url.host}. Nothing was saved. Begin again, and do not follow "
            "links from elsewhere meanwhile."
        )
    if "error" in given:
        raise ConnectError(_refused(error_code(given)))
    if not given.get("code"):
        raise ConnectError(
            "The service's answer has neither a code nor an error. Nothing was saved; try again, "
            "and if it stays, correct the pack's `authorization_url`."
        )
    return given["code"]


def code_in_pasted(request: ConsentRequest, address: str) -> str:
    """The code in the address of the page that did not load; raises as `code_in` does."""
    found = urlsplit(address.strip())
    if not found.query:
        raise PastedAddressError(
            "That is not the address of the page after the consent: it begins with "
            f"{request.redirect}?… Copy all of it from the browser's address bar."
        )
    try:
        return code_in(request, found.query)
    except ForeignAnswerError as error:
        raise PastedAddressError(
            f"That address does not answer this request: {error}. Open the link that is shown "
            "above, not an earlier one, and copy the whole address."
        ) from None


def exchange_code(connection: Connection, request: ConsentRequest, code: str) -> TokenAnswer:
    """The tokens for a code (RFC 6749, section 4.1.3). Raises a `FetchError`."""
    connection.redactor.learn([code])
    resource = connection.authentication.resource
    return ask_token_endpoint(
        connection,
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": request.redirect,
            "code_verifier": request.verifier,
            **({"resource": resource} if resource else {}),
        },
    )


def scope_form(connection: Connection) -> Mapping[str, str]:
    """The scopes that are asked for, as the pack wants them to be sent."""
    authenticator = connection.authenticator
    if not isinstance(authenticator, OAuth2ClientCredentials):
        raise AssertionError("only kinds of OAuth2 ask for scopes")
    return authenticator.scope_form()


def _is_of(issuer: str, asked: httpx.URL) -> bool:
    """Whether an issuer is the service that was asked.

    No metadata are read, so its path is not known: scheme, host and port must be equal.
    """
    try:
        return same_origin(httpx.URL(issuer), asked)
    except httpx.InvalidURL:
        return False


def _refused(code: str) -> str:
    if code == "access_denied":
        return "The consent was denied, in the browser or by the service. Nothing was saved."
    remedies = {
        "invalid_scope": "Correct the `scopes` of the pack, or allow them for the application.",
        "unauthorized_client": "Allow the application this way of consent at the service.",
        "unsupported_response_type": "Allow the application this way of consent at the service.",
        "server_error": "Try again later.",
        "temporarily_unavailable": "Try again later.",
    }
    remedy = remedies.get(
        code, "Compare what is registered at the service with what is said above."
    )
    return f"The service gave no consent ({code or 'an unknown error'}). {remedy}"
