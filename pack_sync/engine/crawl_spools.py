"""The spool that the children of a batch share, and how a later crawl goes on with it (D9).

A crawl that dies leaves the spool of its batch, on its machine and, where machines share files, for
others. The next crawl goes on in it: a child after its last page there, if it is about the same;
a child that had all its pages without asking for any. Others begin in a part of their own.
"""

from collections.abc import Generator, Iterable, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from pack_sdk.wording import counted
from pack_sync.engine.attempt import Attempt
from pack_sync.engine.crawl_children import Child
from pack_sync.engine.resume import discard_pages, fetched, header, leave_pages, mirrored
from pack_sync.engine.sync_failures import is_worth_resuming
from pack_sync.engine.sync_job import SyncJob
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.spool.journal import SpooledPage, SpoolHeader
from pack_sync.spool.mirror import place_of
from pack_sync.spool.recovery import resume_shared_spool
from pack_sync.spool.spool import Spool
from pack_sync.warehouse.storage_errors import LakeFilesError


@dataclass(frozen=True, kw_only=True)
class LeftBatch:
    """What an earlier crawl left: a spool, None if nothing in it is of use.

    `parts` has, by the names of children, what each left there; `elsewhere` the names of shared
    files of earlier crawls; `paused` the places of pages that are kept for all machines, also those
    of children that a pause of the service ended.
    """

    spool: Spool | None = None
    parts: dict[str, tuple[SpoolHeader, SpooledPage]] = field(default_factory=dict)  # pyright: ignore[reportUnknownVariableType]
    elsewhere: Sequence[str] = ()
    paused: Set[str] = frozenset()

    @property
    def of_later_batches(self) -> "LeftBatch":
        """What concerns the batches after the first."""
        return LeftBatch(paused=self.paused)

    def begun(self, child: Child) -> bool:
        """Whether a child has pages there."""
        return child.sync.key.sync in self.parts

    def gone_on(self, child: Child, attempt: Attempt) -> Attempt | None:
        """The attempt after the child's pages; None if it has none, or has gone on once before."""
        found = self.parts.pop(child.sync.key.sync, None)
        if found is None:
            return None
        began, last = found
        at = f"{began.started_at:%Y-%m-%d %H:%M:%S} UTC"
        reason = f"{attempt.decision.reason}; resuming the sync that began at {at}"
        return replace(
            attempt,
            started_at=began.started_at,  # what its pages were fetched with (D10)
            decision=replace(attempt.decision, reason=reason),
            part=last.part,
            resumed_after=last,
        )


def left_batch(sync: SyncJob, children: Iterable[Child]) -> LeftBatch:
    """What an earlier crawl left of these children. Raises `StorageError`."""
    within = sync.settings.resume_within
    if not within:
        return LeftBatch()
    elsewhere, paused = fetched(sync), _kept_for_all(sync)
    spool = resume_shared_spool(
        sync.spool_folder,
        within=within,
        log=lambda message: sync.log("info", f"{sync.key}: {message}"),
    )
    if spool is None:
        return LeftBatch(elsewhere=elsewhere, paused=paused)
    parts = {
        child.sync.key.sync: found
        for child in children
        if (found := spool.left_parts.get(str(child.sync.key))) and _is_of(child, *found)
    }
    if not parts:
        spool.discard()
        return LeftBatch(elsewhere=elsewhere, paused=paused)
    pages = sum(spool.pages_of(last.part) for _, last in parts.values())
    sync.log(
        "info",
        f"{sync.key}: resuming after {counted(pages, 'page', 'pages')} of "
        f"{counted(len(parts), 'parent', 'parents')}, which an interrupted crawl has left",
    )
    return LeftBatch(spool=spool, parts=parts, elsewhere=elsewhere, paused=paused)


def _kept_for_all(sync: SyncJob) -> Set[str]:
    """The places of pages of the table that are among the shared files."""
    if sync.shared_files is None:
        return frozenset()
    try:
        names = sync.shared_files.names(place_of(sync.key.pack, sync.key.table))
    except LakeFilesError:  # which has been told of, of those of the crawl itself
        return frozenset()
    return {name.rpartition("/")[0].rpartition("/")[0] for name in names}


def _is_of(child: Child, began: SpoolHeader, last: SpooledPage) -> bool:
    """Whether pages are of the sync that a child would make now, which can go on after them."""
    attempt = Attempt(
        decision=child.decision, position=child.position, fetcher=SyncFetcher(child.sync.connection)
    )
    return not last.withheld and not header(child.sync, attempt).differences(began)


@contextmanager
def batch_spool(sync: SyncJob, left: LeftBatch) -> Generator[Spool]:
    """The spool of a batch: what was left, or a new one.

    It is discarded when the block ends, or left in its turn if it raises and the pages are still of
    use, as when the process is asked to end. Raises `StorageError`.
    """
    spool = left.spool or Spool.begin(sync.spool_folder)
    pages_before, leave = spool.page_count, False
    mirror = mirrored(sync, spool, left.elsewhere)
    try:
        yield spool
    except Exception as error:
        leave = is_worth_resuming(error, spool.page_count - pages_before)
        raise
    except BaseException:
        leave = True
        raise
    finally:
        if leave and spool.kept_pages and sync.settings.resume_within:
            leave_pages(spool, mirror)
        else:
            discard_pages(spool, mirror)
