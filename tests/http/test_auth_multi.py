"""Several tokens, each in its own header or query parameter (contract A1, A2)."""

import pytest

from pack_sdk.authentication import Authentication, make_authentication
from pack_sdk.errors import RequestRefusedError, StatusCodeError
from pack_sdk.fetching import FetchRequest
from tests.conftest import Connect, impatient
from tests.http_server import Answer, HttpServer

HEADERS = make_authentication(
    type="MultiHeaderToken",
    headers=[
        {"name": "X-App-Key", "description": "The application's key."},
        {"name": "Authorization", "description": "The user's token.", "tokenPrefix": "Token"},
    ],
)
PARAMS = make_authentication(
    {
        "type": "MultiQueryParamToken",
        "params": [{"name": "key", "description": "Key."}, {"name": "secret"}],
    }
)
IN_HEADERS = {"X-App-Key": "app-key-1", "Authorization": "user-token-2"}
IN_PARAMS = {"key": "key/1&2", "secret": "secret-2"}


def test_each_header_gets_its_token(server: HttpServer, connect: Connect) -> None:
    """By the header's name, behind its prefix, in place of what the pack wrote (A1, A2)."""
    fetcher = impatient(connect(HEADERS, credentials=IN_HEADERS))
    fetcher.send(FetchRequest(url=server.url, headers={"x-app-key": "mine"}))
    headers = server.requests[0].headers
    assert (headers["x-app-key"], headers["authorization"]) == ("app-key-1", "Token user-token-2")


def test_each_query_parameter_gets_its_token(server: HttpServer, connect: Connect) -> None:
    """By the parameter's name, in place of what the pack wrote (A1, A2)."""
    fetcher = impatient(connect(PARAMS, credentials=IN_PARAMS))
    fetcher.send(FetchRequest(url=f"{server.url}/x?a=1&key=mine"))
    assert server.requests[0].query == {"a": ["1"], "key": ["key/1&2"], "secret": ["secret-2"]}


@pytest.mark.parametrize(
    ("authentication", "credentials", "missing"),
    [(HEADERS, {"X-App-Key": "x"}, "Authorization"), (PARAMS, {"key": "x"}, "secret")],
)
def test_a_missing_token_is_named(
    connect: Connect, authentication: Authentication, credentials: dict[str, str], missing: str
) -> None:
    """One of several that is unset is a clear error, and nothing is sent (A2)."""
    fetcher = impatient(connect(authentication, credentials=credentials))
    with pytest.raises(RequestRefusedError, match=f"no '{missing}'"):
        fetcher.send(FetchRequest(url="https://api.example.com/"))


def test_tokens_do_not_follow_to_another_host(server: HttpServer, connect: Connect) -> None:
    """Nor those that the pack wrote, or that the server repeats in its `Location` (F4)."""
    other = HttpServer()
    try:
        server.answers(
            Answer(status=302, headers={"Location": f"{other.url}/?key=key%2F1%262&a=1&secret=x"})
        )
        impatient(connect(PARAMS, credentials=IN_PARAMS)).send(FetchRequest(url=server.url))
        headers = {"X-App-Key": "mine"}
        fetcher = impatient(connect(HEADERS, credentials=IN_HEADERS))
        fetcher.send(FetchRequest(url=server.url, headers=headers))
        assert other.requests[0].query == {"a": ["1"]}
        assert not {"x-app-key", "authorization"} & set(other.requests[1].headers)
    finally:
        other.close()


def test_no_token_shows(server: HttpServer, connect: Connect) -> None:
    """All of several tokens are redacted (A4)."""
    server.answers(Answer(status=400, body=b'"app-key-1 user-token-2"'))
    fetcher = impatient(connect(HEADERS, credentials=IN_HEADERS))
    with pytest.raises(StatusCodeError, match=r"\[secret\] \[secret\]"):
        fetcher.send(FetchRequest(url=server.url))
