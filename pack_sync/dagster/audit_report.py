"""What Dagster shows of audits: a materialization's figures, and the check of each table."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from pack_sdk.wording import counted
from pack_sync.commit.full_sync_audit import Audit, AuditLine
from pack_sync.ledger.sync_runs import RunRecord

INCREMENTS_COMPLETE = "increments_complete"


def audit_metadata(record: RunRecord) -> Mapping[str, Any]:
    """The figures of a full sync that is an audit, which Dagster's UI plots; else nothing."""
    audit = Audit.of(record)
    if audit is None:
        return {}
    rows = record.inserted + record.updated + record.unchanged
    return {
        **_counts(audit),
        "audit/summary": f"of {counted(rows, 'row', 'rows')}, increments {_faults(audit)}",
    }


def increments_complete(asset: dg.AssetKey, audits: Sequence[AuditLine]) -> dg.AssetCheckResult:
    """The check's result, of the last audit of each of the table's syncs.

    It warns where increments had missed, left stale or failed to delete rows, until the next
    audit finds none.
    """
    total = sum((line.audit for line in audits), Audit())
    metadata: dict[str, Any] = dict(_counts(total)) if audits else {}
    for kind, ids in total.samples.items():
        metadata[f"audit/{kind}_sample"] = dg.MetadataValue.json(list(ids))
    if total.faults:
        metadata["audit/remedy"] = dg.MetadataValue.md(
            "The full sync has corrected these rows. To have fewer of them: full syncs more often "
            "(`full_every_days`, `full_refresh`), or a cursor in the pack that sees more, such as "
            "one with an overlap, and `deletedRowIds`. The history: `packsync audit`."
        )
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=INCREMENTS_COMPLETE,
        passed=not total.faults,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=metadata,
        description=_description(total, audits),
    )


def _counts(audit: Audit) -> dict[str, int]:
    return {
        "audit/missed": audit.missed,
        "audit/stale": audit.stale,
        "audit/undeleted": audit.undeleted,
        "audit/recent": audit.recent,
    }


def _description(total: Audit, audits: Sequence[AuditLine]) -> str:
    if not audits:
        return "no full sync has followed increments yet"
    last = max(line.finished_at for line in audits)
    return f"by the full sync of {last:%Y-%m-%d %H:%M} UTC, increments {_faults(total)}"


def _faults(audit: Audit) -> str:
    return (
        f"had missed {audit.missed:,}, left {audit.stale:,} stale and failed to delete "
        f"{audit.undeleted:,}; {audit.recent:,} more changed after the last sync began"
    )
