"""Which credentials a pack declares (contract A1)."""

from typing import Any

import pytest

from pack_sdk import Authentication, AuthenticationType, Pack, PackDefinitionError
from pack_sdk.authentication import make_authentication


@pytest.mark.parametrize(
    ("definition", "keys"),
    [
        ({"type": "None"}, ()),
        ({"type": "HeaderBearerToken"}, ("token",)),
        ({"type": "CustomHeaderToken", "headerName": "X-Key"}, ("token",)),
        ({"type": "QueryParamToken", "paramName": "key"}, ("token",)),
        ({"type": "WebBasic"}, ("username", "password")),
        ({"type": "WebBasic", "uxConfig": {}, "usernameOnly": True}, ("username",)),
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
