"""Where each sync stands: its cursor, what that describes, and how it is replaced.

The position is in `_sync.cursors`, one line a sync; `_sync.cursor_history` has every cursor there
was, and why. Both are written in the transaction that commits the rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import duckdb

from pack_sync.ledger.ledger_tables import CURSOR_HISTORY, CURSORS, HELD_SYNCS, from_json, to_json
from pack_sync.ledger.ledger_versions import ledger_exists
from pack_sync.ledger.position_lines import change_lines, put_lines
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.ducklake import add_lines


@dataclass(frozen=True, kw_only=True)
class SyncPosition:
    """Where a sync stands: its cursor and what that cursor describes.

    `cursor` None means that there is none; `no_cursor_reason` then says why. `full_due_reason` says
    why the next sync is to be full before the periodic one is due, empty if it need not be.
    `execution_id` is the sync that wrote this position. `held_at` is when a full sync was held
    that waits for a decision (contract D8); it is read with the position, never written by it.
    """

    cursor: Any = None
    no_cursor_reason: str = "it has never been synced"
    fingerprint: dict[str, str] | None = None
    last_full_at: datetime | None = None
    last_incremental_at: datetime | None = None
    full_due_reason: str = ""
    execution_id: str | None = None
    held_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PositionChange:
    """A sync that moves from one position to another, and why.

    `cursor_expired` says that the service no longer knew the cursor, so that nothing can be said of
    what increments had brought. `keep_history` is off for the children of a crawl: thousands of
    cursors a run would bury the rest of the history.
    """

    sync: str
    before: SyncPosition
    after: SyncPosition
    reason: str
    cursor_expired: bool = False
    keep_history: bool = True


def read_position(connection: duckdb.DuckDBPyConnection, key: SyncKey) -> SyncPosition:
    """Where the sync stands; the default position if it has never been synced."""
    positions = read_positions(connection, key.pack, key.table, sync=key.sync)
    return positions.get(key.sync, SyncPosition())


def read_positions(
    connection: duckdb.DuckDBPyConnection, pack: str, table: str, *, sync: str | None = None
) -> dict[str, SyncPosition]:
    """Where the table's syncs stand, by name; one of them if `sync` is given."""
    if not ledger_exists(connection):
        return {}
    rows = connection.execute(
        f"""
        SELECT
            sync, cursor, no_cursor_reason, fingerprint,
            last_full_at, last_incremental_at, full_due_reason, execution_id
        FROM {CURSORS}
        WHERE pack = ? AND table_name = ? AND (? IS NULL OR sync = ?)
        """,
        [pack, table, sync, sync],
    ).fetchall()
    held = connection.execute(  # a query of its own: to join the two takes longer
        f"""
        SELECT sync, max(held_at) FROM {HELD_SYNCS}
        WHERE pack = ? AND table_name = ? GROUP BY sync
        """,
        [pack, table],
    ).fetchall()
    held_at = dict(held)
    return {
        name: SyncPosition(
            cursor=from_json(cursor),
            no_cursor_reason=reason or "",
            fingerprint=from_json(fingerprint),
            last_full_at=last_full_at,
            last_incremental_at=last_incremental_at,
            full_due_reason=due or "",
            execution_id=execution_id,
            held_at=held_at.get(name),
        )
        for (
            name,
            cursor,
            reason,
            fingerprint,
            last_full_at,
            last_incremental_at,
            due,
            execution_id,
        ) in rows
    }


def forget_schema(
    connection: duckdb.DuckDBPyConnection,
    key: SyncKey,
    schema: str | None,
    *,
    anyway: bool,
) -> None:
    """Have the next sync of each position of a table be full if its schema was not this one.

    `schema` is that part of a fingerprint, None if it is not known; `anyway` takes all positions.
    A sync that runs meanwhile writes the fingerprint that it began with; the reason stays.
    """
    change_lines(
        connection,
        key,
        """
        ($anyway OR ($schema IS NOT NULL AND fingerprint ->> 'schema' IS DISTINCT FROM $schema))
        """,
        {
            "fingerprint": """json_merge_patch(fingerprint, '{"schema": null}')""",
            "full_due_reason": "'rejected rows were replayed by another schema'",
        },
        {"anyway": anyway, "schema": schema},
    )


