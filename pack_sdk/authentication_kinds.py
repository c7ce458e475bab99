"""The kinds of authentication, and which credentials each needs (contract A1)."""

from collections.abc import Mapping
from enum import StrEnum


class AuthenticationType(StrEnum):
    """The kinds of authentication that a pack can ask for (contract A1)."""

    NONE = "None"
    HEADER_BEARER_TOKEN = "HeaderBearerToken"  # noqa: S105
    CUSTOM_HEADER_TOKEN = "CustomHeaderToken"  # noqa: S105
    MULTI_HEADER_TOKEN = "MultiHeaderToken"  # noqa: S105
    QUERY_PARAM_TOKEN = "QueryParamToken"  # noqa: S105
    MULTI_QUERY_PARAM_TOKEN = "MultiQueryParamToken"  # noqa: S105
    WEB_BASIC = "WebBasic"
    CUSTOM = "Custom"
    OAUTH2 = "OAuth2"
    OAUTH2_CLIENT_CREDENTIALS = "OAuth2ClientCredentials"
    OAUTH2_JWT_BEARER = "OAuth2JwtBearer"
    GOOGLE_SERVICE_ACCOUNT = "GoogleServiceAccount"
    GOOGLE_DOMAIN_WIDE_DELEGATION = "GoogleDomainWideDelegation"
    LOGIN_TOKEN = "LoginToken"  # noqa: S105
    AWS_ACCESS_KEY = "AWSAccessKey"


class CredentialsLocation(StrEnum):
    """Where a token request of OAuth2 has client id and secret.

    `Automatic` tries the body first, then the header.
    """

    AUTOMATIC = "Automatic"
    BODY = "Body"
    AUTHORIZATION_HEADER = "AuthorizationHeader"


KEYS_OF: Mapping[AuthenticationType, tuple[str, ...]] = {
    AuthenticationType.HEADER_BEARER_TOKEN: ("token",),
    AuthenticationType.CUSTOM_HEADER_TOKEN: ("token",),
    AuthenticationType.QUERY_PARAM_TOKEN: ("token",),
    AuthenticationType.WEB_BASIC: ("username", "password"),
    AuthenticationType.OAUTH2: ("client_id", "client_secret", "refresh_token"),
    AuthenticationType.OAUTH2_CLIENT_CREDENTIALS: ("client_id", "client_secret"),
    AuthenticationType.OAUTH2_JWT_BEARER: ("client_id", "private_key", "subject"),
    AuthenticationType.GOOGLE_SERVICE_ACCOUNT: ("service_account_key",),
    AuthenticationType.GOOGLE_DOMAIN_WIDE_DELEGATION: ("service_account_key", "subject"),
    AuthenticationType.AWS_ACCESS_KEY: ("access_key_id", "secret_access_key"),
}
OPTIONAL_KEYS_OF: Mapping[AuthenticationType, tuple[str, ...]] = {
    AuthenticationType.OAUTH2: ("access_token",),
    AuthenticationType.OAUTH2_JWT_BEARER: ("key_id",),
    AuthenticationType.AWS_ACCESS_KEY: ("region", "session_token"),
}

TOKEN_KINDS = frozenset(
    {
        AuthenticationType.OAUTH2,
        AuthenticationType.OAUTH2_CLIENT_CREDENTIALS,
        AuthenticationType.OAUTH2_JWT_BEARER,
        AuthenticationType.GOOGLE_SERVICE_ACCOUNT,
        AuthenticationType.GOOGLE_DOMAIN_WIDE_DELEGATION,
        AuthenticationType.LOGIN_TOKEN,
    }
)
"""Those whose access tokens are obtained at run time, from a `token_url`."""

GOOGLE_KINDS = frozenset(
    {
        AuthenticationType.GOOGLE_SERVICE_ACCOUNT,
        AuthenticationType.GOOGLE_DOMAIN_WIDE_DELEGATION,
    }
)
"""The service accounts of Google, whose key is a file of JSON."""

GOOGLE_TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105
"""Where Google's service accounts get their access tokens (its OAuth 2.0 documentation)."""

NEEDED = {
    AuthenticationType.CUSTOM_HEADER_TOKEN: "header_name",
    AuthenticationType.MULTI_HEADER_TOKEN: "headers",
    AuthenticationType.QUERY_PARAM_TOKEN: "param_name",
    AuthenticationType.MULTI_QUERY_PARAM_TOKEN: "params",
    AuthenticationType.CUSTOM: "params",
    AuthenticationType.LOGIN_TOKEN: "params",
    AuthenticationType.AWS_ACCESS_KEY: "service",
}
"""What a kind cannot be declared without."""
