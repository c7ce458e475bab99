"""A pack together with what the configuration says of it: which tables, which syncs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import dagster as dg

from pack_sdk.crawl import crawl_of
from pack_sdk.pack import Pack
from pack_sdk.sync_table import SyncTable
from pack_sdk.wording import counted
from pack_sync.dagster.configuration import SyncConfiguration, TableConfiguration
from pack_sync.dagster.incremental_tables import incremental_tables
from pack_sync.dagster.parameters import resolve_parameters
from pack_sync.dagster.table_entries import REST, entries_of, without_entry
from pack_sync.dagster.translator import SYNC_TAG, PackSyncTranslator, SyncTableData
from pack_sync.engine.sync_job import CrawlSource
from pack_sync.ledger.sync_key import DEFAULT_SYNC
from pack_sync.project import ConfigurationError
from pack_sync.stage.row_conversion import BadValues

_RESERVED_NAMES = {"information_schema", "pg_catalog", "temp", "system"}
_MOST_NAMES = 12


@dataclass(frozen=True, kw_only=True)
class PackTables:
    """A pack and its configuration.

    `tables` says which of the pack's tables become assets, by the assets' names, `*` being all
    others; None means all that are not dynamic, with their defaults. Where a method takes a
    `table`, it is the name of such an entry. `translator` makes their asset specs, with `owners`,
    `tags`, `kinds` and `freshness_policy`. `op_per_table` gives each table an op of its own, for an
    executor that spreads ops over workers, and `op_tags` what it reads there, beside those of a
    table. `where` is named in errors, such as the path of a defs.yaml.
    """

    name: str
    pack: Pack
    tables: Mapping[str, TableConfiguration] | None = None
    owners: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    kinds: Sequence[str] = ()
    freshness_policy: dg.FreshnessPolicy | None = None
    op_per_table: bool = False
    op_tags: Mapping[str, Any] = field(default_factory=dict[str, Any])
    translator: PackSyncTranslator = field(default_factory=PackSyncTranslator)
    where: str = ""

    @property
    def resource_key(self) -> str:
        """The key of the pack's `PackResource`."""
        return f"{self.name}_pack"

    @cached_property
    def configured_tables(self) -> Mapping[str, TableConfiguration]:
        """The tables to sync. Raises `ConfigurationError` (see `entries_of`)."""
        discover = f"packsync discover {self.name}"
        return entries_of(self.pack, self.tables, where=f"{self.where}.tables", discover=discover)

    @property
    def not_synced(self) -> str:
        """A sentence about the pack's tables that `tables` leaves out; empty if there are none."""
        names = without_entry(self.pack, self.configured_tables)
        if not names:
            return ""
        shown = ", ".join(names[:_MOST_NAMES])
        if len(names) > _MOST_NAMES:
            shown += f" and {len(names) - _MOST_NAMES:,} more"
        tables = counted(len(names), f"table of {self.name} is", f"tables of {self.name} are")
        return (
            f'{tables} not synced: {shown}; to sync all, add `"{REST}": {{}}` to `tables` in '
            f"{self.where or 'its configuration'}"
        )

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

    def bad_values_of(self, table: str) -> BadValues:
        """What becomes of a table's rows with values that do not fit their columns."""
        return self.configured_tables[table].bad_values or "null"  # which YAML reads as None

    def connection_of(self, table: str) -> str:
        """The connection of a table, or of its first sync."""
        return next(iter(self.syncs_of(table).values())).connection

    def pool_of(self, table: str) -> str:
        """The pool of a table's op: `dagster.yaml` limits how many of a connection run at once."""
        return re.sub(r"[^A-Za-z0-9_]", "_", f"{self.name}_{self.connection_of(table)}")

    def has_own_op(self, table: str) -> bool:
        """Whether the table's op is of no other table: a step that an executor places by itself."""
        return self.op_per_table or self.is_partitioned(table)

    def op_tags_of(self, table: str) -> Mapping[str, Any]:
        """The tags of a table's op. Raises `ConfigurationError` for its own where it shares one."""
        own = self.configured_tables[table].op_tags
        if own and not self.has_own_op(table):
            raise ConfigurationError(
                f"{self._where_of(table)}.op_tags: {table} shares an op with the other tables of "
                "its connection; set `op_per_table: true` for the pack, or write these tags there"
            )
        return {**self.op_tags, **own}

    def parameters_of(self, table: str, sync: str = DEFAULT_SYNC) -> dict[str, Any]:
        """The parameter values of one sync. Raises `ConfigurationError`."""
        where = self._where_of(table)
        if self.is_partitioned(table):
            where = f"{where}.syncs.{sync}"
        return resolve_parameters(
            self.table_of(table).parameters,
            self.syncs_of(table)[sync].parameters,
            where=f"{where}.parameters",
        )

    def _where_of(self, table: str) -> str:
        entry = REST if self.tables and table not in self.tables else table
        return f"{self.where}.tables.{entry}"

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
                f"{self.where}.tables: {table!r} is crawled from {crawl.parent_table!r}; "
                f"add {crawl.parent_table!r} to the tables"
            )
        return CrawlSource(
            parent_table=parent,
            properties=crawl.properties,
            parent_sync=sync if sync in self.syncs_of(parent) else None,
            schemas=self.pack.sync_tables[crawl.parent_table].schema.properties,
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
            self.op_tags_of(table)
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

    @cached_property
    def specs(self) -> Mapping[str, dg.AssetSpec]:
        """The asset of each table, as the translator makes it.

        Raises `ConfigurationError` where the translator gives two tables one key, or changes
        what the engine relies on.
        """
        specs: dict[str, dg.AssetSpec] = {}
        owners: dict[dg.AssetKey, str] = {}
        for table in self.configured_tables:
            spec = self._spec_of(table)
            other = owners.setdefault(spec.key, table)
            if other != table:
                raise ConfigurationError(
                    f"{self.where}: the tables {other!r} and {table!r} would both be the asset "
                    f"{spec.key.to_user_string()}; give each a key of its own"
                )
            if spec.partitions_def is not None:
                raise ConfigurationError(
                    f"{self.where}: the asset of {table!r} cannot be given partitions: those of a "
                    "synced table are its `syncs`"
                )
            specs[table] = _with_what_we_need(spec)
        return specs

    def _spec_of(self, table: str) -> dg.AssetSpec:
        return self.translator.get_asset_spec(self._data_of(table))

    def _data_of(self, table: str) -> SyncTableData:
        parent = self.parent_of(table)
        return SyncTableData(
            pack_name=self.name,
            table=table,
            sync_table=self.table_of(table),
            configuration=self.configured_tables[table],
            parent_key=self._spec_of(parent).key if parent else None,
            owners=self.owners,
            tags=self.tags,
            kinds=self.kinds,
            incremental=table in self._incremental,
            freshness_policy=self.freshness_policy,
        )

    @cached_property
    def _incremental(self) -> frozenset[str]:
        return incremental_tables(self.name)

    def key_of(self, table: str) -> dg.AssetKey:
        """The asset key of a table."""
        return self.specs[table].key

    @cached_property
    def tables_by_key(self) -> Mapping[dg.AssetKey, str]:
        """The tables by their assets' keys."""
        return {spec.key: table for table, spec in self.specs.items()}


def _with_what_we_need(spec: dg.AssetSpec) -> dg.AssetSpec:
    """The spec as the engine relies on it, whatever a translator made of it."""
    return spec.replace_attributes(  # pyright: ignore[reportUnknownMemberType]
        skippable=True,  # a failing table must not stop the others
        tags={**spec.tags, SYNC_TAG: "true"},
    )
