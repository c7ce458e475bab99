"""A service with OAuth2: a token endpoint that rotates refresh tokens, and an API behind it."""

import base64
import json
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from pack_sdk.authentication import Authentication, make_authentication
from tests.http_server import Answer, HttpServer, SeenRequest

CLIENT_ID = "client-7f3a"
CLIENT_SECRET = "s3cret/of client"
FIRST_REFRESH_TOKEN = "refresh-token-0"


@dataclass(kw_only=True)
class OAuthService:
    """Gives the access tokens `access-token-1`, `-2` …, of which the last one is valid.

    Each refresh makes a new refresh token; one that is used twice revokes everything, as
    RFC 9700 advises. `meeting`, where set, lets so many API requests arrive before any is
    answered. `token_answer` replaces the answer of the token endpoint.
    """

    server: HttpServer
    expires_in: Any = 3600
    client_in_header: bool = False
    meeting: threading.Barrier | None = None
    token_answer: Answer | None = None
    extra: dict[str, Any] = field(default_factory=dict[str, Any])
    refresh_token: str = FIRST_REFRESH_TOKEN
    issued: int = 0
    revoked: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.server.answer = self.answer

    @property
    def authentication(self) -> Authentication:
        """What a pack of this service declares."""
        return make_authentication(
            type="OAuth2",
            authorization_url="https://accounts.example.com/authorize",
            token_url=f"{self.server.url}/token",
        )

    @property
    def client_authentication(self) -> Authentication:
        """The same with client credentials."""
        return make_authentication(
            type="OAuth2ClientCredentials",
            token_url=f"{self.server.url}/token",
            scopes=["read", "list"],
        )

    @property
    def access_token(self) -> str:
        """The one that is valid now."""
        return "" if self.revoked or not self.issued else f"access-token-{self.issued}"

    @property
    def token_requests(self) -> list[SeenRequest]:
        """What the token endpoint was asked."""
        return [seen for seen in self.server.requests if seen.path == "/token"]

    def expire(self) -> None:
        """The access token is not accepted any more; the next refresh makes another."""
        self.issued += 1

    def answer(self, seen: SeenRequest) -> Answer:
        """Answer as token endpoint or as API."""
        if seen.path == "/token":
            with self.lock:
                return self.token_answer or self._grant(seen)
        if self.meeting:
            self.meeting.wait(20)
        if seen.headers.get("authorization") != f"Bearer {self.access_token}":
            return Answer(status=401, body=b'{"error": "invalid_token"}')
        return Answer(body=b'{"ok": true}')

    def _grant(self, seen: SeenRequest) -> Answer:
        form = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        if not self._knows_client(seen, form):
            return Answer(status=401, body=b'{"error": "invalid_client"}')
        if form["grant_type"] == "refresh_token" and form["refresh_token"] != self.refresh_token:
            self.revoked = True
        if self.revoked:
            return Answer(status=400, body=b'{"error": "invalid_grant"}')
        self.issued += 1
        answer: dict[str, Any] = {"access_token": self.access_token, **self.extra}
        if self.expires_in is not None:
            answer["expires_in"] = self.expires_in
        if form["grant_type"] == "refresh_token":
            self.refresh_token = answer["refresh_token"] = f"refresh-token-{self.issued}"
        return Answer(body=json.dumps(answer).encode())

    def _knows_client(self, seen: SeenRequest, form: dict[str, str]) -> bool:
        if not self.client_in_header:
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        pair = f"{CLIENT_ID}:s3cret%2Fof%20client"
        expected = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return seen.headers.get("authorization") == expected


def oauth_credentials(refresh_token: str = FIRST_REFRESH_TOKEN, **more: str) -> dict[str, str]:
    """What a connection's configuration gives."""
    client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return {**client, "refresh_token": refresh_token, **more}


CLIENT_CREDENTIALS = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
