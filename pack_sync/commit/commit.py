"""The one transaction of a sync: rows, deletes, cursor and ledger, all or nothing."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import duckdb

from pack_sync.commit.change_samples import sample_of_changes
from pack_sync.commit.commit_request import CommitRequest, CommitResult
from pack_sync.commit.data_warnings import data_warnings
from pack_sync.commit.delete_guard import KeptChildren, check_children, check_deletes
from pack_sync.commit.finding_changes import find_changes
from pack_sync.commit.full_sync_audit import Audit, audit_changes, audited_since
from pack_sync.commit.held_files import remove_stages
from pack_sync.commit.held_syncs import forget_held
from pack_sync.commit.row_changes import RowChanges, make_changes
from pack_sync.commit.row_sample import RowSample, SampleColumns
from pack_sync.commit.table_descriptions import describe_table
from pack_sync.commit.table_state import state_after_commit
from pack_sync.commit.target_table import TargetTable
from pack_sync.ledger.absent_rows import remember_absent
from pack_sync.ledger.bad_values import keep_bad_values, stored_rows
from pack_sync.ledger.cursors import PositionChange, write_positions
from pack_sync.ledger.leases import release_lease
from pack_sync.ledger.ledger_versions import create_ledger
from pack_sync.ledger.rejected_rows import forget_deleted_where, keep_rejects
from pack_sync.ledger.sync_runs import RunRecord, record_run
from pack_sync.ledger.table_summary import TableLedger
from pack_sync.stage.deduplication import StageCounts
from pack_sync.stage.deleted_where import GivenColumns, given_columns
from pack_sync.stage.relations import RESUMED
from pack_sync.stage.stage import Stage
from pack_sync.stage.stage_file import attach_stage
from pack_sync.warehouse.duckdb_handles import Instance
from pack_sync.warehouse.storage_errors import ConflictError, ServedError
from pack_sync.warehouse.warehouse import Warehouse


class SupersededError(Exception):
    """Another sync of the same table was committed while this one ran."""


SAMPLE_ROWS = 5
"""How many changed rows are shown."""


def commit_stage(
    warehouse: Warehouse, stage: Stage, counts: StageCounts, request: CommitRequest
) -> CommitResult:
    """Commit what the stage holds.

    Raises `SupersededError` when a sync's position has changed meanwhile, `LargeDeleteError`
    when the guard does not let a full sync pass, and `WarehouseLockedError` or `duckdb.Error`
    when the database cannot be written; in every case the warehouse is as it was.
    """
    instance = stage.lend() if warehouse.joins_stages else None
    if instance is None:
        stage.close()
    table = request.key.of_table
    try:
        result, settled = _commit_in(warehouse, instance, stage, counts, request, table)
    except ServedError:  # since a moment ago: the stage must be a file
        stage.close()
        result, settled = _commit_in(warehouse, None, stage, counts, request, table)
    except ConflictError:  # with a commit of another table; such are rare
        result, settled = _commit_in(warehouse, instance, stage, counts, request, None)
    # After the commit only: a process that dies in between leaves files that nobody needs,
    # the other way round it would leave a held sync without its rows.
    remove_stages(warehouse, settled)
    return result


def _commit_in(
    warehouse: Warehouse,
    instance: Instance | None,
    stage: Stage,
    counts: StageCounts,
    request: CommitRequest,
    table: str | None,
) -> tuple[CommitResult, list[str]]:
    """Commit while nobody else writes to the table, or, with None, to any."""
    with warehouse.write(instance, table=table) as connection:
        opened = time.monotonic()
        if instance is None:
            attach_stage(connection, stage.path)
        return _commit(connection, stage, counts, request, opened)


def _commit(
    connection: duckdb.DuckDBPyConnection,
    stage: Stage,
    counts: StageCounts,
    request: CommitRequest,
    opened: float,
) -> tuple[CommitResult, list[str]]:
    """Make the changes, inside the transaction; also returns stages to remove after it."""
    key, keep = request.key, request.keep_syncs
    create_ledger(connection)
    there = TableLedger.read(connection, key)
    _check_positions(request, there.executions)
    at = datetime.now(UTC)
    table = TargetTable(connection, key)
    schema_changes = table.fit_columns(stage.columns)
    where = given_columns(connection) if counts.deleted_where else []
    rows, audit = _find(connection, table, stage, request, at, where)
    describe_table(
        connection,
        table,
        request.description,
        stage.columns,
        written=there.descriptions,
        anew=bool(schema_changes) or (rows.rows_before == 0 and rows.inserted > 0),
    )
    execution_id = request.record.execution_id
    row_count = make_changes(connection, table, stage, rows, execution_id=execution_id, at=at)
    if where and there.rejects:
        forget_deleted_where(connection, key, where, stage.value_in_row)
    _keep_what_does_not_fit(connection, table, stage, counts, request, there, at)
    moved = _due_again(request.changes, rows)
    write_positions(connection, key, moved, at=at, full_due=there.full_due)
    if request.confirm_deletes > 1:
        full = rows.of_full_syncs and rows.rows_before > 0
        remember_absent(connection, key, id_column=stage.id_column, full=full, at=at)
    settled = forget_held(connection, key, keep=keep) if there.held else []
    removed, kept_children = _remove_syncs(connection, table, request, rows, there)
    record = _finished(connection, stage, counts, request, rows, removed=removed, audit=audit)
    record = replace(record, apply_seconds=time.monotonic() - opened)
    record_run(connection, record)
    if request.lease is not None:
        release_lease(connection, request.lease)
    result = CommitResult(
        record=record,
        columns=stage.columns,
        schema_changes=schema_changes,
        removed=removed,
        unconfirmed=rows.unconfirmed,
        kept_children=kept_children,
        row_count=row_count - removed,
        sync_rows=table.row_count(key.sync) if request.count_sync else None,
        sample=_sample(connection, stage, rows, request.sample),
        table=state_after_commit(
            connection,
            record,
            key,
            repeated_ids=rows.repeated_ids,
            rejects=bool(there.rejects or counts.rejected),
            held=there.held > 0,
            audits=there.audits > 0 or audit is not None,
        ),
    )
    return result, settled


def _sample(
    connection: duckdb.DuckDBPyConnection, stage: Stage, rows: RowChanges, columns: SampleColumns
) -> RowSample:
    found = sample_of_changes(connection, stage, rows, columns.names, SAMPLE_ROWS)
    return RowSample(rows=found, columns=columns)


def _keep_what_does_not_fit(
    connection: duckdb.DuckDBPyConnection,
    table: TargetTable,
    stage: Stage,
    counts: StageCounts,
    request: CommitRequest,
    there: TableLedger,
    at: datetime,
) -> None:
    """Keep rejected rows, and rows without values, in place of those that they replace."""
    key, id_column, execution_id = request.key, stage.id_column, request.record.execution_id
    if there.rejects or counts.rejected:
        keep_rejects(connection, key, id_column=id_column, execution_id=execution_id, at=at)
    if there.bad_values or counts.bad_values:
        keep_bad_values(
            connection,
            key,
            table=table.name,
            id_name=stage.id_name,
            stored=stored_rows(id_column),
            any_new=counts.bad_values > 0,
            execution_id=execution_id,
            at=at,
        )


def _remove_syncs(
    connection: duckdb.DuckDBPyConnection,
    table: TargetTable,
    request: CommitRequest,
    rows: RowChanges,
    there: TableLedger,
) -> tuple[int, KeptChildren | None]:
    """Remove the rows of syncs that are gone; how many, and which the guard keeps."""
    keep = request.keep_syncs
    if keep is None or not (rows.rows_before or there.rejects or not there.only(keep)):
        return 0, None
    kept = check_children(connection, table, keep, request.guard)
    return table.remove_syncs([*keep, *kept.syncs] if kept else keep), kept


def _due_again(changes: Sequence[PositionChange], rows: RowChanges) -> Sequence[PositionChange]:
    """Bring the next full sync forward where a resumed one has left rows in doubt (D9)."""
    if not rows.unconfirmed.count or RESUMED not in rows.unconfirmed.reasons:
        return changes
    why = "rows that the last full sync did not return may be gone: it had been interrupted"
    moved = {each.sync: each for each in changes}
    for sync in rows.unconfirmed.syncs:
        moved[sync] = replace(moved[sync], after=replace(moved[sync].after, full_due_reason=why))
    return list(moved.values())


def _finished(
    connection: duckdb.DuckDBPyConnection,
    stage: Stage,
    counts: StageCounts,
    request: CommitRequest,
    rows: RowChanges,
    *,
    removed: int,
    audit: Audit | None,
) -> RunRecord:
    """The ledger's line, with what was changed and what there is to warn of."""
    record = replace(
        request.record,
        finished_at=datetime.now(UTC),
        inserted=rows.inserted,
        updated=rows.updated,
        unchanged=rows.unchanged,
        deleted=rows.deleted + removed,
        unconfirmed=rows.unconfirmed.count or None,
        rejected=counts.rejected,
        duplicates=counts.duplicates,
        **(audit.figures() if audit else {}),
    )
    found = data_warnings(connection, request.key, stage, counts, rows, record)
    return replace(record, warnings=[*(record.warnings or ()), *found] or None)


