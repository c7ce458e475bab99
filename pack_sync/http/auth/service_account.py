"""Service accounts: an assertion, signed with a private key, gets an access token (contract A7).

The exchange is RFC 7523, section 2.1; what an assertion says is section 3. PyJWT signs it, which
needs cryptography, large and therefore an extra: `pack-sync[service-accounts]`.
"""

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlencode

from pack_sdk.authentication import CredentialsLocation
from pack_sdk.errors import RequestRefusedError
from pack_sync.http.auth.authenticator import credential
from pack_sync.http.auth.oauth2 import OAuth2ClientCredentials

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_VALID_SECONDS = 180
"""Salesforce accepts at most three minutes, Google an hour."""


class JwtBearer(OAuth2ClientCredentials):
    """OAuth2JwtBearer: an app acts for a user who approved it, as with Salesforce."""

    def token_form(self, refresh_token: str) -> Mapping[str, str]:
        """The form with a new assertion. Raises `RequestRefusedError` for an unusable key."""
        claims = {
            "iss": credential(self.credentials, "client_id"),
            "sub": credential(self.credentials, "subject"),
            "aud": self.authentication.jwt_audience or self.authentication.token_url,
        }
        key = credential(self.credentials, "private_key")
        form = {"assertion": _signed(claims, key, self.credentials.get("key_id", "").strip())}
        return {"grant_type": GRANT_TYPE, **form, **self.scope_form()}

    def token_request(
        self, form: Mapping[str, str], location: CredentialsLocation
    ) -> tuple[Mapping[str, str], bytes]:
        """The form alone: the assertion says who asks."""
        return {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(form).encode()

    def secrets(self) -> Sequence[str]:
        """The private key; client and user only say who asks."""
        return [self.credentials.get("private_key", "")]


class GoogleServiceAccount(JwtBearer):
    """GoogleServiceAccount, and with a `subject` GoogleDomainWideDelegation.

    The key is the file of JSON that Google's console gives. Its `token_uri` is not heeded: a key
    decides about who asks, not about whom.
    """

    def token_form(self, refresh_token: str) -> Mapping[str, str]:
        """The form with a new assertion; the scopes are in it, as Google wants them."""
        file = key_file(credential(self.credentials, "service_account_key"))
        claims = {
            "iss": file["client_email"],
            "scope": " ".join(self.authentication.scopes),
            "aud": self.authentication.jwt_audience or self.authentication.token_url,
        }
        if "subject" in self.authentication.credential_keys:
            claims["sub"] = credential(self.credentials, "subject")
        assertion = _signed(claims, file["private_key"], file.get("private_key_id", ""))
        return {"grant_type": GRANT_TYPE, "assertion": assertion}

    def secrets(self) -> Sequence[str]:
        """The private key, and the file around it."""
        text = self.credentials.get("service_account_key", "")
        try:
            return [text, key_file(text)["private_key"]]
        except RequestRefusedError:
            return [text]


def key_file(text: str) -> Mapping[str, str]:
    """What a key file of Google's holds. Raises `RequestRefusedError` that shows nothing of it."""
    try:
        found: Any = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, dict):
        file = cast("dict[str, Any]", found)
        if all(isinstance(file.get(key), str) for key in ("client_email", "private_key")):
            return {key: each for key, each in file.items() if isinstance(each, str)}
    raise RequestRefusedError(
        "No request can be made: the credential 'service_account_key' is not the content of a key "
        "file. It is JSON with `client_email` and `private_key`: in Google's console, make a key "
        "of the service account and choose JSON."
    )


def _signed(claims: Mapping[str, str], key: str, key_id: str) -> str:
    try:
        import jwt
    except ImportError:
        raise _not_installed() from None
    now = int(time.time())
    whole = {**claims, "iat": now, "exp": now + _VALID_SECONDS, "jti": uuid.uuid4().hex}
    headers = {"kid": key_id} if key_id else None
    pem = key.replace("\\n", "\n")  # as it is where a variable holds it on one line
    problem = ""
    try:
        return jwt.encode(whole, pem, algorithm="RS256", headers=headers)
    except NotImplementedError:
        raise _not_installed() from None
    except Exception as error:  # its text, and those of its causes, may repeat the key
        problem = type(error).__name__
    raise RequestRefusedError(
        f"No request can be made: the private key cannot sign ({problem}). It is to be an RSA key "
        "in PEM, from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----, without a password."
    )


def _not_installed() -> RequestRefusedError:
    return RequestRefusedError(
        "No request can be made: signing for a service account needs PyJWT and cryptography. "
        'Install them with `pip install "pack-sync[service-accounts]"`.'
    )
