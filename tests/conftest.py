"""For all tests: a server on loopback and connections to it, and no project left from another."""

from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from pack_sdk.authentication import Authentication
from pack_sync import project
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.http.connection import Connection
from pack_sync.http.fetcher import SyncFetcher
from tests.http_server import HttpServer

SLOW = {
    "test_audit_syncs", "test_backfills", "test_benchmarks", "test_browser", "test_clean_shapes",
    "test_crash",
    "test_definitions", "test_demo", "test_dev", "test_dynamic_crawl", "test_faults_api",
    "test_faults_disk", "test_hostile_services", "test_kev_history", "test_killed_syncs",
    "test_npm_build", "test_pauses", "test_planted_faults", "test_processes",
    "test_recovery_drill", "test_split_rows", "test_sync_failures", "test_two_at_once",
    "test_typescript_founding", "test_wheel",
}  # fmt: skip
"""Modules of tests that `make test-quick` leaves out."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of these modules."""
    for item in items:
        if item.path.stem in SLOW:
            item.add_marker("slow")


class Connect(Protocol):
    """Makes a connection that may reach this machine; closed when the test is over."""

    def __call__(
        self,
        authentication: Authentication = ...,
        domains: tuple[str, ...] = ...,
        **settings: Any,
    ) -> Connection: ...


@pytest.fixture(autouse=True)
def _no_project_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test finds its project by itself."""
    monkeypatch.setattr(project, "_in_use", [])


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """A server that a test gives its answers."""
    running = HttpServer()
    yield running
    running.close()


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes connections."""
    opened: list[Connection] = []

    def open_connection(
        authentication: Authentication | None = None,
        domains: tuple[str, ...] = ("api.example.com",),
        **settings: Any,
    ) -> Connection:
        settings = {"name": "acme", "allow_http_localhost": True, **settings}
        connection = Connection(
            ConnectionSettings(**settings), authentication or Authentication(), domains
        )
        opened.append(connection)
        return connection

    yield open_connection
    for connection in opened:
        connection.close()


@pytest.fixture
def fetcher(connect: Connect) -> SyncFetcher:
    """A fetcher without credentials whose growing waits are tiny."""
    return impatient(connect())


def impatient(connection: Connection) -> SyncFetcher:
    """A fetcher whose growing waits begin at a millisecond."""
    return SyncFetcher(connection, first_wait_seconds=0.001)
