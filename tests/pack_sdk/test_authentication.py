"""Which credentials a pack declares (contract A1)."""

from typing import Any

import pytest

from pack_sdk import Authentication, AuthenticationType, Pack, PackDefinitionError
from pack_sdk.authentication import make_authentication

TOKEN_URL = "https://api.example.com/token"


@pytest.mark.parametrize(
    ("definition", "keys"),
    [
        ({"type": "None"}, ()),
        ({"type": "HeaderBearerToken"}, ("token",)),
        ({"type": "CustomHeaderToken", "headerName": "X-Key"}, ("token",)),
        ({"type": "QueryParamToken", "paramName": "key"}, ("token",)),
        ({"type": "WebBasic"}, ("username", "password")),
        ({"type": "WebBasic", "uxConfig": {}, "usernameOnly": True}, ("username",)),
        ({"type": "WebBasic", "uxConfig": {"usernameOnly": True}}, ("username",)),
        ({"type": "MultiHeaderToken", "headers": [{"name": "A"}, {"name": "B"}]}, ("A", "B")),
        ({"type": "MultiQueryParamToken", "params": [{"name": "a"}]}, ("a",)),
        ({"type": "Custom", "params": [{"name": "a", "description": "A."}]}, ("a",)),
        (
            {"type": "OAuth2", "tokenUrl": TOKEN_URL, "scopes": ["read"], "pkceChallengeMethod": 1},
            ("client_id", "client_secret", "refresh_token"),
        ),
        (
            {"type": "OAuth2", "tokenUrl": TOKEN_URL, "useProofKeyForCodeExchange": True},
            ("client_id", "refresh_token"),
        ),
        (
            {"type": "OAuth2ClientCredentials", "tokenUrl": TOKEN_URL},
            ("client_id", "client_secret"),
        ),
        ({"type": "AWSAccessKey", "service": "s3"}, ("access_key_id", "secret_access_key")),
    ],
)
def test_each_kind_wants_its_credentials(definition: dict[str, Any], keys: tuple[str]) -> None:
    """The declared kind says which credentials a connection gives (contract A1)."""
    assert make_authentication(definition).credential_keys == keys


def test_both_spellings_make_the_same_declaration() -> None:
    """Names may be camelCase or snake_case (contract A1)."""
    camel = make_authentication(
        {"type": "CustomHeaderToken", "headerName": "X-Key", "tokenPrefix": "k "}
    )
    snake = make_authentication(
        type=AuthenticationType.CUSTOM_HEADER_TOKEN, header_name="X-Key", token_prefix="k "
    )
    assert camel == snake


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({}, "the type None; choose one of None, HeaderBearerToken"),
        ({"type": "Bearer"}, "the type 'Bearer'; choose one of"),
        ({"type": "CustomHeaderToken"}, "type CustomHeaderToken needs 'header_name'"),
        ({"type": "QueryParamToken"}, "type QueryParamToken needs 'param_name'"),
        ({"type": "MultiHeaderToken"}, "type MultiHeaderToken needs 'headers'"),
        ({"type": "MultiHeaderToken", "headers": []}, "needs 'headers'"),
        ({"type": "MultiHeaderToken", "headers": {"a": 1}}, "headers of the authentication must"),
        ({"type": "MultiHeaderToken", "headers": ["A"]}, "headers of the authentication has 'A'"),
        (
            {"type": "MultiHeaderToken", "headers": [{"name": "X-A"}, {"name": "x-a"}]},
            "headers of the authentication has 'x-a' twice",
        ),
        ({"type": "MultiQueryParamToken"}, "type MultiQueryParamToken needs 'params'"),
        ({"type": "Custom"}, "type Custom needs 'params'"),
        ({"type": "Custom", "params": [{"nam": "a"}]}, "has the unknown key 'nam'"),
        ({"type": "Custom", "params": [{"name": " "}]}, "one of params"),
        ({"type": "AWSAccessKey"}, "type AWSAccessKey needs 'service'"),
        ({"type": "OAuth2"}, "type OAuth2 needs 'token_url'"),
        ({"type": "OAuth2ClientCredentials"}, "OAuth2ClientCredentials needs 'token_url'"),
        ({"type": "OAuth2", "tokenUrl": "http://a.org/t"}, "it must start with https://"),
        ({"type": "OAuth2", "tokenUrl": "https://u:p@a.org/t"}, "no user name in it"),
        ({"type": "OAuth2", "tokenUrl": "/token"}, "where requires_endpoint_url is set"),
        ({"type": "OAuth2", "tokenUrl": TOKEN_URL, "scopes": "read"}, "write a list"),
        (
            {"type": "OAuth2", "tokenUrl": TOKEN_URL, "credentialsLocation": "Query"},
            "the credentials_location 'Query'; choose one of Automatic, Body, AuthorizationHeader",
        ),
        ({"type": "None", "tokn": 1}, "authentication has the unknown key 'tokn'"),
        ({"type": "None", "paramName": "a", "param_name": "a"}, "in both spellings"),
    ],
)
def test_errors_name_what_is_missing_or_unknown(definition: dict[str, Any], message: str) -> None:
    """A declaration that cannot be is an error when the pack loads (contract A1)."""
    with pytest.raises(PackDefinitionError) as caught:
        make_authentication(definition)
    assert message in str(caught.value)


def test_a_pack_has_no_authentication_unless_it_says_so() -> None:
    """The default kind is None (contract A1)."""
    assert Pack().authentication == Authentication(type=AuthenticationType.NONE)


@pytest.mark.parametrize(
    "declare",
    [Pack.set_authentication, Pack.set_user_authentication, Pack.set_system_authentication],
)
def test_a_pack_declares_it_by_three_names(declare: Any) -> None:
    """The original SDK's user and system authentication are one matter here (contract A1)."""
    pack = Pack()
    declare(pack, {"type": "HeaderBearerToken"})
    assert pack.authentication.type is AuthenticationType.HEADER_BEARER_TOKEN


@pytest.mark.parametrize(
    ("definition", "keys"),
    [
        ({"type": "HeaderBearerToken"}, ()),
        ({"type": "OAuth2", "tokenUrl": TOKEN_URL}, ("access_token",)),
        (
            {"type": "OAuth2", "tokenUrl": TOKEN_URL, "useProofKeyForCodeExchange": True},
            ("client_secret", "access_token"),
        ),
        ({"type": "AWSAccessKey", "service": "s3"}, ("region", "session_token")),
    ],
)
def test_some_kinds_take_more(definition: dict[str, Any], keys: tuple[str]) -> None:
    """Credentials that a connection may give, and may leave out (contract A1)."""
    assert make_authentication(definition).optional_credential_keys == keys


@pytest.mark.parametrize(
    ("given", "domains"),
    [(None, ()), ("a.org", ("a.org",)), (["a.org", "b.org"], ("a.org", "b.org"))],
)
def test_one_domain_or_several_get_the_credentials(given: Any, domains: tuple[str]) -> None:
    """`networkDomain` is a name or a list of them, as in the original SDK (contract A2)."""
    authentication = make_authentication({"type": "HeaderBearerToken", "networkDomain": given})
    assert authentication.network_domains == domains
