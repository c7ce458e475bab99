"""What a pack is told when no answer comes (contract F4, F5)."""

import socket
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pack_sdk.authentication import Authentication, AuthenticationType
from pack_sdk.errors import ConnectionFailedError, RequestRefusedError
from pack_sdk.fetching import FetchRequest
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.http import request_retries
from pack_sync.http.allowed_hosts import NetworkPolicy
from pack_sync.http.connection import Connection
from pack_sync.http.connection_failures import UntrustedCertificateError
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.http.guarded_transport import GuardedTransport
from tests.certificates import make_certificate, serving
from tests.conftest import Connect, impatient
from tests.http_server import Answer, HttpServer

HOST = "api.example.com"


@pytest.mark.parametrize("broken", [Answer(drop=True), Answer(body=b'{"a"', announced_length=100)])
def test_a_dropped_connection(server: HttpServer, fetcher: SyncFetcher, broken: Answer) -> None:
    """Dropped before or half-way through the answer: POST fails clearly, GET asks again (F5)."""
    server.answers(broken, broken, Answer(body=b"1"))
    with pytest.raises(ConnectionFailedError, match="dropped the connection before the answer"):
        fetcher.send(FetchRequest(url=server.url, method="POST"))
    assert fetcher.send(FetchRequest(url=server.url)).body == 1
    assert len(server.requests) == 3


@pytest.fixture
def nobody() -> Iterator[str]:
    """A URL where nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unused.getsockname()[1]}"


def test_a_refused_connection(nobody: str, fetcher: SyncFetcher) -> None:
    """Nothing listens: the message says so, and GET tries while the page lasts (F5)."""
    fetcher.begin_page(0.4)
    with pytest.raises(ConnectionFailedError, match="refused the connection") as caught:
        fetcher.send(FetchRequest(url=nobody))
    assert fetcher.statistics.retries > 1
    assert "the page has" in caught.value.__notes__[0]


def test_a_refused_connection_is_not_tried_for_the_whole_page(
    nobody: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that restarts is back in seconds; where none is, a page is not waited out (F5)."""
    assert request_retries.LONGEST_NOT_CONNECTED_SECONDS < 10
    monkeypatch.setattr(request_retries, "LONGEST_NOT_CONNECTED_SECONDS", 0.3)
    fetcher = impatient(connect())
    fetcher.begin_page(60)
    with pytest.raises(ConnectionFailedError, match="refused the connection") as caught:
        fetcher.send(FetchRequest(url=nobody))
    assert fetcher.statistics.retries > 0
    assert fetcher.statistics.seconds < 20
    assert caught.value.__notes__ == [f"Tried {fetcher.statistics.requests} times."]


def test_https_to_a_plain_http_port(server: HttpServer, connect: Connect) -> None:
    """A server that does not speak TLS is told from one with a bad certificate (F5)."""
    fetcher = impatient(connect())
    with pytest.raises(ConnectionFailedError, match="does not speak TLS"):
        fetcher.send(FetchRequest(url=f"https://127.0.0.1:{server.port}/", method="POST"))


def test_no_secret_in_a_failure(server: HttpServer, connect: Connect) -> None:
    """A lost connection does not show the token of the URL (A4)."""
    server.answers(Answer(drop=True))
    authentication = Authentication(type=AuthenticationType.QUERY_PARAM_TOKEN, param_name="key")
    fetcher = impatient(connect(authentication, credentials={"token": "hunter22"}))
    with pytest.raises(ConnectionFailedError) as caught:
        fetcher.send(FetchRequest(url=f"{server.url}/?key=hunter22", method="POST"))
    assert server.requests[0].query == {"key": ["hunter22"]}
    assert "hunter22" not in str(caught.value)
    # An httpx exception would hold the request, and that the token.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "/?key=[secret] failed" in str(caught.value)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of `api.example.com`, with its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"), HOST, "127.0.0.9")


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[HttpServer]:
    """An https server that says it is `api.example.com`."""
    running = HttpServer(serving(certificate))
    yield running
    running.close()


