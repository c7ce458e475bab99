"""The transport as httpx sees it; what it refuses is in test_connection_failures."""

from collections.abc import Sequence

import httpcore
import httpx
import pytest

from pack_sync.http.allowed_hosts import NetworkPolicy
from pack_sync.http.guarded_transport import GuardedTransport
from tests.http_server import Answer, HttpServer

LOCAL = NetworkPolicy(connection_name="acme", allow_http_localhost=True)


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (httpcore.ConnectError, httpx.ConnectError),
        (httpcore.ConnectTimeout, httpx.ConnectTimeout),
        (httpcore.LocalProtocolError, httpx.LocalProtocolError),
        (httpcore.NetworkError, httpx.NetworkError),
        (httpcore.PoolTimeout, httpx.PoolTimeout),
        (httpcore.ReadError, httpx.ReadError),
        (httpcore.ReadTimeout, httpx.ReadTimeout),
        (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
        (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
        (httpcore.WriteError, httpx.WriteError),
        (httpcore.WriteTimeout, httpx.WriteTimeout),
    ],
)
def test_failures_are_those_of_httpx(
    raised: type[Exception], expected: type[httpx.TransportError]
) -> None:
    """An exception of httpcore becomes the one of httpx, with the first as its cause."""

    def resolve(_host: str, _port: int) -> Sequence[str]:
        raise raised("why")

    transport = GuardedTransport(LOCAL, resolve=resolve)
    with pytest.raises(expected, match="why") as caught:
        transport.handle_request(httpx.Request("GET", "http://localhost/"))
    assert type(caught.value) is expected
    assert type(caught.value.__cause__) is raised


def test_a_client_of_httpx_can_use_it(server: HttpServer) -> None:
    """Status, headers and the streamed body arrive, one request after another."""
    server.answer = lambda _: Answer(status=201, body=b"[1]", headers={"X-One": "1"})
    with httpx.Client(transport=GuardedTransport(LOCAL), trust_env=False) as client:
        responses = [client.get(server.url), client.get(server.url)]
    assert [response.status_code for response in responses] == [201, 201]
    assert responses[0].headers["x-one"] == "1"
    assert responses[1].json() == [1]


def test_a_body_that_breaks_off(server: HttpServer) -> None:
    """What goes wrong while the body is read is an exception of httpx as well."""
    server.answer = lambda _: Answer(body=b"[1", announced_length=100)
    with (
        httpx.Client(transport=GuardedTransport(LOCAL), trust_env=False) as client,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        client.get(server.url)
