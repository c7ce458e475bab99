"""Which children a crawled table has: one for each distinct row of its parent (C20, D7)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import duckdb
import orjson

from pack_sync.commit.target_table import TargetTable
from pack_sync.engine.full_or_incremental import ModeDecision, ModeRequest, decide_mode
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.engine.sync_job import CrawlSource, SyncJob
from pack_sync.ledger.cursors import SyncPosition
from pack_sync.warehouse.identifiers import quote_identifier


@dataclass(frozen=True, kw_only=True)
class Child:
    """One child sync: what to collect, from where, and how."""

    sync: SyncJob
    position: SyncPosition
    decision: ModeDecision


def children_of(
    connection: duckdb.DuckDBPyConnection,
    sync: SyncJob,
    source: CrawlSource,
    positions: Mapping[str, SyncPosition],
    request: ModeRequest,
) -> list[Child]:
    """The children of a crawled table, each with its position and mode.

    Raises `SyncFailedError` when the parent has never been synced or lacks the column.
    """
    values = _parent_values(connection, sync, source)
    return [_child(sync, value, positions, request) for value in values]


def _parent_values(
    connection: duckdb.DuckDBPyConnection, sync: SyncJob, source: CrawlSource
) -> list[dict[str, Any]]:
    """The parameter values of every child: one for each distinct row of the parent."""
    parent = TargetTable(connection, replace(sync.key, table=source.parent_table))
    if not parent.existing_columns():
        raise SyncFailedError(
            f"{sync.key}: its parent table {source.parent_table} has never been synced; sync it "
            "first, or both together"
        )
    there = {name.casefold() for name in parent.existing_columns()}
    missing = [name for name in source.properties.values() if name.casefold() not in there]
    if missing:  # a parent whose schema is asked for may have lost it (contract C23)
        raise SyncFailedError(
            f"{sync.key}: its parent table {source.parent_table} has no column {missing[0]!r}"
        )
    columns = [quote_identifier(name) for name in source.properties.values()]
    present = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    rows = connection.execute(
        f"SELECT DISTINCT {', '.join(f'to_json({column})' for column in columns)} "
        f"FROM {parent.name} WHERE {present} "
        "AND (? IS NULL OR split_part(_sync, '/', 1) = ?) ORDER BY ALL",
        [source.parent_sync, source.parent_sync],
    ).fetchall()
    names = list(source.properties)
    return [dict(zip(names, map(orjson.loads, row), strict=True)) for row in rows]


def _child(
    sync: SyncJob,
    values: Mapping[str, Any],
    positions: Mapping[str, SyncPosition],
    request: ModeRequest,
) -> Child:
    name = f"{sync.key.sync}/{_shown(values)}"
    child = replace(
        sync,
        key=replace(sync.key, sync=name),
        parameters={**sync.parameters, **values},
    )
    position = positions.get(name, SyncPosition(no_cursor_reason="its parent is new"))
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
