"""What a sync did, for whoever shows it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pack_sync.commit.commit import CommitResult
from pack_sync.commit.full_sync_audit import AuditLine
from pack_sync.commit.held_syncs import HeldSummary
from pack_sync.engine.row_sample import RowSample, sample_of
from pack_sync.engine.sync_job import SyncJob
from pack_sync.ledger.cursors import RunRecord
from pack_sync.ledger.rejected_rows import RejectSummary
from pack_sync.stage.column_types import Column
from pack_sync.stage.stage import Stage, StageCounts


@dataclass(frozen=True, kw_only=True)
class ChildFailure:
    """A child of a crawl whose sync failed, and why; `details` is the traceback."""

    sync: str
    message: str
    details: str


@dataclass(frozen=True, kw_only=True)
class SyncOutcome:
    """The ledger's line, how the table stands, and what to look at.

    `row_count`, `kept_rejects`, `held` and `last_audits` are of the whole table, all its syncs
    together. `sync_rows` are the rows of the sync itself, where they are counted. `sample`
    shows some changed rows; `repeated_ids` counts ids that are there twice. `failures` are the
    children of a crawl that failed; the others were applied.
    """

    record: RunRecord
    row_count: int
    columns: Sequence[Column]
    schema_changes: Sequence[str]
    warnings: Sequence[str]
    failures: Sequence[ChildFailure] = ()
    kept_rejects: RejectSummary = field(default_factory=RejectSummary)
    held: HeldSummary = field(default_factory=HeldSummary)
    sync_rows: int | None = None
    sample: RowSample = field(default_factory=RowSample)
    repeated_ids: int = 0
    last_audits: Sequence[AuditLine] = ()


def outcome_of(
    sync: SyncJob,
    stage: Stage,
    counts: StageCounts,
    applied: CommitResult,
    warnings: Sequence[str] = (),
) -> SyncOutcome:
    """The outcome of something that was applied; its warnings are logged."""
    every = [*warnings, *_warnings(counts, applied)]
    for warning in every:
        sync.log("warning", f"{sync.key}: {warning}")
    return SyncOutcome(
        record=applied.record,
        row_count=applied.row_count,
        columns=stage.columns,
        schema_changes=applied.schema_changes,
        warnings=every,
        kept_rejects=applied.kept_rejects,
        held=applied.held,
        sync_rows=applied.sync_rows,
        sample=sample_of(sync.table.schema, applied.sample),
        repeated_ids=applied.repeated_ids,
        last_audits=applied.last_audits,
    )


def _warnings(counts: StageCounts, applied: CommitResult) -> list[str]:
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
    if applied.record.mode == "full" and counts.duplicates and applied.record.deleted:
        warnings.append(
            f"{counts.duplicates:,} rows came twice and {applied.record.deleted:,} were deleted in "
            "one full sync: if the pack pages by position, rows may have moved between pages while "
            "it ran. Page by a key or by a stable order"
        )
    if applied.removed:
        warnings.append(
            f"{_rows_were(applied.removed)} removed, because the syncs or parents that brought "
            "them are gone"
        )
    return warnings


def _rows_were(count: int) -> str:
    return "1 row was" if count == 1 else f"{count:,} rows were"
