"""A connection: one account of one service, shared by all tables that sync from it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import httpx

from pack_sdk.authentication import Authentication, AuthenticationType
from pack_sdk.errors import RequestRefusedError
from pack_sdk.rate_limits import RateLimits
from pack_sync.budgets.books import Books
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.http.allowed_hosts import NetworkPolicy
from pack_sync.http.auth.authenticator import RequestTokens
from pack_sync.http.auth.kinds import authenticator_for
from pack_sync.http.budget import budget_of
from pack_sync.http.guarded_transport import GuardedTransport
from pack_sync.http.rate_limits import RequestThrottle
from pack_sync.http.response_cache import ResponseCache
from pack_sync.http.stored_answers import StoredAnswers
from pack_sync.redaction import Redactor
from pack_sync.state.secret_store import SecretStores, stores_of


class Connection:
    """Pooled connections, the credentials, and the limits all requests share (contract F5).

    Safe to use from several threads. Close it, or use it as a context manager. `shared` is where
    the workers of a lake share their tokens, None where each keeps its own. `books` are where it
    is counted how much of `settings.rate` is used; without a rate they are not looked at.
    `rate_limits` is how the service says that there were too many requests, if in its own way.

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
        shared: SecretStores | None = None,
        books: Books | None = None,
        rate_limits: RateLimits | None = None,
    ) -> None:
        self.settings = settings
        if settings.token_url:
            authentication = replace(authentication, token_url=settings.token_url)
        self.authentication = authentication
        self.policy = NetworkPolicy(
            connection_name=settings.name,
            domains=tuple(network_domains),
            endpoint=settings.endpoint,
            allow_http_localhost=settings.allow_http_localhost,
            allow_private_addresses=settings.allow_private_addresses,
        )
        self.authenticator = authenticator_for(authentication, settings.credentials)
        self.shared = shared
        self.rate_limits = rate_limits or RateLimits()
        self.redactor = Redactor(self.authenticator.secrets(), self.authenticator.names())
        self.tokens = self.authenticator.access_tokens(
            settings, self.redactor, stores_of(settings, shared)
        )
        self.budget = budget_of(settings, books, self.rate_limits)
        self.limit = RequestThrottle(
            settings.max_concurrent_requests,
            settings.max_pause_seconds,
            on_pause=self.budget.pause if self.budget else None,
        )
        self.cache = ResponseCache()
        self.json_answers: set[str] = set()
        """Which kinds of URLs were answered with JSON; a few hundred at most."""
        self._transport = transport or GuardedTransport(
            self.policy, max_connections=settings.max_concurrent_requests
        )
        self._closed = False
        self._answers: dict[Path, StoredAnswers] = {}

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

    @property
    def has_credentials(self) -> bool:
        """Whether any are put on requests."""
        return self.authentication.type is not AuthenticationType.NONE

    def authorized(self, request: httpx.Request, tokens: RequestTokens) -> httpx.Request:
        """The request with the credentials on it, where the pack's authentication allows them."""
        covered = self.authenticator.covers(request.url)
        return self.authenticator.put_on(request, tokens) if covered else request

    def answers_in(self, folder: Path) -> StoredAnswers:
        """The answers to this account that are kept below a folder (contract F9)."""
        settings, authentication = self.settings, self.authentication
        credentials = sorted(settings.credentials.items())
        account = [settings.pack, settings.name, settings.endpoint or "", authentication.type]
        account += [text for credential in credentials for text in credential]
        answers = StoredAnswers(folder, account, settings.max_stored_answers_bytes)
        return self._answers.setdefault(folder, answers)

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
        if self.budget:
            self.budget.close()
        self._transport.close()
