"""Which children a crawled table has: one for each distinct row of its parent (C20, D7)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pack_sdk.parameter_types import ParameterType
from pack_sdk.schemas import Schema
from pack_sync.commit.parent_rows import ParentRowsError, ParentValue, read_parent_rows
from pack_sync.engine.child_names import child_name, former_values
from pack_sync.engine.full_or_incremental import ModeDecision, ModeRequest, decide_mode
from pack_sync.engine.stored_credentials import without_mangled_cursor
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.engine.sync_job import CrawlSource, SyncJob
from pack_sync.ledger.cursors import SyncPosition, read_positions
from pack_sync.warehouse.warehouse import Warehouse


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
    columns = [(key, _schema_for(sync, source, name)) for name, key in source.properties.items()]
    try:
        # In one transaction: a parent's rows and its children's cursors must be of one moment.
        with warehouse.read() as connection:
            positions = read_positions(connection, sync.key.pack, sync.key.table)
            rows = read_parent_rows(connection, parent, columns, source.parent_sync)
    except ParentRowsError as error:
        raise SyncFailedError(f"{sync.key}: {error}") from error
    # By name: 0 and -0 are two values of a column, and one child.
    by_name = {child_name(sync.key.sync, [each.value for each in row]): row for row in rows}
    values = [dict(zip(source.properties, row, strict=True)) for row in by_name.values()]
    return [_child(sync, each, positions, request) for each in values], positions


def _schema_for(sync: SyncJob, source: CrawlSource, parameter: str) -> Schema | None:
    """What is known of the property that a parameter is taken from.

    A parameter that is a date takes moments as texts, whatever the property had.
    """
    kinds = {each.name: each.type for each in sync.table.parameters}
    is_date = kinds[parameter].element is ParameterType.DATE
    return None if is_date else source.schemas.get(source.properties[parameter])


def _child(
    sync: SyncJob,
    row: Mapping[str, ParentValue],
    positions: Mapping[str, SyncPosition],
    request: ModeRequest,
) -> Child:
    child = _called_with(sync, {name: each.value for name, each in row.items()})
    position = positions.get(child.key.sync)
    if position is None:
        for values in former_values(row):
            former = _called_with(sync, values)
            if position := positions.get(former.key.sync):
                position = _of_new_values(position, former, child)
                child = replace(child, key=former.key)
                break
    position = position or SyncPosition(no_cursor_reason="its parent row is new")
    position = without_mangled_cursor(sync.connection, position)
    decision = decide_mode(
        request,
        position,
        child.fingerprint,
        now=datetime.now(UTC),
        full_every=sync.settings.full_every,
    )
    return Child(sync=child, position=position, decision=decision)


def _called_with(sync: SyncJob, values: Mapping[str, Any]) -> SyncJob:
    """The job of the child with these values."""
    name = child_name(sync.key.sync, list(values.values()))
    parameters = {**sync.parameters, **values}
    return replace(sync, key=replace(sync.key, sync=name), parameters=parameters)


def _of_new_values(position: SyncPosition, former: SyncJob, child: SyncJob) -> SyncPosition:
    """A position that an earlier version left, for the same values: its cursor stays good."""
    before = position.fingerprint or {}
    if before.get("parameters") != former.fingerprint["parameters"]:
        return position
    parameters = child.fingerprint["parameters"]
    return replace(position, fingerprint={**before, "parameters": parameters})
