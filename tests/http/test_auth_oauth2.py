"""OAuth2: access tokens are obtained and renewed outside the pack (contract A1, A2, A3)."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from pack_sdk.authentication import Authentication, make_authentication
from pack_sdk.errors import (
    AuthenticationFailedError,
    FetchError,
    RequestRefusedError,
    StatusCodeError,
)
from pack_sdk.fetching import FetchRequest
from pack_sync.http.auth.oauth2_token_endpoint import service_url
from pack_sync.http.fetcher import SyncFetcher
from tests.conftest import Connect, impatient
from tests.http.oauth_service import (
    CLIENT_CREDENTIALS,
    CLIENT_SECRET,
    OAuthService,
    oauth_credentials,
)
from tests.http_server import Answer, HttpServer


@pytest.fixture
def service(server: HttpServer) -> OAuthService:
    """A service with OAuth2."""
    return OAuthService(server=server)


class Open:
    """Opens connections to the service, whose tokens are kept in one folder."""

    def __init__(self, service: OAuthService, connect: Connect, folder: Path) -> None:
        self.service, self.connect, self.folder = service, connect, folder

    def __call__(
        self,
        credentials: dict[str, str] | None = None,
        authentication: Authentication | None = None,
        **settings: Any,
    ) -> SyncFetcher:
        return impatient(
            self.connect(
                authentication or self.service.authentication,
                credentials=credentials or oauth_credentials(),
                credentials_folder=str(self.folder),
                **settings,
            )
        )


@pytest.fixture
def open_fetcher(service: OAuthService, connect: Connect, tmp_path: Path) -> Open:
    """Opens connections."""
    return Open(service, connect, tmp_path)


def fetch(fetcher: SyncFetcher, service: OAuthService, **fields: Any) -> Any:
    """The answer of the service's API."""
    return fetcher.send(FetchRequest(url=f"{service.server.url}/api", **fields)).body


def form_of(service: OAuthService, index: int = -1) -> dict[str, str]:
    """The form of a request to the token endpoint."""
    body = service.token_requests[index].body.decode()
    return {name: values[0] for name, values in parse_qs(body).items()}


def test_the_first_request_obtains_a_token(service: OAuthService, open_fetcher: Open) -> None:
    """With a refresh token alone, an access token is obtained first, once (A3)."""
    fetcher = open_fetcher()
    assert fetch(fetcher, service) == {"ok": True}
    assert fetch(fetcher, service) == {"ok": True}
    assert [seen.path for seen in service.server.requests] == ["/token", "/api", "/api"]
    assert form_of(service) == {"grant_type": "refresh_token", **oauth_credentials()}


def test_a_given_access_token_is_used_until_it_is_rejected(
    service: OAuthService, open_fetcher: Open
) -> None:
    """`access_token` of the configuration spares the first refresh (A3)."""
    service.issued = 1
    fetcher = open_fetcher(oauth_credentials(access_token="access-token-1"))
    assert fetch(fetcher, service) == {"ok": True}
    assert service.token_requests == []
    service.expire()
    assert fetch(fetcher, service) == {"ok": True}
    assert len(service.token_requests) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_after_a_401_the_request_is_repeated_once(
    service: OAuthService, open_fetcher: Open, method: str
) -> None:
    """The token is refreshed with the rotated refresh token, and the request repeated (A3)."""
    fetcher = open_fetcher()
    fetch(fetcher, service)
    service.expire()
    assert fetch(fetcher, service, method=method, body="text") == {"ok": True}
    assert form_of(service)["refresh_token"] == "refresh-token-1"
    assert [seen.body for seen in service.server.requests if seen.path == "/api"][1:] == [
        b"text",
        b"text",
    ]
    assert fetcher.statistics.requests == 3


def test_a_second_401_is_the_packs(service: OAuthService, open_fetcher: Open) -> None:
    """A request that a new token does not help fails with its own 401; no endless loop (A3)."""
    fetcher = open_fetcher()
    service.extra = {"access_token": "of-somebody-else"}
    with pytest.raises(StatusCodeError) as caught:
        fetch(fetcher, service)
    assert caught.value.status_code == 401
    assert len(service.server.requests) == 4


