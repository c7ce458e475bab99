"""`PackSyncTranslator`: how a sync table becomes a Dagster asset."""

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster.components.utils.translation import TranslationFnResolver

from pack_sdk.sync_table import SyncTable
from pack_sync.dagster.configuration import TableConfiguration
from pack_sync.dagster.metadata import column_schema
from pack_sync.engine.fingerprint import fingerprint_of
from pack_sync.runtimes.typescript.manifest import in_child
from pack_sync.stage.column_types import columns_of

SYNC_TAG = "sync/table"
"""A tag of every asset that is a sync table, for selections."""

INCREMENTAL_KIND = "incremental"
"""A kind of the tables whose syncs are incremental: nothing else tells them apart in the graph."""

MOST_KINDS = 3
"""How many kinds Dagster lets an asset have."""


@dataclass(frozen=True, kw_only=True)
class SyncTableData:
    """What a translator is given: a table of a pack, with what the configuration says of it.

    `pack_name` is the DuckDB schema and `table` the table in it. `sync_table` is what the
    pack declares, `configuration` the table's entry in the defs.yaml. `parent_key` is the asset
    that this one is crawled from (contract C20). `incremental` says that its last sync left a
    cursor. The others are the pack's settings.
    """

    pack_name: str
    table: str
    sync_table: SyncTable
    configuration: TableConfiguration
    parent_key: dg.AssetKey | None = None
    incremental: bool = False
    owners: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    kinds: Sequence[str] = ()
    freshness_policy: dg.FreshnessPolicy | None = None


class PackSyncTranslator:
    """Makes the `AssetSpec` of each sync table.

    Subclass it, override `get_asset_spec`, and change what `super().get_asset_spec(data)`
    returns: key, group, owners, tags, kinds, dependencies, freshness policy, automation
    condition. What the engine relies on, such as the partitions, stays as it is.
    """

    def get_asset_spec(self, data: SyncTableData) -> dg.AssetSpec:
        """The asset of a table; its key is `[pack, table]` unless overridden."""
        return dg.AssetSpec(
            key=[data.pack_name, re.sub(r"[^A-Za-z0-9_.-]", "_", data.table)],
            group_name=data.pack_name,
            description=_description(data),
            kinds=_kinds(data),
            owners=list(data.owners),
            tags=data.tags,
            code_version=_code_version(data.sync_table),
            metadata=_metadata(data),
            deps=[data.parent_key] if data.parent_key else None,
            freshness_policy=data.freshness_policy,
        )


def _kinds(data: SyncTableData) -> set[str]:
    """As many as Dagster takes, what the user chose before what we know."""
    incremental = [INCREMENTAL_KIND] if data.incremental else []
    language = "typescript" if _is_typescript(data.sync_table) else "python"
    return set(["duckdb", *data.kinds, *incremental, language][:MOST_KINDS])


def _is_typescript(table: SyncTable) -> bool:
    return table.execute is in_child


def _description(data: SyncTableData) -> str:
    """The pack's own words; the schema's where the table has none.

    Never empty: Dagster would show what the op does instead, which lists all of its tables.
    """
    table = data.sync_table
    words = [table.description or table.schema.description or _plain_description(data)]
    if data.parent_key:
        words.append(f"Synced once for each row of {data.parent_key.path[-1]}.")
    return "\n\n".join(word for word in words if word)


def _plain_description(data: SyncTableData) -> str:
    return f"The table {data.sync_table.name} of the pack {data.pack_name}."


def _code_version(table: SyncTable) -> str | None:
    return None if table.dynamic else fingerprint_of(table.schema, {}, "", None)["schema"]


def _metadata(data: SyncTableData) -> dict[str, Any]:
    """What is known of a table before it is synced; of a schema that is asked for, nothing."""
    table = data.sync_table
    metadata: dict[str, Any] = {
        "dagster/table_name": f"{data.pack_name}.{data.table}",
        "dagster/storage_kind": "duckdb",
    }
    if table.dynamic is None:
        metadata["dagster/column_schema"] = column_schema(columns_of(table.schema))
        metadata["sync/id_column"] = table.id_property
    if url := data.configuration.dynamic_url:
        metadata["sync/dynamic_url"] = url
    return metadata | _source_of(table)


def _source_of(table: SyncTable) -> dict[str, Any]:
    """A link to the pack's code, where it is Python's."""
    code = getattr(table.execute, "__code__", None)
    if code is None or _is_typescript(table):
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # a reference is all that depends on it
        reference = dg.LocalFileCodeReference(
            file_path=code.co_filename, line_number=code.co_firstlineno, label=table.name
        )
        value = dg.CodeReferencesMetadataValue(code_references=[reference])
    return {"dagster/code_references": value}


def translation_resolver() -> TranslationFnResolver[SyncTableData]:
    """Reads `translation` of a component's `defs.yaml`, whose templates know the table."""
    resolver = TranslationFnResolver[SyncTableData](
        lambda data: {"data": data, "table": data.table, "pack": data.pack_name}
    )
    resolver.description = (  # its constructor does not take one
        "Changes to the tables' assets, such as key, group_name, tags or deps; templates may "
        "use {{ table }}, {{ pack }}, {{ spec }} and {{ data }}."
    )
    return resolver
