"""Service accounts and logins: access tokens without anybody's consent (contract A1, A7, A8)."""

import json
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from pack_sdk.authentication import make_authentication
from pack_sdk.errors import AuthenticationFailedError, FetchError, RequestRefusedError
from pack_sdk.fetching import FetchRequest
from tests.conftest import Connect, impatient
from tests.http_server import Answer, HttpServer, SeenRequest


@cache
def key() -> rsa.RSAPrivateKey:
    """A key of our own; making one takes a moment."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(private: Any = None, password: bytes = b"") -> str:
    """It as text."""
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    made = private or key()
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def google_file(**changes: Any) -> str:
    """What Google's console gives."""
    file = {
        "type": "service_account",
        "client_email": "robot@project.example",
        "private_key": pem(),
        "private_key_id": "key-1",
        "token_uri": "https://evil.example/token",
    }
    return json.dumps(file | changes)


class TokenServer:
    """Gives `token-1`, `token-2` … for what it accepts, and an API that wants the last one."""

    def __init__(self, server: HttpServer) -> None:
        self.server, self.issued, self.extra = server, 0, dict[str, Any]()
        server.answer = self.answer

    def answer(self, seen: SeenRequest) -> Answer:
        if seen.path == "/token":
            self.issued += 1
            fields = {"access_token": f"token-{self.issued}", "expires_in": 3600, **self.extra}
            return Answer(body=json.dumps(fields).encode())
        given = {seen.headers.get("authorization"), seen.headers.get("x-session")}
        right = {f"Bearer token-{self.issued}", f"token-{self.issued}"}
        return Answer(body=b'"fine"') if given & right else Answer(status=401)

    @property
    def url(self) -> str:
        return f"{self.server.url}/token"

    def form(self) -> dict[str, str]:
        """What it was sent last."""
        body = [seen for seen in self.server.requests if seen.path == "/token"][-1].body.decode()
        return {name: values[0] for name, values in parse_qs(body).items()}

    def claims(self, audience: str) -> dict[str, Any]:
        """What the last assertion says, if its signature is right and it is for us."""
        return jwt.decode(
            self.form()["assertion"], key().public_key(), ["RS256"], audience=audience
        )


@pytest.fixture
def tokens(server: HttpServer) -> TokenServer:
    return TokenServer(server)


def fetch(connection: Any, tokens: TokenServer) -> Any:
    return impatient(connection).send(FetchRequest(url=f"{tokens.server.url}/api")).body


@pytest.mark.parametrize("audience", ["https://login.example.com", None])
def test_an_app_acts_for_a_user_who_approved_it(
    tokens: TokenServer, connect: Connect, audience: str | None
) -> None:
    """Issuer, subject, audience and a short life, signed; no client secret is sent (A7)."""
    authentication = make_authentication(
        type="OAuth2JwtBearer", token_url=tokens.url, jwt_audience=audience, scopes=["api"]
    )
    given = {"client_id": "app", "private_key": pem(), "subject": "ada@example.com"}
    assert fetch(connect(authentication, credentials={**given, "key_id": "k"}), tokens) == "fine"
    claims = tokens.claims(audience or tokens.url)
    assert (claims["iss"], claims["sub"]) == ("app", "ada@example.com")
    assert 0 < claims["exp"] - claims["iat"] <= 180
    form = tokens.form()
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert form.keys() == {"grant_type", "assertion", "scope"}
    assert jwt.get_unverified_header(form["assertion"])["kid"] == "k"


@pytest.mark.parametrize("subject", [None, "ada@example.com"])
def test_a_service_account_of_google(
    tokens: TokenServer, connect: Connect, subject: str | None
) -> None:
    """Scopes are in the assertion; with a subject it acts for somebody (A7)."""
    kind = "GoogleDomainWideDelegation" if subject else "GoogleServiceAccount"
    authentication = make_authentication(type=kind, token_url=tokens.url, scopes=["a", "b"])
    given = {"service_account_key": google_file(), **({"subject": subject} if subject else {})}
    assert fetch(connect(authentication, credentials=given), tokens) == "fine"
    claims = tokens.claims(tokens.url)
    assert (claims["iss"], claims["scope"]) == ("robot@project.example", "a b")
    assert claims.get("sub") == subject


def test_where_google_answers_unless_said_otherwise() -> None:
    """At the address of Google's documentation (A7)."""
    authentication = make_authentication(type="GoogleServiceAccount", scopes=["a"])
    assert authentication.token_url == "https://oauth2.googleapis.com/token"


