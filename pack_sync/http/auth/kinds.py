"""The kinds of authentication: which class puts which one's credentials on requests.

To add a kind: its name and the credentials it needs go into `pack_sdk/authentication_kinds.py`, its
`Authenticator` into a file beside this one, and a line into the table here.
"""

from collections.abc import Mapping

from pack_sdk.authentication import Authentication, AuthenticationType
from pack_sync.http.auth.authenticator import Authenticator, Credentials
from pack_sync.http.auth.aws_signature import AwsSignature
from pack_sync.http.auth.custom_template import CustomTemplate
from pack_sync.http.auth.header_token import BearerToken, CustomHeaderToken, MultiHeaderToken
from pack_sync.http.auth.login_token import LoginToken
from pack_sync.http.auth.oauth2 import OAuth2, OAuth2ClientCredentials
from pack_sync.http.auth.query_token import MultiQueryParamToken, QueryParamToken
from pack_sync.http.auth.service_account import GoogleServiceAccount, JwtBearer
from pack_sync.http.auth.web_basic import WebBasic

AUTHENTICATORS: Mapping[AuthenticationType, type[Authenticator]] = {
    AuthenticationType.NONE: Authenticator,
    AuthenticationType.HEADER_BEARER_TOKEN: BearerToken,
    AuthenticationType.CUSTOM_HEADER_TOKEN: CustomHeaderToken,
    AuthenticationType.MULTI_HEADER_TOKEN: MultiHeaderToken,
    AuthenticationType.QUERY_PARAM_TOKEN: QueryParamToken,
    AuthenticationType.MULTI_QUERY_PARAM_TOKEN: MultiQueryParamToken,
    AuthenticationType.WEB_BASIC: WebBasic,
    AuthenticationType.CUSTOM: CustomTemplate,
    AuthenticationType.OAUTH2: OAuth2,
    AuthenticationType.OAUTH2_CLIENT_CREDENTIALS: OAuth2ClientCredentials,
    AuthenticationType.OAUTH2_JWT_BEARER: JwtBearer,
    AuthenticationType.GOOGLE_SERVICE_ACCOUNT: GoogleServiceAccount,
    AuthenticationType.GOOGLE_DOMAIN_WIDE_DELEGATION: GoogleServiceAccount,
    AuthenticationType.LOGIN_TOKEN: LoginToken,
    AuthenticationType.AWS_ACCESS_KEY: AwsSignature,
}


def authenticator_for(authentication: Authentication, credentials: Credentials) -> Authenticator:
    """What puts these credentials on requests as the pack's authentication asks for."""
    return AUTHENTICATORS[authentication.type](authentication, credentials)
