"""Re-execution from failure: what the runs before have synced is not synced again.

A pack's tables share an op, and Dagster repeats the whole op. What is left of it is known from
the materializations of the runs that failed.
"""

from collections.abc import Iterator

import dagster as dg

from pack_sync.dagster.pack_tables import PackTables
from pack_sync.ledger.sync_key import DEFAULT_SYNC, SyncKey

_FROM_FAILURE_TAG = "dagster/is_resume_retry"


def synced_before(
    instance: dg.DagsterInstance, run: dg.DagsterRun, definition: PackTables
) -> set[SyncKey]:
    """The syncs of a pack that the runs which this one goes on from have materialized.

    Empty unless the run is a re-execution from failure. Crawled tables are never among them:
    they are materialized although some of their children failed (contract C20).
    """
    return {
        SyncKey(pack=definition.name, table=table, sync=made.partition or DEFAULT_SYNC)
        for made in _materialized_before(instance, run)
        if (table := definition.tables_by_key.get(made.asset_key))
        and definition.parent_of(table) is None
    }


def _materialized_before(
    instance: dg.DagsterInstance, run: dg.DagsterRun
) -> Iterator[dg.AssetMaterialization]:
    before: dg.DagsterRun | None = run
    while before and before.parent_run_id and before.tags.get(_FROM_FAILURE_TAG) == "true":
        before = instance.get_run_by_id(before.parent_run_id)
        if before is None:
            return
        for entry in instance.all_logs(
            before.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
        ):
            yield entry.get_dagster_event().step_materialization_data.materialization
