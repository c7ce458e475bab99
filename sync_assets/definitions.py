"""The entrance for Dagster: all packs under `defs/`, the jobs, and the warehouse."""

import os
from pathlib import Path

import dagster as dg
from dagster._utils.warnings import disable_dagster_warnings

from pack_sync.dagster.resources import WAREHOUSE, WarehouseResource
from pack_sync.dagster.schedules import build_sync_jobs
from pack_sync.dagster.terminal_log import TERMINAL, terminal_logger

PROJECT = Path(__file__).resolve().parent.parent
CODE_LOCATION = "pack_sync"
WAREHOUSE_VARIABLE = "PACK_SYNC_WAREHOUSE"


def warehouse_resource() -> WarehouseResource:
    """The project's warehouse.

    It is `warehouse.duckdb` in the project's root unless the environment variable
    `PACK_SYNC_WAREHOUSE` names another file.
    """
    return WarehouseResource(
        path=os.environ.get(WAREHOUSE_VARIABLE, str(PROJECT / "warehouse.duckdb")),
        spool_folder=str(PROJECT / ".dagster" / "spool"),
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Everything that this code location defines."""
    return _with_ours(dg.load_from_defs_folder(path_within_project=PROJECT))


def defs_for_a_run() -> dg.Definitions:
    """The same, without what is for the UI's editor alone: schemas of all kinds of components."""
    with disable_dagster_warnings():  # as Dagster does for the other
        tree = dg.ComponentTree.for_project(PROJECT)
        return _with_ours(tree.build_defs(tree.defs_module_path))


def _with_ours(found: dg.Definitions) -> dg.Definitions:
    return dg.Definitions.merge(
        found,
        dg.Definitions(
            jobs=build_sync_jobs(),
            resources={WAREHOUSE: warehouse_resource()},
            loggers={"console": dg.colored_console_logger, TERMINAL: terminal_logger},
            # Tables of a pack run side by side in threads; a process per step would only
            # add seconds of imports.
            executor=dg.in_process_executor,
        ),
    )
