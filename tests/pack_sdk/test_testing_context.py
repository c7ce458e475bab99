"""Contexts, clock and logger for tests of packs."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pack_sdk import AsyncFetcher, Completion, Fetcher, Logger, PreviousAttemptError
from pack_sdk.testing import Clock, RecordingLogger, make_async_context, make_context


def test_a_context_of_a_full_sync() -> None:
    """With nothing given: the first page of a full sync, and no request expected (C7)."""
    context = make_context()
    assert isinstance(context.fetcher, Fetcher)
    assert isinstance(make_async_context().fetcher, AsyncFetcher)
    assert context.sync.continuation is None
    assert context.sync.previous_completion is None
    assert context.sync.started_at == Clock().now
    with pytest.raises(AssertionError, match="no further request"):
        context.fetcher.fetch(url="https://api.example.com")


def test_a_context_holds_what_it_is_given() -> None:
    """In both places where the contract has it (contract C16, C17)."""
    previous = Completion(incremental_continuation={"token": 1})
    failure = PreviousAttemptError(type="Timeout")
    moment = datetime(2025, 3, 1, tzinfo=UTC)
    for make in (make_context, make_async_context):
        context = make(
            clock=Clock(moment),
            continuation={"page": 2},
            previous_completion=previous,
            parameters={"team": "A"},
            endpoint="https://acme.example.com",
            previous_attempt_error=failure,
        )
        assert context.sync.continuation == context.continuation == {"page": 2}
        assert context.sync.previous_completion is context.previous_completion is previous
        assert context.sync.parameters == {"team": "A"}
        assert context.sync.started_at == moment
        assert context.endpoint == "https://acme.example.com"
        assert context.previous_attempt_error is failure


def test_a_clock_stands_still_until_it_is_moved() -> None:
    """By a timedelta, by units, or to another time, which is kept in UTC (contract D10)."""
    clock = Clock(datetime(2025, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now.isoformat() == clock.now.isoformat() == "2025-01-01T10:00:00+00:00"
    clock.advance(timedelta(minutes=1))
    clock.advance(hours=1, seconds=5)
    assert clock.now == datetime(2025, 1, 1, 11, 1, 5, tzinfo=UTC)
    clock.now = datetime(2024, 1, 1, tzinfo=UTC)
    assert clock.now.year == 2024


def test_a_clock_needs_a_zone() -> None:
    """A time without one is of no place (contract D10)."""
    with pytest.raises(ValueError, match="no time zone"):
        Clock(datetime(2025, 1, 1))


def test_a_logger_keeps_its_lines() -> None:
    """So that a test can say what a pack is to log."""
    recorded = RecordingLogger()
    logger: Logger = recorded
    logger.debug("a")
    logger.info("b")
    logger.warning("c")
    logger.error("d")
    assert recorded.lines == [("debug", "a"), ("info", "b"), ("warning", "c"), ("error", "d")]
