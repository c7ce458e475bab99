"""What `execute` and its companions are given as `context`."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, Literal, TypeAlias

from typing_extensions import TypeVar

from pack_sdk.blob_storage import AsyncTemporaryBlobStorage, TemporaryBlobStorage
from pack_sdk.camel_case import CamelCaseAttributes
from pack_sdk.fetching import AsyncFetcher, Fetcher
from pack_sdk.logger import Logger, SilentLogger
from pack_sdk.results import Completion
from pack_sdk.schemas import Schema

FetcherT = TypeVar("FetcherT", Fetcher, AsyncFetcher, default=Fetcher)
AttemptErrorKind: TypeAlias = Literal[
    "Timeout", "ResponseTooLarge", "HttpStatusError", "RateLimitExceeded", "Unknown"
]


@dataclass(frozen=True, kw_only=True)
class PreviousAttemptError(CamelCaseAttributes):
    """Why the last try of this sync failed (contract C17)."""

    type: AttemptErrorKind
    message: str = ""
    status_code: int | None = None


@dataclass(frozen=True, kw_only=True)
class SyncState(CamelCaseAttributes):
    """`context.sync`: where in which sync this page is.

    `continuation` is what the page before returned, None on the first page (contract C4).
    `previous_completion` is there on every page of an incremental sync and None in a full
    one (contract C7). `started_at` is when the whole sync began, in UTC, the same on every
    page: the right "now" for a timestamp cursor (contract D10). `parameters` holds the
    values of `args` by name.
    """

    continuation: Any = None
    previous_completion: Completion | None = None
    schema: Schema | None = None
    dynamic_url: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    execution_id: str = ""


@dataclass(frozen=True, kw_only=True)
class SyncExecutionContext(CamelCaseAttributes, Generic[FetcherT]):
    """The `context` of one call.

    A pack whose `execute` is `async def` gets an `AsyncFetcher`; annotate the argument as
    `SyncExecutionContext[AsyncFetcher]`. `endpoint` is the connection's base URL, where
    one is configured. `timezone` is always "UTC".
    """

    fetcher: FetcherT
    sync: SyncState = field(default_factory=SyncState)
    logger: Logger = field(default_factory=SilentLogger)
    endpoint: str | None = None
    invocation_token: str = field(default_factory=lambda: uuid.uuid4().hex)
    previous_attempt_error: PreviousAttemptError | None = None
    timezone: str = "UTC"

    @property
    def continuation(self) -> Any:
        """The same as `context.sync.continuation` (contract C16)."""
        return self.sync.continuation

    @property
    def previous_completion(self) -> Completion | None:
        """The same as `context.sync.previous_completion` (contract C16)."""
        return self.sync.previous_completion

    @property
    def temporary_blob_storage(self) -> Any:
        """A `TemporaryBlobStorage`, whose functions are to be awaited as the fetcher's are."""
        if isinstance(self.fetcher, AsyncFetcher):
            return AsyncTemporaryBlobStorage()
        return TemporaryBlobStorage()
