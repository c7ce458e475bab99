"""What the tables of one connection share (contract F5, F7, A4)."""

import threading
from collections.abc import Callable

import pytest

from pack_sdk.errors import FetchError, RequestRefusedError, StatusCodeError
from pack_sdk.fetching import FetchRequest, FetchResponse
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.http.page_deadline import PageDeadline
from pack_sync.http.rate_limits import RequestThrottle
from tests.conftest import Connect, impatient
from tests.http_server import Answer, HttpServer, SeenRequest


def in_thread(call: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Run a call in a thread; its result or its FetchError ends up in the list."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(call())
        except FetchError as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def test_repr_hides_the_credentials() -> None:
    """Settings and connections can be logged (A4)."""
    settings = ConnectionSettings(name="acme", credentials={"token": "hunter22"})
    assert "hunter22" not in repr(settings)
    assert "acme" in repr(settings)


def test_a_closed_connection_refuses_requests(server: HttpServer, connect: Connect) -> None:
    """After `close` nothing is sent, and the error says why (F5)."""
    with connect() as connection:
        fetcher = impatient(connection)
        fetcher.send(FetchRequest(url=server.url))
    with pytest.raises(RequestRefusedError, match="'acme' is closed"):
        fetcher.send(FetchRequest(url=server.url))
    assert len(server.requests) == 1


def test_all_tables_share_one_limit(server: HttpServer, connect: Connect) -> None:
    """Two fetchers of a connection never have more requests under way than allowed (F5)."""
    third_arrives = threading.Barrier(3)
    breaches: list[bool] = []

    def answer(_: SeenRequest) -> Answer:
        try:
            third_arrives.wait(0.2)
            breaches.append(True)
        except threading.BrokenBarrierError:
            third_arrives.reset()
        return Answer(body=b"1")

    server.answer = answer
    connection = connect(max_concurrent_requests=2)
    fetchers = [impatient(connection), impatient(connection)]
    url = f"{server.url}/x"
    sends = [in_thread(lambda f=f: f.send(FetchRequest(url=url)).body) for f in fetchers * 3]
    for thread, _ in sends:
        thread.join()

    assert [outcome for _, outcome in sends] == [[1]] * 6
    assert not breaches


def test_a_pause_that_one_table_was_asked_for_holds_for_the_others(
    server: HttpServer, connect: Connect
) -> None:
    """After a 429 with Retry-After no other table of the connection sends anything (F5)."""
    server.answers(Answer(status=429, headers={"Retry-After": "100"}), Answer())
    connection = connect(max_pause_seconds=10)
    first, second = impatient(connection), impatient(connection)
    with pytest.raises(StatusCodeError) as caught:
        first.send(FetchRequest(url=server.url))
    assert caught.value.status_code == 429
    with pytest.raises(StatusCodeError, match="was not sent, as another request") as caught:
        second.send(FetchRequest(url=f"{server.url}/other"))
    assert caught.value.status_code == 429
    assert len(server.requests) == 1


def test_a_pause_is_waited_for_when_the_page_lasts_longer(
    server: HttpServer, connect: Connect
) -> None:
    """A short pause delays the next request, and is no error (F5)."""
    connection = connect()
    connection.limit.pause(0.2, FetchResponse(status=429))
    fetcher = impatient(connection)
    fetcher.send(FetchRequest(url=server.url))
    assert fetcher.statistics.seconds >= 0.2


def test_a_wait_for_a_retry_holds_no_slot(server: HttpServer, connect: Connect) -> None:
    """While one table waits after a 502, another uses the only slot (F5)."""
    server.answer = lambda seen: Answer(status=502) if seen.path == "/busy" else Answer(body=b"1")
    connection = connect(max_concurrent_requests=1)
    waiting, other = SyncFetcher(connection, first_wait_seconds=30), impatient(connection)
    thread, outcome = in_thread(lambda: waiting.send(FetchRequest(url=f"{server.url}/busy")))
    try:
        while not server.requests:
            thread.join(0.01)
        other.begin_page(5)
        assert other.send(FetchRequest(url=f"{server.url}/free")).body == 1
        assert thread.is_alive()
    finally:
        waiting.cancel()
        thread.join(5)
    assert isinstance(outcome[0], FetchError)


def test_a_cancelled_request_stops_waiting_for_a_slot(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`cancel` reaches a request that waits for its turn; no slot needs to come free (F5)."""
    waits = threading.Event()
    check = PageDeadline.check

    def watched(deadline: PageDeadline, doing: str) -> None:
        check(deadline, doing)
        if doing.startswith("Waiting"):
            waits.set()

    monkeypatch.setattr(PageDeadline, "check", watched)
    connection = connect(max_concurrent_requests=1)
    fetcher = impatient(connection)
    with connection.limit.slot(PageDeadline(60, threading.Event()), "GET", "other"):
        thread, outcome = in_thread(lambda: fetcher.send(FetchRequest(url="http://localhost/")))
        assert waits.wait(5)
        fetcher.cancel()
        thread.join(5)
        assert not thread.is_alive()
    assert isinstance(outcome[0], RequestRefusedError)


def test_a_slot_comes_free_whatever_ends_the_request() -> None:
    """A call of the pack that is struck down while it holds a slot gives it back (F5)."""
    limit = RequestThrottle(1)
    deadline = PageDeadline(60, threading.Event())
    for error in (ValueError(), KeyboardInterrupt()):
        with pytest.raises(type(error)), limit.slot(deadline, "GET", "one"):
            raise error
    soon = PageDeadline(1, threading.Event())
    with limit.slot(soon, "GET", "two"):
        pass


def test_a_page_that_gets_no_slot_ends_with_a_clear_error() -> None:
    """Waiting for a slot ends with the page (C14, F5)."""
    limit = RequestThrottle(1)
    with limit.slot(PageDeadline(60, threading.Event()), "GET", "one"):
        late = PageDeadline(0.05, threading.Event())
        with (
            pytest.raises(FetchError, match=r"Waiting to send GET two was stopped: the 0\.05 s"),
            limit.slot(late, "GET", "two"),
        ):
            pass


def test_a_limit_below_one_is_refused() -> None:
    """A limit that would let nothing through is a configuration error (F5)."""
    with pytest.raises(ValueError, match="max_concurrent_requests"):
        RequestThrottle(0)
