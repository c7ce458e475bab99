"""A real sync, and what the service answered in it."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pack_sdk.errors import RequestRefusedError, StatusCodeError
from pack_sdk.fetching import FetchRequest, FetchResponse
from pack_sdk.testing.recordings import Exchange, Expected, Recording
from pack_sync.engine.attempt import Attempt, failures_of
from pack_sync.engine.dynamic_schema import ask_schema
from pack_sync.engine.full_or_incremental import ModeDecision
from pack_sync.engine.page_loop import Ending, collect_pages
from pack_sync.engine.sync_job import SyncJob
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.http.request_observer import RequestObserver
from pack_sync.http.single_request import Spender
from pack_sync.ledger.cursors import SyncPosition
from pack_sync.spool.spool import Spool


class Exchanges(RequestObserver):
    """Keeps what a pack asked for and what it got, secrets included."""

    def __init__(self) -> None:
        self._answered: list[tuple[float, Exchange]] = []

    @property
    def in_order(self) -> list[Exchange]:
        """The requests in the order in which they were made."""
        return [exchange for _, exchange in sorted(self._answered, key=lambda each: each[0])]

    def answered(
        self, request: FetchRequest, outcome: FetchResponse | Exception, started: float
    ) -> None:
        """Keep a copy: the pack may change what it gets."""
        if isinstance(outcome, RequestRefusedError):
            return  # it was never sent, and will not be in a replay
        if isinstance(outcome, StatusCodeError):
            outcome = outcome.response
        if isinstance(outcome, FetchResponse):
            exchange = Exchange(request=request, response=copy.deepcopy(outcome))
        else:
            exchange = Exchange(request=request, error=str(outcome))
        self._answered.append((started, exchange))


@dataclass(frozen=True, kw_only=True)
class RawSync:
    """A sync that was made, and its recording with everything in it.

    `sync` has the schema that the pack said.
    """

    sync: SyncJob
    recording: Recording


def record_sync(
    sync: SyncJob, folder: Path, cursor: Any, tell: Callable[[str], object]
) -> list[RawSync]:
    """Make a sync from the cursor, a full one without; its pages go to a spool in `folder`.

    Where the pack asks for a full sync because its cursor has expired, that follows, as a sync of
    its own. Nothing of the warehouse changes. Raises `AttemptFailedError`.
    """
    made = [_record(sync, folder, cursor, tell)]
    if cursor is not None and made[0].recording.expected.has_incomplete_results:
        made.append(_record(sync, folder, None, tell))
    return made


def _record(sync: SyncJob, folder: Path, cursor: Any, tell: Callable[[str], object]) -> RawSync:
    exchanges = Exchanges()
    attempt = Attempt(
        decision=ModeDecision(mode="full" if cursor is None else "incremental", reason="recording"),
        fetcher=SyncFetcher(sync.connection, spender=Spender(tell=tell), observer=exchanges),
        position=SyncPosition(cursor=cursor),
    )
    spool = Spool.begin(folder / f"spool-{attempt.id}")
    try:
        sync = ask_schema(sync, attempt)
        with failures_of(attempt, spool):
            ending = collect_pages(sync, attempt, spool)
        pages = spool.page_count
    finally:
        spool.close()
    recording = Recording(
        pack=sync.key.pack,
        table=sync.table.name,
        sync=sync.key.sync,
        mode=attempt.decision.mode,
        started_at=attempt.started_at,
        parameters=_parameters(sync),
        endpoint=sync.connection.settings.endpoint,
        dynamic_url=sync.dynamic_url,
        cursor_before=cursor,
        next_cursor=_next_cursor(ending),
        exchanges=exchanges.in_order,
        expected=_expected(ending, pages),
    )
    return RawSync(sync=sync, recording=recording)


def _expected(ending: Ending, pages: int) -> Expected:
    """What is known so far; ids and cursor are those of the first replay."""
    completion = ending.completion
    incomplete = bool(completion and completion.has_incomplete_results)
    return Expected(pages=pages, has_incomplete_results=incomplete, ended=not ending.cut_short)


def _next_cursor(ending: Ending) -> Any:
    completion = ending.completion
    if completion is None or completion.has_incomplete_results:
        return None
    return completion.incremental_continuation


def _parameters(sync: SyncJob) -> dict[str, Any]:
    """The values that are given, as JSON."""
    return {name: _as_json(value) for name, value in sync.parameters.items() if value is not None}


def _as_json(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return value.isoformat() if hasattr(value, "isoformat") else value
