"""A dry run: syncs on their real path, in transactions that are rolled back.

Not a second path: that could promise something else than a sync does.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pack_sync.commit.change_samples import ChangeSample, ChangeSampler
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync_job import SyncJob
from pack_sync.engine.sync_tables import (
    LogLine,
    TableFailed,
    TableFinished,
    TableRuns,
    TableSkipped,
)
from pack_sync.spool.folders import scratch_folder
from pack_sync.warehouse.database import database_at
from pack_sync.warehouse.warehouse import Warehouse


@dataclass(frozen=True, kw_only=True)
class DryRunResult:
    """What a sync would have done, or why it would have failed, with some of the rows."""

    sync: SyncJob
    ending: TableFinished | TableFailed
    sample: ChangeSample

    @property
    def succeeds(self) -> bool:
        """Whether the sync, and all children of a crawl, would succeed."""
        return isinstance(self.ending, TableFinished) and not self.ending.outcome.failures


def dry_run_syncs(
    runs: TableRuns,
    syncs: Sequence[SyncJob],
    warehouse: Warehouse,
    request: ModeRequest,
    *,
    rows: int,
    spool: Path,
) -> Generator[LogLine | DryRunResult]:
    """Run the syncs, made for `runs`, and write nothing; sample at most `rows` rows of each kind.

    Each table is run by itself: a crawled one takes its parent's rows as they are in the
    warehouse, unless there is no warehouse yet. Pages are kept in a temporary folder below
    `spool`, so no interrupted sync is resumed, and none is disturbed.
    """
    with scratch_folder(spool) as folder:
        samplers = [ChangeSampler(rows) for _ in syncs]
        prepared = {
            sync.key: (
                replace(
                    sync,
                    spool_folder=folder / "spool" / str(number),
                    answers_folder=None,
                    on_changes=sampler,
                ),
                sampler,
            )
            for number, (sync, sampler) in enumerate(zip(syncs, samplers, strict=True))
        }
        everything = [sync for sync, _ in prepared.values()]
        for event in runs.run(everything, _rolled_back(warehouse, folder), request):
            if isinstance(event, LogLine):
                yield event
                continue
            ending = event
            if isinstance(ending, TableSkipped):  # for want of budget: it takes no lease
                ending = TableFailed(key=ending.key, message=ending.message, details="")
            sync, sampler = prepared[ending.key]
            yield DryRunResult(sync=sync, ending=ending, sample=sampler.sample)


def _rolled_back(warehouse: Warehouse, folder: Path) -> Warehouse:
    """The warehouse with its transactions rolled back; one of our own if there is none."""
    if warehouse.exists():
        return replace(warehouse, dry_run=True)
    return replace(warehouse, database=database_at("warehouse.duckdb", folder))
