"""The entries of `tables` in a defs.yaml: which of the pack's tables each one is."""

import re
from collections.abc import Mapping

from pack_sdk.pack import Pack
from pack_sdk.sync_table import SyncTable
from pack_sync.dagster.configuration import ConfigurationError, TableConfiguration, choose


def default_entries(pack: Pack) -> dict[str, TableConfiguration]:
    """What is synced when nothing is configured: all tables but dynamic ones (contract C23).

    Those would have to be discovered, and nothing is discovered when definitions load.
    """
    tables = pack.sync_tables.items()
    return {name: TableConfiguration() for name, table in tables if not table.is_dynamic}


def check_entries(
    pack: Pack, entries: Mapping[str, TableConfiguration], *, where: str, discover: str
) -> None:
    """Each entry is one of the pack's tables, or one URL of a dynamic one (contract C23).

    Raises `ConfigurationError` that names the key below `where` and the choices; `discover`
    is the command that lists dynamic URLs, without the table.
    """
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
            f"{key}.dynamic_url: {table.name!r} is not a dynamic table; those of "
            f"the pack are: {', '.join(choices) or 'none'}"
        )
