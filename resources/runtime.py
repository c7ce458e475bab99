"""`PackRuntime`: the one interface between the engine and packs of any language."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pack_sdk.context import Logger, PreviousAttemptError, SyncState
from pack_sdk.fetching import FetchRequest, FetchResponse
from resources.page import Page


class PageTimeoutError(Exception):
    """A call into the pack took longer than the page timeout (contract C14)."""


class Fetching(Protocol):
    """What a runtime needs of the fetcher: one request at a time, until a deadline."""

    def send(self, request: FetchRequest) -> FetchResponse:
        """Send a request on behalf of the pack (see `resources.fetcher`)."""
        ...

    def begin_page(self, seconds: float) -> None:
        """Let requests take `seconds` from now on."""
        ...

    def cancel(self) -> None:
        """Refuse every further request: the call that would make them was given up."""
        ...


@dataclass(frozen=True, kw_only=True)
class CallEnvironment:
    """What a session lends to the pack's code besides its arguments."""

    fetcher: Fetching
    logger: Logger
    endpoint: str | None
    page_timeout_seconds: float
    previous_attempt_error: PreviousAttemptError | None = None


class TableSession(Protocol):
    """One sync of one table: the pack's code, loaded and ready to be called."""

    def execute(self, args: Sequence[Any], sync: SyncState) -> Page:
        """Call `execute` once and return its page (contract C1, C2).

        Raises what the pack raised (after `onError`, contract C22), `InvalidResultError`,
        or `PageTimeoutError`.
        """
        ...

    def validate_parameters(self, args: Sequence[Any], sync: SyncState) -> Any:
        """Call `validateParameters` and return its answer, None if there is none (C21)."""
        ...

    def close(self) -> None:
        """Let go of the pack's code; a call still under way is abandoned."""
        ...


class PackRuntime(Protocol):
    """Runs the tables of one pack."""

    def open(self, table_name: str, environment: CallEnvironment) -> TableSession:
        """Open a session for one sync of a table."""
        ...
