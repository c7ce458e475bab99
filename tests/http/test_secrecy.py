"""Secrets stay inside the fetcher (contract A2, A4)."""

import pytest

from pack_sdk.authentication import Authentication, AuthenticationType
from pack_sdk.errors import (
    RequestRefusedError,
    StatusCodeError,
)
from pack_sdk.fetching import FetchRequest
from tests.conftest import Connect, impatient
from tests.http_server import Answer, HttpServer

TOKEN = Authentication(type=AuthenticationType.QUERY_PARAM_TOKEN, param_name="key")


def test_the_token_shows_nowhere(
    server: HttpServer, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither errors, what led to them, nor the log say a secret (A4)."""
    caplog.set_level("DEBUG", "httpx")
    echo = b'{"url": "/?key=hunter%2F22", "token": "hunter/22"}'
    server.answer = lambda seen: Answer(
        status=200 if seen.path == "/ok" else 401,
        body=echo,
        headers={"Link": f"<{server.url}/?key=hunter%2F22&page=2>"},
    )
    fetcher = impatient(connect(TOKEN, credentials={"token": "hunter/22"}))
    response = fetcher.send(FetchRequest(url=f"{server.url}/ok"))
    with pytest.raises(StatusCodeError) as caught:
        fetcher.send(FetchRequest(url=f"{server.url}/x?key=hunter%2F22"))

    assert server.requests[0].query == {"key": ["hunter/22"]}
    error = caught.value
    texts = [error, caplog.text, fetcher.last_answer, error.__cause__, error.__context__]
    assert "hunter" not in " ".join(str(text) for text in texts)
    # What a pack receives is as it came: a credential may be a word of the data.
    assert response.headers["link"] == f"<{server.url}/?key=hunter%2F22&page=2>"


def test_no_frame_of_an_error_holds_the_credentials(server: HttpServer, connect: Connect) -> None:
    """A traceback that shows local variables shows no token (A2, A4)."""
    server.answers(Answer(status=401))
    fetcher = impatient(connect(TOKEN, credentials={"token": "hunter22"}))
    with pytest.raises(StatusCodeError) as caught:
        fetcher.send(FetchRequest(url=server.url))
    names: list[str] = []
    frames = caught.value.__traceback__
    while frames:
        names.append(frames.tb_frame.f_code.co_name)
        frames = frames.tb_next
    assert names[-1] == "send"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_disable_authentication_leaves_credentials_out(
    server: HttpServer, connect: Connect
) -> None:
    """A request that asks for no credentials gets none, and needs none (A2)."""
    fetcher = impatient(connect(TOKEN))
    fetcher.send(FetchRequest(url=server.url, disable_authentication=True))
    assert server.requests[0].query == {}
    with pytest.raises(RequestRefusedError, match="no 'token'"):
        fetcher.send(FetchRequest(url=server.url))