def resolving(
    addresses: Sequence[str] | OSError, *, trusting: Path | None = None, **settings: Any
) -> Connection:
    """A connection for which every name has these addresses."""

    def resolve(_host: str, _port: int) -> Sequence[str]:
        if isinstance(addresses, OSError):
            raise addresses
        return addresses

    bare = Connection(ConnectionSettings(name="acme", **settings), Authentication(), [HOST])
    bare.close()
    trusted = ssl.create_default_context(cafile=trusting) if trusting else None
    transport = GuardedTransport(bare.policy, ssl_context=trusted, resolve=resolve)
    return Connection(bare.settings, Authentication(), [HOST], transport=transport)


def test_https_by_name(tls_server: HttpServer, certificate: Path) -> None:
    """TLS verifies the name although an address is connected to; a dead address is passed by."""
    with resolving(
        ["127.0.0.2", "127.0.0.1"], trusting=certificate, allow_private_addresses=True
    ) as connection:
        response = impatient(connection).send(FetchRequest(url=f"https://{HOST}:{tls_server.port}"))
    assert response.body == {"ok": True}
    assert tls_server.requests[0].headers["host"] == f"{HOST}:{tls_server.port}"


def test_an_untrusted_certificate_is_not_asked_again(tls_server: HttpServer) -> None:
    """A certificate nobody vouches for ends it at once, also for GET (F5)."""
    with resolving(["127.0.0.1"], allow_private_addresses=True) as connection:
        fetcher = impatient(connection)
        with pytest.raises(UntrustedCertificateError, match=f"certificate of {HOST} cannot be"):
            fetcher.send(FetchRequest(url=f"https://{HOST}:{tls_server.port}"))
    assert fetcher.statistics.requests == 1


def test_a_certificate_of_another_name(tls_server: HttpServer, certificate: Path) -> None:
    """A trusted certificate does not do for another host (F4)."""
    with resolving(["127.0.0.1"], trusting=certificate, allow_private_addresses=True) as connection:
        url = f"https://eu.{HOST}:{tls_server.port}"
        with pytest.raises(UntrustedCertificateError, match=f"eu.{HOST}"):
            impatient(connection).send(FetchRequest(url=url))


def test_a_declared_name_that_leads_to_this_machine_is_refused(tls_server: HttpServer) -> None:
    """Addresses are checked before connecting; the message says which, and the remedy (F4)."""
    with (
        resolving(["127.0.0.1", "10.0.0.1"], allow_http_localhost=True) as connection,
        pytest.raises(RequestRefusedError, match=r"leads to 127\.0\.0\.1, 10\.0\.0\.1") as hit,
    ):
        impatient(connection).send(FetchRequest(url=f"https://{HOST}:{tls_server.port}"))
    assert "allow_private_addresses: true" in str(hit.value)
    assert not tls_server.requests


def test_a_name_that_answers_differently_the_second_time(tls_server: HttpServer) -> None:
    """DNS rebinding: the address that was checked is the one connected to (F4)."""
    answers = ["10.0.0.1", "127.0.0.1"]

    def resolve(_host: str, _port: int) -> Sequence[str]:
        return [answers.pop(0)] if len(answers) > 1 else answers

    policy = NetworkPolicy(connection_name="acme", domains=(HOST,))
    connection = Connection(
        ConnectionSettings(name="acme"),
        Authentication(),
        [HOST],
        transport=GuardedTransport(policy, resolve=resolve),
    )
    with connection, pytest.raises(RequestRefusedError, match=r"leads to 10\.0\.0\.1"):
        impatient(connection).send(FetchRequest(url=f"https://{HOST}:{tls_server.port}"))
    assert answers == ["127.0.0.1"]
    assert not tls_server.requests


def test_what_is_checked_is_what_is_connected_to(
    tls_server: HttpServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the check no name is looked up again, not even by the system (F4)."""
    asked: list[Any] = []
    system = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        asked.append(host)
        return system(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with resolving(["127.0.0.1"], trusting=certificate, allow_private_addresses=True) as connection:
        impatient(connection).send(FetchRequest(url=f"https://{HOST}:{tls_server.port}"))
    assert set(asked) == {"127.0.0.1"}


def test_an_unknown_name() -> None:
    """A name that cannot be resolved is named, with what may be the matter (F5)."""
    with resolving(socket.gaierror(-2, "Name or service not known")) as connection:
        fetcher = impatient(connection)
        expected = f"the name {HOST} could not be resolved \\(Name or service not known\\)"
        with pytest.raises(ConnectionFailedError, match=expected):
            fetcher.send(FetchRequest(url=f"https://{HOST}/", method="POST"))
