"""A lab: one made-up service, and one table of a pack that syncs from it as the engine does it."""

import copy
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson

from pack_sdk.context import SyncState
from pack_sdk.logger import LineLogger, LogLevel
from pack_sdk.pack import Pack
from pack_sdk.parameters import values_at
from pack_sdk.results import Completion, rejection_of
from pack_sdk.sync_table import SyncTable
from pack_sdk.testing import FakeService
from pack_sync.check.findings import CannotCheckError
from pack_sync.check.made_up_account import authentication_for_check, settings_for_check
from pack_sync.check.pack_clock import PackClock, pack_clock
from pack_sync.check.service_transport import ServiceTransport
from pack_sync.check.traces import Exchange, Trace, TracedPage
from pack_sync.engine.sync_failures import EndlessContinuationError, ParametersRejectedError
from pack_sync.http.connection import Connection
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.http.response_cache import ResponseCache
from pack_sync.runtimes.runtime import CallEnvironment, PackRuntime
from pack_sync.runtimes.session import PackSession

MAX_PAGES = 400
"""So many pages no made-up service has."""

_PAGE_SECONDS = 10.0

Happening = Callable[[], object]


class Lines(LineLogger):
    """What the pack logged."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, level: LogLevel, line: str) -> None:
        """Keep the line."""
        self.lines.append(f"{level}: {line}")


class Lab:
    """Syncs of one table from one made-up service, whose clock is the pack's as well.

    `parameters` are values by name; those that are missing must have defaults or be optional.
    """

    def __init__(
        self,
        pack: Pack,
        table: SyncTable,
        runtime: PackRuntime,
        service: FakeService,
        clock: PackClock,
        parameters: Mapping[str, Any],
    ) -> None:
        self.service = service
        self.table = table
        self.log = Lines()
        self.parameters = {
            each.name: parameters.get(each.name, each.default if each.has_default else None)
            for each in table.parameters
        }
        self._clock = clock
        self._after_answer: Happening | None = None
        authentication = authentication_for_check(pack)
        self._transport = transport = ServiceTransport(service, self._answered)
        self.connection = Connection(
            settings_for_check(pack, authentication, service),
            authentication,
            pack.network_domains,
            transport=transport,
        )
        # Syncs that a check runs within a moment are hours apart by the pack's clock.
        self.connection.cache = ResponseCache(max_bytes=0)
        self._fetcher = SyncFetcher(self.connection, first_wait_seconds=0)
        self._session = runtime.open(table.name, self._environment)

    def close(self) -> None:
        """Let go of the pack's code and of the connection."""
        self._session.close()
        self.connection.close()

    def advance(self, by: timedelta | None = None, **units: float) -> None:
        """Move the service's clock, and with it the pack's."""
        self.service.world.advance(by, **units)
        self._clock.set(self.service.world.clock.now)

    def sync(
        self,
        cursor: Any = None,
        *,
        between_pages: Happening | None = None,
        after_answer: Happening | None = None,
        pages: int | None = None,
    ) -> Trace:
        """Sync fully, or from a cursor; `pages` at most. An error is kept in the trace.

        `between_pages` is called before each further page, `after_answer` after each answer.
        Raises `CannotCheckError` where it fails and the service is to blame.
        """
        trace = Trace(started_at=self.service.world.clock.now, cursor=copy.deepcopy(cursor))
        self._after_answer = after_answer
        known = len(self.service.unknown)
        try:
            self._check_parameters(trace)
            self._collect(trace, between_pages, pages)
        except Exception as error:
            self._blame_service(known)
            trace.error = error
        finally:
            self._after_answer = None
        return trace

    def page(
        self, trace: Trace, continuation: Any, session: PackSession | None = None
    ) -> TracedPage:
        """Call `execute` for one page of a sync, in another session than the lab's own if given.

        Raises what the pack raises; the requests are in `trace.failed_exchanges` then.
        """
        first = len(self.service.requests)
        state = self._state(trace, continuation)
        try:
            page = (session or self._session).execute(list(state.parameters.values()), state)
        except Exception:
            trace.failed_exchanges = self._exchanges(first)
            raise
        return TracedPage(
            called_with=copy.deepcopy(continuation),
            page=page,
            exchanges=self._exchanges(first),
            next_page_unread=self._fetcher.next_page_unread,
        )

    @contextmanager
    def another_session(self, runtime: PackRuntime) -> Generator[PackSession]:
        """The pack's code, loaded by another runtime, with the connection of this lab."""
        with closing(runtime.open(self.table.name, self._environment)) as session:
            yield session

    def use_schema_of_the_pack(self) -> None:
        """Ask a table that says its schema itself for it (contract C23).

        Without the service's faults, which are meant for, and count, the requests for rows.
        """
        if self.table.dynamic is None:
            return
        faults, self.service.faults = self.service.faults, []
        state = self._state(Trace(started_at=self.service.world.clock.now), None)
        self.table = replace(self.table, schema=self._session.get_schema(state))
        self.service.faults = faults
        self.service.requests.clear()
        self.service.answers.clear()

    def _collect(self, trace: Trace, between_pages: Happening | None, pages: int | None) -> None:
        continuation: Any = None
        while True:
            trace.pages.append(self.page(trace, continuation))
            following = trace.pages[-1].page.continuation
            if following is None or len(trace.pages) == pages:
                return
            if following == continuation or len(trace.pages) >= MAX_PAGES:
                raise EndlessContinuationError(
                    f"page {len(trace.pages)} returned the continuation {following!r}"
                )
            continuation = following
            if between_pages:
                between_pages()
                self._clock.set(self.service.world.clock.now)

    def _blame_service(self, known: int) -> None:
        """Raise `CannotCheckError` if the service failed, or was asked what it does not know.

        `known` is how many requests it did not know before.
        """
        if self._transport.failure:
            raise CannotCheckError(f"the made-up service failed at {self._transport.failure}")
        if self.service.unknown[known:]:
            raise CannotCheckError(
                f"the made-up service has no answer to {self.service.unknown[known]}: add a route "
                "to the pack's tests/fake.py, or correct the URL in the pack"
            )

    def _answered(self) -> None:
        if self._after_answer is not None:
            self._after_answer()
        self._clock.set(self.service.world.clock.now)

    def _exchanges(self, first: int) -> list[Exchange]:
        service = self.service
        found = zip(service.requests[first:], service.answers[first:], strict=False)
        return [Exchange(request=request, response=response) for request, response in found]

    def _check_parameters(self, trace: Trace) -> None:
        state = self._state(trace, None)
        answer = self._session.validate_parameters(list(state.parameters.values()), state)
        if rejection := rejection_of(answer):
            raise ParametersRejectedError(rejection)

    def _state(self, trace: Trace, continuation: Any) -> SyncState:
        previous = None
        if trace.cursor is not None:
            previous = Completion(incremental_continuation=_copy(trace.cursor))
        return SyncState(
            continuation=_copy(continuation),
            previous_completion=previous,
            schema=self.table.schema,
            dynamic_url=self.service.dynamic_urls.get(self.table.name),
            parameters=values_at(
                self.table.parameters, copy.deepcopy(self.parameters), trace.started_at
            ),
            started_at=trace.started_at,
            execution_id="check",
        )

    @property
    def _environment(self) -> CallEnvironment:
        return CallEnvironment(
            fetcher=self._fetcher,
            logger=self.log,
            endpoint=self.connection.settings.endpoint,
            page_timeout_seconds=_PAGE_SECONDS,
        )


@contextmanager
def open_lab(
    pack: Pack,
    table: SyncTable,
    runtime: PackRuntime,
    service: FakeService,
    parameters: Mapping[str, Any],
) -> Generator[Lab]:
    """A lab of this service; one at a time, since it takes over the time of this process."""
    with (
        pack_clock(service.world.clock.now) as clock,
        closing(Lab(pack, table, runtime, service, clock, parameters)) as lab,
    ):
        lab.use_schema_of_the_pack()
        yield lab


def _copy(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))
