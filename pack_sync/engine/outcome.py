"""What a sync did, for whoever shows it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pack_sync.commit.commit_request import CommitResult
from pack_sync.commit.data_warnings import rows_were
from pack_sync.engine.sync_job import SyncJob
from pack_sync.ledger.sync_runs import RunRecord
from pack_sync.stage.deduplication import StageCounts


@dataclass(frozen=True, kw_only=True)
class ChildFailure:
    """A child of a crawl whose sync failed, and why; `details` is the traceback.

    `postponed`: it only waits for the account's budget.
    """

    sync: str
    message: str
    details: str
    postponed: bool = False


@dataclass(frozen=True, kw_only=True)
class SyncOutcome:
    """What was committed, what to look at, and the children of a crawl that failed.

    Of a crawl, `result` is that of all its batches; the children that did not fail were applied.
    `budget` says how each rate of the account stands.
    """

    result: CommitResult
    warnings: Sequence[str] = ()
    failures: Sequence[ChildFailure] = ()
    budget: Sequence[str] = ()

    @property
    def record(self) -> RunRecord:
        """The ledger's line about the sync."""
        return self.result.record


def outcome_of(sync: SyncJob, counts: StageCounts, result: CommitResult) -> SyncOutcome:
    """The outcome of something that was committed; its warnings are logged."""
    warnings = [*(result.record.warnings or ()), *_of_other_checks(counts, result)]
    for warning in warnings:
        sync.log("warning", f"{sync.key}: {warning}")
    return SyncOutcome(result=result, warnings=warnings)


def _of_other_checks(counts: StageCounts, result: CommitResult) -> Iterator[str]:
    """What is said in the run, but not kept as a warning: it has a place of its own."""
    if counts.rejected:
        yield (
            f"{rows_were(counts.rejected)} rejected and kept, with the reasons: see "
            "`packsync rejects` and _sync.rejected_rows"
        )
    if result.removed:
        yield (
            f"{rows_were(result.removed)} removed, because the syncs or parents that brought "
            "them are gone"
        )
