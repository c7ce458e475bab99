"""The warehouse: the DuckDB file that holds the synced tables."""

import os

from pack_sync import WarehouseResource


def warehouse() -> WarehouseResource:
    """`warehouse.duckdb` in the project, unless `PACK_SYNC_WAREHOUSE` names another file."""
    return WarehouseResource(path=os.environ.get("PACK_SYNC_WAREHOUSE", "warehouse.duckdb"))
