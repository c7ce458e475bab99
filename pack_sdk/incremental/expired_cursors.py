"""Cursors that end: what the service answers then, or how long it keeps what they point at."""

import inspect
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from pack_sdk.errors import FullSyncNeededError, StatusCodeError
from pack_sdk.incremental.moments import parse_time
from pack_sdk.incremental.progress import AnyContext
from pack_sdk.row_values import value_at

Execute = TypeVar("Execute", bound=Callable[..., Any])

WRITTEN_AT = "at"
"""Where a cursor says when its sync began; that of a `TimeCursor` is that moment itself."""


def full_sync_when_expired(
    *statuses: int, reason: str = "", after_days: float | None = None
) -> Callable[[Execute], Execute]:
    """A decorator of `execute`, `def` or `async def`: a full sync follows if the cursor has ended.

    It has if, in an incremental sync, the service answers with one of the `statuses`, and has the
    text `reason` somewhere in the body, where one is given. Also if the sync before began more
    than `after_days` ago, where the service keeps its log no longer; for that the cursor has to
    be one of `SyncToken`, `ChangeFeed` or `TimeCursor`. Several decorators hold side by side. In a
    full sync errors stay what they are.

    >>> @full_sync_when_expired(410)
    ... @full_sync_when_expired(400, reason="EXPIRED_SYNC_TOKEN")
    ... def sync_people(args, context): ...
    """

    def has_expired(context: AnyContext, error: StatusCodeError) -> bool:
        incremental = context.sync.previous_completion is not None
        return incremental and error.status_code in statuses and _has_text(error.body, reason)

    def decorate(execute: Execute) -> Execute:
        @wraps(execute)
        async def asynchronous(args: Any, context: AnyContext) -> Any:
            _check_age(context, after_days)
            try:
                return await execute(args, context)
            except StatusCodeError as error:
                if has_expired(context, error):
                    raise FullSyncNeededError(_told(error)) from error
                raise

        @wraps(execute)
        def synchronous(args: Any, context: AnyContext) -> Any:
            _check_age(context, after_days)
            try:
                return execute(args, context)
            except StatusCodeError as error:
                if has_expired(context, error):
                    raise FullSyncNeededError(_told(error)) from error
                raise

        chosen = asynchronous if inspect.iscoroutinefunction(execute) else synchronous
        return cast("Execute", chosen)

    return decorate


def _told(error: StatusCodeError) -> str:
    return f"the service no longer knows the cursor: it answered with status {error.status_code}"


def _check_age(context: AnyContext, after_days: float | None) -> None:
    """Raise `FullSyncNeededError` for a cursor that is too old, if it says how old it is."""
    previous = context.sync.previous_completion
    if previous is None or after_days is None:
        return
    cursor: Any = previous.incremental_continuation
    written = parse_time(value_at(cursor, WRITTEN_AT) or value_at(cursor, "since"))
    if written and context.sync.started_at - written > timedelta(days=after_days):
        raise FullSyncNeededError(
            f"the sync before began at {written:%Y-%m-%d %H:%M} UTC, and the service keeps what "
            f"changed for {after_days:g} days"
        )


def _has_text(body: object, text: str) -> bool:
    """Whether a text is in one of the texts of a body, however deep."""
    if isinstance(body, dict):
        return any(_has_text(each, text) for each in cast("dict[str, object]", body).values())
    if isinstance(body, list):
        return any(_has_text(each, text) for each in cast("list[object]", body))
    return not text or (isinstance(body, str) and text in body)
