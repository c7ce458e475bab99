"""An httpx transport that connects only to addresses the policy allows (contract F4)."""

import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import httpcore
import httpx

from pack_sdk.errors import RequestRefusedError
from pack_sync.http.allowed_hosts import NetworkPolicy

# At level DEBUG it logs the headers of answers, which may repeat a token (contract A4).
logging.getLogger("httpcore").setLevel(logging.INFO)

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]


def resolve_name(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, in the order in which to try them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedTransport(httpx.HTTPTransport):
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
        ssl_context = ssl_context or httpx.create_ssl_context(trust_env=False)
        super().__init__(verify=ssl_context, trust_env=False)
        self._pool.close()
        # httpx has no argument for a network backend, so the pool is exchanged.
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context,
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=15,
            network_backend=_GuardedBackend(policy, resolve),
        )


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
                return self._plain.connect_tcp(address, port, share, local_address, socket_options)
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
