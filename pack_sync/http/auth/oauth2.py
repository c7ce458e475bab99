"""OAuth2 and OAuth2ClientCredentials: requests carry an access token obtained while a sync runs.

What a kind asks of the token endpoint is here (RFC 6749, sections 6 and 4.4); the conversation
with the endpoint is in `oauth2_token_endpoint`.
"""

import base64
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

import httpx

from pack_sdk.authentication import CredentialsLocation
from pack_sdk.errors import AuthenticationFailedError
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.http.auth.access_tokens import AccessTokens
from pack_sync.http.auth.authenticator import Authenticator, RequestTokens, credential, header_text
from pack_sync.http.auth.query_params import with_query_param
from pack_sync.redaction import Redactor
from pack_sync.state.secret_store import SecretStores
from pack_sync.state.tokens import TokenStore


class OAuth2ClientCredentials(Authenticator):
    """The connection is the client itself: there is no account to connect, nothing to keep."""

    def put_on(self, request: httpx.Request, tokens: RequestTokens) -> httpx.Request:
        """Put the access token into the header, or the query parameter that the pack names."""
        token = header_text({"access_token": tokens.access_token}, "access_token")
        if name := self.authentication.token_query_param:
            request.url = with_query_param(request.url, name, token)
            return request
        name, prefix = self.authentication.header_name, self.authentication.token_prefix
        if prefix is None:
            prefix = "" if name else "Bearer"
        request.headers[name or "Authorization"] = f"{prefix} {token}".strip()
        return request

    def access_tokens(
        self, settings: ConnectionSettings, redactor: Redactor, stores: SecretStores
    ) -> AccessTokens | None:
        """Access tokens in memory: another can be had at any time."""
        del stores
        return AccessTokens(settings.credentials, redactor, self.token_form)

    def token_form(self, refresh_token: str) -> Mapping[str, str]:
        """The form that asks for an access token, without the client's own credentials."""
        return {"grant_type": "client_credentials", **self.scope_form()}

    def scope_form(self) -> Mapping[str, str]:
        """What of a form says which scopes are asked for; nothing if the pack names none."""
        if not self.authentication.scopes:
            return {}
        joined = self.authentication.scope_delimiter.join(self.authentication.scopes)
        return {self.authentication.scope_param_name: joined}

    def token_request(
        self, form: Mapping[str, str], location: CredentialsLocation
    ) -> tuple[Mapping[str, str], bytes]:
        """Headers and body of a request to the token endpoint, with the client's credentials."""
        client_id, secret = credential(self.credentials, "client_id"), self._client_secret()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if location is CredentialsLocation.AUTHORIZATION_HEADER:
            pair = self._basic_pair(client_id, secret)
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form = {**form, "client_id": client_id, **({"client_secret": secret} if secret else {})}
        return headers, urlencode(form).encode()

    def secrets(self) -> Sequence[str]:
        """All values, and the pair of client id and secret that a header may have."""
        given = self.credentials
        pair = self._basic_pair(
            given.get("client_id", "").strip(), given.get("client_secret", "").strip()
        )
        return [*given.values(), *([pair] if given.get("client_secret") else [])]

    def _client_secret(self) -> str:
        if "client_secret" in self.authentication.credential_keys:
            return credential(self.credentials, "client_secret")
        return self.credentials.get("client_secret", "").strip()

    @staticmethod
    def _basic_pair(client_id: str, secret: str) -> str:
        return f"{quote(client_id, safe='')}:{quote(secret, safe='')}"


class OAuth2(OAuth2ClientCredentials):
    """Somebody connected an account; that gave the refresh token of the configuration."""

    def access_tokens(
        self, settings: ConnectionSettings, redactor: Redactor, stores: SecretStores
    ) -> AccessTokens | None:
        """Access tokens whose refresh token is kept, as many services rotate it."""
        store = self.token_store(settings, stores)
        return AccessTokens(settings.credentials, redactor, self.token_form, store)

    def token_store(self, settings: ConnectionSettings, stores: SecretStores) -> TokenStore:
        """Where the tokens of this grant are kept."""
        url, given = self.authentication.token_url, settings.credentials
        identity = [url if "://" in url else f"{settings.endpoint} {url}"]
        identity += [given.get(key, "").strip() for key in ("client_id", "refresh_token")]
        if not identity[-1]:
            identity.append(given.get("access_token", "").strip())
        return TokenStore(stores, identity)

    def token_form(self, refresh_token: str) -> Mapping[str, str]:
        """The form that exchanges the refresh token for an access token."""
        if not refresh_token and self.credentials.get("access_token"):
            raise AuthenticationFailedError(
                "The access token of the connection has ended or was revoked, and there is no "
                "refresh token to get another. Connect the account again: `packsync connect` "
                "with --reconnect."
            )
        credential({"refresh_token": refresh_token}, "refresh_token")
        return {"grant_type": "refresh_token", "refresh_token": refresh_token}
