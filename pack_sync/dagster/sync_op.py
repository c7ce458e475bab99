"""What a pack's op does in a run: sync the selected tables and say what happens, as it happens."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import dagster as dg
from pydantic import Field

from pack_sdk.errors import PackError
from pack_sdk.wording import counted
from pack_sync.dagster.checks import Checks
from pack_sync.dagster.incremental_tables import has_cursor, note_incremental
from pack_sync.dagster.internals.asset_outputs import made_elsewhere, remember_output_keys
from pack_sync.dagster.internals.dead_runs import process_tag
from pack_sync.dagster.metadata import held_metadata, materialization_metadata
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.reexecution import synced_before
from pack_sync.dagster.sync_jobs import OpenPack, sync_job_of
from pack_sync.dagster.warehouse_resource import WarehouseResource
from pack_sync.engine.full_or_incremental import ModeRequest, RequestedMode
from pack_sync.engine.sync_job import SyncJob
from pack_sync.engine.sync_tables import (
    LogLine,
    RunEvent,
    TableFailed,
    TableFinished,
    TableRuns,
    TableSkipped,
)
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.project import ConfigurationError
from pack_sync.spool.folders import remove_old_folders
from pack_sync.warehouse.storage_errors import StorageError
from pack_sync.warehouse.warehouse import Warehouse

PackEvent: TypeAlias = "dg.MaterializeResult[Any] | dg.AssetCheckResult"

APPROVE_TAG = "sync/approve_deletes"
"""A run with this tag and the value "true" is one whose config says `approve_deletes`."""

_SCHEDULED = frozenset(
    {"dagster/schedule_name", "dagster/sensor_name", "dagster/from_automation_condition"}
)
"""Tags of runs that nobody started by hand."""
_MOST_FAILURES = 50
_ABANDONED = timedelta(days=1)
"""After how long pages are removed that no sync of their table has come to claim."""


class SyncConfig(dg.Config):
    """What the launchpad offers for a run."""

    mode: RequestedMode = Field(
        default="auto",
        description="auto: incremental where there is a cursor and no full sync is due; "
        "full: all rows anew; incremental: only changes, even if a full sync is due.",
    )
    row_limit: int | None = Field(
        default=None,
        description="For a look: stop each table at about so many rows. They are applied "
        "without deletes, and the cursor stays as it was.",
    )
    approve_deletes: bool = Field(
        default=False,
        description="For this run only: apply full syncs that are held because they would delete "
        "many rows; where nothing is held, let this run's full sync delete what it will.",
    )


FurtherChecks: TypeAlias = Callable[[], Iterable[dg.AssetCheckResult]]


@dataclass(kw_only=True)
class PackRun:
    """One op of a run: which tables of a pack, with which resources."""

    context: dg.AssetExecutionContext
    definition: PackTables
    pack: OpenPack
    warehouse: WarehouseResource
    _failures: list[TableFailed] = field(default_factory=list[TableFailed])
    _not_synced: set[SyncKey] = field(default_factory=set[SyncKey])
    _by_sync: set[dg.AssetKey] = field(default_factory=set[dg.AssetKey])
    _incremental: dict[str, bool] = field(default_factory=dict[str, bool])

    def events(self, further_checks: FurtherChecks = lambda: ()) -> Generator[PackEvent]:
        """Sync the selected tables; one event for each as it is done, and for its checks.

        `further_checks` are those that are not of a table's rows, evaluated at the end.

        In a re-execution from failure, or where the op's worker was lost, only what has not been
        synced before. Raises `dg.Failure` at the end if some failed, naming them; the others are
        synced.
        """
        context = self.context
        warehouse = self._opened()
        kept_for = max(_ABANDONED, self.pack.settings().resume_within or _ABANDONED)
        remove_old_folders(self.warehouse.spool, kept_for)
        context.instance.add_run_tags(context.run.run_id, process_tag())
        remember_output_keys(context)
        runs = TableRuns(max_parallel=self.pack.settings().max_parallel_tables)
        given: dict[str, Any] = context.op_execution_context.op_config or {}
        config = SyncConfig(**given)
        selected = self._selected()
        before = synced_before(context.instance, context.run, self.definition) & set(selected)
        if before:
            done = counted(len(before), "sync was", "syncs were")
            context.log.info(f"{done} done before the failure, of {len(selected):,}")
        syncs, refused = self._jobs([key for key in selected if key not in before], config, runs)
        checks = Checks(self.definition, context.selected_asset_check_keys)
        for failure in refused:
            yield from self._told(failure, checks)
        request, failed = self._mode_request(config), [failure.key for failure in refused]
        for event in runs.run(syncs, warehouse, request, failed):
            yield from self._told(event, checks)
        note_incremental(self.definition.name, self._incremental)
        held = self._assets_of(f.key for f in self._failures if f.held)
        for asset in sorted(held):
            state = checks.state(asset, warehouse)
            context.log_event(dg.AssetObservation(asset, metadata=held_metadata(state.held)))
        as_they_are = held | self._assets_of(before | self._not_synced)
        synced = context.selected_asset_keys
        yield from checks.at_the_end(synced, as_they_are, warehouse)
        yield from further_checks()
        yield from map(made_elsewhere, sorted(self._assets_of(before) | self._by_sync))
        if self._failures:
            raise _failure(self._failures, len(syncs) + len(refused))

    def _opened(self) -> Warehouse:
        try:
            return self.warehouse.open()
        except StorageError as error:
            self.context.log.error(str(error))  # a terminal shows only the log
            raise dg.Failure(description=str(error), allow_retries=False) from error

    def _told(self, event: RunEvent, checks: Checks) -> Iterator[PackEvent]:
        """What Dagster is told of something that happened."""
        log = self.context.log
        if isinstance(event, LogLine):
            getattr(log, event.level)(event.message)
        elif isinstance(event, TableSkipped):
            log.warning(event.message)
            self._not_synced.add(event.key)
        else:
            for failure in _failures_of(event):
                log.error(failure.message)
                if failure.details:
                    log.debug(f"{failure.key}: {failure.details}")
                self._failures.append(failure)
            if isinstance(event, TableFinished):
                yield from self._materialized(event, checks)

    def _assets_of(self, keys: Iterable[SyncKey]) -> set[dg.AssetKey]:
        return {self.definition.key_of(key.table) for key in keys}

    def _jobs(
        self, keys: Iterable[SyncKey], config: SyncConfig, runs: TableRuns
    ) -> tuple[list[SyncJob], list[TableFailed]]:
        """What can be synced, and what cannot: a connection without its credentials, say."""
        jobs: list[SyncJob] = []
        refused: list[TableFailed] = []
        for key in keys:
            try:
                jobs.append(self._sync(key, config, runs))
            except (ConfigurationError, PackError) as error:
                refused.append(TableFailed(key=key, message=f"{key}: {error}", details=""))
        return jobs, refused

    def _sync(self, key: SyncKey, config: SyncConfig, runs: TableRuns) -> SyncJob:
        context = self.context
        run_id = context.run.run_id
        sync = sync_job_of(self.definition, key, self.pack, self.warehouse, runs, run_id)
        approved = config.approve_deletes or context.run.tags.get(APPROVE_TAG) == "true"
        return replace(
            sync,
            row_limit=config.row_limit,
            approve_deletes=approved,
            by_person=not _SCHEDULED.intersection(context.run.tags),
        )

    def _selected(self) -> list[SyncKey]:
        """The syncs that this run is about: those of the selected tables and partitions.

        A run of a partitioned table without any partition, such as a schedule's, takes all.
        """
        context, definition = self.context, self.definition
        partitioned = context.has_partition_key or context.has_partition_key_range
        chosen = set(context.partition_keys) if partitioned else None
        return [
            SyncKey(pack=definition.name, table=table, sync=sync)
            for key, table in definition.tables_by_key.items()
            if key in context.selected_asset_keys
            for sync in definition.syncs_of(table)
            if chosen is None or not definition.is_partitioned(table) or sync in chosen
        ]

    def _mode_request(self, config: SyncConfig) -> ModeRequest:
        run = self.context.run
        root = self.context.instance.get_run_by_id(run.root_run_id) if run.root_run_id else None
        return ModeRequest(
            configured=config.mode, run_tags=run.tags, root_run_tags=root.tags if root else {}
        )

    def _materialized(self, event: TableFinished, checks: Checks) -> Iterator[PackEvent]:
        table = event.key.table
        asset = self.definition.key_of(table)
        by_sync = self.definition.is_partitioned(table)
        crawled = self.definition.parent_of(table) is not None
        found = has_cursor(event.outcome, crawled=crawled)
        if found is not None:  # of several syncs one with a cursor is enough
            self._incremental[table] = found or self._incremental.get(table, False)
        metadata = materialization_metadata(event.outcome, by_sync=by_sync, crawled=crawled)
        if by_sync:
            # An event of our own, because a run may sync several partitions and each has its
            # own figures; a MaterializeResult would write the same metadata to all of them.
            self.context.log_event(
                dg.AssetMaterialization(
                    asset_key=asset, partition=event.key.sync, metadata=metadata
                )
            )
            checks.remember(asset, event.outcome)
            self._by_sync.add(asset)
        else:
            yield dg.MaterializeResult(asset_key=asset, metadata=metadata)
            # Not in the result: Dagster would work out twice what each is about.
            yield from checks.of(asset, event.outcome)


definitions_by_op: WeakKeyDictionary[dg.OpDefinition, PackTables] = WeakKeyDictionary()
"""Which pack an op is of. Not in the assets' metadata, where the UI would show it."""


