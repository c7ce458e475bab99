"""One sync of one table, from the decision about its mode to the commit.

    position → mode → pages into the spool → typed in the stage → one transaction

The transaction holds the rows, the deletes, the cursor and the line of the ledger, so
there is no moment at which a crash could lose or repeat a change.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pack_sdk.context import PreviousAttemptError
from pack_sdk.results import Completion
from resources.apply import Application, Applied, apply_stage
from resources.columns import Column
from resources.fetcher import SyncFetcher
from resources.ledger import (
    RunRecord,
    SyncPosition,
    create_ledger,
    read_last_run,
    read_position,
    record_run,
)
from resources.spool import Spool
from resources.stage import Stage, StageCounts
from resources.warehouse import Warehouse
from sync_assets.failures import (
    SyncFailedError,
    describe_previous,
    is_worth_retrying,
    kind_of,
    status_code_of,
)
from sync_assets.mode import ModeDecision, ModeRequest, decide_mode
from sync_assets.pages import PageRequest, collect_pages
from sync_assets.table_sync import TableSync


@dataclass(frozen=True, kw_only=True)
class SyncOutcome:
    """What a sync did: the ledger's line, how the table stands, and what to look at.

    `row_count` counts the whole table, all its syncs together.
    """

    record: RunRecord
    row_count: int
    columns: Sequence[Column]
    schema_changes: Sequence[str]
    warnings: Sequence[str]


def run_sync(sync: TableSync, warehouse: Warehouse, request: ModeRequest) -> SyncOutcome:
    """Sync one table and commit the result.

    A failing sync is tried again, as `sync.settings` say, with the reason of the failure in
    `context.previous_attempt_error` (contract C17). Raises `SyncFailedError` when it failed
    for good: nothing was applied, the cursor is where it was, and the ledger says why.
    """
    with warehouse.read() as connection:
        position = read_position(connection, sync.key)
        last_run = read_last_run(connection, sync.key)
    decision = decide_mode(
        request,
        position,
        sync.fingerprint,
        now=datetime.now(UTC),
        full_every=sync.settings.full_every,
    )
    sync.log("info", f"{sync.key}: {decision.mode} sync, because {decision.reason}")
    previous_error = _failure_of(last_run)
    wait_seconds = sync.settings.retry_wait_seconds
    for attempt in range(1, sync.settings.attempts + 1):
        trial = _Attempt(sync, warehouse, position, decision, previous_error)
        try:
            return trial.run()
        except Exception as error:
            sync.connection.redactor.redact_error(error)
            final = attempt == sync.settings.attempts or not is_worth_retrying(error)
            if final or sync.cancelled.is_set():
                trial.record_failure(error)
                raise SyncFailedError(f"{sync.key}: {_sentence(error)}") from error
            previous_error = describe_previous(error)
            sync.log(
                "warning",
                f"{sync.key}: attempt {attempt} of {sync.settings.attempts} failed, trying again "
                f"in {wait_seconds:g} s: {_sentence(error)}",
            )
            sync.cancelled.wait(wait_seconds)
            wait_seconds *= 2
    raise AssertionError("the last attempt either returns or raises")


class _Attempt:
    """One try at a sync, with its own id, spool and fetcher."""

    def __init__(
        self,
        sync: TableSync,
        warehouse: Warehouse,
        position: SyncPosition,
        decision: ModeDecision,
        previous_error: PreviousAttemptError | None,
    ) -> None:
        self._sync = sync
        self._warehouse = warehouse
        self._position = position
        self._decision = decision
        self._previous_error = previous_error
        self._fetcher = SyncFetcher(sync.connection)
        self._execution_id = uuid.uuid4().hex
        self._started_at = datetime.now(UTC)
        self._fetch_seconds = 0.0

    def run(self) -> SyncOutcome:
        """Collect the pages, type them, commit them."""
        sync = self._sync
        spool = Spool(sync.spool_folder)
        try:
            completion = self._collect(spool)
            if self._is_untrustworthy(completion):
                self._decision = ModeDecision(
                    mode="full",
                    reason="the incremental sync ended with hasIncompleteResults (contract C8), "
                    "so a full sync followed at once",
                )
                sync.log("warning", f"{sync.key}: {self._decision.reason}")
                spool.discard()
                spool = Spool(sync.spool_folder)
                completion = self._collect(spool)
            spool.close()
            return self._commit(spool, completion)
        finally:
            spool.discard()

    def _collect(self, spool: Spool) -> Completion | None:
        request = PageRequest(
            mode=self._decision.mode,
            cursor=self._position.cursor,
            started_at=self._started_at,
            execution_id=self._execution_id,
            previous_error=self._previous_error,
        )
        began = time.monotonic()
        try:
            return collect_pages(self._sync, request, self._fetcher, spool)
        finally:
            self._fetch_seconds += time.monotonic() - began

    def _is_untrustworthy(self, completion: Completion | None) -> bool:
        return (
            self._decision.mode == "incremental"
            and completion is not None
            and completion.has_incomplete_results
        )

    def _commit(self, spool: Spool, completion: Completion | None) -> SyncOutcome:
        cursor = completion.incremental_continuation if completion else None
        after, warnings = self._next_position(cursor)
        began = time.monotonic()
        with Stage(spool.folder / "stage.duckdb", self._sync.table.schema) as stage:
            counts = stage.load(spool)
            record = replace(
                self._record("succeeded"),
                pages=spool.page_count,
                rows_returned=spool.row_count,
                stage_seconds=time.monotonic() - began,
                cursor_after=cursor,
            )
            application = Application(
                key=self._sync.key,
                before=self._position,
                after=after,
                cursor_reason=f"{self._decision.mode} sync",
                complete=self._decision.mode == "full",
                record=record,
            )
            applied = apply_stage(self._warehouse, stage, counts, application)
            warnings += _warnings(counts)
            for warning in warnings:
                self._sync.log("warning", f"{self._sync.key}: {warning}")
            return self._outcome(stage, applied, warnings)

    def _outcome(self, stage: Stage, applied: Applied, warnings: list[str]) -> SyncOutcome:
        return SyncOutcome(
            record=applied.record,
            row_count=applied.row_count,
            columns=stage.columns,
            schema_changes=applied.schema_changes,
            warnings=warnings,
        )

    def _next_position(self, cursor: Any) -> tuple[SyncPosition, list[str]]:
        """Where the sync stands after this one, and what to warn of (contract C6, D3)."""
        full = self._decision.mode == "full"
        warnings: list[str] = []
        reason = ""
        if cursor is None and full:
            reason = "its last full sync ended without a cursor"
        elif cursor is None:
            reason = "its last incremental sync ended without a cursor (contract D3)"
            warnings.append(
                "the incremental sync ended without a cursor: its rows were applied, and the "
                "next sync will be full. Return a completion with an incrementalContinuation "
                "on the last page (contract D3)"
            )
        position = replace(
            self._position,
            cursor=cursor,
            no_cursor_reason=reason,
            fingerprint=self._sync.fingerprint,
            execution_id=self._execution_id,
            **{"last_full_at" if full else "last_incremental_at": self._started_at},
        )
        return position, warnings

    def record_failure(self, error: Exception) -> None:
        """Write the failure to the ledger; the rows and the cursor stay as they were."""
        record = replace(
            self._record("failed"),
            cursor_after=self._position.cursor,
            error_type=kind_of(error),
            error_status_code=status_code_of(error),
            error_message=_sentence(error),
        )
        try:
            with self._warehouse.write() as connection:
                create_ledger(connection)
                record_run(connection, record)
        except Exception as trouble:  # the failure itself must still reach the user
            self._sync.log(
                "warning", f"{self._sync.key}: the failure could not be recorded: {trouble}"
            )

    def _record(self, status: str) -> RunRecord:
        statistics = self._fetcher.statistics
        return RunRecord(
            execution_id=self._execution_id,
            dagster_run_id=self._sync.dagster_run_id,
            pack=self._sync.key.pack,
            table_name=self._sync.key.table,
            sync=self._sync.key.sync,
            mode=self._decision.mode,
            mode_reason=self._decision.reason,
            status=status,
            started_at=self._started_at,
            finished_at=datetime.now(UTC),
            requests=statistics.requests,
            retries=statistics.retries,
            bytes_received=statistics.bytes_received,
            fetch_seconds=self._fetch_seconds,
            cursor_before=self._position.cursor,
        )


def _failure_of(last_run: RunRecord | None) -> PreviousAttemptError | None:
    """Why the last run failed, if it did (contract C17)."""
    if last_run is None or last_run.status != "failed":
        return None
    return PreviousAttemptError(
        type=last_run.error_type or "Unknown",  # pyright: ignore[reportArgumentType]
        message=last_run.error_message or "",
        status_code=last_run.error_status_code,
    )


def _warnings(counts: StageCounts) -> list[str]:
    warnings: list[str] = []
    if counts.rejected:
        warnings.append(
            f"{counts.rejected:,} rows were rejected; they are kept, with the reasons, in "
            "_sync.rejected_rows (contract S4)"
        )
    if counts.unusable_deletions:
        warnings.append(
            f"{counts.unusable_deletions:,} deleted ids cannot be values of the id property and "
            "were ignored; return ids as the rows have them (contract C9)"
        )
    return warnings


def _sentence(error: Exception) -> str:
    name = type(error).__name__
    return f"{name}: {error}" if str(error) else name
