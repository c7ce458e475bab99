"""What the ledger says of a sync that took several tries: what all of them have cost."""

from pathlib import Path
from typing import Any

import pytest

from pack_sync.engine.sync_failures import SyncFailedError
from tests.engine.test_pauses import engine_of, fetch_page, page
from tests.http_server import HttpServer


class Unsteady:
    """Fetches a page each time it is called; the first `failing` times it fails afterwards."""

    def __init__(self, failing: int) -> None:
        self._failing = failing

    def __call__(self, args: Any, context: Any) -> Any:
        """A page, or an error of the pack's own."""
        found = fetch_page(args, context)
        self._failing -= 1
        if self._failing >= 0:
            raise ValueError("not yet")
        return found


def test_requests_of_all_tries_count(tmp_path: Path, server: HttpServer) -> None:
    """Two tries that failed have asked as well, and received."""
    server.answers(*[page(3)] * 3)
    engine = engine_of(tmp_path, server, Unsteady(2))
    engine.configure(attempts=3, retry_wait_seconds=0)
    record = engine.sync().record
    assert record.requests == 3 == len(server.requests)
    assert record.bytes_received == 3 * len(page(3).body)


def test_requests_of_all_tries_count_where_all_failed(tmp_path: Path, server: HttpServer) -> None:
    """The line of the failure is about the sync, not about its last try."""
    server.answers(*[page(3)] * 3)
    engine = engine_of(tmp_path, server, Unsteady(3))
    engine.configure(attempts=3, retry_wait_seconds=0)
    with pytest.raises(SyncFailedError):
        engine.sync()
    (line,) = engine.ledger()
    assert line["requests"] == 3


def test_requests_before_a_useless_continuation_count(tmp_path: Path, server: HttpServer) -> None:
    """A sync that resumed in vain and began again has asked for all of it."""
    server.answers(page(1), page(2), page(3), page(1), page(2), page(3))
    engine = engine_of(tmp_path, server, Unsteady(0))
    calls = 0

    def expiring(args: Any, context: Any) -> Any:
        nonlocal calls
        calls += 1
        found = fetch_page(args, context)
        if calls in (2, 3):
            raise ValueError("the token has expired")
        return found

    engine.execute = expiring
    engine.configure(attempts=2, retry_wait_seconds=0)
    record = engine.sync().record
    assert record.requests == len(server.requests)
