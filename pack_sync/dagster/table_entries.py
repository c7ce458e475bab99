"""The entries of `tables` in a defs.yaml: which of the pack's tables each one is."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pack_sdk.pack import Pack
from pack_sdk.sync_table import SyncTable
from pack_sync.dagster.configuration import TableConfiguration, choose
from pack_sync.project import ConfigurationError

REST = "*"
"""The key of `tables` that stands for all tables without an entry of their own."""


def entries_of(
    pack: Pack, configured: Mapping[str, TableConfiguration] | None, *, where: str, discover: str
) -> Mapping[str, TableConfiguration]:
    """The tables to sync, by the names of their assets: what is configured, with `*` spelled out.

    Without any configuration all tables but dynamic ones (contract C23): those would have to be
    discovered, and nothing is discovered when definitions load.

    Raises `ConfigurationError` that names the key below `where` and the choices; `discover` is the
    command that lists dynamic URLs, without the table.
    """
    given = {REST: TableConfiguration()} if configured is None else configured
    entries = {name: entry for name, entry in given.items() if name != REST}
    _check_entries(pack, entries, where=where, discover=discover)
    if REST not in given:
        return entries
    key = f"{where}.{REST}"
    _check_rest(pack, given[REST], key)
    rest = {name: _for_table(given[REST], pack, name) for name in without_entry(pack, entries)}
    if taken := [name for name in rest if name in entries]:
        raise ConfigurationError(
            f"{where}.{taken[0]}: the pack's table {taken[0]!r} is one of {REST!r} too, and both "
            "would have this name; rename the entry"
        )
    _check_entries(pack, entries | rest, where=where, discover=discover)
    return entries | rest


def without_entry(pack: Pack, entries: Mapping[str, TableConfiguration]) -> Sequence[str]:
    """The pack's tables that no entry is, but for dynamic ones: each of those is many."""
    covered = {entry.table or name for name, entry in entries.items()}
    static = (name for name, table in pack.sync_tables.items() if not table.is_dynamic)
    return [name for name in static if name not in covered]


def _check_rest(pack: Pack, rest: TableConfiguration, key: str) -> None:
    """What is said of all other tables can be: each parameter is one of some table."""
    for field in ("table", "dynamic_url"):
        if getattr(rest, field) is not None:
            raise ConfigurationError(
                f"{key}.{field}: {REST!r} stands for all tables without an entry of their own; "
                f"write an entry with a name for `{field}`"
            )
    offered = sorted({name for table in pack.sync_tables.values() for name in _offered(table)})
    choose(rest.parameters, offered, where=f"{key}.parameters", what="parameter")
    for name, sync in rest.syncs.items():
        where = f"{key}.syncs.{name}.parameters"
        choose(sync.parameters, offered, where=where, what="parameter")


def _for_table(rest: TableConfiguration, pack: Pack, name: str) -> TableConfiguration:
    """What `*` says, for one table: with those of the parameters that it has."""
    offered = _offered(pack.sync_tables[name])
    syncs = {
        sync: given.model_copy(update={"parameters": _only(given.parameters, offered)})
        for sync, given in rest.syncs.items()
    }
    parameters = _only(rest.parameters, offered)
    return rest.model_copy(update={"parameters": parameters, "syncs": syncs})


def _offered(table: SyncTable) -> list[str]:
    return [p.name for p in table.parameters if not p.hidden and not p.crawl_parent_table]


def _only(values: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in names}


def _check_entries(
    pack: Pack, entries: Mapping[str, TableConfiguration], *, where: str, discover: str
) -> None:
    """Each entry is one of the pack's tables, or one URL of a dynamic one (contract C23)."""
    seen: dict[str, str] = {}
    for name, entry in entries.items():
        table = _table_of(pack, name, entry, where=where)
        key = f"{where}.{name}"
        if name != table.name and not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
            raise ConfigurationError(
                f"{key}: {name!r} cannot be a table's name; use letters, digits, '_', '-' and '.'"
            )
        if other := seen.get(name.casefold()):
            raise ConfigurationError(
                f"{key}: DuckDB compares names without case, so {other!r} and {name!r} would be "
                "one table; rename one"
            )
        seen[name.casefold()] = name
        _check_url(pack, table, entry, key, f"{discover} {table.name}")
        if table.dynamic is not None and entry.syncs:
            raise ConfigurationError(
                f"{key}.syncs: the schema of {table.name!r} is asked for at every sync, "
                "and several syncs of one table would have to agree on it; write an entry "
                f"with `table: {table.name}` for each instead"
            )


def _table_of(pack: Pack, name: str, entry: TableConfiguration, *, where: str) -> SyncTable:
    """The pack's table that an entry is. Raises `ConfigurationError` if there is none."""
    key = where if entry.table is None else f"{where}.{name}.table"
    choose([entry.table or name], pack.sync_tables, where=key, what="table")
    return pack.sync_tables[entry.table or name]


def _check_url(
    pack: Pack, table: SyncTable, entry: TableConfiguration, key: str, discover: str
) -> None:
    if table.is_dynamic and not entry.dynamic_url:
        raise ConfigurationError(
            f"{key}: {table.name!r} is a dynamic table, so it needs a `dynamic_url`; "
            f"`{discover}` lists what there is to choose from"
        )
    if entry.dynamic_url is not None and not table.is_dynamic:
        choices = [other.name for other in pack.sync_tables.values() if other.is_dynamic]
        raise ConfigurationError(
            f"{key}.dynamic_url: {table.name!r} is not a dynamic table; "
            + (f"those of the pack are: {', '.join(choices)}" if choices else "the pack has none")
        )
