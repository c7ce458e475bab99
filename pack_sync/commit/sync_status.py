"""How one sync of a table stands, for people: its rows, when it was synced, its cursor."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from pack_sync.commit.target_table import TargetTable
from pack_sync.ledger.cursors import SyncPosition, read_positions
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.ledger.sync_runs import RunRecord, read_last_run


@dataclass(frozen=True, kw_only=True)
class SyncStatus:
    """How a sync stands; `rows` is None as long as its table does not exist.

    `children` are the positions of a crawled table's child syncs, by name.
    """

    rows: int | None
    position: SyncPosition
    children: Mapping[str, SyncPosition]
    last_run: RunRecord | None


def read_status(
    connection: duckdb.DuckDBPyConnection, key: SyncKey, *, crawled: bool
) -> SyncStatus:
    """How the sync stands now; `crawled` counts the rows of its child syncs as well."""
    table = TargetTable(connection, key)
    exists = bool(table.existing_columns())
    positions = read_positions(connection, key.pack, key.table)
    return SyncStatus(
        rows=table.row_count(key.sync, with_children=crawled) if exists else None,
        position=positions.get(key.sync, SyncPosition()),
        children={n: p for n, p in positions.items() if n.startswith(f"{key.sync}/")},
        last_run=read_last_run(connection, key),
    )
