"""Trying a failed sync again, with the reason told to the next attempt (contract C17)."""

from collections.abc import Callable
from typing import TypeVar

from pack_sdk.context import PreviousAttemptError
from pack_sync.engine.attempt import AttemptFailedError
from pack_sync.engine.sync_failures import (
    describe_previous,
    is_worth_retrying,
    sentence,
    status_code_of,
)
from pack_sync.engine.sync_job import SyncJob
from pack_sync.http.fetcher import SyncFetcher

T = TypeVar("T")

_EXPIRED = (400, 410)
"""What services answer to a cursor or a page's token that they no longer know."""


def with_retries(
    sync: SyncJob,
    previous_error: PreviousAttemptError | None,
    attempt: Callable[[PreviousAttemptError | None, SyncFetcher], T],
) -> T:
    """Call `attempt` until it succeeds, as often as the sync's settings allow.

    Each attempt is given the error of the one before, and a fetcher of its own, which counts on
    from those before: the ledger has what all of them have cost. Raises the last
    `AttemptFailedError`, whose error is without secrets.
    """
    wait_seconds = sync.settings.retry_wait_seconds
    fetcher = sync.fetcher()
    for number in range(1, sync.settings.attempts + 1):
        try:
            return attempt(previous_error, fetcher)
        except AttemptFailedError as failure:
            error = failure.error
            sync.connection.redactor.redact_error(error)
            last = number == sync.settings.attempts
            # Somebody who cancels does not want to wait for further attempts.
            if last or not _may_help(failure) or sync.cancelled.is_set():
                raise
            previous_error = describe_previous(error)
            fetcher = sync.fetcher(failure.attempt.fetcher.statistics)
            sync.log(
                "warning",
                f"{sync.key}: attempt {number} of {sync.settings.attempts} failed, trying again "
                f"in {wait_seconds:g} s: {sentence(error)}",
            )
            sync.cancelled.wait(wait_seconds)
            wait_seconds *= 2
    raise AssertionError("the last attempt either returns or raises")


def _may_help(failure: AttemptFailedError) -> bool:
    """Whether another attempt may succeed.

    What a service refuses may be a cursor or a continuation that has expired. The next attempt is
    told of it: the pack may ask otherwise, and a continuation that fails again is given up (D9).
    """
    went_on = failure.pages > 0 or not failure.attempt.full
    expired = went_on and status_code_of(failure.error) in _EXPIRED
    return expired or is_worth_retrying(failure.error)
