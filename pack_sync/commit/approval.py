"""Approving a held sync: what was held is applied after all, once (contract D8).

Incremental syncs go on while a full sync is held, so what was staged may be older than the
table. Nothing newer is overwritten then: rows are changed and deleted only if they have not
changed since the sync was held, rows that the table lacks are not added (a newer sync may have
deleted them), and the cursor stays. The next full sync, which is due at once, brings the rest.
"""

import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pack_sync.commit.finding_changes import find_changes
from pack_sync.commit.full_sync_audit import audit_changes, audited_since
from pack_sync.commit.held_files import fetch_stage, is_shared, remove_stages
from pack_sync.commit.held_syncs import HeldSync, NotHeldError, settle
from pack_sync.commit.row_changes import RowChanges, make_changes
from pack_sync.commit.table_descriptions import forget_descriptions
from pack_sync.commit.target_table import TargetTable
from pack_sync.ledger.bad_values import keep_bad_values, stored_rows
from pack_sync.ledger.cursors import make_full_sync_due, read_position, write_positions
from pack_sync.ledger.ledger_versions import create_ledger
from pack_sync.ledger.rejected_rows import keep_rejects
from pack_sync.ledger.sync_runs import RunRecord, record_run
from pack_sync.spool.folders import scratch_folder
from pack_sync.stage.deleted_where import given_columns
from pack_sync.stage.relations import CHANGED
from pack_sync.stage.stage_file import attach_stage, has_bad_values, leave_out
from pack_sync.warehouse.warehouse import Warehouse

_APPROVED_LATE = "a held full sync was approved after other syncs, so not all of it was applied"


@dataclass(frozen=True, kw_only=True)
class Approval:
    """What approving did: the ledger's line, and whether newer syncs had been committed."""

    record: RunRecord
    behind: bool


def approve_held(warehouse: Warehouse, held: HeldSync) -> Approval:
    """Apply a held sync in one transaction with the removal of its hold.

    Raises `NotHeldError` when it has been settled meanwhile, its staged rows cannot be had on
    this machine, or the table's columns have changed since; the warehouse is then as it was.
    """
    with _only(warehouse, held) as stage, warehouse.write() as connection:
        attach_stage(connection, stage)
        create_ledger(connection)
        settled = settle(connection, held)
        position = read_position(connection, held.key)
        behind = position.execution_id != held.change.before.execution_id
        approval = Approval(record=_apply(connection, held, behind=behind), behind=behind)
    remove_stages(warehouse, settled)
    return approval


@contextmanager
def _only(warehouse: Warehouse, held: HeldSync) -> Generator[Path]:
    """A stage of this sync alone; the file may hold others, crawled beside it."""
    alone = "/" not in held.key.sync
    if alone and not is_shared(held.stage) and Path(held.stage).exists():
        yield Path(held.stage)
        return
    # Of a server's file staged rows lie where it reads them; what is shared is of a lake.
    folder_of_all = None if is_shared(held.stage) else Path(held.stage).parent.parent
    with scratch_folder(folder_of_all) as folder:
        copy = folder / "stage.duckdb"
        try:
            fetch_stage(warehouse, held.stage, copy)
        except FileNotFoundError as error:
            raise NotHeldError(
                f"{held.key}: its staged rows are not at {held.stage}, or not on this machine; "
                "discard it (`packsync held discard`) and sync fully, with `approve_deletes: true` "
                "if the deletes are right"
            ) from error
        if not alone:
            leave_out(copy, [held.key.sync], others=True)
        yield copy


def _apply(connection: duckdb.DuckDBPyConnection, held: HeldSync, *, behind: bool) -> RunRecord:
    table = TargetTable(connection, held.key)
    changed_columns = table.fit_columns(held.columns)
    if behind and changed_columns:
        raise NotHeldError(
            f"{held.key}: the table's columns have changed since it was held "
            f"({'; '.join(changed_columns)}); discard it and sync fully"
        )
    if changed_columns:
        forget_descriptions(connection, table)
    execution_id, at = uuid.uuid4().hex, datetime.now(UTC)
    changes = find_changes(
        connection,
        table,
        held,
        unchanged_since=held.held_at if behind else None,
        deleted_where=given_columns(connection),
    )
    audit = None
    if not behind:  # else not all that differs is looked at
        since = audited_since([held.change])
        audit = audit_changes(
            connection, table, held, since, until=held.held_at, execution_id=execution_id
        )
    make_changes(connection, table, held, changes, execution_id=execution_id, at=at)
    keep_bad_values(
        connection,
        held.key,
        table=table.name,
        id_name=held.id_name,
        stored=CHANGED if behind else stored_rows(held.id_column),
        any_new=has_bad_values(connection),
        execution_id=execution_id,
        at=at,
    )
    if behind:
        make_full_sync_due(connection, held.key, reason=_APPROVED_LATE)
    else:
        keep_rejects(
            connection, held.key, id_column=held.id_column, execution_id=execution_id, at=at
        )
        after = replace(held.change.after, execution_id=execution_id)
        moved = replace(held.change, after=after, reason="held deletes approved")
        write_positions(connection, held.key, [moved], at=at)
    record = _record(held, changes, execution_id=execution_id, at=at, behind=behind)
    record = replace(record, **(audit.figures() if audit else {}))
    record_run(connection, record)
    return record


def _record(
    held: HeldSync, changes: RowChanges, *, execution_id: str, at: datetime, behind: bool
) -> RunRecord:
    return replace(
        held.run,
        execution_id=execution_id,
        mode_reason=f"the deletes held since {held.held_at:%Y-%m-%d %H:%M} UTC were approved",
        status="succeeded",
        finished_at=at,
        inserted=changes.inserted,
        updated=changes.updated,
        unchanged=changes.unchanged,
        deleted=changes.deleted,
        cursor_after=held.run.cursor_before if behind else held.run.cursor_after,
        error_type=None,
        error_message=None,
    )
