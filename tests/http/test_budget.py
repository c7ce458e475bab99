"""Requests under a rate: waited for, given up where it takes too long, counted for all (F8)."""

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pack_sdk.authentication import Authentication
from pack_sdk.errors import ConnectionFailedError, RequestRefusedError
from pack_sdk.fetching import FetchRequest
from pack_sync.budgets.books import Books, FileBooks, PostgresBooks
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.http.budget import BudgetSpentError, describe_usage
from pack_sync.http.connection import Connection
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.http.single_request import Spender
from pack_sync.warehouse.postgres_catalogue import PostgresCatalogue
from tests.http_server import Answer, HttpServer, SeenRequest
from tests.warehouses import postgres_database

RATE = ["20/s", "100000/day"]


class Clock:
    """A clock that a test sets; it moves on by itself at each look, if told so."""

    def __init__(self, step: float = 0.0) -> None:
        self.now = 1_796_040_000.0
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Limited:
    """A service that counts what it got in the last second, and refuses what is too much."""

    def __init__(self, requests: int) -> None:
        self._requests = requests
        self._lock = threading.Lock()
        self._times: deque[float] = deque()

    def __call__(self, _: SeenRequest) -> Answer:
        with self._lock:
            now = time.monotonic()
            while self._times and self._times[0] <= now - 1:
                self._times.popleft()
            self._times.append(now)
            good = len(self._times) <= self._requests
        return Answer(body=b"{}") if good else Answer(status=429, headers={"Retry-After": "1"})


@contextmanager
def account(books: Books, rate: Any, **settings: Any) -> Generator[Connection]:
    """A connection with a budget."""
    options: dict[str, Any] = {"name": "default", "allow_http_localhost": True, **settings}
    configured = ConnectionSettings(pack="tracker", rate=rate, **options)
    with Connection(configured, Authentication(), [], books=books) as connection:
        yield connection


def get(connection: Connection, url: str, spender: Spender | None = None) -> int:
    """Ask once; the status of the answer."""
    fetcher = SyncFetcher(connection, spender=spender)
    return fetcher.send(FetchRequest(method="GET", url=url)).status


def ask_for_seconds(connection: Connection, url: str, seconds: float) -> None:
    """Ask, and try again for so long."""
    fetcher = SyncFetcher(connection)
    fetcher.begin_page(seconds)
    fetcher.send(FetchRequest(url=url))


def ask_often(file: Path, url: str, times: int) -> None:
    """In a process of its own: ask from four threads."""
    with account(FileBooks(file), RATE) as connection, ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(get, connection, url) for _ in range(times)]
        assert {each.result() for each in asked} == {200}


def test_two_processes_never_ask_too_much(tmp_path: Path, server: HttpServer) -> None:
    """They share one account: the service refuses nothing, and they wait for each other."""
    server.answer = Limited(20)
    processes = [
        multiprocessing.get_context("spawn").Process(
            target=ask_often, args=(tmp_path / "budgets.sqlite", server.url, 35)
        )
        for _ in range(2)
    ]
    began = time.monotonic()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(server.requests) == 70  # none again
    assert time.monotonic() - began > 3
    with account(FileBooks(tmp_path / "budgets.sqlite"), RATE) as connection:
        assert connection.budget is not None
        assert [usage.used for usage in connection.budget.usage()][1] == 70


def test_a_day_that_is_spent_is_not_waited_for(tmp_path: Path, server: HttpServer) -> None:
    """The service is not asked; the message says how much is used, and when it goes on."""
    clock = Clock()
    books = FileBooks(tmp_path / "budgets.sqlite", clock)
    with account(books, ["10/min", "3/day UTC"]) as connection:
        assert [get(connection, server.url) for _ in range(3)] == [200] * 3
        with pytest.raises(BudgetSpentError) as told:
            get(connection, server.url)
        assert str(told.value).startswith(
            f"GET {server.url} was not sent: it waits for the budget of tracker (default): 3 of "
            "3 requests per day (UTC) used, on again at "
        )
        assert len(server.requests) == 3
        assert connection.budget is not None
        of_minute, of_day = [describe_usage(usage) for usage in connection.budget.usage()]
        assert of_minute == "3 of 10 requests per min used, 7 left"
        assert of_day.startswith("3 of 3 requests per day (UTC) used, 0 left")
        clock.now += 86_400
        assert get(connection, server.url) == 200


