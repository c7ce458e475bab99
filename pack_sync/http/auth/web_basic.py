"""WebBasic: HTTP's Basic authentication, RFC 7617."""

import base64
from collections.abc import Iterable

import httpx

from pack_sync.http.auth.authenticator import Authenticator, RequestTokens, credential


class WebBasic(Authenticator):
    """User name and password, or a user name alone where the pack says so."""

    def put_on(self, request: httpx.Request, tokens: RequestTokens) -> httpx.Request:
        """Set the header `Authorization`."""
        pair = f"{credential(self.credentials, 'username')}:{self._password()}"
        request.headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return request

    def secrets(self) -> Iterable[str]:
        """The password, and the pair that the header holds.

        The user name is a secret only where it is all there is (many APIs take their key that
        way); beside a password it is often an ordinary word.
        """
        secrets = [value for key, value in self.credentials.items() if key != "username"]
        username = self.credentials.get("username")
        if username is not None:
            if self.authentication.username_only or not self.credentials.get("password"):
                secrets.append(username)
            secrets.append(f"{username.strip()}:{self._password()}")
        return secrets

    def names(self) -> Iterable[str]:
        """The user name, where it is not all there is."""
        return [] if not self._password() else super().names()

    def _password(self) -> str:
        # It may be empty and, unlike other credentials, keeps blanks around it.
        return "" if self.authentication.username_only else self.credentials.get("password", "")
