"""A connection: one account of one service, shared by all tables that sync from it."""

from collections.abc import Sequence
from types import TracebackType

import httpx

from pack_sdk.authentication import Authentication, AuthenticationType
from pack_sdk.errors import RequestRefusedError
from pack_sync.http.allowed_hosts import NetworkPolicy
from pack_sync.http.auth.access_tokens import AccessTokens
from pack_sync.http.auth.aws_signature import sign_for_aws
from pack_sync.http.auth.custom_template import fill_templates
from pack_sync.http.auth.kinds import apply_credentials, gets_credentials, secrets_of
from pack_sync.http.auth.token_store import TokenStore
from pack_sync.http.guarded_transport import GuardedTransport
from pack_sync.http.rate_limits import RequestLimit
from pack_sync.http.response_cache import ResponseCache
from pack_sync.project import current_project
from pack_sync.redaction import Redactor
from pack_sync.settings import ConnectionSettings


class Connection:
    """Pooled connections, the credentials, and the limits all requests share (contract F5).

    Safe to use from several threads. Close it, or use it as a context manager.

    Requests go to the httpx *transport* rather than through an `httpx.Client`: a client
    logs every URL, query token included (contract A4), keeps the cookies of one table's
    answers for the next table's requests, and follows redirects by its own rules.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        authentication: Authentication,
        network_domains: Sequence[str],
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.settings = settings
        self.authentication = authentication
        self.policy = NetworkPolicy(
            connection_name=settings.name,
            domains=tuple(network_domains),
            endpoint=settings.endpoint,
            allow_http_localhost=settings.allow_http_localhost,
            allow_private_addresses=settings.allow_private_addresses,
        )
        self.redactor = Redactor(secrets_of(authentication, settings.credentials))
        self.tokens = _access_tokens(settings, authentication, self.redactor)
        self.limit = RequestLimit(settings.max_concurrent_requests)
        self.cache = ResponseCache()
        self._transport = transport or GuardedTransport(
            self.policy, max_connections=settings.max_concurrent_requests
        )
        self._closed = False

    def __repr__(self) -> str:
        return f"Connection({self.settings.name!r})"

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def authorized(
        self, request: httpx.Request, *, invocation_token: str = "", access_token: str = ""
    ) -> httpx.Request:
        """The request with the credentials on it (contract A2; see `apply_credentials`).

        `invocation_token` is that of the call of the pack which makes the request;
        `access_token` the one of the moment, for the kinds of OAuth2.
        """
        authentication, credentials = self.authentication, self.settings.credentials
        if not gets_credentials(authentication, request.url):
            return request
        if authentication.type is AuthenticationType.CUSTOM:
            return fill_templates(authentication, credentials, request, invocation_token)
        if authentication.type is AuthenticationType.AWS_ACCESS_KEY:
            sign_for_aws(authentication.service, credentials, request)
        elif authentication.obtains_tokens:
            apply_credentials(authentication, {"access_token": access_token}, request)
        else:
            apply_credentials(authentication, credentials, request)
        return request

    def open(self, request: httpx.Request) -> httpx.Response:
        """Send a request as it is; the response's body is yet to be read, and to be closed."""
        if self._closed:
            raise RequestRefusedError(
                f"The connection {self.settings.name!r} is closed; the sync that used it is over."
            )
        return self._transport.handle_request(request)

    def close(self) -> None:
        """Close the pooled connections; further requests are refused."""
        self._closed = True
        if self.tokens:
            self.tokens.close()
        self._transport.close()


def _access_tokens(
    settings: ConnectionSettings, authentication: Authentication, redactor: Redactor
) -> AccessTokens | None:
    """What hands out access tokens; a refresh token needs a file, as services rotate it."""
    if not authentication.obtains_tokens:
        return None
    store = None
    if authentication.type is AuthenticationType.OAUTH2:
        url = authentication.token_url
        identity = [url if "://" in url else f"{settings.endpoint} {url}"]
        keys = ("client_id", "refresh_token")
        identity += [settings.credentials.get(key, "").strip() for key in keys]
        project = current_project()
        folder = settings.credentials_folder or project.state_folder / "credentials"
        store = TokenStore(project.path(folder), identity)
    return AccessTokens(settings.credentials, redactor, store)
