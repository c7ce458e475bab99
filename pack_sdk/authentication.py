"""How a pack says which credentials its API wants (contract A1).

The pack only declares the kind; the values come from the connection's configuration and
are put on requests outside the pack (contract A2).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pack_sdk.errors import PackDefinitionError
from pack_sdk.json_values import with_snake_case_keys


class AuthenticationType(StrEnum):
    """The kinds of contract A1 that are supported."""

    NONE = "None"
    HEADER_BEARER_TOKEN = "HeaderBearerToken"  # noqa: S105
    CUSTOM_HEADER_TOKEN = "CustomHeaderToken"  # noqa: S105
    QUERY_PARAM_TOKEN = "QueryParamToken"  # noqa: S105
    WEB_BASIC = "WebBasic"


_KEYS_OF: Mapping[AuthenticationType, tuple[str, ...]] = {
    AuthenticationType.NONE: (),
    AuthenticationType.HEADER_BEARER_TOKEN: ("token",),
    AuthenticationType.CUSTOM_HEADER_TOKEN: ("token",),
    AuthenticationType.QUERY_PARAM_TOKEN: ("token",),
    AuthenticationType.WEB_BASIC: ("username", "password"),
}


@dataclass(frozen=True, kw_only=True)
class Authentication:
    """A declared kind of authentication.

    `header_name` and `token_prefix` go with CustomHeaderToken, `param_name` with
    QueryParamToken, `username_only` with WebBasic (the password is then empty).
    `network_domain` is the declared domain that gets the credentials; None means all.
    """

    type: AuthenticationType = AuthenticationType.NONE
    header_name: str = ""
    token_prefix: str = ""
    param_name: str = ""
    username_only: bool = False
    network_domain: str | None = None
    requires_endpoint_url: bool = False
    get_connection_name: Callable[..., Any] | None = None

    @property
    def credential_keys(self) -> tuple[str, ...]:
        """The names of the credentials that a connection must give."""
        if self.username_only:
            return ("username",)
        return _KEYS_OF[self.type]


_DISPLAY_ONLY = {
    "instructions_url", "default_connection_requirement", "endpoint_domain", "ux_config",
    "post_setup", "should_auto_auth_setup", "endpoint_key",
}  # fmt: skip


def make_authentication(
    definition: Mapping[str, Any] | None = None, /, **fields: Any
) -> Authentication:
    """An `Authentication` from keywords or a mapping as the original SDK writes it.

    Raises `PackDefinitionError` that names what is missing or unknown.
    """
    own = set(Authentication.__dataclass_fields__)
    try:
        values = with_snake_case_keys(
            {**(definition or {}), **fields}, own | _DISPLAY_ONLY, "authentication"
        )
    except ValueError as error:
        raise PackDefinitionError(str(error)) from None
    values = {key: value for key, value in values.items() if key in own}
    try:
        values["type"] = AuthenticationType(values.get("type"))
    except ValueError:
        choices = ", ".join(member.value for member in AuthenticationType)
        raise PackDefinitionError(
            f"authentication has the type {values.get('type')!r}; choose one of {choices}"
        ) from None
    authentication = Authentication(**values)
    if authentication.type is AuthenticationType.CUSTOM_HEADER_TOKEN:
        _require(authentication.header_name, "CustomHeaderToken", "header_name")
    if authentication.type is AuthenticationType.QUERY_PARAM_TOKEN:
        _require(authentication.param_name, "QueryParamToken", "param_name")
    return authentication


def _require(value: str, kind: str, key: str) -> None:
    if not value:
        raise PackDefinitionError(f"authentication of the type {kind} needs {key!r}")
