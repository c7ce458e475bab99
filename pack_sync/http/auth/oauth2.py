"""OAuth2 and OAuth2ClientCredentials: requests carry an access token obtained while a sync runs.

What a kind asks of the token endpoint is here (RFC 6749, sections 6 and 4.4); the conversation
with the endpoint is in `oauth2_token_endpoint`.
"""

from collections.abc import Mapping

import httpx

from pack_sync.http.auth.access_tokens import AccessTokens
from pack_sync.http.auth.authenticator import Authenticator, RequestTokens, credential, header_text
from pack_sync.http.auth.query_params import with_query_param
from pack_sync.project import current_project
from pack_sync.redaction import Redactor
from pack_sync.settings import ConnectionSettings
from pack_sync.state.token_files import TokenFile
from pack_sync.state.tokens import TokenStores


class OAuth2ClientCredentials(Authenticator):
    """The connection is the client itself: there is no account to connect, nothing to keep."""

    def put_on(self, request: httpx.Request, tokens: RequestTokens) -> httpx.Request:
        """Put the access token into the header, or the query parameter that the pack names."""
        token = header_text({"access_token": tokens.access_token}, "access_token")
        if name := self.authentication.token_query_param:
            request.url = with_query_param(request.url, name, token)
            return request
        prefix = self.authentication.token_prefix
        prefix = "Bearer" if prefix is None else prefix
        request.headers["Authorization"] = f"{prefix} {token}".strip()
        return request

    def access_tokens(
        self, settings: ConnectionSettings, redactor: Redactor, stores: TokenStores | None
    ) -> AccessTokens | None:
        """Access tokens in memory: another can be had at any time."""
        del stores
        return AccessTokens(settings.credentials, redactor, self.token_form)

    def token_form(self, refresh_token: str) -> Mapping[str, str]:
        """The form that asks for an access token, without the client's own credentials."""
        form = {"grant_type": "client_credentials"}
        if scopes := self.authentication.scopes:
            joined = self.authentication.scope_delimiter.join(scopes)
            form[self.authentication.scope_param_name] = joined
        return form


class OAuth2(OAuth2ClientCredentials):
    """Somebody connected an account; that gave the refresh token of the configuration."""

    def access_tokens(
        self, settings: ConnectionSettings, redactor: Redactor, stores: TokenStores | None
    ) -> AccessTokens | None:
        """Access tokens whose refresh token is kept, as many services rotate it.

        In a folder that the connection names; else where the workers share it; else in a file.
        """
        url = self.authentication.token_url
        identity = [url if "://" in url else f"{settings.endpoint} {url}"]
        keys = ("client_id", "refresh_token")
        identity += [settings.credentials.get(key, "").strip() for key in keys]
        project = current_project()
        if stores is None or settings.credentials_folder:
            folder = settings.credentials_folder or project.state_folder / "credentials"
            store = TokenFile(project.path(folder), identity)
        else:
            store = stores(identity)
        return AccessTokens(settings.credentials, redactor, self.token_form, store)

    def token_form(self, refresh_token: str) -> Mapping[str, str]:
        """The form that exchanges the refresh token for an access token."""
        credential({"refresh_token": refresh_token}, "refresh_token")
        return {"grant_type": "refresh_token", "refresh_token": refresh_token}
