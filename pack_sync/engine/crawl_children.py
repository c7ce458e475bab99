"""Which children a crawled table has: one for each distinct row of its parent (C20, D7)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from pack_sync.commit.parent_rows import ParentRowsError, read_parent_rows
from pack_sync.engine.full_or_incremental import ModeDecision, ModeRequest, decide_mode
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.engine.sync_job import CrawlSource, SyncJob
from pack_sync.ledger.cursors import SyncPosition, read_positions
from pack_sync.warehouse.duckdb_file import Warehouse


@dataclass(frozen=True, kw_only=True)
class Child:
    """One child sync: what to collect, from where, and how."""

    sync: SyncJob
    position: SyncPosition
    decision: ModeDecision


def children_of(
    warehouse: Warehouse, sync: SyncJob, source: CrawlSource, request: ModeRequest
) -> tuple[list[Child], Mapping[str, SyncPosition]]:
    """The children of a crawled table, and where all syncs of the table stand, by name.

    Raises `SyncFailedError` when the parent has never been synced or lacks a column.
    """
    parent = replace(sync.key, table=source.parent_table)
    columns = list(source.properties.values())
    try:
        # In one transaction: a parent's rows and its children's cursors must be of one moment.
        with warehouse.read() as connection:
            positions = read_positions(connection, sync.key.pack, sync.key.table)
            rows = read_parent_rows(connection, parent, columns, source.parent_sync)
    except ParentRowsError as error:
        raise SyncFailedError(f"{sync.key}: {error}") from error
    values = [dict(zip(source.properties, row, strict=True)) for row in rows]
    return [_child(sync, each, positions, request) for each in values], positions


def _child(
    sync: SyncJob,
    values: Mapping[str, Any],
    positions: Mapping[str, SyncPosition],
    request: ModeRequest,
) -> Child:
    name = f"{sync.key.sync}/{_shown(values)}"
    # Ids that are numbers were DOUBLE once: a child of then keeps its name, cursor and rows.
    doubles = {key: float(v) if type(v) is int else v for key, v in values.items()}
    former = f"{sync.key.sync}/{_shown(doubles)}"
    if former in positions and name not in positions:
        name = former
    child = replace(
        sync,
        key=replace(sync.key, sync=name),
        parameters={**sync.parameters, **values},
    )
    position = positions.get(name, SyncPosition(no_cursor_reason="its parent row is new"))
    decision = decide_mode(
        request,
        position,
        child.fingerprint,
        now=datetime.now(UTC),
        full_every=sync.settings.full_every,
    )
    return Child(sync=child, position=position, decision=decision)


def _shown(values: Mapping[str, Any]) -> str:
    """The parent's value as a part of a sync's name: its text, or JSON for several."""
    if len(values) == 1:
        (value,) = values.values()
        return value if isinstance(value, str) else orjson.dumps(value).decode()
    return orjson.dumps(list(values.values())).decode()
