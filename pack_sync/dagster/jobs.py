"""The jobs that sync tables: two for each pack, and two over all packs."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.translator import SYNC_TAG
from pack_sync.engine.full_or_incremental import MODE_TAG

INCREMENTAL_JOB = "incremental"
FULL_REFRESH_JOB = "full_refresh"


def build_sync_jobs(executor: dg.ExecutorDefinition | None = dg.in_process_executor) -> list[Any]:
    """The jobs over all packs at once: `incremental`, and `full_refresh` with its tag.

    Each pack has two of its own, see `build_pack_jobs`; these are for a project that wants to sync
    everything in one run. None as `executor` is that of the project's `Definitions`, such as one
    that spreads ops over workers.

    `incremental` chooses the mode of each table (`pack_sync.engine.full_or_incremental`);
    `full_refresh` forces full syncs, by a tag rather than config, because that survives
    re-execution.
    """
    selection = dg.AssetSelection.tag(SYNC_TAG, "true")
    return _jobs("", selection, "all tables of all packs", executor)


def build_pack_jobs(definition: PackTables) -> list[Any]:
    """The jobs of a pack: `<pack>_incremental` and `<pack>_full_refresh`, of all its tables.

    Tables that share an op are synced in the run's own process. With `op_per_table` the executor
    of the project's `Definitions` says where each is.
    """
    keys = [definition.key_of(table) for table in definition.configured_tables]
    return build_jobs(
        definition.name, keys, None if definition.op_per_table else dg.in_process_executor
    )


def build_jobs(
    pack: str,
    keys: Sequence[dg.AssetKey],
    executor: dg.ExecutorDefinition | None = dg.in_process_executor,
) -> list[Any]:
    """The jobs of the pack of that name, over these assets."""
    selection = dg.AssetSelection.assets(*keys)
    return _jobs(f"{pack}_", selection, f"all tables of {pack}", executor)


def _jobs(
    prefix: str, selection: dg.AssetSelection, what: str, executor: dg.ExecutorDefinition | None
) -> list[Any]:
    return [
        _define_job(
            f"{prefix}{INCREMENTAL_JOB}",
            selection,
            description=f"Syncs {what}: what changed where there is a cursor, else all rows.",
            executor_def=executor,
        ),
        _define_job(
            f"{prefix}{FULL_REFRESH_JOB}",
            selection,
            description=f"Syncs all rows of {what} anew.",
            tags={MODE_TAG: "full"},
            executor_def=executor,
        ),
    ]


def _define_job(name: str, selection: dg.AssetSelection, **fields: Any) -> Any:
    return dg.define_asset_job(  # pyright: ignore[reportUnknownMemberType]
        name, selection, **fields
    )
