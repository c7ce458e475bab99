"""An authorization server on loopback, which behaves correctly until a test twists its answers.

What is right is decided by oauthlib's server, which is not of our making: clients, redirect
addresses, codes, PKCE, refresh and revocation. The device flow (RFC 8628) is written here.
"""

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote

from oauthlib.oauth2 import RequestValidator, WebApplicationServer

from tests.http_server import Answer, HttpServer, SeenRequest

CLIENT_ID = "client-7f3a"
CLIENT_SECRET = "PLANTED-client-secret/+ of tests"
SCOPES = ["read", "write"]
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(kw_only=True)
class Grant:
    """A code or tokens, and what they are for."""

    client: str
    scopes: list[str]
    redirect: str = ""
    challenge: str | None = None
    method: str | None = None


class Validator(RequestValidator):
    """What oauthlib's server asks: one client, everything in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[str, Grant] = {}
        self.access: dict[str, Grant] = {}
        self.refresh: dict[str, Grant] = {}
        self.rotate = True
        self.public = False
        self.redirects: tuple[str, ...] = ()

    def validate_client_id(self, client_id: str, request: Any, *_: Any, **__: Any) -> bool:
        return client_id == CLIENT_ID

    def validate_redirect_uri(self, client_id: str, redirect_uri: str, *_: Any, **__: Any) -> bool:
        loopback = re.fullmatch(r"http://127\.0\.0\.1:\d+/callback", redirect_uri)
        return bool(loopback) or redirect_uri in self.redirects

    def validate_response_type(
        self, client_id: str, response_type: str, *_: Any, **__: Any
    ) -> bool:
        return response_type == "code"

    def validate_scopes(self, client_id: str, scopes: Any, *_: Any, **__: Any) -> bool:
        return set(scopes) <= set(SCOPES)

    def get_default_scopes(self, *_: Any, **__: Any) -> list[str]:
        return SCOPES

    def is_pkce_required(self, client_id: str, request: Any) -> bool:
        return True

    def save_authorization_code(self, client_id: str, code: Any, request: Any, *_: Any) -> None:
        self.codes[code["code"]] = Grant(
            client=client_id,
            scopes=request.scopes,
            redirect=request.redirect_uri,
            challenge=request.code_challenge,
            method=request.code_challenge_method,
        )

    def authenticate_client(self, request: Any, *_: Any, **__: Any) -> bool:
        right = (request.client_id, request.client_secret) == (CLIENT_ID, CLIENT_SECRET)
        if right:
            request.client = type("Client", (), {"client_id": CLIENT_ID})()
        return right

    def client_authentication_required(self, request: Any, *_: Any, **__: Any) -> bool:
        return not self.public

    def authenticate_client_id(self, client_id: str, request: Any, *_: Any, **__: Any) -> bool:
        request.client = type("Client", (), {"client_id": client_id})()
        return client_id == CLIENT_ID

    def validate_grant_type(self, *_: Any, **__: Any) -> bool:
        return True

    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *_: Any) -> bool:
        grant = self.codes.get(code)
        if grant is None or grant.client != client_id:
            return False
        request.scopes, request.user = grant.scopes, "ada"
        return True

    def get_code_challenge(self, code: str, request: Any) -> Any:
        return self.codes[code].challenge

    def get_code_challenge_method(self, code: str, request: Any) -> Any:
        return self.codes[code].method

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, *_: Any, **__: Any
    ) -> bool:
        return self.codes[code].redirect == redirect_uri

    def save_bearer_token(self, token: Any, request: Any, *_: Any, **__: Any) -> None:
        grant = Grant(client=CLIENT_ID, scopes=request.scopes)
        self.access[token["access_token"]] = grant
        if "refresh_token" in token:
            self.refresh[token["refresh_token"]] = grant

    def invalidate_authorization_code(self, client_id: str, code: str, *_: Any, **__: Any) -> None:
        del self.codes[code]

    def rotate_refresh_token(self, request: Any) -> bool:
        return self.rotate

    def validate_refresh_token(self, refresh_token: str, *_: Any, **__: Any) -> bool:
        return refresh_token in self.refresh

    def get_original_scopes(self, refresh_token: str, *_: Any, **__: Any) -> list[str]:
        return self.refresh[refresh_token].scopes

    def revoke_token(self, token: str, token_type_hint: str, *_: Any, **__: Any) -> None:
        self.refresh.pop(token, None)
        self.access.clear()


Twist = Callable[[SeenRequest, Answer], Answer]
"""Makes another answer of a right one."""


@dataclass(kw_only=True)
class AuthorizationServer:
    """The server, and the API behind it: `/me` says who is asking, to a valid access token.

    `twists` are by path. `device_answers` are given in turn before the right answer to a device
    code.
    """

    server: HttpServer
    validator: Validator = field(default_factory=Validator)
    twists: dict[str, Twist] = field(default_factory=dict[str, Twist])
    device_answers: list[str] = field(default_factory=list[str])
    device_code: str = ""

    def __post_init__(self) -> None:
        self.endpoints: Any = WebApplicationServer(
            self.validator,
            token_generator=lambda _: f"PLANTED-access-{secrets.token_hex(8)}",
            refresh_token_generator=lambda _: f"PLANTED-refresh-{secrets.token_hex(8)}",
        )
        self.server.answer = self.answer

    @property
    def url(self) -> str:
        """Where it is."""
        return self.server.url

    def asked(self, path: str) -> list[dict[str, str]]:
        """The parameters of all requests to a path, of query and form."""
        return [_params(seen) for seen in self.server.requests if seen.path == path]

    def answer(self, seen: SeenRequest) -> Answer:
        """The right answer, twisted where the test says so."""
        answer = self._right(seen)
        twist = self.twists.get(seen.path)
        return twist(seen, answer) if twist else answer

    def _right(self, seen: SeenRequest) -> Answer:
        query = "&".join(f"{name}={quote(each, safe='')}" for name, each in _params(seen).items())
        body, headers = seen.body.decode(), dict(seen.headers)
        uri = f"{self.url}{seen.path}"
        match seen.path:
            case "/authorize":
                made: Any = self.endpoints.create_authorization_response(
                    f"{uri}?{query}", "GET", scopes=_params(seen).get("scope", "").split()
                )
            case "/token" if DEVICE_GRANT in body.replace("%3A", ":"):
                return self._device_token(_params(seen))
            case "/token":
                made = self.endpoints.create_token_response(uri, "POST", body, headers)
            case "/revoke":
                made = self.endpoints.create_revocation_response(uri, "POST", body, headers)
            case "/device":
                return self._device(_params(seen))
            case _:
                return self._api(seen)
        found, content, status = made
        return Answer(status=status, headers=_without_type(found), body=(content or "").encode())

    def _api(self, seen: SeenRequest) -> Answer:
        token = seen.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.validator.access:
            return Answer(status=401, body=b'{"error": "invalid_token"}')
        return Answer(body=b'{"name": "Ada Lovelace", "items": [{"id": "1"}]}')

    def _device(self, form: dict[str, str]) -> Answer:
        self.device_code = f"PLANTED-device-{secrets.token_hex(8)}"
        fields: dict[str, Any] = {
            "device_code": self.device_code,
            "user_code": "WDJB-MJHT",
            "verification_uri": f"{self.url}/activate",
            "expires_in": 600,
            "interval": 5,
        }
        known = form.get("client_id") == CLIENT_ID
        return Answer(body=json.dumps(fields).encode()) if known else _error(401, "invalid_client")

    def _device_token(self, form: dict[str, str]) -> Answer:
        if self.device_answers:
            return _error(400, self.device_answers.pop(0))
        if form.get("device_code") != self.device_code:
            return _error(400, "invalid_grant")
        return tokens(self)


def tokens(server: AuthorizationServer, **changes: Any) -> Answer:
    """An answer with tokens that work; a change to None leaves a field out."""
    fields: dict[str, Any] = {
        "access_token": f"PLANTED-access-{secrets.token_hex(8)}",
        "refresh_token": f"PLANTED-refresh-{secrets.token_hex(8)}",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "read write",
        **changes,
    }
    grant = Grant(client=CLIENT_ID, scopes=SCOPES)
    server.validator.access[str(fields["access_token"])] = grant
    server.validator.refresh[str(fields["refresh_token"])] = grant
    kept = {name: value for name, value in fields.items() if value is not None}
    return Answer(body=json.dumps(kept).encode())


def _error(status: int, code: str) -> Answer:
    return Answer(status=status, body=json.dumps({"error": code}).encode())


def _params(seen: SeenRequest) -> dict[str, str]:
    found = dict(seen.query) or parse_qs(seen.body.decode("latin-1"))
    return {name: values[0] for name, values in found.items()}


def _without_type(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "Content-Type"}
