"""Collecting all pages of a sync, and falling back to a full sync where the pack asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pack_sync.engine.attempt import Attempt, failures_of
from pack_sync.engine.page_loop import Ending, collect_pages
from pack_sync.engine.stored_credentials import without_credentials
from pack_sync.engine.sync_job import SyncJob
from pack_sync.ledger.cursors import PositionChange, SyncPosition
from pack_sync.spool.spool import Spool
from pack_sync.stage.staged_pages import StagePart


@dataclass(frozen=True, kw_only=True)
class Collected:
    """A sync whose pages are all in the spool, with the attempt that brought them.

    `change` is where the sync moves once its rows are applied. `cut_short` says that a row limit
    ended it: it is applied without deletes and leaves the cursor as it was (contract D6).
    `warnings` are about what the pack returned.
    """

    attempt: Attempt
    part: StagePart
    change: PositionChange
    cut_short: bool
    warnings: Sequence[str] = ()

    @property
    def cursor(self) -> Any:
        """The cursor that the sync ended with, None if it ended without one."""
        return None if self.cut_short else self.change.after.cursor


def collect(sync: SyncJob, attempt: Attempt, spool: Spool) -> Collected:
    """Collect all pages of a sync.

    When an incremental sync ends with `hasIncompleteResults`, what it brought does not count,
    and a full sync is collected at once (contract C8). Raises `AttemptFailedError`.
    """
    while True:
        attempt.fetcher.spend_as(sync.urgency(full=attempt.full))
        with failures_of(attempt, spool):
            ending = collect_pages(sync, attempt, spool)
        if attempt.full or not (ending.completion and ending.completion.has_incomplete_results):
            return _collected(sync, attempt, ending)
        # In a part of its own: the pages before stay in the spool, but are not staged.
        attempt = attempt.falling_back(spool)
        sync.log("warning", f"{sync.key}: {attempt.decision.reason}")


def _collected(sync: SyncJob, attempt: Attempt, ending: Ending) -> Collected:
    cursor, left_out = _kept_cursor(sync, ending)
    if ending.cut_short:
        after = _cut_short(attempt)
    else:
        after = _ended(sync, attempt, cursor, left_out=left_out)
    return Collected(
        attempt=attempt,
        part=StagePart(
            sync=sync.key.sync,
            # Only a full sync that came to its end proves that a row which it lacks is gone.
            complete=attempt.full and not ending.cut_short,
            resumed=_resumed(attempt),
            deletes=not ending.cut_short,
            number=attempt.part,
        ),
        change=PositionChange(
            sync=sync.key.sync,
            before=attempt.position,
            after=after,
            reason=f"{attempt.decision.mode} sync",
            cursor_expired=attempt.fell_back,
        ),
        cut_short=ending.cut_short,
        warnings=[*ending.warnings, *([CREDENTIAL_IN_CURSOR] if left_out else [])],
    )


def _resumed(attempt: Attempt) -> bool:
    """Whether pages were fetched after an interruption, or after one before that."""
    last = attempt.resumed_after
    return last is not None and (last.resumed or last.continuation is not None)


def _ended(sync: SyncJob, attempt: Attempt, cursor: Any, *, left_out: bool) -> SyncPosition:
    """Where the sync stands after its last page (contract C6, D3)."""
    how = "with a cursor that holds a credential" if left_out else "without a cursor"
    return replace(
        attempt.position,
        cursor=cursor,
        no_cursor_reason=f"its last {attempt.decision.mode} sync ended {how}",
        fingerprint=sync.fingerprint,
        full_due_reason="" if attempt.full else attempt.position.full_due_reason,
        execution_id=attempt.id,
        **{f"last_{attempt.decision.mode}_at": attempt.started_at},
    )


def _cut_short(attempt: Attempt) -> SyncPosition:
    """Where the sync stands after a row limit ended it: where it was, with its cursor."""
    never = attempt.position.execution_id is None
    return replace(
        attempt.position,
        no_cursor_reason="its first sync was cut short by a row limit"
        if never
        else attempt.position.no_cursor_reason,
        execution_id=attempt.id,
    )


CREDENTIAL_IN_CURSOR = (
    "the cursor holds a credential of the connection, which is not stored, so there is no cursor "
    "and the next sync is a full one. Leave the credential out of the cursor in the pack: requests "
    "get it anyway"
)


def _kept_cursor(sync: SyncJob, ending: Ending) -> tuple[Any, bool]:
    """The cursor as it is stored and shown, without credentials (contract A4).

    None, and that it was left out, if it would be another one without them.
    """
    if ending.completion is None or ending.cut_short:
        return None, False
    given = ending.completion.incremental_continuation
    cursor, whole = without_credentials(sync.connection, given)
    if cursor != given and whole:
        sync.log(
            "warning",
            f"{sync.key}: the cursor held a credential of the connection and is stored without "
            "it; leave it out in the pack",
        )
    return (cursor, False) if whole else (None, True)
