"""What is told of children of a crawl that failed, or whose rows were kept (contract D7, D8)."""

import traceback
from collections.abc import Sequence

from pack_sdk.wording import counted
from pack_sync.engine.crawl_commit import FailedChild
from pack_sync.engine.outcome import ChildFailure, SyncOutcome
from pack_sync.engine.run_records import record_failure
from pack_sync.engine.sync_failures import sentence
from pack_sync.engine.sync_job import CrawlSource, SyncJob
from pack_sync.http.budget import BudgetSpentError
from pack_sync.http.pauses import LongPauseError
from pack_sync.warehouse.warehouse import Warehouse


def kept_children(sync: SyncJob, source: CrawlSource, first: SyncOutcome) -> Sequence[ChildFailure]:
    """Rows that would have gone with their parents, too many for the guard (contract D8)."""
    kept = first.result.kept_children
    if kept is None:
        return []
    of_parent = f"of {source.parent_table}"
    parents = counted(len(kept.syncs), f"row {of_parent} is gone", f"rows {of_parent} are gone")
    message = (
        f"{sync.key}: {parents}, and {kept.rows:,} of {counted(kept.rows_before, 'row', 'rows')} "
        "crawled would go with them. They were kept; all others were synced. If they are really "
        f"gone: `packsync sync {sync.key.pack}.{sync.key.table} --approve-deletes`, or a run with "
        f"`approve_deletes: true`. If not: fix the source and sync {source.parent_table} in full"
    )
    return [ChildFailure(sync=sync.key.sync, message=message, details="")]


def reported(
    failed: Sequence[FailedChild], of: int, kept_pages: int, warehouse: Warehouse
) -> list[ChildFailure]:
    """What failed; the children that a pause kept from being synced are one failure."""
    paused: list[FailedChild] = []
    reports: list[ChildFailure] = []
    for each in failed:
        if isinstance(each.failure.error, LongPauseError):
            paused.append(each)
        else:
            reports.append(report(each, warehouse))
    if paused:
        paused[0].failure.error.add_note(
            f"{len(paused):,} of {counted(of, 'parent', 'parents')} were not reached; the next "
            f"sync begins with them.{_kept(kept_pages)}"
        )
        reports.append(report(paused[0], warehouse))
    return reports


def _kept(pages: int) -> str:
    """What to say of the pages that they had."""
    return f" {counted(pages, 'page of theirs is', 'pages of theirs are')} kept." if pages else ""


def report(failed: FailedChild, warehouse: Warehouse) -> ChildFailure:
    """Put a child's failure into the ledger."""
    sync, error = failed.child.sync, failed.failure.error
    record_failure(sync, warehouse, failed.failure)
    return ChildFailure(
        sync=sync.key.sync,
        message=f"{sync.key}: {sentence(error)}",
        details=sync.connection.redactor.redact("".join(traceback.format_exception(error))),
        postponed=isinstance(error, BudgetSpentError),
    )
