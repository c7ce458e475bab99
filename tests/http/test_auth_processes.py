"""Refresh tokens survive several processes, threads and abandoned calls (contract A3)."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from pack_sdk.errors import FetchError
from pack_sdk.fetching import FetchRequest
from tests.conftest import Connect, impatient
from tests.http.oauth_service import OAuthService, oauth_credentials
from tests.http_server import Answer, HttpServer, SeenRequest
from tests.warehouses import postgres_database

ROOT = Path(__file__).resolve().parents[2]


class OverlapFinder:
    """Answers token requests; each waits a moment for one that should not come meanwhile."""

    def __init__(self, service: OAuthService) -> None:
        self._service = service
        self._second = threading.Barrier(2)
        self.overlaps = 0
        service.server.answer = self.answer

    def answer(self, seen: SeenRequest) -> Answer:
        if seen.path == "/token":
            try:
                self._second.wait(0.3)
                self.overlaps += 1
            except threading.BrokenBarrierError:
                self._second.reset()
        return self._service.answer(seen)


@pytest.mark.parametrize("place", ["folder", "postgres"])
def test_two_processes_that_refresh_at_once(
    place: str, server: HttpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both meet a 401 at the same time; one refreshes, the other takes what it saved (A3).

    The service revokes everything when a refresh token is used twice. The second request of
    both is rejected together again, so that the rotated token is used by whoever is first.
    """
    where = str(tmp_path)
    if place == "postgres":
        where = f"ducklake:postgres:{postgres_database(tmp_path)}"
        monkeypatch.setenv("PACK_SYNC_STATE_KEY", Fernet.generate_key().decode())
    service = OAuthService(server=server)
    together = threading.Barrier(2)
    finder = OverlapFinder(service)

    def answer(seen: SeenRequest) -> Answer:
        given = (seen.path, seen.headers.get("authorization"))
        if given == ("/one", "Bearer expired-token"):
            together.wait(30)
        if given == ("/two", "Bearer access-token-1"):
            together.wait(30)
            service.issued = max(service.issued, 2)  # rejected, unless refreshed meanwhile
        return finder.answer(seen)

    server.answer = answer
    processes = [
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "tests.http.refreshing_process", server.url, where],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert outputs == [("{'ok': True}\n" * 2, "")] * 2
    assert finder.overlaps == 0
    assert [b"refresh-token-0" in seen.body for seen in service.token_requests] == [True, False]


def test_threads_share_one_refresh(server: HttpServer, connect: Connect, tmp_path: Path) -> None:
    """Eight tables of a connection that meet a 401 together cause one refresh (A3)."""
    service = OAuthService(server=server)
    together = threading.Barrier(8)
    connection = connect(
        service.authentication,
        credentials=oauth_credentials(access_token="expired"),
        credentials_folder=str(tmp_path),
    )

    def answer(seen: SeenRequest) -> Answer:
        if seen.headers.get("authorization") == "Bearer expired":
            together.wait(20)
        return service.answer(seen)

    server.answer = answer
    with ThreadPoolExecutor(8) as threads:
        request = FetchRequest(url=f"{server.url}/api")
        calls = [threads.submit(impatient(connection).send, request) for _ in range(8)]
    assert [call.result().body for call in calls] == [{"ok": True}] * 8
    assert len(service.token_requests) == 1


def test_one_slot_is_enough(server: HttpServer, connect: Connect, tmp_path: Path) -> None:
    """A request waits for its token before it takes a slot, and so does not block it (F5)."""
    service = OAuthService(server=server)
    connection = connect(
        service.authentication,
        credentials=oauth_credentials(access_token="expired"),
        credentials_folder=str(tmp_path),
        max_concurrent_requests=1,
    )
    fetcher = impatient(connection)
    fetcher.begin_page(10)
    assert fetcher.send(FetchRequest(url=f"{server.url}/api")).body == {"ok": True}


@pytest.mark.parametrize("give_up", ["cancel", "page time"])
def test_a_refresh_goes_on_when_the_call_is_given_up(
    server: HttpServer, connect: Connect, tmp_path: Path, give_up: str
) -> None:
    """A page that ends between the endpoint's answer and the saving loses no token (A3, C14)."""
    service = OAuthService(server=server)
    asked, may_answer = threading.Event(), threading.Event()

    def answer(seen: SeenRequest) -> Answer:
        if seen.path == "/token":
            asked.set()
            may_answer.wait(20)
        return service.answer(seen)

    server.answer = answer
    connection = connect(
        service.authentication, credentials=oauth_credentials(), credentials_folder=str(tmp_path)
    )
    fetcher, request = impatient(connection), FetchRequest(url=f"{server.url}/api")
    fetcher.begin_page(0.5 if give_up == "page time" else 20)
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(fetcher.send, request)
        assert asked.wait(10)
        if give_up == "cancel":
            fetcher.cancel()
        with pytest.raises(FetchError, match="Waiting for an access token was stopped"):
            call.result(10)
    may_answer.set()

    assert impatient(connection).send(request).body == {"ok": True}
    assert len(service.token_requests) == 1
    [file] = tmp_path.glob("*.json")
    assert service.refresh_token in file.read_text()