def test_a_new_assertion_after_a_401(tokens: TokenServer, connect: Connect) -> None:
    """Another token is obtained once, with another assertion (A3, A7)."""
    authentication = make_authentication(type="OAuth2JwtBearer", token_url=tokens.url)
    given = {"client_id": "app", "private_key": pem(), "subject": "ada"}
    connection = connect(authentication, credentials=given)
    fetch(connection, tokens)
    first = tokens.claims(tokens.url)["jti"]
    tokens.issued += 1
    assert fetch(connection, tokens) == "fine"
    assert tokens.claims(tokens.url)["jti"] != first


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"private_key": "no key PLANTED"}, "the private key cannot sign"),
        ({"private_key": pem(password=b"PLANTED")}, "the private key cannot sign"),
        (
            {"private_key": pem(ec.generate_private_key(ec.SECP256R1()))},
            "It is to be an RSA key in PEM",
        ),
        ({"private_key": " "}, "has no 'private_key'"),
    ],
)
def test_a_key_that_cannot_sign(
    tokens: TokenServer, connect: Connect, given: dict[str, str], told: str
) -> None:
    """The error says what it is to be and shows nothing of it; nothing is sent (A4, A7)."""
    authentication = make_authentication(type="OAuth2JwtBearer", token_url=tokens.url)
    credentials = {"client_id": "app", "subject": "ada", **given}
    with pytest.raises(RequestRefusedError, match=told) as caught:
        fetch(connect(authentication, credentials=credentials), tokens)
    assert "PLANTED" not in f"{caught.value} {caught.value.__cause__} {caught.value.__context__}"
    assert tokens.server.requests == []


@pytest.mark.parametrize("text", ["no JSON PLANTED", "[]", '{"client_email": "x"}'])
def test_a_key_file_that_is_none(tokens: TokenServer, connect: Connect, text: str) -> None:
    """The error says where to get one (A4, A7)."""
    authentication = make_authentication(type="GoogleServiceAccount", token_url=tokens.url)
    with pytest.raises(RequestRefusedError, match="not the content of a key file") as caught:
        fetch(connect(authentication, credentials={"service_account_key": text}), tokens)
    assert "PLANTED" not in str(caught.value)


def test_a_key_on_one_line(tokens: TokenServer, connect: Connect) -> None:
    """As variables often hold it, with backslashes and n (A7)."""
    authentication = make_authentication(type="OAuth2JwtBearer", token_url=tokens.url)
    one_line = pem().replace("\n", "\\n")
    given = {"client_id": "app", "private_key": one_line, "subject": "ada"}
    assert fetch(connect(authentication, credentials=given), tokens) == "fine"


LOGIN = {"params": [{"name": "username"}, {"name": "password"}]}


def test_a_login_is_answered_by_a_token(tokens: TokenServer, connect: Connect) -> None:
    """The login goes as JSON, then the token in the header that the pack names (A8)."""
    tokens.extra = {"id": "token-1", "access_token": None}
    authentication = make_authentication(
        type="LoginToken", token_url=tokens.url, access_token_key="id", header_name="X-Session",
        **LOGIN,
    )  # fmt: skip
    given = {"username": "ada", "password": "pass word"}
    assert fetch(connect(authentication, credentials=given), tokens) == "fine"
    login, api = tokens.server.requests
    assert json.loads(login.body) == given
    assert login.headers["content-type"] == "application/json"
    assert api.headers["x-session"] == "token-1"
    assert "authorization" not in api.headers


def test_another_login_after_a_401(tokens: TokenServer, connect: Connect) -> None:
    """A session that has ended is begun anew, once (A3, A8)."""
    authentication = make_authentication(type="LoginToken", token_url=tokens.url, **LOGIN)
    connection = connect(authentication, credentials={"username": "ada", "password": "p"})
    fetch(connection, tokens)
    tokens.issued += 1
    assert fetch(connection, tokens) == "fine"
    assert [seen.path for seen in tokens.server.requests] == [
        "/token", "/api", "/api", "/token", "/api",
    ]  # fmt: skip


def test_a_login_that_is_refused(tokens: TokenServer, connect: Connect) -> None:
    """The error has no password, even where the service repeats it (A4, A8)."""
    tokens.server.answer = lambda seen: Answer(status=401, body=seen.body)
    authentication = make_authentication(type="LoginToken", token_url=tokens.url, **LOGIN)
    connection = connect(authentication, credentials={"username": "ada", "password": "PLANTED"})
    with pytest.raises(AuthenticationFailedError) as caught:
        fetch(connection, tokens)
    assert "It does not accept" in str(caught.value)
    assert "PLANTED" not in str(caught.value)


@pytest.mark.parametrize("kind", ["DPoP", "mac", "N_A"])
def test_a_token_of_another_type_is_not_sent(
    tokens: TokenServer, connect: Connect, kind: str
) -> None:
    """One that needs a further proof is of no use alone (A3; RFC 6749, section 7.1)."""
    tokens.extra = {"token_type": kind}
    authentication = make_authentication(type="LoginToken", token_url=tokens.url, **LOGIN)
    connection = connect(authentication, credentials={"username": "ada", "password": "p"})
    with pytest.raises(FetchError, match="can be sent as it is"):
        fetch(connection, tokens)
    assert [seen.path for seen in tokens.server.requests] == ["/token"]
