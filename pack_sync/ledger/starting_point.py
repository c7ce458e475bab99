"""Where a sync starts from: read when its lease is taken, for nobody else moves it then."""

from dataclasses import dataclass

import duckdb

from pack_sync.ledger.cursors import SyncPosition, read_position
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.ledger.sync_runs import RunRecord, read_last_run


@dataclass(frozen=True)
class StartingPoint:
    """The position of a sync before it begins, and what the ledger's last line tells of it."""

    position: SyncPosition
    last_run: RunRecord | None


def read_starting_point(connection: duckdb.DuckDBPyConnection, key: SyncKey) -> StartingPoint:
    """Where this sync starts from, in an open warehouse."""
    return StartingPoint(read_position(connection, key), read_last_run(connection, key))
