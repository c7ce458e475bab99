"""One sync that a command is about, ready to be looked at, crawled children included."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from pack_sdk.wording import counted
from pack_sync.cli.context import choose_pack, choose_sync, choose_table, warehouse_resource
from pack_sync.cli.terminal import fail
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.sync_jobs import sync_job_of
from pack_sync.dagster.warehouse_resource import WAREHOUSE
from pack_sync.engine.crawl_children import children_of
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.engine.sync_job import CrawlSource, SyncJob
from pack_sync.engine.sync_tables import TableRuns
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.warehouse import Warehouse

_CHILDREN_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class ChosenSync:
    """A sync with its present configuration, and the warehouse that it is in."""

    sync: SyncJob
    warehouse: Warehouse

    def shown(self, text: str) -> str:
        """A text without the secrets of the sync's connection (contract A4)."""
        return self.sync.connection.redactor.redact(text)


@contextmanager
def chosen_sync(pack: str, table: str, sync: str | None) -> Generator[ChosenSync]:
    """The sync of that name, or the table's only one; exits with the choices if there is none.

    A child of a crawled table is named `<sync>/<parent's value>` (contract D7).
    """
    component, definition = choose_pack(pack)
    name = choose_table(definition, table)
    root, slash, _ = (sync or "").partition("/")
    key = _key_of(definition, name, sync if not definition.parent_of(name) else root or None)
    resources = {definition.resource_key: component.resource(), WAREHOUSE: warehouse_resource()}
    with dg.build_resources(resources) as built:
        resource = getattr(built, definition.resource_key)
        runs = TableRuns(max_parallel=1)
        found = sync_job_of(definition, key, resource, built.warehouse, runs, None)
        warehouse: Warehouse = built.warehouse.open()
        if found.crawl is not None:
            found = _child_of(found, found.crawl, warehouse, sync if slash else None)
        yield ChosenSync(sync=found, warehouse=warehouse)


def _key_of(definition: PackTables, table: str, sync: str | None) -> SyncKey:
    """A sync's key; of several, one must be named, because a wrong one could be changed."""
    syncs = list(definition.syncs_of(table))
    if sync is None and len(syncs) > 1:
        fail(
            f"{definition.name}.{table} has several syncs; choose one with --sync: "
            f"{', '.join(syncs)}"
        )
    return choose_sync(definition, table, sync)


def _child_of(
    sync: SyncJob, source: CrawlSource, warehouse: Warehouse, name: str | None
) -> SyncJob:
    """The child of that name of a crawled table's sync."""
    try:
        children, _ = children_of(warehouse, sync, source, ModeRequest())
    except SyncFailedError as error:
        fail(str(error))
    by_name = {child.sync.key.sync: child.sync for child in children}
    if name not in by_name:
        what = "is" if name is None else f"has no child {name!r}; it is"
        some = ", ".join(list(by_name)[:_CHILDREN_SHOWN])
        fail(
            f"{sync.key} {what} crawled from {source.parent_table}, with a cursor for each of "
            f"its {counted(len(by_name), 'row', 'rows')}; "
            + (f"choose one with --sync, such as {some}" if some else "sync the parent first")
        )
    return by_name[name or ""]
