"""A pack together with what the configuration says of it: which tables, which syncs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg

from pack_sdk.crawl import crawl_of
from pack_sdk.pack import Pack
from pack_sdk.sync_table import SyncTable
from resources.warehouse.ledger import DEFAULT_SYNC, SyncKey
from sync_assets.configuration import (
    ConfigurationError,
    SyncConfiguration,
    TableConfiguration,
)
from sync_assets.engine.table_runs import TableRuns
from sync_assets.engine.table_sync import CrawlSource, TableSync
from sync_assets.parameters import resolve_parameters
from sync_assets.resources import PackResource, WarehouseResource
from sync_assets.table_entries import check_entries, default_entries

_RESERVED_NAMES = {"information_schema", "pg_catalog", "temp", "system"}


@dataclass(frozen=True, kw_only=True)
class PackAssets:
    """A pack and its configuration.

    `tables` says which of the pack's tables become assets, by the assets' names; None means
    all that are not dynamic, with their defaults. Where a method takes a `table`, it is the
    name of such an entry. `where` is named in errors, such as the path of a defs.yaml.
    """

    name: str
    pack: Pack
    tables: Mapping[str, TableConfiguration] | None = None
    owners: Sequence[str] = ()
    where: str = ""

    @property
    def resource_key(self) -> str:
        """The key of the pack's `PackResource`."""
        return f"{self.name}_pack"

    @cached_property
    def configured_tables(self) -> Mapping[str, TableConfiguration]:
        """The tables to sync. Raises `ConfigurationError` (see `check_entries`)."""
        if self.tables is None:
            return default_entries(self.pack)
        discover = f"packsync discover {self.name}"
        check_entries(self.pack, self.tables, where=f"{self.where}.tables", discover=discover)
        return self.tables

    def table_of(self, table: str) -> SyncTable:
        """The pack's table behind an entry, whose own name may be another."""
        return self.pack.sync_tables[self.configured_tables[table].table or table]

    def is_partitioned(self, table: str) -> bool:
        """Whether the table is filled by named syncs (contract C18), its asset's partitions."""
        return bool(self.configured_tables[table].syncs)

    def syncs_of(self, table: str) -> Mapping[str, SyncConfiguration]:
        """The syncs that fill a table, by name, with connection and parameters complete."""
        configured = self.configured_tables[table]
        syncs = configured.syncs or {DEFAULT_SYNC: SyncConfiguration()}
        return {
            name: SyncConfiguration(
                connection=sync.connection or configured.connection,
                parameters={**configured.parameters, **sync.parameters},
            )
            for name, sync in syncs.items()
        }

    def parameters_of(self, table: str, sync: str = DEFAULT_SYNC) -> dict[str, Any]:
        """The parameter values of one sync. Raises `ConfigurationError` (contract C19, P)."""
        where = f"{self.where}.tables.{table}"
        if self.is_partitioned(table):
            where = f"{where}.syncs.{sync}"
        return resolve_parameters(
            self.table_of(table).parameters,
            self.syncs_of(table)[sync].parameters,
            where=f"{where}.parameters",
        )

    def crawl_of(self, table: str, sync: str) -> CrawlSource | None:
        """Where the table's crawled parameters come from (contract C20), None if it has none.

        A sync takes the parent's rows of the sync that has its name, where there is one.
        """
        crawl = crawl_of(self.table_of(table))
        if crawl is None:
            return None
        parent = self._entry_of(crawl.parent_table)
        if parent is None:
            raise ConfigurationError(
                f"{self.where}.tables: {table!r} is crawled from {crawl.parent_table!r} (contract "
                f"C20); add {crawl.parent_table!r} to the tables"
            )
        return CrawlSource(
            parent_table=parent,
            properties=crawl.properties,
            parent_sync=sync if sync in self.syncs_of(parent) else None,
        )

    def parent_of(self, table: str) -> str | None:
        """The entry that this one is crawled from, None if it is not crawled."""
        crawl = crawl_of(self.table_of(table))
        return self._entry_of(crawl.parent_table) if crawl else None

    def _entry_of(self, pack_table: str) -> str | None:
        """The entry that is this table of the pack: the one of its name, or the only one."""
        names = [n for n in self.configured_tables if self.table_of(n).name == pack_table]
        if pack_table in names:
            return pack_table
        return names[0] if len(names) == 1 else None

    def check(self) -> None:
        """Resolve everything once, so that a wrong value fails the load and not a run."""
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", self.name) or self.name in _RESERVED_NAMES:
            raise ConfigurationError(
                f"{self.where}.name: {self.name!r} cannot be a pack's name, which is an asset key, "
                "a group and a DuckDB schema; use a letter, then letters, digits or _, but none "
                f"of {', '.join(sorted(_RESERVED_NAMES))}"
            )
        self._check_syncs()
        for table in self.configured_tables:
            for sync in self.syncs_of(table):
                self.parameters_of(table, sync)
                self.crawl_of(table, sync)

    def _check_syncs(self) -> None:
        for table, configured in self.configured_tables.items():
            for sync in configured.syncs:
                if not re.fullmatch(r"[A-Za-z0-9_.-]+", sync):
                    raise ConfigurationError(
                        f"{self.where}.tables.{table}.syncs: {sync!r} cannot be a sync's name; use "
                        "letters, digits, '_', '-' and '.'"
                    )

    def key_of(self, table: str) -> dg.AssetKey:
        """The asset key of a table; letters that Dagster does not allow in one become `_`."""
        return dg.AssetKey([self.name, re.sub(r"[^A-Za-z0-9_.-]", "_", table)])


def table_sync_of(
    definition: PackAssets,
    key: SyncKey,
    pack: PackResource,
    warehouse: WarehouseResource,
    runs: TableRuns,
    dagster_run_id: str | None,
) -> TableSync:
    """One configured sync, as a part of `runs`."""
    syncs = definition.syncs_of(key.table)
    return TableSync(
        key=key,
        table=definition.table_of(key.table),
        runtime=pack.runtime(),
        connection=pack.connection(syncs[key.sync].connection),
        parameters=definition.parameters_of(key.table, key.sync),
        configured_syncs=tuple(syncs),
        crawl=definition.crawl_of(key.table, key.sync),
        dynamic_url=definition.configured_tables[key.table].dynamic_url,
        spool_folder=Path(warehouse.spool_folder) / definition.name / key.table / key.sync,
        log=runs.log,
        settings=pack.settings(),
        dagster_run_id=dagster_run_id,
        cancelled=runs.cancelled,
    )
