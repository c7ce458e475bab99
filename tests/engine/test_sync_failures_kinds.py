"""The contract's words for errors, and which of them another try may cure."""

from typing import Any

import duckdb
import pytest

from pack_sdk import (
    ConnectionFailedError,
    FetchResponse,
    InvalidResultError,
    PackDefinitionError,
    PreviousAttemptError,
    ResponseSizeTooLargeError,
    StatusCodeError,
    UserVisibleError,
)
from pack_sync.commit.commit import SupersededError
from pack_sync.engine.sync_failures import (
    EndlessContinuationError,
    ParametersRejectedError,
    SyncCancelledError,
    describe_previous,
    is_worth_retrying,
)
from pack_sync.http.pauses import LongPauseError
from pack_sync.runtimes.runtime import PageTimeoutError
from pack_sync.warehouse.storage_errors import WarehouseLockedError


def status(code: int) -> StatusCodeError:
    """An answer of that status."""
    return StatusCodeError(FetchResponse(status=code), url="https://acme.example/items")


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (PageTimeoutError("slow"), "Timeout", None),
        (ResponseSizeTooLargeError("https://acme.example", 10), "ResponseTooLarge", None),
        (status(404), "HttpStatusError", 404),
        (status(503), "HttpStatusError", 503),
        (status(429), "RateLimitExceeded", 429),
        (ConnectionFailedError("refused"), "Unknown", None),
        (ValueError("broken"), "Unknown", None),
    ],
)
def test_each_error_has_a_kind(error: Exception, kind: Any, code: int | None) -> None:
    """What `previousAttemptError` says of an error (contract C17)."""
    assert describe_previous(error) == PreviousAttemptError(
        type=kind, message=f"{type(error).__name__}: {error}", status_code=code
    )


@pytest.mark.parametrize(
    "error",
    [
        PageTimeoutError("slow"),
        ResponseSizeTooLargeError("https://acme.example", 10),
        status(500),
        status(429),
        status(409),
        ConnectionFailedError("refused"),
        ValueError("broken"),
    ],
)
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    """A pack can react to these, or they pass by themselves (contract C17)."""
    assert is_worth_retrying(error)


@pytest.mark.parametrize(
    "error",
    [
        InvalidResultError("rows is a str"),
        PackDefinitionError("no id"),
        UserVisibleError("Ask for access."),
        status(404),
        status(403),
        LongPauseError(FetchResponse(status=429), "GET /", seconds=600, longest_seconds=300),
        EndlessContinuationError("page 2"),
        ParametersRejectedError("no such project"),
        SupersededError("another sync"),
        SyncCancelledError("cancelled"),
        WarehouseLockedError("kept by another process"),
        duckdb.IOException("disk full"),
    ],
)
def test_what_stays_wrong_is_not_tried_again(error: Exception) -> None:
    """The same call would end the same way, or has already waited long enough (C17)."""
    assert not is_worth_retrying(error)
