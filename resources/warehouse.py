"""The warehouse: the DuckDB file that holds the synced tables."""

import os

from pack_sync import WarehouseResource

warehouse = WarehouseResource(path=os.environ.get("PACK_SYNC_WAREHOUSE", "warehouse.duckdb"))
