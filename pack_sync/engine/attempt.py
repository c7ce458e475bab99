"""One attempt at a sync, as a value that never changes, and how an attempt fails."""

import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import orjson

from pack_sdk.context import PreviousAttemptError
from pack_sdk.results import Completion
from pack_sync.engine.full_or_incremental import ModeDecision
from pack_sync.engine.sync_failures import sentence
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.ledger.cursors import SyncPosition
from pack_sync.spool.journal import SpooledPage
from pack_sync.spool.spool import Spool

FALL_BACK = ModeDecision(
    mode="full",
    reason="the incremental sync ended with hasIncompleteResults, so a full sync followed at once",
)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt at a sync: in which mode, from which position, and where its requests go.

    `position` is where the sync stood before. `id` and `started_at` (UTC) are shown to the pack
    and recorded in the ledger. `part` is the part of the spool that gets the pages.
    `resumed_after` is the last page of an interrupted attempt that this one resumes, under the
    id and the start of that one. `previous_error` is what the pack hears of the attempt before.
    """

    decision: ModeDecision
    fetcher: SyncFetcher
    position: SyncPosition = field(default_factory=SyncPosition)
    previous_error: PreviousAttemptError | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    part: int = 0
    resumed_after: SpooledPage | None = None

    @property
    def full(self) -> bool:
        """Whether all rows are collected anew."""
        return self.decision.mode == "full"

    @property
    def fell_back(self) -> bool:
        """Whether it is the full sync that followed on results which were incomplete (C8)."""
        return self.decision.reason.startswith(FALL_BACK.reason)

    def previous_completion(self) -> Completion | None:
        """What the pack is told of the sync before, on every page; a copy it may scribble on.

        None in a full sync, which must not know where the one before ended (contract C7).
        """
        if self.full:
            return None
        cursor = orjson.loads(orjson.dumps(self.position.cursor))
        return Completion(incremental_continuation=cursor)

    def check_pause(self) -> None:
        """Raise the `LongPauseError` of a request, also if the pack took no notice of it."""
        if self.fetcher.long_pause is not None:
            raise self.fetcher.long_pause

    def falling_back(self, spool: Spool) -> "Attempt":
        """The same attempt as a full sync, whose pages are kept apart from those before."""
        return replace(self, decision=FALL_BACK, part=spool.new_part(), resumed_after=None)

    def again(self, previous_error: PreviousAttemptError, fetcher: SyncFetcher) -> "Attempt":
        """An attempt at the same that begins now, told of the error of this one.

        It gets a fetcher of its own, which counts on: one whose page has timed out is closed.
        """
        return Attempt(
            decision=self.decision,
            fetcher=fetcher,
            position=self.position,
            previous_error=previous_error,
        )


class AttemptFailedError(Exception):
    """An attempt failed: which, by what error, and after how many pages of its mode.

    It says nothing by itself, so that nothing has to be redacted but `error`.
    """

    def __init__(
        self, attempt: Attempt, error: Exception, *, pages: int = 0, asking_schema: bool = False
    ) -> None:
        super().__init__()
        self.attempt = attempt
        self.error = error
        self.pages = pages
        self._asking_schema = asking_schema

    @property
    def reason(self) -> str:
        """Why it failed, as a sentence that says so where it was the schema's turn."""
        why = sentence(self.error)
        return f"the table's schema could not be asked for: {why}" if self._asking_schema else why


@contextmanager
def failures_of(
    attempt: Attempt, spool: Spool | None = None, *, asking_schema: bool = False
) -> Generator[None]:
    """Raise `AttemptFailedError` for any error of the block; one from further inside passes.

    Where a request ran into a pause that is too long, that is the error, whatever the pack made
    of it.
    """
    try:
        yield
        attempt.check_pause()
    except AttemptFailedError:  # raised closer to the cause, where the attempt is known better
        raise
    except Exception as error:
        pages = spool.pages_of(attempt.part) if spool else 0
        why = attempt.fetcher.long_pause or error
        raise AttemptFailedError(attempt, why, pages=pages, asking_schema=asking_schema) from error
