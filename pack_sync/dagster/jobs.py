"""The jobs that sync tables: two for each pack, and two over all packs."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.translator import SYNC_TAG
from pack_sync.engine.full_or_incremental import MODE_TAG

INCREMENTAL_JOB = "incremental"
FULL_REFRESH_JOB = "full_refresh"


def build_sync_jobs() -> list[Any]:
    """The jobs over all packs at once: `incremental`, and `full_refresh` with its tag.

    Each pack has two of its own, see `build_pack_jobs`; these are for a project that wants to sync
    everything in one run.

    `incremental` chooses the mode of each table (`pack_sync.engine.full_or_incremental`);
    `full_refresh` forces full syncs, by a tag rather than config, because that survives
    re-execution.
    """
    return _jobs("", dg.AssetSelection.tag(SYNC_TAG, "true"), "all tables of all packs")


def build_pack_jobs(definition: PackTables) -> list[Any]:
    """The jobs of a pack: `<pack>_incremental` and `<pack>_full_refresh`, of all its tables."""
    keys = [definition.key_of(table) for table in definition.configured_tables]
    return build_jobs(definition.name, keys)


def build_jobs(pack: str, keys: Sequence[dg.AssetKey]) -> list[Any]:
    """The jobs of the pack of that name, over these assets."""
    return _jobs(f"{pack}_", dg.AssetSelection.assets(*keys), f"all tables of {pack}")


def _jobs(prefix: str, selection: dg.AssetSelection, what: str) -> list[Any]:
    return [
        _define_job(
            f"{prefix}{INCREMENTAL_JOB}",
            selection,
            description=f"Syncs {what}: what changed where there is a cursor, else all rows.",
        ),
        _define_job(
            f"{prefix}{FULL_REFRESH_JOB}",
            selection,
            description=f"Syncs all rows of {what} anew.",
            tags={MODE_TAG: "full"},
        ),
    ]


def _define_job(name: str, selection: dg.AssetSelection, **fields: Any) -> Any:
    return dg.define_asset_job(  # pyright: ignore[reportUnknownMemberType]
        name, selection, executor_def=dg.in_process_executor, **fields
    )
