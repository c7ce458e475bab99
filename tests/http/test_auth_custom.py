"""Custom authentication: templates are replaced outside the pack (contract A2)."""

from typing import Any

import pytest

from pack_sdk import SyncExecutionContext
from pack_sdk.authentication import make_authentication
from pack_sdk.context import SyncState
from pack_sdk.errors import RequestRefusedError, StatusCodeError
from pack_sdk.fetching import FetchRequest
from tests.conftest import Connect, impatient
from tests.http_server import Answer, HttpServer
from tests.runtimes.pack_calls import RecordingFetcher, open_session

TOKEN = "0f5e2d1c"
CUSTOM = make_authentication(
    type="Custom",
    params=[
        {"name": "secretId", "description": "Goes into the URL."},
        {"name": "my key", "description": "Has a blank in its name."},
    ],
)
CREDENTIALS = {"secretId": 'id/1 "ä"&', "my key": "key-2"}


def sent(server: HttpServer, connect: Connect, token: str = TOKEN, **fields: Any) -> Any:
    """Send a request; returns what arrived."""
    fields["url"] = server.url + fields.pop("path", "/x")
    fetcher = impatient(connect(CUSTOM, credentials=CREDENTIALS))
    fetcher.send(FetchRequest(**fields), invocation_token=token)
    return server.requests[-1]


def test_templates_in_a_url(server: HttpServer, connect: Connect) -> None:
    """In path and query, url-encoded; also where the pack encoded the template (A2)."""
    path = (
        f"/a/{{{{secretId-{TOKEN}}}}}/b%2Fc?q={{{{my key-{TOKEN}}}}}"
        f"&e=%7B%7Bmy+key-{TOKEN}%7D%7D&f=%7b%7bsecretId-{TOKEN}%7d%7d"
    )
    seen = sent(server, connect, path=path)
    assert seen.path == "/a/id%2F1%20%22%C3%A4%22%26/b%2Fc"
    assert seen.query == {"q": ["key-2"], "e": ["key-2"], "f": ['id/1 "ä"&']}


def test_templates_in_headers(server: HttpServer, connect: Connect) -> None:
    """Anywhere in a header's value (A2)."""
    headers = {"X-Auth": f"Key {{{{my key-{TOKEN}}}}};{{{{my key-{TOKEN}}}}}"}
    assert sent(server, connect, headers=headers).headers["x-auth"] == "Key key-2;key-2"


def test_a_credential_that_no_header_can_carry(server: HttpServer, connect: Connect) -> None:
    """It is refused by its name and not shown (A2, A4)."""
    with pytest.raises(RequestRefusedError, match="'secretId' has a line break") as caught:
        sent(server, connect, headers={"X-Auth": f"{{{{secretId-{TOKEN}}}}}"})
    assert "id/1" not in str(caught.value)
    assert server.requests == []


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (None, 'ä {"k": "{{secretId-T}}"', 'ä {"k": "id/1 "ä"&"'),
        (None, '{"k": "{{secretId-T}}", "o": "ä"}', '{"k": "id/1 \\"ä\\"&", "o": "ä"}'),
        ("application/x-www-form-urlencoded", "k={{secretId-T}}", "k=id%2F1+%22%C3%A4%22%26"),
        ("text/plain", "k={{secretId-T}}&l={{my key-T}}", 'k=id/1 "ä"&&l=key-2'),
    ],
)
def test_templates_in_a_body(
    server: HttpServer, connect: Connect, kind: str | None, body: str, expected: str
) -> None:
    """As they are; as JSON or a form has it where the body is one (A2)."""
    headers = {"Content-Type": kind} if kind else {}
    body = body.replace("-T}}", f"-{TOKEN}}}}}")
    seen = sent(server, connect, method="POST", body=body, headers=headers)
    assert seen.body.decode() == expected


def test_templates_in_a_form(server: HttpServer, connect: Connect) -> None:
    """In the values of `form`, url-encoded like the rest (A2)."""
    form = {"id": f"x{{{{secretId-{TOKEN}}}}}", "other": "a b"}
    seen = sent(server, connect, method="POST", form=form)
    assert seen.body == b"id=xid%2F1+%22%C3%A4%22%26&other=a+b"


