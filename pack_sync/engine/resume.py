"""Where a sync's pages go: into a new spool, or after those of an interrupted sync (contract D9).

A sync whose process dies leaves its pages, and so does one that is cancelled or fails for a
reason that may pass. The next attempt, in the same run or a later one, resumes after the last
whole page, if it is about the same: sync, mode, schema, parameters, account, pack code and cursor.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from pack_sdk.wording import counted
from pack_sync.engine.attempt import FALL_BACK, Attempt, AttemptFailedError, failures_of
from pack_sync.engine.sync_failures import (
    SyncCancelledError,
    describe_previous,
    is_worth_resuming,
    sentence,
)
from pack_sync.engine.sync_job import SyncJob
from pack_sync.http.pauses import LongPauseError
from pack_sync.spool.journal import SpoolHeader
from pack_sync.spool.mirror import Mirror, fetch_mirrored, place_of
from pack_sync.spool.recovery import resume_spool
from pack_sync.spool.spool import Spool

T = TypeVar("T")


def with_spool(sync: SyncJob, attempt: Attempt, run: Callable[[Attempt, Spool], T]) -> T:
    """Call `run` with the spool that the attempt resumes, or with a new one.

    If the continuation that a resumed attempt begins with fails, the sync starts again from its
    beginning, told of that failure (contracts D9, C17). Should that bring no page either, the
    service is down rather than the continuation useless: what was left before stays then.
    Raises `AttemptFailedError`.
    """
    with failures_of(attempt):
        elsewhere = fetched(sync)
        found = resumed(sync, attempt)
    if found is not None:
        try:
            return _run_in(sync, *found, run, elsewhere)
        except AttemptFailedError as failure:
            error = failure.error
            if not _continuation_failed(found[1], error):
                raise
            sync.connection.redactor.redact_error(error)
            sync.log(
                "warning",
                f"{sync.key}: the resumed sync failed where it had been interrupted, so it starts "
                f"again from its beginning: {sentence(error)}",
            )
            fetcher = sync.fetcher(attempt.fetcher.statistics)
            attempt = attempt.again(describe_previous(error), fetcher)
    with failures_of(attempt):
        spool = Spool.begin(sync.spool_folder, header(sync, attempt))
    return _run_in(sync, attempt, spool, run, elsewhere)


def fetched(sync: SyncJob) -> Sequence[str]:
    """Fetch the pages that another worker has left; which shared files there are of the sync."""
    if sync.shared_files is None or not sync.settings.resume_within:
        return []

    def log(message: str) -> None:
        sync.log("warning", f"{sync.key}: {message}")

    return fetch_mirrored(sync.shared_files, place_of(*sync.key.names), sync.spool_folder, log)


def resumed(sync: SyncJob, attempt: Attempt) -> tuple[Attempt, Spool] | None:
    """The attempt as the interrupted one, under its id and start (contract D10), and its spool."""
    within = sync.settings.resume_within
    if not within:
        return None
    spool = resume_spool(
        sync.spool_folder,
        header(sync, attempt),
        within=within,
        log=lambda message: sync.log("info", f"{sync.key}: {message}"),
    )
    if spool is None or spool.header is None or spool.resumed_after is None:
        return None
    began, last = spool.header, spool.resumed_after
    resuming = (
        f"resuming after page {spool.page_count:,} ({counted(spool.row_count, 'row', 'rows')}) of "
        f"the sync that began at {began.started_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    sync.log("info", f"{sync.key}: {resuming}")
    # Pages in a second part: what began as an incremental sync was collecting everything.
    decision = FALL_BACK if last.part else attempt.decision
    going_on = replace(
        attempt,
        id=began.execution_id,
        started_at=began.started_at,
        decision=replace(decision, reason=f"{decision.reason}; {resuming}"),
        part=last.part,
        resumed_after=last,
    )
    return going_on, spool


def header(sync: SyncJob, attempt: Attempt) -> SpoolHeader:
    """What the pages of an attempt are of."""
    return SpoolHeader(
        sync=str(sync.key),
        mode=attempt.decision.mode,
        fingerprint=sync.fingerprint,
        code_version=sync.code_version,
        row_limit=sync.row_limit,
        position=attempt.position.execution_id,
        cursor=attempt.position.cursor,
        execution_id=attempt.id,
        started_at=attempt.started_at,
    )


def _run_in(
    sync: SyncJob,
    attempt: Attempt,
    spool: Spool,
    run: Callable[[Attempt, Spool], T],
    elsewhere: Sequence[str],
) -> T:
    """Call `run`; then discard the spool, or leave it where a later attempt may resume it.

    What was committed must be discarded: resuming it would apply the same pages again. That
    cannot happen to a process that dies in between either: the position has moved, and a spool
    of another position is not resumed.
    """
    resumed_pages = spool.resumed_after.number if spool.resumed_after else 0
    leave, paused_until = False, None
    mirror = mirrored(sync, spool, elsewhere)
    try:
        with failures_of(attempt, spool):
            return run(attempt, spool)
    except AttemptFailedError as failure:
        error, new_pages = failure.error, spool.page_count - resumed_pages
        leave = is_worth_resuming(error, new_pages) or _continuation_failed(spool, error)
        if isinstance(error, LongPauseError):
            paused_until = error.until
            if spool.kept_pages and sync.settings.resume_within:
                error.add_note(_kept(spool.kept_pages))
        raise
    except BaseException:  # the process is asked to end
        leave = True
        raise
    finally:
        if leave and spool.kept_pages and sync.settings.resume_within:
            leave_pages(spool, mirror, paused_until)
        else:
            discard_pages(spool, mirror)


def leave_pages(spool: Spool, mirror: Mirror | None, paused_until: datetime | None = None) -> None:
    """Leave the pages of a spool to a later attempt, on this machine or another."""
    if mirror:
        mirror.keep(paused_until)
    spool.leave(paused_until)


def discard_pages(spool: Spool, mirror: Mirror | None) -> None:
    """Remove a spool, and what was uploaded of it."""
    if mirror:
        mirror.discard()
    spool.discard()


def mirrored(sync: SyncJob, spool: Spool, elsewhere: Sequence[str]) -> Mirror | None:
    """What uploads the pages of a spool, where machines share files; `elsewhere` is as `fetched`.

    Then call `leave_pages` or `discard_pages`.
    """
    if sync.shared_files is None or not sync.settings.resume_within:
        return None

    def warn(message: str) -> None:
        sync.log("warning", f"{sync.key}: {message}")

    place, within = place_of(*sync.key.names), sync.settings.resume_within
    return Mirror(sync.shared_files, place, spool, elsewhere, within, warn)


def _continuation_failed(spool: Spool, error: Exception) -> bool:
    """Whether a resumed attempt failed before it had a page of its own."""
    last = spool.resumed_after
    return (
        last is not None
        and last.continuation is not None
        and spool.page_count == last.number
        and not isinstance(error, SyncCancelledError | LongPauseError)
    )


def _kept(pages: int) -> str:
    if pages == 1:
        return "1 page is kept: the next sync goes on after it."
    return f"{pages:,} pages are kept: the next sync goes on after them."
