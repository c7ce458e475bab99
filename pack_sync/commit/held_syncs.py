"""Held syncs: full syncs that wait for a decision, with their staged rows (contract D8).

`_sync.held_syncs` has a line for each, with what it would delete; the stage is a file
(`pack_sync.commit.held_files`). A held sync is settled by approving it
(`pack_sync.commit.approval`), by discarding it, by a later full sync of the same sync, which either
passes or is held in its place, or by the sync's removal.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson

from pack_sync.commit.delete_guard import LargeDelete
from pack_sync.commit.held_files import move_stage, remove_stages, share_stage
from pack_sync.ledger.cursors import PositionChange, make_full_sync_due
from pack_sync.ledger.ledger_tables import HELD_SYNCS
from pack_sync.ledger.ledger_versions import create_ledger, ledger_exists
from pack_sync.ledger.rejected_rows import keep_failed_rejects
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.ledger.sync_runs import RunRecord, record_run
from pack_sync.stage.column_types import Column
from pack_sync.stage.reject_reasons import ReasonCount, count_reasons
from pack_sync.stage.relations import FULL_SYNCS, REJECT_REASONS, REJECTS
from pack_sync.stage.stage import Stage
from pack_sync.stage.stage_file import attach_stage
from pack_sync.warehouse.warehouse import Warehouse


class NotHeldError(Exception):
    """There is no such held sync (any more); nothing was changed."""


@dataclass(frozen=True, kw_only=True)
class HeldSync:
    """A full sync that is held.

    `columns`, `id_index` and `stage` are its staged rows, the last the name of a shared file or
    the path of one of the machine that ran the sync; `change` is where the sync would have moved,
    `run` the line of the ledger that it would have got.
    """

    key: SyncKey
    execution_id: str
    held_at: datetime
    rows_before: int
    rows_returned: int
    deletes: int
    sample: Sequence[dict[str, Any]]
    columns: Sequence[Column]
    id_index: int
    change: PositionChange
    run: RunRecord
    stage: str

    @property
    def id_column(self) -> str:
        """The stage's name of the id column."""
        return f"c{self.id_index}"

    @property
    def id_name(self) -> str:
        """The synced table's name of the id column."""
        return self.columns[self.id_index].name


def keep_held(
    warehouse: Warehouse,
    stage: Stage,
    held: Sequence[tuple[LargeDelete, PositionChange, RunRecord]],
    folder: Path,
    *,
    copy: bool = False,
) -> Sequence[ReasonCount]:
    """Register full syncs of one stage as held, in place of earlier ones of the same syncs.

    The closed stage is uploaded where machines share files, and moves to `folder` elsewhere, or is
    copied if the rest of it is still to be applied. Each `RunRecord` is that of a sync and names
    it. The rows that the stage rejects are kept as those of a failed sync, to be looked at. Returns
    why they were rejected, most frequent first.
    """
    if not held:
        return []
    first = held[0][2]
    table = SyncKey(pack=first.pack, table=first.table_name).of_table
    shared = share_stage(warehouse, stage.path, table, first.execution_id)
    with warehouse.write() as connection:
        create_ledger(connection)
        kept = shared or move_stage(stage.path, folder, first.execution_id, copy=copy)
        at = datetime.now(UTC)
        settled: list[str] = []
        for large, change, run in held:
            key = SyncKey(pack=run.pack, table=run.table_name, sync=large.sync)
            settled += _forget(connection, key, "sync = ?", [key.sync])
            _insert(connection, large, change, run, _Staged(stage, kept), at)
        reasons = _keep_rejects(connection, stage.path if shared else Path(kept), first, at)
    # Not its own: a process that died after it held a sync has left pages that are resumed.
    remove_stages(warehouse, set(settled) - {kept})
    return reasons


def _keep_rejects(
    connection: duckdb.DuckDBPyConnection, stage: Path, run: RunRecord, at: datetime
) -> Sequence[ReasonCount]:
    attach_stage(connection, stage)
    if not connection.execute(f"SELECT 1 FROM {REJECTS} LIMIT 1").fetchone():
        return []
    key = SyncKey(pack=run.pack, table=run.table_name, sync=run.sync)
    keep_failed_rejects(connection, key, execution_id=run.execution_id, at=at)
    return count_reasons(connection, REJECT_REASONS)


@dataclass(frozen=True)
class _Staged:
    stage: Stage
    kept: str