def test_a_wait_is_told_once(tmp_path: Path, server: HttpServer) -> None:
    """And it is no time of the page."""
    told: list[str] = []
    books = FileBooks(tmp_path / "budgets.sqlite", Clock(step=5))
    with account(books, "1/min") as connection:
        spender = Spender(tell=told.append)
        fetcher = SyncFetcher(connection, spender=spender)
        for _ in range(2):
            fetcher.begin_page(1)
            fetcher.send(FetchRequest(method="GET", url=server.url))
    (line,) = told
    assert line.startswith(
        "waits for the budget of tracker (default): 1 of 1 requests per min used"
    )


def test_what_the_service_says_corrects_it(tmp_path: Path, server: HttpServer) -> None:
    """Somebody else uses the account as well."""
    stated = {"X-RateLimit-Limit": "5000", "X-RateLimit-Reset": "1800"}
    server.answers(
        *(
            Answer(body=b"{}", headers={**stated, "X-RateLimit-Remaining": left})
            for left in ("1", "0")
        )
    )
    with account(FileBooks(tmp_path / "budgets.sqlite"), "5000/hour") as connection:
        assert [get(connection, server.url) for _ in range(2)] == [200] * 2
        with pytest.raises(BudgetSpentError, match="5,000 of 5,000 requests per hour used"):
            get(connection, server.url)


def test_a_pause_holds_for_other_processes(tmp_path: Path, server: HttpServer) -> None:
    """What one was told with Retry-After, the others are told by the books."""
    server.answers(Answer(status=429, headers={"Retry-After": "3600"}))
    file = tmp_path / "budgets.sqlite"
    with account(FileBooks(file), "5/s") as connection, pytest.raises(Exception, match="wants no"):
        get(connection, server.url)
    told = pytest.raises(BudgetSpentError, match="asked for a pause; on again at")
    with account(FileBooks(file), "5/s") as other, told:
        get(other, server.url)
    assert len(server.requests) == 1


def ask_and_die(file: Path, url: str) -> None:
    """In a process of its own: die while a request is under way."""
    with account(FileBooks(file), "2/min") as connection:
        get(connection, url)


def test_a_request_of_a_process_that_dies_counts(tmp_path: Path, server: HttpServer) -> None:
    """The service may have counted it; the books are whole."""
    file = tmp_path / "budgets.sqlite"

    def kill(_: SeenRequest) -> Answer:
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        return Answer(drop=True)

    server.answer = kill
    process = multiprocessing.get_context("spawn").Process(
        target=ask_and_die, args=(file, server.url)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    with account(FileBooks(file), "2/min") as connection:
        assert connection.budget is not None
        assert [usage.used for usage in connection.budget.usage()] == [1]


def test_books_that_are_damaged(tmp_path: Path, server: HttpServer) -> None:
    """Nothing is sent that might be too much; the file is named, and what to do."""
    file = tmp_path / "budgets.sqlite"
    file.write_bytes(b"no database at all, but long enough to be looked at" * 50)
    told = pytest.raises(RequestRefusedError, match=r"budgets\.sqlite, which cannot be used")
    with account(FileBooks(file), "5/s") as connection, told:
        get(connection, server.url)
    assert not server.requests


def test_machines_share_a_postgres(tmp_path: Path, server: HttpServer) -> None:
    """By the row of the account, and the clock of the Postgres."""
    catalogue = PostgresCatalogue(postgres_database(tmp_path))
    with (
        account(PostgresBooks(catalogue), "3/hour") as one,
        account(PostgresBooks(catalogue), "3/hour") as two,
        account(PostgresBooks(catalogue), "3/hour", name="other") as other,
    ):
        assert [get(each, server.url) for each in (one, two, one)] == [200] * 3
        for each in (one, two):
            with pytest.raises(BudgetSpentError):
                get(each, server.url)
        assert get(other, server.url) == 200


def test_a_postgres_that_is_gone(server: HttpServer) -> None:
    """A request fails as if the service could not be reached: the sync is tried again later."""
    gone = PostgresBooks(PostgresCatalogue("host=127.0.0.1 port=1 dbname=x"), patience_seconds=0)
    told = pytest.raises(ConnectionFailedError, match="rate` cannot be read: the catalogue")
    with account(gone, "3/hour") as connection, told:
        ask_for_seconds(connection, server.url, 1)
    assert not server.requests


def test_without_a_rate_nothing_is_written(tmp_path: Path, server: HttpServer) -> None:
    """Nor looked at."""
    with account(FileBooks(tmp_path / "budgets.sqlite"), []) as connection:
        assert get(connection, server.url) == 200
        assert connection.budget is None
    assert not list(tmp_path.iterdir())
