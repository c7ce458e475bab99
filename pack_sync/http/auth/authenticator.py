"""What every kind of authentication can do, and how it reads a connection's credentials."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import httpx

from pack_sdk.authentication import Authentication
from pack_sdk.errors import RequestRefusedError
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.http.allowed_hosts import host_of, is_at_or_below
from pack_sync.http.auth.access_tokens import AccessTokens
from pack_sync.http.auth.query_params import without_query_param
from pack_sync.redaction import Redactor
from pack_sync.state.secret_store import SecretStores

Credentials: TypeAlias = Mapping[str, str]

_NAMES = frozenset({"username", "user", "login", "email", "client_id", "access_key_id"})


@dataclass(frozen=True, kw_only=True)
class RequestTokens:
    """What differs from request to request.

    `invocation_token` is that of the pack's call that makes the request (only Custom uses it);
    `access_token` the current one (only the kinds of OAuth2 do).
    """

    invocation_token: str = ""
    access_token: str = field(default="", repr=False)


class Authenticator:
    """The credentials of one connection, used as one kind of authentication does (contract A1).

    As it stands it is the kind None: requests stay as the pack wrote them. Nothing here is
    ever handed to a pack.
    """

    # Then a redirect is checked for credentials anywhere in its URL, not only in known parameters.
    may_be_anywhere_in_url = False

    def __init__(self, authentication: Authentication, credentials: Credentials) -> None:
        self.authentication = authentication
        self.credentials = credentials

    def put_on(self, request: httpx.Request, tokens: RequestTokens) -> httpx.Request:
        """The request with the credentials on it (contract A2).

        They replace a header or a query parameter of the same name that the pack wrote. Raises
        `RequestRefusedError` that names a credential which is missing or unusable; never its
        value.
        """
        return request

    def secrets(self) -> Iterable[str]:
        """The values that must not show in any text (contract A4)."""
        return self.credentials.values()

    def names(self) -> Iterable[str]:
        """Those of the credentials that say who asks and open nothing by themselves."""
        return [value for key, value in self.credentials.items() if key.lower() in _NAMES]

    def access_tokens(
        self, settings: ConnectionSettings, redactor: Redactor, stores: SecretStores
    ) -> AccessTokens | None:
        """What obtains access tokens while a sync runs; None for a kind that needs none.

        `stores` is where they are kept, see `pack_sync.state.secret_store.stores_of`.
        """
        return None

    def covers(self, url: httpx.URL) -> bool:
        """Whether a request to this URL carries credentials (contract A2, F4).

        Where the pack declares a `network_domain`, only hosts at or below it do.
        """
        domains = self.authentication.network_domains
        return not domains or any(is_at_or_below(host_of(url), domain) for domain in domains)

    def query_param_names(self) -> Iterable[str]:
        """The query parameters that may carry credentials."""
        names = (self.authentication.param_name, self.authentication.token_query_param)
        return filter(None, names)

    def without_credentials(
        self, headers: Mapping[str, str], url: httpx.URL
    ) -> tuple[dict[str, str], httpx.URL]:
        """Headers and URL for a redirect to another host (contract F4).

        Leaves out what carries credentials, also where the pack wrote it itself or the server
        repeated the token in its `Location`.
        """
        declared = [header.name for header in self.authentication.headers]
        declared.append(self.authentication.header_name)
        carrying = {"authorization", "cookie", *(name.lower() for name in declared)}
        kept = {name: value for name, value in headers.items() if name.lower() not in carrying}
        for name in self.query_param_names():
            url = without_query_param(url, name)
        return kept, url


def credential(credentials: Credentials, key: str) -> str:
    """A credential without blanks around it. Raises `RequestRefusedError` if there is none."""
    value = credentials.get(key, "").strip()
    if not value:
        raise RequestRefusedError(
            f"No request can be made: the connection has no {key!r}, which the pack's "
            f"authentication needs. Connect the account with `packsync connect`, or set "
            f"`credentials: {{{key}: …}}` of the connection."
        )
    return value


def header_text(credentials: Credentials, key: str) -> str:
    """As `credential`, and refuses one that a header cannot carry."""
    value = credential(credentials, key)
    # A line break would end the header, and what follows it would be a header of its own.
    if not (value.isascii() and value.isprintable()):
        raise RequestRefusedError(
            f"No request can be made: the credential {key!r} has a line break or another "
            "character that an HTTP header cannot carry. Is there more in it than the token?"
        )
    return value
