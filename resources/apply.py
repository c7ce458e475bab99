"""The one transaction of a sync: rows, deletes, cursor and ledger, all or nothing."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import duckdb

from resources.identifiers import quote_literal
from resources.ledger import (
    RunRecord,
    SyncKey,
    SyncPosition,
    create_ledger,
    read_position,
    record_run,
    write_position,
)
from resources.stage import Stage, StageCounts
from resources.synced_table import SyncedTable
from resources.warehouse import Warehouse


class SupersededError(Exception):
    """Another sync of the same table was committed while this one ran."""


@dataclass(frozen=True, kw_only=True)
class Application:
    """What a sync wants to commit.

    `before` is the position that the sync started from; if the warehouse's is another one
    by now, nothing is applied. `complete` says that the stage holds the complete set (C10).
    """

    key: SyncKey
    before: SyncPosition
    after: SyncPosition
    cursor_reason: str
    complete: bool
    record: RunRecord


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What was committed: the ledger's line with its counts, and how the table stands."""

    record: RunRecord
    row_count: int
    schema_changes: list[str]


def apply_stage(
    warehouse: Warehouse, stage: Stage, counts: StageCounts, application: Application
) -> Applied:
    """Commit what the stage holds.

    Raises `SupersededError` when the sync's position has changed meanwhile, and
    `WarehouseLockedError` or `duckdb.Error` when the database cannot be written; in every
    case the warehouse is as it was.
    """
    stage.close()
    with warehouse.write() as connection:
        opened = time.monotonic()
        connection.execute(f"ATTACH {quote_literal(str(stage.path))} AS _stage (READ_ONLY)")
        create_ledger(connection)
        key = application.key
        _check_position(connection, application)
        at = datetime.now(UTC)
        table = SyncedTable(connection, key)
        schema_changes = table.fit_columns(stage.columns)
        execution_id = application.record.execution_id
        changes = table.apply(
            stage, complete=application.complete, execution_id=execution_id, at=at
        )
        table.keep_rejects(stage, complete=application.complete, execution_id=execution_id, at=at)
        write_position(connection, key, application.after, reason=application.cursor_reason, at=at)
        record = replace(
            application.record,
            finished_at=datetime.now(UTC),
            inserted=changes.inserted,
            updated=changes.updated,
            unchanged=changes.unchanged,
            deleted=changes.deleted,
            rejected=counts.rejected,
            duplicates=counts.duplicates,
            apply_seconds=time.monotonic() - opened,
        )
        record_run(connection, record)
        row_count = table.row_count()
    return Applied(record=record, row_count=row_count, schema_changes=schema_changes)


def _check_position(connection: duckdb.DuckDBPyConnection, application: Application) -> None:
    """The cursor must still be the one this sync started from, or changes would be lost."""
    now = read_position(connection, application.key)
    if now.execution_id != application.before.execution_id:
        raise SupersededError(
            f"{application.key}: another sync ({now.execution_id}) was committed while this one "
            "ran, so nothing of this one was applied. Nothing is lost: the next sync goes on "
            "from the newer cursor."
        )
