"""An httpx transport that connects only to addresses the policy allows (contract F4).

It is a transport of its own, as httpx's has no argument for a network backend, which is where
the check must be: after a name is resolved and before the address is connected to.
"""

import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias, cast

import httpcore
import httpx

from pack_sdk.errors import RequestRefusedError
from pack_sync.http.allowed_hosts import NetworkPolicy
from pack_sync.http.page_deadline import PageDeadline
from pack_sync.http.timed_stream import EXTENSION, TimedStream, until

# At level DEBUG it logs the headers of answers, which may repeat a token (contract A4).
logging.getLogger("httpcore").setLevel(logging.INFO)

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]

_HTTPCORE_ERRORS = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)


def resolve_name(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, in the order in which to try them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedTransport(httpx.BaseTransport):
    """Pooled connections; a name is resolved once, checked, and *that* address connected to.

    Checking and connecting use the same answer of the resolver, so a name that answers
    differently the second time (DNS rebinding) gains nothing. TLS still verifies the name.
    Environment variables (proxies, certificates) are not read.
    """

    def __init__(
        self,
        policy: NetworkPolicy,
        *,
        max_connections: int = 8,
        ssl_context: ssl.SSLContext | None = None,
        resolve: Resolve = resolve_name,
    ) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context or httpx.create_ssl_context(trust_env=False),
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=15,
            network_backend=_GuardedBackend(policy, resolve),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; the body of the response is streamed, and to be closed.

        Raises an `httpx.TransportError`, as transports of httpx do.
        """
        url = request.url
        deadline: PageDeadline | None = request.extensions.get(EXTENSION)
        sent = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            with until(deadline):
                response = self._pool.handle_request(sent)
        except _HTTPCORE_ERRORS as error:
            raise _as_httpx_error(error) from error
        stream = _ResponseStream(response, deadline)
        return httpx.Response(response.status, headers=response.headers, stream=stream)

    def close(self) -> None:
        """Close all pooled connections."""
        self._pool.close()


class _ResponseStream(httpx.SyncByteStream):
    """The chunks of a body as they come from the network, still compressed."""

    def __init__(self, response: httpcore.Response, deadline: PageDeadline | None) -> None:
        self._response = response
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        try:
            with until(self._deadline):
                yield from cast("Iterable[bytes]", self._response.stream)
        except _HTTPCORE_ERRORS as error:
            raise _as_httpx_error(error) from error

    def close(self) -> None:
        """Give the connection back to the pool; close it, if the body was not read to its end."""
        self._response.close()


def _as_httpx_error(error: Exception) -> httpx.TransportError:
    """The exception of httpx that stands for one of httpcore: both call them by the same names."""
    for kind in type(error).__mro__:
        known = getattr(httpx, kind.__name__, None)
        if isinstance(known, type) and issubclass(known, httpx.TransportError):
            return known(str(error))
    return httpx.TransportError(str(error))


class _GuardedBackend(httpcore.NetworkBackend):
    def __init__(self, policy: NetworkPolicy, resolve: Resolve) -> None:
        self._policy = policy
        self._resolve = resolve
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first allowed address that answers."""
        give_up_at = None if timeout is None else time.monotonic() + timeout
        addresses = self._allowed_addresses(host, port)
        for position, address in enumerate(addresses):
            share = None
            if give_up_at is not None:
                left = max(give_up_at - time.monotonic(), 0.01)
                share = left / (len(addresses) - position)
            try:
                return TimedStream(
                    self._plain.connect_tcp(address, port, share, local_address, socket_options)
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if position == len(addresses) - 1:
                    raise
        raise httpcore.ConnectError(f"{host} has no address")

    def _allowed_addresses(self, host: str, port: int) -> list[str]:
        try:
            addresses = self._resolve(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        name = host.lower().removesuffix(".")
        allowed = [each for each in addresses if self._policy.allows_address(name, each)]
        if addresses and not allowed:
            raise RequestRefusedError(
                f"A request to {host} is refused: the name leads to {', '.join(addresses)}, which "
                "is not a public address. If that is meant, set `allow_private_addresses: true` "
                f"on the connection {self._policy.connection_name!r}."
            )
        return allowed
