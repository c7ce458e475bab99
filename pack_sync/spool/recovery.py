"""Going on with the pages that a sync left behind when it died or failed (contract D9)."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from pack_sync.spool.folders import JOURNAL, SpoolFolder, abandoned_folders, paused_until
from pack_sync.spool.journal import SpoolHeader, is_shared_by_syncs, read_header
from pack_sync.spool.page import Page
from pack_sync.spool.spool import Spool
from pack_sync.warehouse.storage_errors import explained_failures

AFTER_A_PAUSE = timedelta(days=1)
"""How long after a pause of the service the pages before it are gone on with."""


def resume_spool(
    parent: Path, header: SpoolHeader, *, within: timedelta, log: Callable[[str], object]
) -> Spool | None:
    """The spool that a sync like this one left below `parent`, with its whole pages.

    None if there is none: of another sync, mode, fingerprint, position, cursor or format, without
    a whole page, or whose last page is older than `within` (after a pause of the service, a day).
    Of two processes only one gets it. All that were left behind and are of no use are removed, and
    `log` hears why.
    Raises `StorageError` when the folder cannot be read or written.
    """
    return _first_of(parent, lambda folder: _taken_over(folder, header, within, log))


def resume_shared_spool(
    parent: Path, *, within: timedelta, log: Callable[[str], object]
) -> Spool | None:
    """The spool that several syncs shared and left below `parent`, with the most pages.

    Its `left_parts` say of what they are. None, and what is removed, as for `resume_spool`.
    """

    def taken_over(folder: SpoolFolder) -> Spool | None:
        if not is_shared_by_syncs(folder.path):
            return None
        return _restored(Spool(folder, None), folder, within, log, "the pages left by a crawl")

    return _first_of(parent, taken_over)


def _first_of(parent: Path, take_over: Callable[[SpoolFolder], Spool | None]) -> Spool | None:
    """The first spool that can be taken over of those that were left; the others go."""
    resumed: Spool | None = None
    with explained_failures(parent):
        for folder in sorted(abandoned_folders(parent), key=_journal_bytes, reverse=True):
            spool = None if resumed else take_over(folder)
            if spool is None:
                folder.remove()
            resumed = resumed or spool
    return resumed


def _journal_bytes(folder: SpoolFolder) -> int:
    """The most first: another worker may have gone on from pages that were left here."""
    journal = folder.path / JOURNAL
    return journal.stat().st_size if journal.exists() else 0


def copy_pages(source: Spool, part: int, target: Spool, into: int) -> None:
    """Append the pages of one part of a spool to a part of another. Raises `StorageError`."""
    for page in source.pages():
        if page.part != part:
            continue
        with explained_failures(source.folder), (source.folder / page.file).open("rb") as rows:
            rows.seek(page.offset)
            text = rows.read(page.length)
        copied = Page(
            rows=text,
            row_count=page.row_count,
            continuation=page.continuation,
            withheld=page.withheld,
            completion=page.ending_completion,
            deleted_row_ids=page.deleted_row_ids,
        )
        target.append(copied, into)


def _too_old(folder: SpoolFolder, arrived_at: float, within: timedelta) -> timedelta | None:
    """How old the last page may be, if it is older.

    A sync that a pause of the service ended goes on when its schedule says so, which may be
    hours after the pause.
    """
    if (until := paused_until(folder.path)) is not None:
        arrived_at, within = max(arrived_at, until), max(within, AFTER_A_PAUSE)
    return within if time.time() - arrived_at > within.total_seconds() else None


def _taken_over(
    folder: SpoolFolder, header: SpoolHeader, within: timedelta, log: Callable[[str], object]
) -> Spool | None:
    found = read_header(folder.path)
    if found is None:
        return None
    left = f"the pages left by the sync that began at {found.started_at:%Y-%m-%d %H:%M:%S} UTC"
    if different := header.differences(found):
        log(f"{left} are not used: it had another {', another '.join(different)}")
        return None
    return _restored(Spool(folder, found), folder, within, log, left)


def _restored(
    spool: Spool,
    folder: SpoolFolder,
    within: timedelta,
    log: Callable[[str], object],
    left: str,
) -> Spool | None:
    """The spool with its whole pages, if there are any that are not too old."""
    torn = spool.restore()
    if again := spool.withheld_pages:
        last_ones = "the last one is" if again == 1 else f"the last {again:,} are"
        log(
            f"{left} cannot all be gone on from, and {last_ones} fetched again: what follows was "
            "not kept, because it holds a credential of the connection"
        )
    elif torn:
        log(f"{left} end with {torn:,} bytes of a torn page, which were cut off")
    last = spool.resumed_after
    if last is None:
        log(f"{left} are not used: none is whole")
    elif (too_old := _too_old(folder, last.arrived_at, within)) is not None:
        log(f"{left} are not used: the last one is older than {too_old}")
    else:
        return spool
    spool.close()
    return None
