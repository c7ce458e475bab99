"""From what a service answered to an account that syncs can use (contract A6, A9)."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pack_sdk.authentication import AuthenticationType
from pack_sdk.errors import FetchError
from pack_sync.connect.errors import ConnectError
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.http.auth.access_tokens import LONGEST_WAIT_FOR_ANOTHER_PROCESS
from pack_sync.http.auth.oauth2 import OAuth2
from pack_sync.http.auth.oauth2_responses import TokenAnswer
from pack_sync.http.auth.oauth2_token_endpoint import renewed_access_token
from pack_sync.http.connection import Connection
from pack_sync.http.page_deadline import PageDeadline
from pack_sync.state.secret_store import stores_of
from pack_sync.state.tokens import Tokens, TokenStore


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """What came of a refresh that was tried at once: whether it works, and how.

    `rotates` says that the service gave another refresh token; `problem` why it did not work.
    """

    tokens: Tokens
    rotates: bool = False
    problem: str = ""


def credentials_of(
    kind: AuthenticationType, typed: Mapping[str, str], answer: TokenAnswer | None
) -> dict[str, str]:
    """The credentials of the account: what was typed, and with OAuth2 the grant.

    An access token is no part of them where there is a refresh token: it is kept with the tokens
    that are renewed.
    """
    if kind is not AuthenticationType.OAUTH2 or answer is None:
        return dict(typed)
    tokens = answer.tokens
    if tokens.refresh_token:
        return {**typed, "refresh_token": tokens.refresh_token}
    return {**typed, "access_token": tokens.access_token}


def endpoint_in(connection: Connection, answer: TokenAnswer | None) -> str | None:
    """The endpoint of the account that a token's answer has, checked (contract A9, F4).

    Raises `ConnectError` for one that requests may not go to.
    """
    if answer is None or answer.endpoint is None:
        return None
    return checked_endpoint(connection, answer.endpoint)


def checked_endpoint(connection: Connection, given: str) -> str:
    """An endpoint as it is kept: https unless something else is said, on a declared domain.

    Raises `ConnectError`.
    """
    text = given.strip().rstrip("/")
    whole = text if "://" in text else f"https://{text}"
    policy = connection.policy
    if domain := connection.authentication.endpoint_domain:
        policy = replace(policy, domains=[domain])
    try:
        return str(policy.resolve(whole)).rstrip("/")
    except FetchError as error:
        raise ConnectError(f"The endpoint cannot be used. {error}") from None


def token_store(settings: ConnectionSettings, connection: Connection) -> TokenStore | None:
    """Where the tokens of the grant are kept; None for a kind that keeps none."""
    authenticator = connection.authenticator
    if not isinstance(authenticator, OAuth2):
        return None
    return authenticator.token_store(settings, stores_of(settings, connection.shared))


def kept_tokens(connection: Connection) -> Tokens | None:
    """The tokens that were obtained last; None where none were, or the kind keeps none."""
    store = token_store(connection.settings, connection)
    return store.load() if store else None


def keep_tokens(connection: Connection, answer: TokenAnswer) -> None:
    """Save what the token endpoint gave where the connection, and later syncs, look for it.

    The account that leads to it is saved later: until then nobody uses it.
    """
    store = token_store(connection.settings, connection)
    if store is not None:
        with store.locked(LONGEST_WAIT_FOR_ANOTHER_PROCESS):
            store.save(answer.tokens)


def forget_tokens(connection: Connection) -> None:
    """Remove the tokens of the connection's grant."""
    store = token_store(connection.settings, connection)
    if store is not None:
        with store.locked(LONGEST_WAIT_FOR_ANOTHER_PROCESS):
            store.remove()


def refresh_once(connection: Connection, first: Tokens) -> Refreshed:
    """Renew the access token now: what does not work would else be found when it has expired."""
    deadline = PageDeadline(2 * connection.settings.request_timeout_seconds, threading.Event())
    try:
        renewed_access_token(connection, first.access_token, deadline)
    except FetchError as error:
        return Refreshed(tokens=first, problem=connection.redactor.redact(str(error)))
    tokens = connection.tokens.last if connection.tokens else first
    return Refreshed(tokens=tokens, rotates=tokens.refresh_token != first.refresh_token)
