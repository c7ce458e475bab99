"""Cursors changed by hand: set, taken back to an earlier one, or dropped.

Each change is one transaction, recorded in the history with its reason. It takes an execution
id of its own, so a sync that is running meanwhile finds itself superseded and applies nothing.
A cursor is only right for rows that a full sync has brought with the same configuration (contract
D5); otherwise the change is refused, rather than recorded and then ignored by the next sync.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pack_sync.engine.fingerprint import changed_parts
from pack_sync.engine.stored_credentials import lacks_credential, without_credentials
from pack_sync.engine.sync_job import SyncJob
from pack_sync.ledger.cursor_history import CursorEntry, read_history
from pack_sync.ledger.cursors import (
    PositionChange,
    SyncPosition,
    read_position,
    remember_cursor,
    write_positions,
)
from pack_sync.ledger.ledger_versions import create_ledger
from pack_sync.redaction import REPLACEMENT
from pack_sync.warehouse.warehouse import Warehouse


class CursorChangeRefusedError(Exception):
    """The cursor cannot be changed like that; nothing was changed. The message says why."""


@dataclass(frozen=True, kw_only=True)
class CursorChange:
    """Where a sync stood, and where it stands now."""

    before: SyncPosition
    after: SyncPosition


_Choose = Callable[[SyncPosition, Sequence[CursorEntry]], SyncPosition]
"""From where a sync stands and its history to where it shall stand."""


def set_cursor(warehouse: Warehouse, sync: SyncJob, cursor: Any, *, reason: str) -> CursorChange:
    """Let the next sync continue from this cursor, any JSON value but null.

    Raises `CursorChangeRefusedError` where there has been no full sync, or the configuration
    has changed since: the next sync is full then, whatever the cursor. And for a cursor that
    holds a credential of the connection, which would be stored and shown (contract A4), unless
    requests get it anyway: it is stored without it then, as a sync does.
    """
    written, whole = without_credentials(sync.connection, cursor)
    if not whole:
        raise CursorChangeRefusedError(
            f"{sync.key}: the cursor holds a credential of the connection, which is not stored, "
            "and no sync could go on with the rest. Leave it out; if the service wants it there, "
            "only a full sync can go on: use reset"
        )
    _check_whole(sync, written, "the cursor has")

    def choose(position: SyncPosition, _history: Sequence[CursorEntry]) -> SyncPosition:
        _check_rows(sync, position)
        return replace(position, cursor=written)

    return _change(warehouse, sync, choose, reason)


def rewind_cursor(
    warehouse: Warehouse, sync: SyncJob, to: int | datetime, *, reason: str
) -> CursorChange:
    """Go back to an earlier cursor: so many entries of the history, or what it was at a time.

    Raises `CursorChangeRefusedError` as `set_cursor` does, and where the history has no such
    entry, or one without a cursor, or one of another configuration (contract D5).
    """

    def choose(position: SyncPosition, history: Sequence[CursorEntry]) -> SyncPosition:
        _check_rows(sync, position)
        entry = _entry_at(sync, history, to)
        when = f"{entry.recorded_at:%Y-%m-%d %H:%M:%S} UTC"
        if entry.cursor is None:
            raise CursorChangeRefusedError(
                f"{sync.key} had no cursor after {when} ({entry.reason}); to have the next sync "
                "full, use reset"
            )
        if changed_parts(entry.fingerprint, sync.fingerprint):
            raise CursorChangeRefusedError(
                f"{sync.key}: the cursor of {when} was for another schema, parameters or account, "
                "or written by a version that did not record them; if you know that it is right, "
                "use set"
            )
        _check_whole(sync, entry.cursor, f"the cursor of {when} was stored with")
        return replace(position, cursor=entry.cursor)

    return _change(warehouse, sync, choose, reason)


def reset_cursor(warehouse: Warehouse, sync: SyncJob, *, reason: str) -> CursorChange:
    """Drop the cursor: the next sync is full; the rows stay until then.

    Raises `CursorChangeRefusedError` where there is none.
    """

    def choose(position: SyncPosition, _history: Sequence[CursorEntry]) -> SyncPosition:
        if position.cursor is None:
            raise CursorChangeRefusedError(
                f"{sync.key} has no cursor as it is ({position.no_cursor_reason}); its next sync "
                "is full"
            )
        why = f"its cursor was reset by hand: {sync.connection.redactor.redact(reason)}"
        return replace(position, cursor=None, no_cursor_reason=why)

    return _change(warehouse, sync, choose, reason)


def _change(warehouse: Warehouse, sync: SyncJob, choose: _Choose, reason: str) -> CursorChange:
    with warehouse.read() as connection:  # opening to write would make the file
        _check_synced(sync, read_position(connection, sync.key))
    with warehouse.write() as connection:
        create_ledger(connection)
        before = read_position(connection, sync.key)
        _check_synced(sync, before)
        history = read_history(connection, sync.key)
        after = replace(choose(before, history), execution_id=uuid.uuid4().hex)
        now = history[0]
        if not now.kept:  # a crawled child's: without it there would be no way back
            remember_cursor(connection, sync.key, before, reason=now.reason, at=now.recorded_at)
        change = PositionChange(
            sync=sync.key.sync,
            before=before,
            after=after,
            reason=f"by hand: {sync.connection.redactor.redact(reason)}",
        )
        write_positions(connection, sync.key, [change], at=datetime.now(UTC))
    return CursorChange(before=before, after=after)


def _check_synced(sync: SyncJob, position: SyncPosition) -> None:
    if position.execution_id is None:
        raise CursorChangeRefusedError(
            f"{sync.key} has never been synced, so there is no cursor to change; sync it first: "
            f"packsync sync {sync.key.pack}.{sync.key.table}"
        )


def _check_rows(sync: SyncJob, position: SyncPosition) -> None:
    """A cursor must have rows to continue from, of the present configuration (contract D5)."""
    why = None
    if position.last_full_at is None:
        why = "no full sync of it has completed yet"
    elif position.full_due_reason:
        why = position.full_due_reason
    elif changed := changed_parts(position.fingerprint, sync.fingerprint):
        why = f"the {' and the '.join(changed)} changed since the last sync"
    if why:
        raise CursorChangeRefusedError(
            f"{sync.key}: {why}, so the next sync is full whatever the cursor. Sync it first "
            f"(packsync sync {sync.key.pack}.{sync.key.table}); then the cursor can be changed"
        )


def _check_whole(sync: SyncJob, cursor: Any, has: str) -> None:
    """A cursor as it is shown, or as an earlier version stored it, may be none to go on from."""
    if lacks_credential(sync.connection, cursor):
        raise CursorChangeRefusedError(
            f"{sync.key}: {has} {REPLACEMENT} in place of something secret, so no sync can go on "
            "from it. Rewind takes one of the history as it is stored; to have the next sync full, "
            "use reset"
        )


def _entry_at(sync: SyncJob, history: Sequence[CursorEntry], to: int | datetime) -> CursorEntry:
    """The entry of the history that was current so many entries ago, or at that time."""
    oldest = history[-1].recorded_at
    if isinstance(to, int):
        if to < len(history):
            return history[to]
        raise CursorChangeRefusedError(
            f"{sync.key}: the history goes back {len(history) - 1} steps, to "
            f"{oldest:%Y-%m-%d %H:%M:%S} UTC; see `packsync cursor history`"
        )
    for entry in history:
        if entry.recorded_at <= to:
            if entry is history[0]:
                raise CursorChangeRefusedError(
                    f"{sync.key}: the cursor of that time is the present one, written at "
                    f"{entry.recorded_at:%Y-%m-%d %H:%M:%S} UTC"
                )
            return entry
    raise CursorChangeRefusedError(
        f"{sync.key}: the history begins at {oldest:%Y-%m-%d %H:%M:%S} UTC, later than that"
    )
