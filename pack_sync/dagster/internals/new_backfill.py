"""The record of a backfill, as the UI's dialog makes it. Dagster has no public way to."""

from collections.abc import Mapping, Sequence

import dagster as dg
from dagster._core.definitions.selector import (
    PartitionRangeSelector,
    PartitionsByAssetSelector,
    PartitionsSelector,
)
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.utils import make_new_backfill_id
from dagster._time import get_current_timestamp

_DAEMON = "BACKFILL"


def add_backfill(
    instance: dg.DagsterInstance,
    definitions: dg.Definitions,
    tables: Mapping[dg.AssetKey, Sequence[str]],
    title: str,
) -> str:
    """Have the daemon make a backfill of the tables' partitions; returns its id."""
    backfill = PartitionBackfill.from_partitions_by_assets(  # pyright: ignore[reportUnknownMemberType]
        backfill_id=make_new_backfill_id(),
        asset_graph=definitions.resolve_asset_graph(),
        backfill_timestamp=get_current_timestamp(),
        tags={},
        dynamic_partitions_store=instance,
        partitions_by_assets=[_selector(key, syncs) for key, syncs in tables.items()],
        title=title,
        description=None,
        run_config=None,
    )
    instance.add_backfill(backfill)
    return backfill.backfill_id


def is_daemon_running(instance: dg.DagsterInstance) -> bool:
    """Whether there is a daemon that does backfills."""
    return instance.get_daemon_statuses([_DAEMON])[_DAEMON].healthy is True


def _selector(key: dg.AssetKey, syncs: Sequence[str]) -> PartitionsByAssetSelector:
    if not syncs:
        return PartitionsByAssetSelector(asset_key=key)
    ranges = [PartitionRangeSelector(start=sync, end=sync) for sync in syncs]
    return PartitionsByAssetSelector(asset_key=key, partitions=PartitionsSelector(ranges=ranges))
