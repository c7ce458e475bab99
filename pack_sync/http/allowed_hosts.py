"""Which URLs a connection may reach (contract F4)."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from pack_sdk.errors import RequestRefusedError

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True)
class NetworkPolicy:
    """The declared domains of a pack, and what the connection's configuration adds.

    `endpoint` is only a base for relative URLs: it opens no host that is not declared.
    `allow_http_localhost` opens localhost, 127.0.0.1 and [::1], on every port.
    """

    connection_name: str
    domains: Sequence[str] = ()
    endpoint: str | None = None
    allow_http_localhost: bool = False
    allow_private_addresses: bool = False

    def resolve(self, url: str) -> httpx.URL:
        """The whole URL of what a pack wrote, checked as `check` does.

        A URL without a host is a path below the connection's endpoint, with or without a
        slash in front, as in the original SDK.
        """
        url = url.strip()
        if url.startswith("//"):
            whole = f"https:{url}"
        elif re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", url):
            whole = url
        elif self.endpoint is None:
            raise RequestRefusedError(
                f"The URL {url!r} is refused: it is relative, and the connection "
                f"{self.connection_name!r} has no endpoint. Write the whole URL, starting with "
                "https://, or set `endpoint` of the connection."
            )
        else:
            whole = f"{self.endpoint.rstrip('/')}/{url.removeprefix('/')}"
        return self.check(_parsed(whole))

    def redirected(self, url: httpx.URL, location: str) -> httpx.URL:
        """The URL a redirect leads to, checked as the first one was."""
        try:
            return self.check(url.join(location))
        except httpx.InvalidURL as error:
            reason = str(error)
        except RequestRefusedError as error:
            reason = str(error)
        raise RequestRefusedError(f"{url} redirects to {location!r}. {reason}")

    def check(self, url: httpx.URL) -> httpx.URL:
        """The URL itself, if a request may go there; else `RequestRefusedError`."""
        host = host_of(url)
        if url.scheme not in ("http", "https") or not host or (url.port or 0) > 65535:
            raise RequestRefusedError(
                f"The URL {url} is refused: it is not a URL of the form https://host/path."
            )
        if url.userinfo:
            raise RequestRefusedError(
                f"A URL of the host {host!r} is refused: it carries a user name or password. "
                "Credentials belong in the connection; the fetcher puts them on the request."
            )
        if host in LOCAL_HOSTS and self.allow_http_localhost:
            return url
        if url.scheme != "https":
            raise RequestRefusedError(self._not_https(url, host))
        if not any(is_at_or_below(host, domain) for domain in self.domains):
            raise RequestRefusedError(self._not_declared(url, host))
        return url

    def allows_address(self, host: str, address: str) -> bool:
        """Whether a name that passed `check` may lead to this address.

        A declared name that resolves to a private, loopback or link-local address would let
        whoever owns the name reach into the network this runs in.
        """
        if self.allow_private_addresses or (host in LOCAL_HOSTS and self.allow_http_localhost):
            return True
        return _is_public(ipaddress.ip_address(address.partition("%")[0]))

    def _not_https(self, url: httpx.URL, host: str) -> str:
        if host in LOCAL_HOSTS:
            remedy = (
                f"Set `allow_http_localhost: true` on the connection {self.connection_name!r} "
                "to reach a server on this machine."
            )
        else:
            remedy = "Write https:// instead."
        return f"The URL {url} is refused: only https is allowed. {remedy}"

    def _not_declared(self, url: httpx.URL, host: str) -> str:
        declared = ", ".join(self.domains) or "none"
        remedy = f'declare it in the pack: `pack.add_network_domain("{host}")`'
        if host in LOCAL_HOSTS:
            remedy = f"set `allow_http_localhost: true` on the connection {self.connection_name!r}"
        return (
            f"The URL {url} is refused: {host!r} is not on a network domain the pack declares "
            f"(declared: {declared}). If requests should go there, {remedy}."
        )


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is one of the internet, and so is the IPv4 address it stands for."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner:
            return _is_public(inner)
        if address not in _GLOBAL_UNICAST:  # site-local and old ways to write IPv4, among others
            return False
    return address.is_global and not address.is_multicast


def host_of(url: httpx.URL) -> str:
    """The host in lower case, in its ASCII form, without the dot that may end it."""
    return url.raw_host.decode("ascii").lower().removesuffix(".")


def is_at_or_below(host: str, domain: str) -> bool:
    """Whether `host` is that domain or a name below it.

    >>> is_at_or_below("api.example.com", "example.com")
    True
    >>> is_at_or_below("badexample.com", "example.com")
    False
    """
    domain = domain.lower().strip(".")
    return host == domain or host.endswith(f".{domain}")


def same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    """Whether both URLs lead to the same server: scheme, host and port are equal."""
    return _origin(one) == _origin(other)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, host_of(url), url.port or (443 if url.scheme == "https" else 80)


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        reason = str(error)
    raise RequestRefusedError(f"The URL {url!r} is refused: it is not valid ({reason}).")
