"""Pack Sync: the tables of services, kept fresh in DuckDB by Dagster.

What a project needs of it is here, and imported when it is first used: a program that only reads
the warehouse does not wait for Dagster.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pack_sync.dagster.assets import build_pack_assets
    from pack_sync.dagster.component import PackSyncComponent
    from pack_sync.dagster.configuration import ScheduleConfiguration
    from pack_sync.dagster.defs_folder import load_packs
    from pack_sync.dagster.jobs import build_pack_jobs, build_sync_jobs
    from pack_sync.dagster.lake_upkeep import LakeUpkeepComponent
    from pack_sync.dagster.notify_sensor import NotifyComponent
    from pack_sync.dagster.pack_resource import PackConnection, PackResource
    from pack_sync.dagster.pack_tables import PackTables
    from pack_sync.dagster.schedules import build_pack_schedules
    from pack_sync.dagster.translator import PackSyncTranslator, SyncTableData
    from pack_sync.dagster.warehouse_resource import WarehouseResource
    from pack_sync.warehouse.warehouse import Warehouse

__version__ = "0.1.0"

__all__ = [
    "LakeUpkeepComponent",
    "NotifyComponent",
    "PackConnection",
    "PackResource",
    "PackSyncComponent",
    "PackSyncTranslator",
    "PackTables",
    "ScheduleConfiguration",
    "SyncTableData",
    "Warehouse",
    "WarehouseResource",
    "__version__",
    "build_pack_assets",
    "build_pack_jobs",
    "build_pack_schedules",
    "build_sync_jobs",
    "load_packs",
]

_MODULES = {
    "LakeUpkeepComponent": "pack_sync.dagster.lake_upkeep",
    "NotifyComponent": "pack_sync.dagster.notify_sensor",
    "PackConnection": "pack_sync.dagster.pack_resource",
    "PackResource": "pack_sync.dagster.pack_resource",
    "PackSyncComponent": "pack_sync.dagster.component",
    "PackSyncTranslator": "pack_sync.dagster.translator",
    "PackTables": "pack_sync.dagster.pack_tables",
    "ScheduleConfiguration": "pack_sync.dagster.configuration",
    "SyncTableData": "pack_sync.dagster.translator",
    "Warehouse": "pack_sync.warehouse.warehouse",
    "WarehouseResource": "pack_sync.dagster.warehouse_resource",
    "build_pack_assets": "pack_sync.dagster.assets",
    "build_pack_jobs": "pack_sync.dagster.jobs",
    "build_pack_schedules": "pack_sync.dagster.schedules",
    "build_sync_jobs": "pack_sync.dagster.jobs",
    "load_packs": "pack_sync.dagster.defs_folder",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__