def write_positions(
    connection: duckdb.DuckDBPyConnection,
    key: SyncKey,
    changes: Sequence[PositionChange],
    *,
    at: datetime,
    full_due: Mapping[str, str] | None = None,
) -> None:
    """Replace where syncs of a table stand, and add their cursors to the history.

    `key` names the table; each change names its sync, and must start from where that stands.
    `full_due` is why the next full sync of some of them is due, where the transaction has read it
    already. Written as columns, because a crawl brings thousands at once.
    """
    if not changes:
        return
    standing = [change.sync for change in changes if change.before.execution_id is not None]
    due = _due_reasons(connection, key, standing) if full_due is None else full_due
    after = [_still_due(change, due.get(change.sync) or "") for change in changes]
    put_lines(
        connection,
        key,
        {
            "sync": "unnest($sync::VARCHAR[])",
            "cursor": "unnest($cursor::JSON[])",
            "no_cursor_reason": "unnest($no_cursor_reason::VARCHAR[])",
            "fingerprint": "unnest($fingerprint::JSON[])",
            "last_full_at": "unnest($last_full_at::TIMESTAMPTZ[])",
            "last_incremental_at": "unnest($last_incremental_at::TIMESTAMPTZ[])",
            "execution_id": "unnest($execution_id::VARCHAR[])",
            "updated_at": "$at::TIMESTAMPTZ",
            "full_due_reason": "unnest($full_due_reason::VARCHAR[])",
        },
        {
            "sync": [change.sync for change in changes],
            "cursor": [to_json(position.cursor) for position in after],
            "no_cursor_reason": [p.no_cursor_reason if p.cursor is None else None for p in after],
            "fingerprint": [to_json(position.fingerprint) for position in after],
            "last_full_at": [position.last_full_at for position in after],
            "last_incremental_at": [position.last_incremental_at for position in after],
            "execution_id": [position.execution_id for position in after],
            "at": at,
            "full_due_reason": [position.full_due_reason or None for position in after],
        },
        replaced=standing,
    )
    for change in changes:
        if change.keep_history:
            changed = replace(key, sync=change.sync)
            remember_cursor(connection, changed, change.after, reason=change.reason, at=at)


def _due_reasons(
    connection: duckdb.DuckDBPyConnection, key: SyncKey, syncs: Sequence[str]
) -> dict[str, str]:
    """Why the next sync of each is to be full, as the ledger says now."""
    if not syncs:
        return {}
    found = connection.execute(
        f"""
        SELECT sync, full_due_reason FROM {CURSORS}
        WHERE pack = ? AND table_name = ? AND sync IN (SELECT unnest(?))
        """,
        [key.pack, key.table, syncs],
    )
    return dict(found.fetchall())


def _still_due(change: PositionChange, due: str) -> SyncPosition:
    """Where the sync stands then: a full sync made `due` while an increment ran stays so."""
    was_full = change.after.last_full_at != change.before.last_full_at
    if was_full or due == change.before.full_due_reason:
        return change.after
    return replace(change.after, full_due_reason=due)


def remember_cursor(
    connection: duckdb.DuckDBPyConnection,
    key: SyncKey,
    position: SyncPosition,
    *,
    reason: str,
    at: datetime,
) -> None:
    """Add the cursor of a position to the history of its sync."""
    add_lines(
        connection,
        f"""
        INSERT INTO {CURSOR_HISTORY} (
            pack, table_name, sync, cursor, reason, execution_id, recorded_at, fingerprint
        )
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
            key.pack,
            key.table,
            key.sync,
            to_json(position.cursor),
            reason,
            position.execution_id,
            at,
            to_json(position.fingerprint),
        ],
    )


def make_full_sync_due(connection: duckdb.DuckDBPyConnection, key: SyncKey, *, reason: str) -> None:
    """Let the next sync be a full one, and say why; the cursor stays, in case it is not."""
    change_lines(
        connection,
        key,
        "sync = $sync",
        {"full_due_reason": "$reason"},
        {"sync": key.sync, "reason": reason},
    )
