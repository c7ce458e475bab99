"""Pages of crawled children that a pause of the service ended: kept, and gone on with (F5, D9).

The children of a batch share a spool, which goes with the batch. A child with more pages than the
service gives between two pauses would never come to its end, so its pages move to a spool of its
own, and from there into that of the batch which goes on with it.
"""

from collections.abc import Set
from contextlib import suppress
from dataclasses import replace

from pack_sync.engine.attempt import Attempt, AttemptFailedError
from pack_sync.engine.resume import fetched, header, leave_pages, mirrored, resumed
from pack_sync.engine.sync_job import SyncJob
from pack_sync.http.pauses import LongPauseError
from pack_sync.spool.mirror import place_of
from pack_sync.spool.recovery import copy_pages
from pack_sync.spool.spool import Spool
from pack_sync.warehouse.identifiers import folder_name
from pack_sync.warehouse.storage_errors import LakeFilesError, StorageError


def keep_pages(child: SyncJob, failure: AttemptFailedError, batch: Spool) -> int:
    """Keep what a child has in the closed spool of its batch, if a pause ended it.

    Returns how many pages the next sync need not ask for again.
    """
    attempt, error = failure.attempt, failure.error
    if not isinstance(error, LongPauseError) or attempt.fell_back:
        return 0
    if not (batch.pages_of(attempt.part) and child.settings.resume_within):
        return 0
    own = _with_own_spool(child)
    kept = Spool.begin(own.spool_folder, header(own, attempt))
    try:
        copy_pages(batch, attempt.part, kept, 0)
    except StorageError:  # they are asked for again; what others of the batch have still counts
        kept.discard()
        return 0
    leave_pages(kept, mirrored(own, kept, []), error.until)
    return kept.kept_pages


def begun(child: SyncJob, attempt: Attempt, batch: Spool, shared: Set[str]) -> Attempt:
    """The attempt in a part of the batch of its own: pages of one that failed must not be staged.

    After the pages that were kept of the child, which are in that part then, if there are any and
    they are of use. `shared` are the places of those that are kept for all machines.
    """
    own, part = _with_own_spool(child), batch.new_part()
    elsewhere = fetched(own) if place_of(*child.key.names) in shared else ()
    found = resumed(own, attempt) if own.spool_folder.exists() else None
    if elsewhere and own.shared_files is not None:
        with suppress(LakeFilesError):  # what stays is of no use later, and the upkeep removes it
            own.shared_files.remove(elsewhere)
    if found is None:
        batch.describe(part, header(child, attempt))
        return replace(attempt, part=part)
    before, kept = found
    batch.describe(part, header(child, before), resumed=True)
    copy_pages(kept, before.part, batch, part)
    kept.discard()
    return replace(before, id=attempt.id, part=part)


def _with_own_spool(child: SyncJob) -> SyncJob:
    folder = child.spool_folder / "paused" / folder_name(child.key.sync)
    return replace(child, spool_folder=folder)