def _find(
    connection: duckdb.DuckDBPyConnection,
    table: TargetTable,
    stage: Stage,
    request: CommitRequest,
    at: datetime,
    where: Sequence[GivenColumns],
) -> tuple[RowChanges, Audit | None]:
    """What there is to change, shown to `on_changes` and let pass by the guard, and the audit."""
    rows = find_changes(
        connection,
        table,
        stage,
        confirm_deletes=request.confirm_deletes,
        deleted_where=where,
    )
    if request.on_changes is not None:
        request.on_changes(connection, table.name, stage)
    if not rows.of_full_syncs:
        return rows, None
    if request.guard is not None and rows.deleted:
        check_deletes(connection, table, stage.id_name, request.guard)
    since = audited_since(request.changes)
    execution_id = request.record.execution_id
    return rows, audit_changes(connection, table, stage, since, until=at, execution_id=execution_id)


def _check_positions(request: CommitRequest, executions: Mapping[str, str]) -> None:
    """The cursors must still be those the syncs started from, or changes would be lost.

    The guarantee against two syncs at once is here: a lease only saves double work.
    """
    for change in request.changes:
        current_id = executions.get(change.sync)
        if current_id != change.before.execution_id:
            key = replace(request.key, sync=change.sync)
            raise SupersededError(
                f"{key}: another sync ({current_id}) was committed while this one ran, so "
                "nothing of this one was applied. Nothing is lost: the next sync continues "
                "from the newer cursor."
            )
