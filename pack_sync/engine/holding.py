"""Full syncs that would delete too much: holding them, and approving with a run (contract D8)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pack_sdk.wording import counted
from pack_sync.commit.approval import approve_held
from pack_sync.commit.data_warnings import rows_were
from pack_sync.commit.delete_guard import LargeDelete
from pack_sync.commit.held_syncs import keep_held, read_held
from pack_sync.engine.sync_failures import HeldSyncError
from pack_sync.engine.sync_job import SyncJob
from pack_sync.ledger.cursors import PositionChange
from pack_sync.ledger.sync_key import DEFAULT_SYNC, SyncKey
from pack_sync.ledger.sync_runs import RunRecord
from pack_sync.stage.reject_reasons import ReasonCount
from pack_sync.stage.stage import Stage
from pack_sync.warehouse.warehouse import Warehouse


def held_folder(sync: SyncJob) -> Path:
    """Where the stages of a sync, and of its crawled children, are kept that are held."""
    return sync.spool_folder / "held"


def hold(
    sync: SyncJob,
    warehouse: Warehouse,
    stage: Stage,
    held: Sequence[tuple[LargeDelete, PositionChange, RunRecord]],
    *,
    copy: bool = False,
) -> dict[str, HeldSyncError]:
    """Keep what is staged of these syncs for a decision; returns what to tell of each.

    The stage is uploaded, or moves beside the spools; it is copied if the rest of it is still to be
    applied.
    """
    reasons = keep_held(warehouse, stage, held, held_folder(sync), copy=copy)
    return {
        large.sync: HeldSyncError(
            _message(replace(sync.key, sync=large.sync), large, _rejects(reasons))
        )
        for large, _, _ in held
    }


def _rejects(reasons: Sequence[ReasonCount]) -> str:
    """What to say of the rows that were rejected; nothing if none were."""
    if not reasons:
        return ""
    count = sum(reason.rows for reason in reasons)
    return (
        f" Also, {rows_were(count)} rejected, which may be the cause ({reasons[0].reason}; "
        "`packsync rejects` shows all): rows whose id came with a rejected row stay in any case."
    )


def _message(key: SyncKey, large: LargeDelete, rejects: str) -> str:
    what = f"{key.pack}.{key.table}"
    if key.sync != DEFAULT_SYNC:
        what += f" --sync '{key.sync}'"
    before = counted(large.rows_before, "row", "rows")
    brought = f"{large.rows_returned:,}" if large.rows_returned else "none"
    return (
        f"this full sync would delete {large.deletes:,} of {before}; it brought "
        f"{brought}. The guard holds it: nothing was applied, rows and cursor are as they were, "
        f"and incremental syncs go on.{rejects} See the rows with `packsync held {what}`. If "
        f"they are really gone: `packsync held approve {what}`, or a run with "
        f"`approve_deletes: true`. If not: fix the source, then `packsync held discard {what}`"
    )


def approve_first(sync: SyncJob, warehouse: Warehouse) -> tuple[SyncJob, list[str]]:
    """If the run approves deletes, apply what is held of the sync, before the run's own sync.

    What was held is what was approved: if there was any, the run's own full sync is guarded
    like every other. Returns the sync to run, and what was done, in words.
    """
    if not sync.approve_deletes:
        return sync, []
    with warehouse.read() as connection:
        held = read_held(connection, sync.key.pack, sync.key.table, sync.key.sync)
    # Before the sync's own position is read: approving moves it.
    done: list[str] = []
    for each in held:
        record = approve_held(warehouse, each).record
        done.append(
            f"{each.key}: the full sync held since {each.held_at:%Y-%m-%d %H:%M} UTC was approved: "
            f"{counted(record.deleted, 'row', 'rows')} deleted, {record.inserted:,} inserted, "
            f"{record.updated:,} updated"
        )
        sync.log("warning", done[-1])
    return replace(sync, approve_deletes=not held), done
