"""What a table that is synced in a test may ask for, and what it is given to ask with."""

from typing import Any

import pytest

from pack_sdk import PreviousAttemptError, RequestRefusedError, StatusCodeError, UserVisibleError
from pack_sdk.testing import MockFetcher, RecordingLogger, StatusCode, execute_sync_table
from tests.pack_sdk.sync_samples import ITEM, Steps, fetching, pack_of, sync

URL = "https://api.example.com/items"


def test_an_unexpected_request_does_not_reach_on_error() -> None:
    """It is the test's error, not the pack's: nothing may hide it."""

    def explain(*_: Any) -> None:
        raise UserVisibleError("the API is down")

    pack = pack_of(fetching(URL), on_error=explain)
    with pytest.raises(AssertionError, match="does not expect"):
        execute_sync_table(pack, "Items", fetcher=MockFetcher())


@pytest.mark.parametrize(
    ("url", "endpoint", "message"),
    [
        ("http://api.example.com/a", None, "only https"),
        ("https://example.com/a", None, "not on a network domain.*api.example.com"),
        ("https://evilapi.example.com.evil.com/a", None, "not on a network domain"),
        ("https://acme.test/a", "https://acme.test", "not on a network domain"),
        ("/a", None, "relative"),
    ],
)
def test_requests_that_the_engine_would_refuse(url: str, endpoint: Any, message: str) -> None:
    """They are refused here too, even if an answer is prepared (contract F4)."""
    steps = Steps(fetching(url))
    with pytest.raises(RequestRefusedError, match=message):
        sync(steps, fetcher=MockFetcher({}), endpoint=endpoint)


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        (URL, None),
        ("https://eu.api.example.com/a", None),
        ("/a", "https://api.example.com"),
        ("http://localhost:8000/a", None),
    ],
)
def test_requests_that_the_engine_would_send(url: str, endpoint: Any) -> None:
    """On a declared domain or below it, relative to the endpoint, on this machine (F4)."""
    steps = Steps(fetching(url))
    assert sync(steps, fetcher=MockFetcher({"result": []}), endpoint=endpoint).rows == []


def test_the_context_is_complete() -> None:
    """Logger, schema, endpoint and the last failure are what a sync would have (C17)."""
    logger, failure = RecordingLogger(), PreviousAttemptError(type="Timeout")

    def write(_: Any, context: Any) -> None:
        context.logger.info("here")

    steps = Steps(write)
    sync(steps, logger=logger, previous_attempt_error=failure, endpoint="https://api.example.com")
    context = steps.contexts[0]
    assert logger.lines == [("info", "here")]
    assert context.previous_attempt_error is failure
    assert context.endpoint == "https://api.example.com"
    assert context.sync.schema is ITEM


def test_errors_of_the_api_are_raised() -> None:
    """As they are, without another try."""
    fetcher = MockFetcher(StatusCode(503), [])
    with pytest.raises(StatusCodeError):
        sync(Steps(fetching(URL)), fetcher=fetcher)
    assert len(fetcher.requests) == 1
