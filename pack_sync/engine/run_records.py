"""What the ledger is told of an attempt, whether it was applied or failed."""

from datetime import UTC, datetime
from typing import Any

from pack_sync.engine.attempt import Attempt, AttemptFailedError
from pack_sync.engine.sync_failures import error_type_of, status_code_of, status_of
from pack_sync.engine.sync_job import SyncJob
from pack_sync.ledger.ledger_versions import create_ledger
from pack_sync.ledger.sync_runs import RunRecord, record_run
from pack_sync.warehouse.warehouse import Warehouse


def record_of(
    sync: SyncJob, attempt: Attempt, *, status: str, cursor_after: Any, **figures: Any
) -> RunRecord:
    """The ledger's line about an attempt that ends now."""
    statistics = attempt.fetcher.statistics
    return RunRecord(
        execution_id=attempt.id,
        dagster_run_id=sync.dagster_run_id,
        pack=sync.key.pack,
        table_name=sync.key.table,
        sync=sync.key.sync,
        mode=attempt.decision.mode,
        mode_reason=attempt.decision.reason,
        status=status,
        started_at=attempt.started_at,
        finished_at=datetime.now(UTC),
        cursor_before=attempt.position.cursor,
        cursor_after=cursor_after,
        requests=statistics.requests,
        retries=statistics.retries,
        not_modified=statistics.not_modified,
        bytes_received=statistics.bytes_received,
        **figures,
    )


def record_failure(sync: SyncJob, warehouse: Warehouse, failure: AttemptFailedError) -> None:
    """Write a failure to the ledger; the rows and the cursor stay as they were."""
    attempt, error = failure.attempt, failure.error
    record = record_of(
        sync,
        attempt,
        status=status_of(error),
        cursor_after=attempt.position.cursor,
        pages=failure.pages,
        fetch_seconds=(datetime.now(UTC) - attempt.started_at).total_seconds(),
        error_type=error_type_of(error),
        error_status_code=status_code_of(error),
        error_message=failure.reason,
    )
    try:
        with warehouse.write() as connection:
            create_ledger(connection)
            record_run(connection, record)
    except Exception as trouble:  # the failure itself must still reach the user
        why = "" if str(trouble) == str(error) else f": {trouble}"  # else it would be said twice
        sync.log(
            "warning",
            f"{sync.key}: the failure could not be recorded in _sync.runs, only in this log{why}",
        )