def test_an_expired_token_is_renewed_before_it_is_used(
    service: OAuthService, open_fetcher: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has expired by its own `expires_in` costs no 401 (A3)."""
    fetcher = open_fetcher()
    fetch(fetcher, service)
    now = __import__("time").time()
    monkeypatch.setattr("time.time", lambda: now + 3590)
    fetch(fetcher, service)
    assert [seen.path for seen in service.server.requests] == ["/token", "/api"] * 2


@pytest.mark.parametrize("expires_in", [None, "3600", "soon", 0, -5, [1]])
def test_odd_expiries_are_survived(
    service: OAuthService, open_fetcher: Open, expires_in: Any
) -> None:
    """Without a sensible `expires_in` a token is used until it is rejected (A3)."""
    service.expires_in = expires_in
    fetcher = open_fetcher()
    fetch(fetcher, service)
    fetch(fetcher, service)
    assert len(service.token_requests) == 1


def test_client_credentials(service: OAuthService, open_fetcher: Open, tmp_path: Path) -> None:
    """The token is fetched at first use, kept in memory, and renewed after a 401 (A1, A3)."""
    fetcher = open_fetcher(CLIENT_CREDENTIALS, service.client_authentication)
    fetch(fetcher, service)
    fetch(fetcher, service)
    service.expire()
    assert fetch(fetcher, service) == {"ok": True}
    assert len(service.token_requests) == 2
    assert form_of(service) == {
        "grant_type": "client_credentials",
        "scope": "read list",
        **CLIENT_CREDENTIALS,
    }
    assert list(tmp_path.iterdir()) == []


def test_client_in_the_header(service: OAuthService, open_fetcher: Open) -> None:
    """A service that wants Basic authentication gets it after its refusal of the body (A1)."""
    service.client_in_header = True
    assert fetch(open_fetcher(), service) == {"ok": True}
    assert [b"client_secret" in seen.body for seen in service.token_requests] == [True, False]


@pytest.mark.parametrize(
    ("fields", "header", "query"),
    [
        ({}, "Bearer access-token-1", {}),
        ({"tokenPrefix": "OAuth"}, "OAuth access-token-1", {}),
        ({"tokenPrefix": ""}, "access-token-1", {}),
        ({"tokenQueryParam": "at"}, None, {"at": ["access-token-1"]}),
    ],
)
def test_where_the_token_goes(
    service: OAuthService, open_fetcher: Open, fields: Any, header: str | None, query: Any
) -> None:
    """Behind the declared prefix, or in the declared query parameter (A1)."""
    authentication = make_authentication(
        type="OAuth2", token_url=service.authentication.token_url, **fields
    )
    fetcher = open_fetcher(None, authentication)
    service.server.answer = lambda seen: (
        service.answer(seen) if seen.path == "/token" else Answer(body=b"1")
    )
    assert fetch(fetcher, service) == 1
    assert service.server.requests[-1].headers.get("authorization") == header
    assert service.server.requests[-1].query == query


@pytest.mark.parametrize(
    ("body", "nested"),
    [
        (b'{"access_token": "access-token-1"}', None),
        (b"access_token=access-token-1&token_type=bearer", None),
        (b'{"ok": true, "authed_user": {"access_token": "access-token-1"}}', "authed_user"),
    ],
)
def test_shapes_of_a_token_answer(
    service: OAuthService, open_fetcher: Open, body: bytes, nested: str | None
) -> None:
    """JSON, a form, or nested where the pack says so (A1)."""
    service.issued, service.token_answer = 1, Answer(body=body)
    authentication = make_authentication(
        type="OAuth2",
        token_url=service.authentication.token_url,
        nested_response_key=nested,
    )
    assert fetch(open_fetcher(None, authentication), service) == {"ok": True}


def test_a_host_outside_network_domain_gets_no_token(
    service: OAuthService, open_fetcher: Open
) -> None:
    """No token is obtained for a request that would not carry it (A2)."""
    authentication = make_authentication(
        type="OAuth2", token_url=service.authentication.token_url, network_domain="example.com"
    )
    with pytest.raises(StatusCodeError):
        fetch(open_fetcher(None, authentication), service)
    assert [seen.path for seen in service.server.requests] == ["/api"]
    fetcher = open_fetcher()
    with pytest.raises(StatusCodeError):
        fetch(fetcher, service, disable_authentication=True)
    assert service.token_requests == []


REFUSED = "The connection 'acme' has no access token: POST http://127.0.0.1:"


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (
            Answer(status=400, body=b'{"error": "invalid_grant"}'),
            [
                "status 400 (invalid_grant)",
                "Connect the account again at https://accounts.example.com/authorize",
                "environment variable ACME_REFRESH (`credentials.refresh_token`)",
            ],
        ),
        (
            Answer(status=401, body=b"no"),
            ["status 401", "Renew `credentials.client_id` of the connection and the environment "
             "variable ACME_SECRET"],
        ),
        (Answer(status=400, body=b'{"error": "invalid_scope"}'), ["Correct the `scopes`"]),
        (Answer(body=b'{"error": "bad_refresh_token"}'), ["status 200 (bad_refresh_token)"]),
        (Answer(body=b'{"error": "refresh-token-0 is bad"}'), ["has no `access_token`"]),
        (Answer(body=b"[]"), ["sent as it is. Correct the pack's `token_url`"]),
        (Answer(status=302, headers={"Location": "/x"}), ["not sent after a redirect"]),
        (Answer(status=404), ["status 404. Check the pack's `token_url`"]),
    ],
)  # fmt: skip
def test_a_refused_refresh_says_what_to_do(
    service: OAuthService, open_fetcher: Open, answer: Answer, shown: list[str]
) -> None:
    """The connection, what failed, which variables to renew; no secret; asked once (A3, A4)."""
    service.token_answer = answer
    variables = {"refresh_token": "ACME_REFRESH", "client_secret": "ACME_SECRET"}
    fetcher = open_fetcher(variables=variables)
    with pytest.raises(AuthenticationFailedError) as caught:
        fetch(fetcher, service)
    text = str(caught.value)
    assert text.startswith(REFUSED)
    for part in shown:
        assert part in text
    assert not any(secret in text for secret in ("refresh-token-0", CLIENT_SECRET))
    asked = len(service.token_requests)
    with pytest.raises(AuthenticationFailedError):
        fetch(fetcher, service)
    assert len(service.token_requests) == asked


def test_a_token_endpoint_that_is_busy_is_asked_again(
    service: OAuthService, open_fetcher: Open
) -> None:
    """503 of the token endpoint is waited out like that of the API (F5, A3)."""
    busy = [Answer(status=503)]
    service.server.answer = lambda seen: busy.pop() if busy else service.answer(seen)
    assert fetch(open_fetcher(), service) == {"ok": True}
    assert len(service.token_requests) == 2


def test_a_missing_refresh_token_is_named(service: OAuthService, open_fetcher: Open) -> None:
    """An unset credential is a clear error (A2)."""
    with pytest.raises(RequestRefusedError, match="no 'refresh_token'"):
        fetch(open_fetcher(CLIENT_CREDENTIALS), service)


@pytest.mark.parametrize(
    ("url", "endpoint", "goes_to"),
    [
        ("https://login.example.org/token", None, "https://login.example.org/token"),
        ("/oauth/token", "https://acme.example.com", "https://acme.example.com/oauth/token"),
        ("/oauth/token", "https://evil.org", None),
        ("http://127.0.0.1:1/token", None, None),
    ],
)
def test_where_tokens_may_be_asked_for(
    connect: Connect, url: str, endpoint: str | None, goes_to: str | None
) -> None:
    """The host the pack's author wrote, or a declared domain; only https (A3, F4)."""
    authentication = make_authentication(
        type="OAuth2ClientCredentials", token_url=url, requires_endpoint_url=True
    )
    connection = connect(
        authentication, ("example.com",), endpoint=endpoint, allow_http_localhost=False
    )
    if goes_to:
        assert service_url(connection, connection.authentication.token_url) == httpx.URL(goes_to)
    else:
        with pytest.raises(RequestRefusedError):
            service_url(connection, connection.authentication.token_url)


def test_the_tokens_show_nowhere(
    service: OAuthService, open_fetcher: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """Tokens obtained at run time are redacted as configured ones are (A4)."""
    caplog.set_level("DEBUG")
    fetcher = open_fetcher()
    fetch(fetcher, service)
    service.extra = {"access_token": "access-token-1", "refresh_token": "refresh-token-9"}
    echo = b'{"seen": "Bearer access-token-1 refresh-token-1"}'
    service.server.answer = lambda _: Answer(status=400, body=echo, headers={"X": "access-token-1"})
    with pytest.raises(FetchError) as caught:
        fetch(fetcher, service)
    error = caught.value
    shown = f"{error} {error.__cause__} {error.__context__} {caplog.text}"
    assert "[secret]" in shown
    assert not any(f"{kind}-token-" in shown for kind in ("access", "refresh"))
    frames = error.__traceback__
    while frames and frames.tb_next:
        frames = frames.tb_next
    assert frames is not None
    assert frames.tb_frame.f_code.co_name == "send"


def test_tokens_may_be_obtained_elsewhere_than_the_pack_says(
    service: OAuthService, open_fetcher: Open
) -> None:
    """`token_url` of the connection goes before the pack's: a test's server, a company's own."""
    own = service.authentication.token_url
    declared = replace(service.authentication, token_url=own.replace("/token", "/elsewhere"))
    fetch(open_fetcher(authentication=declared, token_url=own), service)
    assert len(service.token_requests) == 1
