"""What `packsync check --live` does: the tables of a configured pack, against the real account."""

import time
from collections.abc import Sequence

import dagster as dg

from pack_sync.check.live import check_live
from pack_sync.check.running import Report
from pack_sync.cli.context import choose_pack, choose_sync, choose_table, warehouse_resource
from pack_sync.dagster.sync_jobs import sync_job_of
from pack_sync.dagster.warehouse_resource import WAREHOUSE
from pack_sync.engine.sync_tables import TableRuns


def live_report(pack: str, tables: Sequence[str]) -> Report:
    """Check the first sync of each table by the rules that need no made-up service.

    Nothing is stored. Exits with a message where the pack or a table is not configured.
    """
    began = time.monotonic()
    component, definition = choose_pack(pack)
    names = [choose_table(definition, table) for table in tables] or definition.configured_tables
    resources = {definition.resource_key: component.resource(), WAREHOUSE: warehouse_resource()}
    runs = TableRuns(max_parallel=1)
    with dg.build_resources(resources) as built:
        resource = getattr(built, definition.resource_key)
        reports = [
            check_live(
                component.pack,
                sync_job_of(
                    definition,
                    choose_sync(definition, name, None),
                    resource,
                    built.warehouse,
                    runs,
                    None,
                ),
            )
            for name in names
        ]
    return Report(pack=pack, tables=reports, seconds=time.monotonic() - began)
