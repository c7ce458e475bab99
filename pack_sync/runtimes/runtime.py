"""`PackRuntime`: the one interface between the engine and packs of any language."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pack_sdk.choices import Choice
from pack_sdk.context import PreviousAttemptError, SyncState
from pack_sdk.dynamic_answers import DynamicUrl
from pack_sdk.fetching import FetchRequest, FetchResponse
from pack_sdk.logger import Logger
from pack_sdk.schemas import Schema
from pack_sync.spool.page import Page


class PageTimeoutError(Exception):
    """A call into the pack took longer than the page timeout (contract C14)."""


class Fetching(Protocol):
    """What a runtime needs of the fetcher: one request at a time, until a deadline."""

    def send(self, request: FetchRequest, *, invocation_token: str = "") -> FetchResponse:
        """Send a request on behalf of the pack (see `pack_sync.http.fetcher`).

        `invocation_token` is the one of the call that makes the request (contract A2).
        """
        ...

    @property
    def last_answer(self) -> str:
        """What the API answered last, in a few words without values; nothing if it did not."""
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

    def autocomplete(
        self,
        parameter_name: str,
        search: str,
        args: Sequence[Any],
        *,
        dynamic_url: str | None = None,
    ) -> Sequence[Choice]:
        """The choices of a parameter that match `search`, none if it has no `autocomplete`.

        `args` are the values of all parameters in declared order, None for those that are not
        known yet; `dynamic_url` is that of a dynamic table's entry (C23). Raises what the pack
        raised, `InvalidResultError` for choices that are none, or `PageTimeoutError` (P).
        """
        ...

    def get_schema(self, sync: SyncState) -> Schema:
        """Ask a table with `dynamic` functions for its schema, which is checked (C23).

        Raises what the pack raised, `InvalidResultError` that names the table and the URL, or
        `PageTimeoutError`.
        """
        ...

    def list_dynamic_urls(self, parent_url: str | None = None) -> Sequence[DynamicUrl]:
        """What can be chosen for a dynamic table, at the top or in a folder (contract C23).

        Raises as `get_schema` does, and `PackDefinitionError` if the pack cannot list.
        """
        ...

    def search_dynamic_urls(self, text: str) -> Sequence[DynamicUrl]:
        """What can be chosen for a dynamic table and fits the text; raises as listing does."""
        ...

    def get_name(self, url: str) -> str:
        """What the pack calls the table of a dynamic URL; raises as `get_schema` does."""
        ...

    def get_display_url(self, url: str) -> str:
        """The dynamic URL for a browser; itself, if the pack has no `get_display_url`."""
        ...

    def close(self) -> None:
        """Let go of the pack's code; a call still under way is abandoned."""
        ...


class PackRuntime(Protocol):
    """Runs the tables of one pack."""

    def open(self, table_name: str, environment: CallEnvironment) -> TableSession:
        """Open a session for one sync of a table."""
        ...

    def connection_name(self, environment: CallEnvironment) -> str | None:
        """What the pack calls the connected account, None if it does not say.

        Raises what the pack raised, or `PageTimeoutError`.
        """
        ...