def definition_of(context: dg.AssetExecutionContext) -> PackTables:
    """The pack that the running op is of. Raises `TypeError` for an op that is of none."""
    definition = definitions_by_op.get(context.op_execution_context.op_def)
    if definition is None:
        raise TypeError(
            f"{context.op_execution_context.op_def.name} is no op of a pack; make its assets with "
            "build_pack_assets, or give `run` the definition"
        )
    return definition


def _failures_of(event: TableFinished | TableFailed) -> list[TableFailed]:
    """A table that failed, or the children that failed of a crawled one that did not."""
    if isinstance(event, TableFailed):
        return [event]
    return [
        TableFailed(
            key=replace(event.key, sync=child.sync), message=child.message, details=child.details
        )
        for child in event.outcome.failures
    ]


def _failure(failures: Sequence[TableFailed], selected: int) -> dg.Failure:
    children = any("/" in failure.key.sync for failure in failures)
    what = f"of {counted(selected, 'table', 'tables')}"
    if children:
        what = "table or parent" if len(failures) == 1 else "tables or parents"
    lines = "\n".join(f"- {failure.message}" for failure in failures[:_MOST_FAILURES])
    if len(failures) > _MOST_FAILURES:
        lines += f"\n- and {len(failures) - _MOST_FAILURES:,} more; see the log and _sync.runs"
    others = "" if len(failures) == selected else "; the others are synced"
    return dg.Failure(
        allow_retries=False,  # each sync was tried again already
        description=f"{len(failures):,} {what} failed{others}. Nothing of what "
        f"failed was applied, and its cursor is where it was.\n{lines}",
        metadata={str(f.key): f.message for f in failures[:_MOST_FAILURES]},
    )
