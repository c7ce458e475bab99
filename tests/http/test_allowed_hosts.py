"""Which URLs may be reached, and how a refusal is worded (contract F4)."""

import httpx
import pytest

from pack_sdk.errors import RequestRefusedError
from pack_sync.http.allowed_hosts import NetworkPolicy, is_at_or_below

POLICY = NetworkPolicy(connection_name="acme", domains=("api.example.com", "other.org"))
LOCAL = NetworkPolicy(connection_name="acme", allow_http_localhost=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/x?y=1",
        "https://API.example.com.:8443/",
        "https://eu.api.example.com/",
        "  https://other.org",
    ],
)
def test_https_at_or_below_a_declared_domain_is_allowed(url: str) -> None:
    """That name or below it, on any port (F4)."""
    assert POLICY.resolve(url) == httpx.URL(url.strip())


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/",
        "https://badapi.example.com/",
        "https://api.example.com.evil.org/",
        "https://evil.org/?x=https://api.example.com",
        "https://evil.org#@api.example.com",
        "//evil.org/x",
        "https://93.184.216.34/",
        "https://localhost/",
    ],
)
def test_an_undeclared_host_is_refused_with_the_remedy(url: str) -> None:
    """The message says what was refused, what is declared, and what to do (F4)."""
    with pytest.raises(RequestRefusedError) as caught:
        POLICY.resolve(url)
    assert "(declared: api.example.com, other.org)" in str(caught.value)
    assert "add_network_domain(" in str(caught.value) or "allow_http_localhost" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://api.example.com/", "only https is allowed. Write https://"),
        ("http://localhost:8000/", "Set `allow_http_localhost: true` on the connection 'acme'"),
        ("ftp://api.example.com/", "not a URL of the form https"),
        ("file:///etc/passwd", "not a URL of the form https"),
        ("https:///x", "not a URL of the form https"),
        ("https://user:pw@api.example.com/", "carries a user name or password"),
        ("https://evil.org\\@api.example.com/", "carries a user name or password"),
        ("https://api.example.com:99999/", "not a URL of the form https"),
        ("https://api.example.com/\x00", "not valid"),
        ("/items", "relative, and the connection 'acme' has no endpoint"),
        ("api.example.com/items", "relative, and the connection 'acme' has no endpoint"),
    ],
)
def test_other_urls_are_refused(url: str, reason: str) -> None:
    """Only https, no user name or password, no other scheme (F4)."""
    with pytest.raises(RequestRefusedError) as caught:
        POLICY.resolve(url)
    assert reason in str(caught.value)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:81", "[::1]:8000", "LOCALHOST"])
def test_this_machine_is_opened_by_the_configuration_only(host: str) -> None:
    """`allow_http_localhost` opens the three names of this machine, on every port (F4)."""
    assert LOCAL.resolve(f"http://{host}/x").scheme == "http"
    with pytest.raises(RequestRefusedError, match="allow_http_localhost"):
        POLICY.resolve(f"http://{host}/x")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.2", "localhost.evil.org", "0.0.0.0", "2130706433",  # noqa: S104 - not bound to
     "0177.0.0.1", "0x7f.1", "127.1",
     "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "169.254.169.254"],
)  # fmt: skip
def test_look_alikes_of_this_machine_stay_closed(host: str) -> None:
    """Nothing but those three names is opened (F4)."""
    with pytest.raises(RequestRefusedError):
        LOCAL.resolve(f"http://{host}/")


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("/items?page=2", "https://eu.api.example.com/v2/items?page=2"),
        ("items", "https://eu.api.example.com/v2/items"),
        ("/x?next=https://evil.org", "https://eu.api.example.com/v2/x?next=https://evil.org"),
        ("https://other.org/x", "https://other.org/x"),
    ],
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_relative_urls_are_below_the_endpoint(written: str, whole: str, slash: str) -> None:
    """A path is appended to the endpoint's; a whole URL stays (F4)."""
    endpoint = "https://eu.api.example.com/v2" + slash
    policy = NetworkPolicy(
        connection_name="acme", domains=("api.example.com", "other.org"), endpoint=endpoint
    )
    assert str(policy.resolve(written)) == whole


@pytest.mark.parametrize("endpoint", ["https://evil.org", "http://localhost:80", "evil.org"])
def test_an_endpoint_opens_no_host(endpoint: str) -> None:
    """The configured endpoint must itself be on a declared domain (F4)."""
    policy = NetworkPolicy(connection_name="acme", domains=("example.com",), endpoint=endpoint)
    with pytest.raises(RequestRefusedError):
        policy.resolve("/items")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.1", "224.0.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a00:1::1", "fec0::1",
        "ff02::1", "2001:db8::1", "2001::1", "255.255.255.255", "192.0.0.170", "198.18.0.1",
    ],
)  # fmt: skip
def test_private_addresses_are_closed_unless_allowed(address: str) -> None:
    """A declared name must not lead into the network this runs in (F4)."""
    assert not POLICY.allows_address("api.example.com", address)
    assert not LOCAL.allows_address("api.example.com", address)
    opened = NetworkPolicy(connection_name="acme", allow_private_addresses=True)
    assert opened.allows_address("api.example.com", address)


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"],
)
def test_public_addresses_are_open(address: str) -> None:
    """The rule keeps out nothing else (F4)."""
    assert POLICY.allows_address("api.example.com", address)


def test_a_domain_is_matched_by_whole_labels() -> None:
    """`badexample.com` is not below `example.com` (F4)."""
    assert is_at_or_below("a.b.example.com", "Example.com")
    assert not is_at_or_below("badexample.com", "example.com")