def _insert(
    connection: duckdb.DuckDBPyConnection,
    large: LargeDelete,
    change: PositionChange,
    run: RunRecord,
    staged: _Staged,
    at: datetime,
) -> None:
    values: dict[str, Any] = {
        "pack": run.pack,
        "table_name": run.table_name,
        "sync": large.sync,
        "execution_id": run.execution_id,
        "held_at": at,
        "rows_before": large.rows_before,
        "rows_returned": large.rows_returned,
        "deletes": large.deletes,
        "sample": orjson.dumps(list(large.sample)).decode(),
        "columns": orjson.dumps([asdict(column) for column in staged.stage.columns]).decode(),
        "id_index": staged.stage.id_index,
        "change": orjson.dumps(change).decode(),
        "run": orjson.dumps(run).decode(),
        "stage": staged.kept,
    }
    marks = ", ".join("?" for _ in values)
    connection.execute(
        f"INSERT INTO {HELD_SYNCS} ({', '.join(values)}) VALUES ({marks})", list(values.values())
    )


def read_held(
    connection: duckdb.DuckDBPyConnection,
    pack: str | None = None,
    table: str | None = None,
    sync: str | None = None,
) -> list[HeldSync]:
    """The held syncs, oldest first; `sync` also names the children that are crawled under it."""
    if not ledger_exists(connection):
        return []
    rows = connection.execute(
        f"""
        SELECT
            pack, table_name, sync, execution_id, held_at, rows_before, rows_returned,
            deletes, sample, columns, id_index, change, run, stage
        FROM {HELD_SYNCS}
        WHERE (? IS NULL OR pack = ?)
            AND (? IS NULL OR table_name = ?)
            AND (? IS NULL OR sync = ? OR starts_with(sync, ? || '/'))
        ORDER BY held_at, pack, table_name, sync
        """,
        [pack, pack, table, table, sync, sync, sync],
    ).fetchall()
    return [_held_sync(row) for row in rows]


def _held_sync(row: tuple[Any, ...]) -> HeldSync:
    from pydantic import (
        TypeAdapter,
    )  # `packsync status` mostly finds nothing, and has no use for it

    return HeldSync(
        key=SyncKey(pack=row[0], table=row[1], sync=row[2]),
        execution_id=row[3],
        held_at=row[4],
        rows_before=row[5],
        rows_returned=row[6],
        deletes=row[7],
        sample=orjson.loads(row[8]),
        columns=TypeAdapter(list[Column]).validate_json(row[9]),
        id_index=row[10],
        change=TypeAdapter(PositionChange).validate_json(row[11]),
        run=TypeAdapter(RunRecord).validate_json(row[12]),
        stage=row[13],
    )


def forget_held(
    connection: duckdb.DuckDBPyConnection, key: SyncKey, *, keep: Sequence[str] | None
) -> list[str]:
    """Forget the table's held syncs that the attached stage settles: its own full syncs.

    And those of syncs that are gone, where `keep` says which are not. Returns the stages to
    remove once that is committed.
    """
    gone = "" if keep is None else " OR sync NOT IN (SELECT unnest(?::VARCHAR[]))"
    which = f"sync IN {FULL_SYNCS}{gone}"
    return _forget(connection, key, which, [] if keep is None else [keep])


def _forget(
    connection: duckdb.DuckDBPyConnection, key: SyncKey, which: str, values: Sequence[Any]
) -> list[str]:
    """Remove lines of the table; returns the stages that no line names any more."""
    settled = f"FROM {HELD_SYNCS} WHERE pack = ? AND table_name = ? AND ({which})"
    given = [key.pack, key.table, *values]
    stages = connection.execute(f"SELECT stage {settled}", given).fetchall()
    if not stages:
        return []
    connection.execute(f"DELETE {settled}", given)  # a lake knows no RETURNING
    named = connection.execute(f"SELECT stage FROM {HELD_SYNCS}").fetchall()
    return [stage for (stage,) in set(stages) - set(named)]


def settle(connection: duckdb.DuckDBPyConnection, held: HeldSync) -> list[str]:
    """Remove a held sync's line; returns the stages to remove once that is committed.

    Raises `NotHeldError` when it has been settled meanwhile.
    """
    there = connection.execute(
        f"SELECT 1 FROM {HELD_SYNCS} WHERE (pack, table_name, sync, execution_id) = (?, ?, ?, ?)",
        [held.key.pack, held.key.table, held.key.sync, held.execution_id],
    ).fetchone()
    if there is None:
        raise NotHeldError(f"{held.key}: the held sync has been settled meanwhile")
    return _forget(connection, held.key, "sync = ?", [held.key.sync])


def discard_held(warehouse: Warehouse, held: HeldSync) -> None:
    """Throw a held sync away: the table stays as it is, and the next sync is a full one.

    The ledger gets a line about it. Raises `NotHeldError` when it has been settled meanwhile.
    """
    with warehouse.write() as connection:
        create_ledger(connection)
        settled = settle(connection, held)
        at = f"{held.held_at:%Y-%m-%d %H:%M} UTC"
        why = f"the full sync held since {at} was discarded"
        make_full_sync_due(connection, held.key, reason=why)
        record_run(
            connection,
            replace(
                held.run,
                status="discarded",
                finished_at=datetime.now(UTC),
                error_message="the held full sync was discarded",
            ),
        )
    remove_stages(warehouse, settled)
