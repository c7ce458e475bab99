"""The warehouse as a Dagster resource."""

from pathlib import Path

import dagster as dg

from pack_sync.ledger.ledger_versions import upgrade_ledger
from pack_sync.project import current_project
from pack_sync.settings import WarehouseSettings
from pack_sync.warehouse.database import Database, database_at
from pack_sync.warehouse.warehouse import Warehouse

WAREHOUSE = "warehouse"
"""The key of the `WarehouseResource`."""


class WarehouseResource(WarehouseSettings, dg.ConfigurableResource["WarehouseResource"]):
    """The warehouse that holds the synced tables."""

    @property
    def spool(self) -> Path:
        """The folder of running syncs' pages."""
        return current_project().path(self.spool_folder)

    @property
    def answers(self) -> Path:
        """The folder of answers for conditional requests (contract F9)."""
        return self.spool.with_name(f"{self.spool.name}-answers")

    @property
    def database(self) -> Database:
        """What the warehouse is kept in, whether it exists or not."""
        return database_at(self.path, current_project().root, data_path=self.data_path)

    def open(self) -> Warehouse:
        """The warehouse; it holds nothing open between its `read` and `write` blocks."""
        warehouse = Warehouse(
            database=self.database,
            lock_wait_seconds=self.lock_wait_seconds,
            memory_limit=self.memory_limit,
        )
        upgrade_ledger(warehouse)
        return warehouse
