"""When tables are synced: jobs over all packs, and three schedules for each pack."""

from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

import dagster as dg

from pack_sync.dagster.internals.dead_runs import end_if_dead
from pack_sync.dagster.jobs import FULL_REFRESH_JOB, INCREMENTAL_JOB
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.warehouse_resource import WAREHOUSE, WarehouseResource
from pack_sync.ledger.cursors import read_position
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.settings import ScheduleSettings

PACK_TAG = "sync/pack"
"""Which pack a run is about, so that the schedules of the pack see it."""

Tick: TypeAlias = dg.RunRequest | dg.SkipReason
Evaluate: TypeAlias = Callable[[dg.ScheduleEvaluationContext], Tick]

_IN_FLIGHT = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def build_pack_schedules(
    definition: PackTables, times: ScheduleSettings
) -> list[dg.ScheduleDefinition]:
    """The pack's schedules: `<pack>_incremental`, `<pack>_without_cursor`, `<pack>_full_refresh`.

    The first takes the tables that have a cursor and those never synced, the second those
    whose last sync left no cursor. A tick that finds a run of the pack still going skips; what
    a full refresh missed that way, the next tick finds overdue and does (contract C13).
    """

    def with_cursor(context: dg.ScheduleEvaluationContext) -> Tick:
        tables, _ = _by_cursor(context, definition)
        return _request(context, definition, tables, "has a cursor")

    def without_cursor(context: dg.ScheduleEvaluationContext) -> Tick:
        _, tables = _by_cursor(context, definition)
        return _request(context, definition, tables, "lacks a cursor")

    def every_table(context: dg.ScheduleEvaluationContext) -> Tick:
        return _request(context, definition, list(definition.configured_tables), "is configured")

    return build_schedules(definition.name, times, with_cursor, without_cursor, every_table)


def build_schedules(
    pack: str,
    times: ScheduleSettings,
    with_cursor: Evaluate,
    without_cursor: Evaluate,
    every_table: Evaluate,
) -> list[dg.ScheduleDefinition]:
    """The three schedules of the pack of that name; the functions say what each tick does."""
    return [
        _schedule(
            pack,
            times,
            name="incremental",
            job=INCREMENTAL_JOB,
            evaluate=with_cursor,
            description="Tables that have a cursor, and those never synced.",
        ),
        _schedule(
            pack,
            times,
            name="without_cursor",
            job=INCREMENTAL_JOB,
            evaluate=without_cursor,
            description="Tables whose last sync left no cursor: full syncs.",
        ),
        _schedule(
            pack,
            times,
            name="full_refresh",
            job=FULL_REFRESH_JOB,
            evaluate=every_table,
            description="A full sync of every table.",
        ),
    ]


def _schedule(
    pack: str,
    times: ScheduleSettings,
    *,
    name: str,
    job: str,
    evaluate: Evaluate,
    description: str,
) -> dg.ScheduleDefinition:
    on = times.enabled
    return dg.ScheduleDefinition(
        name=f"{pack}_{name}",
        job_name=f"{pack}_{job}",
        cron_schedule=times.cron(name, pack),
        execution_timezone=times.time_zone,
        execution_fn=evaluate,
        required_resource_keys={WAREHOUSE},
        default_status=dg.DefaultScheduleStatus.RUNNING if on else dg.DefaultScheduleStatus.STOPPED,
        tags={PACK_TAG: pack},
        description=description,
    )


def runs_going_on(instance: dg.DagsterInstance, pack: str) -> list[dg.DagsterRun]:
    """The pack's runs that have not ended; those whose process is gone are marked as failed."""
    runs = instance.get_runs(dg.RunsFilter(tags={PACK_TAG: pack}, statuses=_IN_FLIGHT))
    return [run for run in runs if not end_if_dead(instance, run)]


def _by_cursor(
    context: dg.ScheduleEvaluationContext, definition: PackTables
) -> tuple[list[str], list[str]]:
    """The pack's tables with a cursor or never synced, and those without a cursor."""
    warehouse = cast("WarehouseResource", getattr(context.resources, WAREHOUSE)).open()
    with_cursor: list[str] = []
    without: list[str] = []
    with warehouse.read() as connection:
        for table in definition.configured_tables:
            syncs = definition.syncs_of(table)
            keys = [SyncKey(pack=definition.name, table=table, sync=sync) for sync in syncs]
            positions = [read_position(connection, key) for key in keys]
            # One sync with a cursor, or never synced, takes the table along.
            wanted = any(p.cursor is not None or p.execution_id is None for p in positions)
            (with_cursor if wanted else without).append(table)
    return with_cursor, without


def _request(
    context: dg.ScheduleEvaluationContext,
    definition: PackTables,
    tables: Sequence[str],
    needed: str,
) -> Tick:
    pack = definition.name
    if not tables:
        return dg.SkipReason(f"no table of {pack} {needed}")
    if running := runs_going_on(context.instance, pack):
        return dg.SkipReason(
            f"the run {running[0].run_id} of {pack} is still going ({running[0].status.value})"
        )
    keys = [definition.key_of(table) for table in tables]
    return dg.RunRequest(asset_selection=keys, tags={PACK_TAG: pack})
