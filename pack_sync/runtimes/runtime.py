"""`PackRuntime`: what the engine opens a pack with, and what it lends to the pack's code."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from pack_sdk.authentication_fields import EndpointChoice
from pack_sdk.choices import Choice, simple_autocomplete
from pack_sdk.context import PreviousAttemptError
from pack_sdk.errors import InvalidResultError
from pack_sdk.fetching import FetchRequest, FetchResponse
from pack_sdk.logger import Logger
from pack_sdk.pack import Pack
from pack_sync.runtimes.session import Caller, FunctionCall, PackSession


class PageTimeoutError(Exception):
    """A call into the pack took longer than the page timeout (contract C14)."""


def page_timeout(what: str, seconds: float) -> PageTimeoutError:
    """The error of a call that was given up after so many seconds; `what` was called."""
    return PageTimeoutError(
        f"{what} took longer than {seconds:g} s. Return smaller pages, or raise "
        "`page_timeout_seconds`."
    )


class Fetching(Protocol):
    """What a runtime needs of the fetcher: one request at a time, until a deadline."""

    def send(self, request: FetchRequest, *, invocation_token: str = "") -> FetchResponse:
        """Send a request on behalf of the pack (see `pack_sync.http.fetcher`).

        `invocation_token` is the one of the call that makes the request.
        """
        ...

    @property
    def last_answer(self) -> str:
        """What the API answered last, in a few words without values; nothing if it did not."""
        ...

    def begin_page(self, seconds: float) -> None:
        """Let requests take `seconds` from now on."""
        ...

    @property
    def page_seconds_left(self) -> float:
        """What is left of them: they do not go by while the service has asked for a pause."""
        ...

    def pause(self, seconds: float, what: str, earlier: Sequence[float] = (), /) -> float:
        """Have the connection make no requests for so long (see `pack_sync.http.fetcher`)."""
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


class PackRuntime(ABC):
    """Runs the code of one pack; what differs between languages is the caller it starts."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack

    @abstractmethod
    def start_caller(self, environment: CallEnvironment) -> Caller:
        """Load the pack's code, for one sync; close the caller after use."""

    def open(self, table_name: str, environment: CallEnvironment) -> PackSession:
        """Open a session for one sync of a table; close it after use."""
        return PackSession(self.pack.sync_tables[table_name], self.start_caller(environment))

    def connection_name(self, environment: CallEnvironment) -> str | None:
        """What the pack calls the connected account, None if it does not say.

        Raises what the pack raised, or `PageTimeoutError`.
        """
        function = self.pack.authentication.get_connection_name
        if function is None:
            return None
        call = FunctionCall(name="get_connection_name", function=function, table=None)
        name = self._called(environment, call)
        return None if name is None else str(name)

    def endpoint_options(
        self, step: EndpointChoice, environment: CallEnvironment
    ) -> Sequence[Choice]:
        """The endpoints that the account may use, as a step of `post_setup` lists them.

        Raises as `connection_name` does, and `InvalidResultError` for what is no list.
        """
        call = FunctionCall(
            name="get_options", function=step.get_options, table=None, parameter=step.name
        )
        options = self._called(environment, call)
        if not isinstance(options, list | tuple):
            raise InvalidResultError(f"getOptions of the step {step.name!r} returned no list")
        return simple_autocomplete("", cast("Sequence[Any]", options))

    def _called(self, environment: CallEnvironment, call: FunctionCall) -> Any:
        caller = self.start_caller(environment)
        try:
            return caller.call(call)
        finally:
            caller.close()
