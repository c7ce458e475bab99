"""How a pack says which credentials its API wants (contract A1).

The pack only declares the kind; the values come from the connection's configuration and
are put on requests outside the pack (contract A2).
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from pack_sdk.authentication_fields import (
    CredentialField,
    EndpointChoice,
    make_endpoint_choices,
    make_fields,
)
from pack_sdk.authentication_kinds import (
    GOOGLE_KINDS,
    GOOGLE_TOKEN_URL,
    KEYS_OF,
    NEEDED,
    OPTIONAL_KEYS_OF,
    TOKEN_KINDS,
    AuthenticationType,
    CredentialsLocation,
)
from pack_sdk.errors import PackDefinitionError
from pack_sdk.json_values import merged, with_snake_case_keys


@dataclass(frozen=True, kw_only=True)
class Authentication:
    """A declared kind of authentication.

    `header_name` and `token_prefix` go with CustomHeaderToken, `headers` with
    MultiHeaderToken, `param_name` with QueryParamToken, `params` with MultiQueryParamToken
    and Custom, `username_only` with WebBasic (the password is then empty), `service` (such
    as "s3") with AWSAccessKey.

    The kinds of OAuth2 have a `token_url`, which may be a path below the endpoint where
    `requires_endpoint_url` is set; `token_prefix` is "Bearer" unless given;
    `token_query_param` names a query parameter that takes the token instead of the header.
    With `use_proof_key_for_code_exchange` a client secret is not needed.

    `network_domain` is the declared domain, or several, that gets the credentials; None
    means all.

    For connecting an account (contract A6): `authorization_url` with `additional_params`,
    `device_authorization_url` (RFC 8628), `revocation_url` (RFC 7009), `resource` (RFC 8707).
    `endpoint_key` names the field of a token's answer that is the account's endpoint;
    `post_setup` lets one be chosen. All of these URLs may be paths as `token_url` may.

    OAuth2JwtBearer signs an assertion for `jwt_audience`, the `token_url` unless given (A7).
    LoginToken sends `params` to `token_url` and finds the token in `access_token_key` (A8).
    """

    type: AuthenticationType = AuthenticationType.NONE
    header_name: str = ""
    token_prefix: str | None = None
    headers: tuple[CredentialField, ...] = ()
    param_name: str = ""
    params: tuple[CredentialField, ...] = ()
    username_only: bool = False
    service: str = ""
    authorization_url: str = ""
    token_url: str = ""
    scopes: tuple[str, ...] = ()
    scope_param_name: str = "scope"
    scope_delimiter: str = " "
    nested_response_key: str = ""
    credentials_location: CredentialsLocation = CredentialsLocation.AUTOMATIC
    token_query_param: str = ""
    use_proof_key_for_code_exchange: bool = False
    network_domain: str | tuple[str, ...] | None = None
    requires_endpoint_url: bool = False
    get_connection_name: Callable[..., Any] | None = None
    instructions_url: str = ""
    additional_params: Mapping[str, str] = field(default_factory=dict[str, str])
    device_authorization_url: str = ""
    revocation_url: str = ""
    resource: str = ""
    jwt_audience: str = ""
    access_token_key: str = "access_token"  # noqa: S105
    endpoint_domain: str = ""
    endpoint_key: str = ""
    post_setup: tuple[EndpointChoice, ...] = ()

    @property
    def credential_keys(self) -> tuple[str, ...]:
        """The names of the credentials that a connection must give."""
        if self.username_only:
            return ("username",)
        if self.type in _BY_PARAMS:
            return tuple(param.name for param in self.params)
        if self.type is AuthenticationType.MULTI_HEADER_TOKEN:
            return tuple(header.name for header in self.headers)
        return tuple(key for key in KEYS_OF.get(self.type, ()) if not self._may_lack(key))

    @property
    def optional_credential_keys(self) -> tuple[str, ...]:
        """The names of further credentials that a connection may give."""
        lacking = tuple(key for key in KEYS_OF.get(self.type, ()) if self._may_lack(key))
        return lacking + OPTIONAL_KEYS_OF.get(self.type, ())

    @property
    def network_domains(self) -> tuple[str, ...]:
        """The domains that get the credentials; none named means all the pack declares."""
        domains = self.network_domain or ()
        return (domains,) if isinstance(domains, str) else domains

    @property
    def obtains_tokens(self) -> bool:
        """Whether access tokens are obtained at run time, from `token_url`."""
        return self.type in TOKEN_KINDS

    def missing_credentials(self, given: Collection[str]) -> tuple[str, ...]:
        """Those of `credential_keys` that are not given.

        OAuth2 works without a refresh token for as long as an access token is valid.
        """
        enough = {"refresh_token"} if "access_token" in given else set[str]()
        return tuple(key for key in self.credential_keys if key not in {*given, *enough})

    def _may_lack(self, key: str) -> bool:
        return (
            key == "client_secret"
            and self.type is AuthenticationType.OAUTH2
            and self.use_proof_key_for_code_exchange
        )


_BY_PARAMS = (
    AuthenticationType.MULTI_QUERY_PARAM_TOKEN,
    AuthenticationType.CUSTOM,
    AuthenticationType.LOGIN_TOKEN,
)
_NOT_NEEDED_HERE = {
    "default_connection_requirement", "ux_config", "should_auto_auth_setup",
    "get_connection_user_id", "pkce_challenge_method",
}  # fmt: skip


def make_authentication(
    definition: Mapping[str, Any] | None = None, /, **fields: Any
) -> Authentication:
    """An `Authentication` from keywords or a mapping as the original SDK writes it.

    Raises `PackDefinitionError` that names what is missing or unknown.
    """
    own = set(Authentication.__dataclass_fields__)
    try:
        given = merged(definition, fields, "authentication")
        values = with_snake_case_keys(given, own | _NOT_NEEDED_HERE, "authentication")
    except ValueError as error:
        raise PackDefinitionError(str(error)) from None
    if isinstance(values.get("ux_config"), Mapping):  # where the original SDK has it
        values.setdefault("username_only", values["ux_config"].get("usernameOnly"))
    values = {key: value for key, value in values.items() if key in own and value is not None}
    values["type"] = _choice(AuthenticationType, values.get("type"), "the type")
    if "credentials_location" in values:
        values["credentials_location"] = _choice(
            CredentialsLocation, values["credentials_location"], "the credentials_location"
        )
    for name in ("headers", "params"):
        if name in values:
            values[name] = make_fields(values[name], name)
    if "post_setup" in values:
        values["post_setup"] = make_endpoint_choices(values["post_setup"])
    if "additional_params" in values:
        values["additional_params"] = _params(values["additional_params"])
    if values["type"] in GOOGLE_KINDS:
        values.setdefault("token_url", GOOGLE_TOKEN_URL)
    for name in ("scopes", "network_domain"):
        if name in values:
            values[name] = _texts(values[name], name, one=name == "network_domain")
    for name in _TEXTS & values.keys():
        if not isinstance(values[name], str):
            raise PackDefinitionError(
                f"authentication has the {name} {values[name]!r}; it must be a text"
            )
    authentication = Authentication(**values)
    _check(authentication)
    return authentication


_TEXTS = {
    name for name, declared in Authentication.__dataclass_fields__.items()
    if declared.type in (str, "str", str | None, "str | None")
}  # fmt: skip


def _check(authentication: Authentication) -> None:
    kind = authentication.type
    needed = [NEEDED.get(kind), "token_url" if authentication.obtains_tokens else None]
    for key in filter(None, needed):
        if not getattr(authentication, key):
            raise PackDefinitionError(f"authentication of the type {kind} needs {key!r}")
    url = authentication.token_url
    if not authentication.obtains_tokens or re.match(r"https://[^/?#@]+([/?#]|$)", url):
        return
    if re.match(r"http://(localhost|127\.0\.0\.1|\[::1\])[:/]", url):
        return  # which the connection has to allow (contract F4)
    if authentication.requires_endpoint_url and re.match(r"/(?!/)", url):
        return
    raise PackDefinitionError(
        f"authentication has the token_url {url!r}; it must start with https:// and have no user "
        "name in it, or be a path such as '/oauth/token' where requires_endpoint_url is set"
    )


def _params(value: Any) -> dict[str, str]:
    """Parameters of a URL by name; what is a number or a truth value is written as JSON has it."""
    if not isinstance(value, Mapping):
        raise PackDefinitionError(
            f"authentication has the additional_params {value!r}; write {{'name': 'value'}}"
        )
    params = cast("Mapping[object, object]", value)
    return {
        str(key): str(each).lower() if isinstance(each, bool) else str(each)
        for key, each in params.items()
        if each is not None
    }


def _texts(value: Any, name: str, *, one: bool) -> Any:
    """A tuple of texts; `one` text alone may stand for them."""
    if one and isinstance(value, str):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        texts = cast("Collection[object]", value)
        if all(isinstance(each, str) for each in texts):
            return tuple(texts)
    alone = ", or one" if one else ""
    raise PackDefinitionError(f"authentication has the {name} {value!r}; write a list{alone}")


def _choice(kind: Any, value: Any, what: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        choices = ", ".join(member.value for member in kind)
        raise PackDefinitionError(
            f"authentication has {what} {value!r}; choose one of {choices}"
        ) from None
