"""Going on after a failure: what was synced before is not synced again.

A pack's tables share an op, and Dagster repeats the whole op: in a re-execution from failure, or in
the same run after its worker was lost. What is left of it is known from the materializations.
"""

from collections.abc import Iterator

import dagster as dg

from pack_sync.dagster.pack_tables import PackTables
from pack_sync.ledger.sync_key import DEFAULT_SYNC, SyncKey

_FROM_FAILURE_TAG = "dagster/is_resume_retry"


def synced_before(
    instance: dg.DagsterInstance, run: dg.DagsterRun, definition: PackTables
) -> set[SyncKey]:
    """The syncs of a pack that the run has materialized, or those which it goes on from.

    Crawled tables are never among them:
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
    of_type = dg.DagsterEventType.ASSET_MATERIALIZATION
    made_by: dg.DagsterRun | None = run
    while made_by:
        for entry in instance.all_logs(made_by.run_id, of_type=of_type):
            yield entry.get_dagster_event().step_materialization_data.materialization
        goes_on = made_by.tags.get(_FROM_FAILURE_TAG) == "true" and made_by.parent_run_id
        made_by = instance.get_run_by_id(goes_on) if goes_on else None
