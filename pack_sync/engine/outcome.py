"""What a sync did, for whoever shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from pack_sync.commit.commit import CommitResult
from pack_sync.commit.row_changes import UnconfirmedRows
from pack_sync.engine.sync_job import SyncJob
from pack_sync.ledger.sync_runs import RunRecord
from pack_sync.stage.relations import REJECTED, RESUMED
from pack_sync.stage.stage import StageCounts


@dataclass(frozen=True, kw_only=True)
class ChildFailure:
    """A child of a crawl whose sync failed, and why; `details` is the traceback."""

    sync: str
    message: str
    details: str


@dataclass(frozen=True, kw_only=True)
class SyncOutcome:
    """What was committed, what to look at, and the children of a crawl that failed.

    Of a crawl, `result` is that of all its batches; the children that did not fail were applied.
    """

    result: CommitResult
    warnings: Sequence[str] = ()
    failures: Sequence[ChildFailure] = ()

    @property
    def record(self) -> RunRecord:
        """The ledger's line about the sync."""
        return self.result.record


def outcome_of(
    sync: SyncJob, counts: StageCounts, result: CommitResult, warnings: Sequence[str] = ()
) -> SyncOutcome:
    """The outcome of something that was committed; its warnings are logged."""
    every = [*warnings, *_warnings(counts, result)]
    for warning in every:
        sync.log("warning", f"{sync.key}: {warning}")
    return SyncOutcome(result=result, warnings=every)


def _warnings(counts: StageCounts, result: CommitResult) -> list[str]:
    warnings: list[str] = []
    if counts.rejected:
        warnings.append(
            f"{_rows_were(counts.rejected)} rejected and kept, with the reasons: see "
            "`packsync rejects` and _sync.rejected_rows"
        )
    if counts.unusable_deletions:
        warnings.append(
            f"{counts.unusable_deletions:,} deleted ids cannot be values of the id property and "
            "were ignored; return ids as the rows have them"
        )
    if result.record.mode == "full" and counts.duplicates and result.record.deleted:
        warnings.append(
            f"{counts.duplicates:,} rows came twice and {result.record.deleted:,} were deleted in "
            "one full sync: if the pack pages by position, rows may have moved between pages while "
            "it ran. Page by a key or by a stable order"
        )
    if result.unconfirmed.count:
        warnings.append(_unconfirmed(result.unconfirmed))
    if result.removed:
        warnings.append(
            f"{_rows_were(result.removed)} removed, because the syncs or parents that brought "
            "them are gone"
        )
    return warnings


def _unconfirmed(rows: UnconfirmedRows) -> str:
    """What to say of rows that a full sync did not return and that were kept."""
    which = f"{_rows_were(rows.count)} not returned and kept (id {', '.join(rows.ids)}"
    which += ", …)" if rows.count > len(rows.ids) else ")"
    if REJECTED in rows.reasons:
        return (
            f"{which}: rows were rejected whose ids cannot be told, and these may be among them. "
            "Correct the schema or the source; `packsync rejects` shows what was rejected"
        )
    if RESUMED in rows.reasons:
        return (
            f"{which}: this full sync was resumed after an interruption, so they may have moved to "
            "a page that had been read before. The next sync is a full one and decides"
        )
    return f"{which}: they are deleted once enough full syncs in a row have not returned them"


def _rows_were(count: int) -> str:
    return "1 row was" if count == 1 else f"{count:,} rows were"
