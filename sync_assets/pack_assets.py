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
from resources.ledger import DEFAULT_SYNC, SyncKey
from sync_assets.configuration import (
    ConfigurationError,
    SyncConfiguration,
    TableConfiguration,
    choose,
)
from sync_assets.parameters import resolve_parameters
from sync_assets.resources import PackResource, WarehouseResource
from sync_assets.table_runs import TableRuns
from sync_assets.table_sync import CrawlSource, TableSync

_RESERVED_NAMES = {"information_schema", "pg_catalog", "temp", "system"}


@dataclass(frozen=True, kw_only=True)
class PackAssets:
    """A pack and its configuration.

    `tables` limits which of the pack's tables become assets; None means all of them, with
    their defaults. `where` is named in errors, such as the path of a defs.yaml.
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
        """The tables to sync. Raises `ConfigurationError` for one that the pack lacks."""
        available = self.pack.sync_tables
        if self.tables is None:
            return {name: TableConfiguration() for name in available}
        choose(self.tables, available, where=f"{self.where}.tables", what="table")
        return self.tables

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
            self.pack.sync_tables[table].parameters,
            self.syncs_of(table)[sync].parameters,
            where=f"{where}.parameters",
        )

    def crawl_of(self, table: str, sync: str) -> CrawlSource | None:
        """Where the table's crawled parameters come from (contract C20), None if it has none.

        A sync takes the parent's rows of the sync that has its name, where there is one.
        """
        crawl = crawl_of(self.pack.sync_tables[table])
        if crawl is None:
            return None
        parent = crawl.parent_table
        if parent not in self.configured_tables:
            raise ConfigurationError(
                f"{self.where}.tables: {table!r} is crawled from {parent!r} (contract C20); "
                f"add {parent!r} to the tables"
            )
        return CrawlSource(
            parent_table=parent,
            properties=crawl.properties,
            parent_sync=sync if sync in self.syncs_of(parent) else None,
        )

    def parent_of(self, table: str) -> str | None:
        """The table that this one is crawled from, None if it is not crawled."""
        crawl = crawl_of(self.pack.sync_tables[table])
        return crawl.parent_table if crawl else None

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
        table=definition.pack.sync_tables[key.table],
        runtime=pack.runtime(),
        connection=pack.connection(syncs[key.sync].connection),
        parameters=definition.parameters_of(key.table, key.sync),
        configured_syncs=tuple(syncs),
        crawl=definition.crawl_of(key.table, key.sync),
        spool_folder=Path(warehouse.spool_folder) / definition.name / key.table / key.sync,
        log=runs.log,
        settings=pack.settings(),
        dagster_run_id=dagster_run_id,
        cancelled=runs.cancelled,
    )
