"""What a crawl came to, from what each of its batches did."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pack_sync.commit.full_sync_audit import audit_figures
from pack_sync.engine.crawl_commit import decision_of_batch
from pack_sync.engine.outcome import SyncOutcome
from pack_sync.ledger.sync_runs import RunRecord

_SUMMED = (
    "pages", "rows_returned", "inserted", "updated", "unchanged", "deleted", "rejected",
    "duplicates", "requests", "retries", "bytes_received", "fetch_seconds", "stage_seconds",
    "apply_seconds",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """What a batch did, and of each child that was applied whether it was a full sync."""

    outcome: SyncOutcome
    complete: Sequence[bool]


def combined(results: Sequence[BatchResult]) -> SyncOutcome:
    """One outcome for all batches: figures added up, the table as it stands at the end."""
    outcomes = [result.outcome for result in results]
    records: list[RunRecord] = [outcome.record for outcome in outcomes]
    decision = decision_of_batch([complete for result in results for complete in result.complete])
    record = replace(
        records[-1],
        started_at=records[0].started_at,
        mode=decision.mode,
        mode_reason=decision.reason,
        **{name: sum(getattr(record, name) for record in records) for name in _SUMMED},
        **audit_figures(records),
        unconfirmed=sum(record.unconfirmed or 0 for record in records) or None,
    )
    last = outcomes[-1].result
    result = replace(
        last,
        record=record,
        schema_changes=[change for outcome in outcomes for change in outcome.result.schema_changes],
        table=replace(last.table, last_run=record),
    )
    return SyncOutcome(
        result=result,
        warnings=list(dict.fromkeys(w for outcome in outcomes for w in outcome.warnings)),
        failures=[failure for outcome in outcomes for failure in outcome.failures],
    )