def test_bytes_stay_bytes(server: HttpServer, connect: Connect) -> None:
    """A binary body goes out byte for byte, templates aside (A2)."""
    body = bytes(range(256)) + f"{{{{my key-{TOKEN}}}}}".encode()
    assert sent(server, connect, method="PUT", body=body).body == bytes(range(256)) + b"key-2"


@pytest.mark.parametrize("token", ["", "another", TOKEN[:-1], f"{TOKEN}0"])
def test_a_template_of_another_call_is_left_alone(
    server: HttpServer, connect: Connect, token: str
) -> None:
    """Data that happens to hold a template, or an earlier call's, gets no credential (A2)."""
    body = f"{{{{secretId-{TOKEN}}}}} {{{{secretId-}}}} {{{{my key}}}}"
    assert sent(server, connect, token, method="POST", body=body).body == body.encode()


def test_a_template_for_no_parameter_is_refused(server: HttpServer, connect: Connect) -> None:
    """With the right token it can only be a mistake of the pack; the choices are named (A2)."""
    with pytest.raises(RequestRefusedError, match=r"'secretID'.*\(it has secretId, my key\)"):
        sent(server, connect, path=f"/{{{{secretID-{TOKEN}}}}}")
    assert server.requests == []


def test_disable_authentication_leaves_templates(server: HttpServer, connect: Connect) -> None:
    """A request that asks for no credentials gets none (A2)."""
    body = f"{{{{secretId-{TOKEN}}}}}"
    seen = sent(server, connect, method="POST", body=body, disable_authentication=True)
    assert seen.body == body.encode()


def test_no_credential_shows(server: HttpServer, connect: Connect) -> None:
    """Errors show the template as the pack wrote it, and no credential (A4)."""
    fetcher = impatient(connect(CUSTOM, credentials={"secretId": "hunter/22", "my key": "k"}))
    server.answer = lambda seen: Answer(status=404, body=f'"{seen.path} hunter/22"'.encode())
    request = FetchRequest(url=f"{server.url}/{{{{secretId-{TOKEN}}}}}")
    with pytest.raises(StatusCodeError) as caught:
        fetcher.send(request, invocation_token=TOKEN)
    assert server.requests[0].path == "/hunter%2F22"
    assert f"secretId-{TOKEN}" in str(caught.value)
    assert "hunter" not in str(caught.value)


def test_a_credential_does_not_follow_to_another_host(server: HttpServer, connect: Connect) -> None:
    """A redirect that carries it along is refused; templates that follow stay unfilled (F4)."""
    other = HttpServer()
    try:
        server.answer = lambda seen: Answer(
            status=307, headers={"Location": f"{other.url}{seen.path if seen.path != '/x' else ''}"}
        )
        with pytest.raises(RequestRefusedError, match="a credential in the URL") as caught:
            sent(server, connect, path=f"/{{{{my key-{TOKEN}}}}}")
        assert "key-2" not in str(caught.value)
        assert other.requests == []
        headers = {"X-Auth": f"{{{{my key-{TOKEN}}}}}"}
        sent(server, connect, method="POST", body=f"{{{{my key-{TOKEN}}}}}", headers=headers)
        [seen] = other.requests
        assert "key-2" not in f"{seen}"
    finally:
        other.close()


def test_each_call_of_a_pack_has_its_own_token() -> None:
    """What a pack finds in its context is what its fetcher sends along (A2)."""
    given: list[str] = []

    def execute(_args: Any, context: SyncExecutionContext) -> None:
        given.append(context.invocation_token)
        context.fetcher.fetch(url="https://api.example.com")

    fetcher = RecordingFetcher()
    session = open_session(execute, fetcher=fetcher)
    for _ in range(2):
        session.execute([], SyncState())
    session.close()
    assert fetcher.invocation_tokens == given
    assert len(set(given)) == 2
