"""How a sync can fail, and what the next attempt is told of it (contract C17)."""

from pack_sdk.context import AttemptErrorKind, PreviousAttemptError
from pack_sdk.errors import (
    AuthenticationFailedError,
    InvalidResultError,
    PackDefinitionError,
    RequestRefusedError,
    ResponseSizeTooLargeError,
    StatusCodeError,
    UserVisibleError,
)
from pack_sync.commit.commit import SupersededError
from pack_sync.http.budget import BudgetSpentError
from pack_sync.http.connection_failures import LastingFailureError
from pack_sync.http.pauses import LongPauseError
from pack_sync.ledger.sync_runs import RunRecord
from pack_sync.runtimes.runtime import PageTimeoutError
from pack_sync.warehouse.storage_errors import (
    CatalogueError,
    ConflictError,
    DatabaseError,
    DiskFullError,
    LakeFilesError,
    StorageError,
)


class SyncFailedError(Exception):
    """A sync of a table failed; nothing of it was applied. The message says all."""


class EndlessContinuationError(Exception):
    """A page returned the continuation that it was called with (contract C15)."""


class ParametersRejectedError(Exception):
    """`validateParameters` refused the values (contract C21)."""


class TooManyRejectedRowsError(Exception):
    """More rows were rejected than the configuration allows; nothing was applied (S4)."""


class HeldSyncError(Exception):
    """A full sync would delete so many rows that it waits for a person's decision (D8)."""


class SyncCancelledError(Exception):
    """The run was cancelled; the sync stopped between two pages."""


# What keeps a lake is soon back, and whoever wrote to it meanwhile is done.
_SOON_OVER = (CatalogueError, ConflictError, LakeFilesError)

# The same would happen again at once: somebody must change something, or decide.
_POINTLESS_TO_RETRY = (
    AuthenticationFailedError,
    InvalidResultError,
    LastingFailureError,
    LongPauseError,
    PackDefinitionError,
    RequestRefusedError,
    UserVisibleError,
    EndlessContinuationError,
    HeldSyncError,
    ParametersRejectedError,
    SupersededError,
    SyncCancelledError,
    TooManyRejectedRowsError,
    StorageError,
    DatabaseError,
)

# Of the refusals, from 400 to 499, those of the moment: too slow, a conflict, a lock, too early,
# too many requests. The others are of the request, which would be the same again.
_REFUSED_FOR_NOW = frozenset({408, 409, 421, 423, 425, 429})

# Errors of ours with the remedy in the message; a traceback would only hide it.
_SAYS_ALL = (
    AuthenticationFailedError,
    LongPauseError,
    RequestRefusedError,
    EndlessContinuationError,
    HeldSyncError,
    ParametersRejectedError,
    SupersededError,
    SyncCancelledError,
    TooManyRejectedRowsError,
    StorageError,
)


# Somebody stopped the sync, or it could not go on, for a reason that has nothing to do with it.
_SAYS_NOTHING_OF_THE_PAGES = (
    AuthenticationFailedError,
    LongPauseError,
    SyncCancelledError,
    StorageError,
)


def says_all(error: BaseException) -> bool:
    """Whether the message is all that helps; of other errors the traceback may."""
    return isinstance(error, _SAYS_ALL)


def is_worth_resuming(error: Exception, new_pages: int) -> bool:
    """Whether a later attempt should resume after the pages of the one that failed (contract D9).

    `new_pages` counts those that were not there when it began: without any, what was
    resumed may be what makes it fail. When the disk is full, its room is worth more than the pages.
    """
    if isinstance(error, _SAYS_NOTHING_OF_THE_PAGES):
        return not isinstance(error, DiskFullError)
    return new_pages > 0 and (is_worth_retrying(error) or isinstance(error, StatusCodeError))


def is_worth_retrying(error: Exception) -> bool:
    """Whether the same sync may succeed when it is tried again at once."""
    if isinstance(error, _SOON_OVER):
        return True
    if isinstance(error, _POINTLESS_TO_RETRY):
        return False
    status = status_code_of(error)
    return status is None or not 400 <= status < 500 or status in _REFUSED_FOR_NOW


def kind_of(error: Exception) -> AttemptErrorKind:
    """The contract's word for an error (C17)."""
    if isinstance(error, PageTimeoutError):
        return "Timeout"
    if isinstance(error, ResponseSizeTooLargeError):
        return "ResponseTooLarge"
    if isinstance(error, LongPauseError):
        return "RateLimitExceeded"
    if isinstance(error, StatusCodeError):
        return "RateLimitExceeded" if error.status_code == 429 else "HttpStatusError"
    return "Unknown"


def error_type_of(error: Exception) -> str:
    """What the ledger calls an error: the contract's word, or what ended the sync otherwise."""
    if isinstance(error, HeldSyncError | SupersededError | SyncCancelledError):
        return status_of(error).capitalize()
    return kind_of(error)


def status_code_of(error: Exception) -> int | None:
    """The status of a `StatusCodeError`, None for other errors."""
    return error.status_code if isinstance(error, StatusCodeError) else None


def describe_previous(error: Exception) -> PreviousAttemptError:
    """What `context.previous_attempt_error` says about an error."""
    return PreviousAttemptError(
        type=kind_of(error), message=sentence(error), status_code=status_code_of(error)
    )


def sentence(error: Exception) -> str:
    """An error as one sentence: its type, what it says, and what was noted on it."""
    name = type(error).__name__
    said = f"{name}: {error}" if str(error) else name
    return " ".join([said, *getattr(error, "__notes__", [])])


def status_of(error: Exception) -> str:
    """What the ledger calls a sync that ended with this error."""
    if isinstance(error, SyncCancelledError):
        return "cancelled"
    if isinstance(error, HeldSyncError):
        return "held"
    if isinstance(error, BudgetSpentError):
        return "postponed"
    return "superseded" if isinstance(error, SupersededError) else "failed"


def previous_failure(last_run: RunRecord | None) -> PreviousAttemptError | None:
    """Why the last run failed, if it did (contract C17)."""
    if last_run is None or last_run.status != "failed":
        return None
    return PreviousAttemptError(
        type=last_run.error_type or "Unknown",  # pyright: ignore[reportArgumentType]
        message=last_run.error_message or "",
        status_code=last_run.error_status_code,
    )
