"""The entrance for Dagster: all packs under `defs/`, the jobs, and the warehouse."""

import os
from pathlib import Path

import dagster as dg

from sync_assets.assets import WAREHOUSE
from sync_assets.resources import WarehouseResource
from sync_assets.schedules import build_sync_jobs

PROJECT = Path(__file__).resolve().parent.parent


@dg.definitions
def defs() -> dg.Definitions:
    """Everything that this code location defines.

    The warehouse is `warehouse.duckdb` in the project's root unless the environment
    variable `PACK_SYNC_WAREHOUSE` names another file.
    """
    path = os.environ.get("PACK_SYNC_WAREHOUSE", str(PROJECT / "warehouse.duckdb"))
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        dg.Definitions(
            jobs=build_sync_jobs(),
            resources={
                WAREHOUSE: WarehouseResource(
                    path=path, spool_folder=str(PROJECT / ".dagster" / "spool")
                )
            },
            # Tables of a pack run side by side in threads; a process per step would only
            # add seconds of imports.
            executor=dg.in_process_executor,
        ),
    )
