"""Too many rejected rows: then a sync fails, and nothing of it is applied (contract S4)."""

from datetime import UTC, datetime

from pack_sdk.wording import counted
from pack_sync.engine.attempt import Attempt
from pack_sync.engine.sync_failures import TooManyRejectedRowsError
from pack_sync.engine.sync_job import SyncJob
from pack_sync.ledger.ledger_versions import create_ledger
from pack_sync.ledger.rejected_rows import keep_failed_rejects
from pack_sync.settings import SyncSettings
from pack_sync.stage.deduplication import StageCounts
from pack_sync.stage.stage import Stage
from pack_sync.stage.stage_file import attach_stage
from pack_sync.warehouse.warehouse import Warehouse


def stop_at_limits(
    sync: SyncJob,
    warehouse: Warehouse,
    stage: Stage,
    counts: StageCounts,
    attempt: Attempt,
) -> None:
    """Stop a staged sync that has more rejected rows than its settings allow.

    Raises `TooManyRejectedRowsError` with counts and reasons. The rejected rows are kept to be
    looked at, until the next sync brings them again; the table and the cursor are untouched.
    A crawl is stopped by the batch.
    """
    excess = _excess(counts, sync.settings)
    if excess is None:
        return
    reasons = "; ".join(str(reason) for reason in stage.reject_reasons())
    stage.close()  # DuckDB attaches a file only if nobody else has it open
    with warehouse.write() as connection:
        attach_stage(connection, stage.path)
        create_ledger(connection)
        keep_failed_rejects(connection, sync.key, execution_id=attempt.id, at=datetime.now(UTC))
    table = f"{sync.key.pack}.{sync.key.table}"
    raise TooManyRejectedRowsError(
        f"{excess}; nothing was applied, and the cursor is where it was. Reasons: {reasons}. "
        f"See the rows with `packsync rejects {table}`, fix the pack's schema and sync again, or "
        "allow more in defs.yaml"
    )


def _excess(counts: StageCounts, settings: SyncSettings) -> str | None:
    """Which limit the rejected rows exceed, None if none.

    The share is of the rows that count: repeated ids count once, deleted ones not at all.
    """
    total = counts.upserts + counts.rejected
    share = counts.rejected / total if total else 0.0
    rejected = f"{counts.rejected:,} of {counted(total, 'row', 'rows')}"
    rows = f"{rejected} ({share:.1%}) were rejected, more than"
    limit = settings.max_rejected_rows
    if limit is not None and counts.rejected > limit:
        return f"{rows} max_rejected_rows: {limit} allows"
    if settings.max_rejected_share is not None and share > settings.max_rejected_share:
        return f"{rows} max_rejected_share: {settings.max_rejected_share:g} allows"
    return None
