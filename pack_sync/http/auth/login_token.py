"""LoginToken: a login is answered by a token, which goes on the requests (contract A8)."""

from collections.abc import Mapping, Sequence

import orjson

from pack_sdk.authentication import CredentialsLocation
from pack_sync.http.auth.authenticator import credential
from pack_sync.http.auth.oauth2 import OAuth2ClientCredentials


class LoginToken(OAuth2ClientCredentials):
    """Two steps: the login is sent as JSON, then each request has the token that was answered."""

    def token_form(self, refresh_token: str) -> Mapping[str, str]:
        """The login, by the names of the pack's `params`."""
        return {
            key: credential(self.credentials, key) for key in self.authentication.credential_keys
        }

    def token_request(
        self, form: Mapping[str, str], location: CredentialsLocation
    ) -> tuple[Mapping[str, str], bytes]:
        """The login as JSON."""
        return {"Content-Type": "application/json"}, orjson.dumps(dict(form))

    def secrets(self) -> Sequence[str]:
        """All but the name of the user, unless that is all there is."""
        names = set(self.names())
        return [each for each in self.credentials.values() if each not in names] or [*names]
