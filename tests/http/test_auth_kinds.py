"""Which credentials end up where on a request (contract A1, A2)."""

import base64
from typing import Any

import httpx
import pytest

from pack_sdk.authentication import Authentication, AuthenticationType
from pack_sdk.errors import RequestRefusedError
from pack_sync.http.auth.authenticator import RequestTokens
from pack_sync.http.auth.kinds import AUTHENTICATORS, authenticator_for

BEARER = Authentication(type=AuthenticationType.HEADER_BEARER_TOKEN)
QUERY = Authentication(type=AuthenticationType.QUERY_PARAM_TOKEN, param_name="api key")
BASIC = Authentication(type=AuthenticationType.WEB_BASIC)


def applied(
    authentication: Authentication,
    credentials: dict[str, str],
    url: str = "https://api.example.com/x",
    headers: dict[str, str] | None = None,
) -> httpx.Request:
    request = httpx.Request("GET", url, headers=headers)
    authenticator = authenticator_for(authentication, credentials)
    covered = authenticator.covers(request.url)
    return authenticator.put_on(request, RequestTokens()) if covered else request


def test_every_kind_has_its_class() -> None:
    """A kind that a pack can declare is one that requests can be sent with (A1)."""
    assert set(AUTHENTICATORS) == set(AuthenticationType)


def test_none_changes_nothing() -> None:
    """Without authentication a request stays as the pack wrote it (A1)."""
    assert "authorization" not in applied(Authentication(), {"token": "t"}).headers


def test_bearer_token_replaces_what_the_pack_wrote() -> None:
    """The header is `Bearer <token>`, whatever the pack put there (A1, A2)."""
    request = applied(BEARER, {"token": "abc "}, headers={"authorization": "mine"})
    assert request.headers.get_list("authorization") == ["Bearer abc"]


@pytest.mark.parametrize(("prefix", "expected"), [("", "abc"), ("Token", "Token abc")])
def test_custom_header_token(prefix: str, expected: str) -> None:
    """The token goes into the declared header, behind its prefix if there is one (A1)."""
    authentication = Authentication(
        type=AuthenticationType.CUSTOM_HEADER_TOKEN, header_name="X-Key", token_prefix=prefix
    )
    assert applied(authentication, {"token": "abc"}).headers["x-key"] == expected


def test_query_param_token_leaves_the_rest_of_the_query_alone() -> None:
    """The parameter is added or replaced; signed and odd queries stay byte for byte (A1)."""
    url = "https://api.example.com/x?a=1+2&flag&b=%2f&api%20key=old&api+key=older"
    request = applied(QUERY, {"token": "s/1&2"}, url)
    assert request.url.query == b"a=1+2&flag&b=%2f&api%20key=s%2F1%262"


@pytest.mark.parametrize(
    ("options", "pair"),
    [({}, "ann:pa ss"), ({"username_only": True}, "ann:")],
)
def test_web_basic(options: dict[str, Any], pair: str) -> None:
    """User name and password, or the user name with an empty password (A1)."""
    authentication = Authentication(type=AuthenticationType.WEB_BASIC, **options)
    request = applied(authentication, {"username": "ann", "password": "pa ss"})
    expected = base64.b64encode(pair.encode()).decode()
    assert request.headers["authorization"] == f"Basic {expected}"


@pytest.mark.parametrize(
    ("host", "gets_it"),
    [
        ("example.com", True),
        ("API.example.com", True),
        ("badexample.com", False),
        ("example.com.evil.org", False),
    ],
)
def test_network_domain_decides_who_gets_credentials(host: str, gets_it: bool) -> None:
    """Only hosts at or below `network_domain` get them (A2, F4)."""
    authentication = Authentication(
        type=AuthenticationType.HEADER_BEARER_TOKEN, network_domain="example.com"
    )
    request = applied(authentication, {"token": "abc"}, f"https://{host}/")
    assert ("authorization" in request.headers) is gets_it


@pytest.mark.parametrize(
    ("authentication", "credentials", "missing"),
    [
        (BEARER, {}, "token"),
        (BEARER, {"token": "  "}, "token"),
        (QUERY, {"token": ""}, "token"),
        (BASIC, {"password": "x"}, "username"),
    ],
)
def test_a_missing_credential_is_named(
    authentication: Authentication, credentials: dict[str, str], missing: str
) -> None:
    """An unset credential, such as an empty environment variable, is a clear error (A2)."""
    with pytest.raises(RequestRefusedError, match=f"no '{missing}'"):
        applied(authentication, credentials)


def test_a_token_that_no_header_can_carry_is_refused_without_showing_it() -> None:
    """Two lines in a token file do not inject a header, and are not shown (A2, A4)."""
    with pytest.raises(RequestRefusedError, match="'token' has a line break") as caught:
        applied(BEARER, {"token": "abc\r\nX-Evil: 1"})
    assert "abc" not in str(caught.value)


def test_which_values_are_secret() -> None:
    """A user name beside a password is not; on its own it is; the pair always is (A4)."""
    both = authenticator_for(BASIC, {"username": "admin", "password": "hunter22"}).secrets()
    assert set(both) == {"hunter22", "admin:hunter22"}
    only = Authentication(type=AuthenticationType.WEB_BASIC, username_only=True)
    assert set(authenticator_for(only, {"username": "key-123"}).secrets()) == {
        "key-123",
        "key-123:",
    }
    assert list(authenticator_for(BEARER, {"token": "abc"}).secrets()) == ["abc"]
