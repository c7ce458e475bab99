"""The one child of a crawled table that a preview shows."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pack_sync.cli.terminal import fail
from pack_sync.engine.crawl_children import children_of
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync import run_sync
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.engine.sync_job import CrawlSource, SyncJob
from pack_sync.warehouse.warehouse import Warehouse


def child_to_preview(
    sync: SyncJob,
    warehouse: Warehouse,
    folder: Path,
    name: str | None,
    parent_of: Callable[[CrawlSource], SyncJob],
) -> SyncJob:
    """A child of a crawled table: that of the name, or the first.

    The parent's rows are those of the warehouse. Where it has none, a page of the parent is fetched
    into a warehouse in `folder`, which only this preview sees. Exits with a message where there is
    no such child; a sync that is no crawled table's is itself what to preview.
    """
    if sync.crawl is None:
        return sync
    children = _children(sync, sync.crawl, warehouse)
    if not children:
        parent = child_to_preview(parent_of(sync.crawl), warehouse, folder, None, parent_of)
        fetched = Warehouse.at(folder / "parents.duckdb")
        _fetch(parent, fetched, folder)
        children = _children(sync, sync.crawl, fetched)
    names = [child.key.sync for child in children]
    if not children:
        fail(f"{sync.key}: its parent table {sync.crawl.parent_table} has no rows to crawl")
    if name is not None and name not in names:
        fail(f"{sync.key} has no child {name!r}; there is {', '.join(names[:5])}")
    return children[names.index(name) if name else 0]


def _children(sync: SyncJob, source: CrawlSource, warehouse: Warehouse) -> list[SyncJob]:
    try:
        children, _ = children_of(warehouse, sync, source, ModeRequest())
    except SyncFailedError:  # the parent has never been synced
        return []
    return [child.sync for child in children]


def _fetch(parent: SyncJob, warehouse: Warehouse, folder: Path) -> None:
    """Sync one page of the parent."""
    spool = folder / "parents" / parent.key.table
    try:
        run_sync(
            replace(parent, row_limit=1, spool_folder=spool, answers_folder=None),
            warehouse,
            ModeRequest(configured="full"),
        )
    except SyncFailedError as error:
        fail(f"its parent could not be fetched: {error}")
