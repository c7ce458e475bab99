"""What commands that only look are to know of a project, taken from its definitions."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pack_sync.cli.context import Configured, configured_packs, open_project, warehouse_resource
from pack_sync.cli.known_project import KnownPack, KnownProject, KnownTable, circumstances
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.warehouse_resource import WarehouseResource
from pack_sync.runtimes.loader import files_of

_SECRET = {"credentials", "variables", "endpoint", "token_url"}


def load_project() -> KnownProject:
    """What its definitions say of the project; kept for the next command where it may be.

    That is not where a pack is broken, which may be for a reason of the moment, nor where the
    warehouse is no file: the address of a lake may hold a password.
    Raises `NoProjectError`, and `ConfigurationError` where no pack can be used.
    """
    made_in = circumstances()
    packs = configured_packs()
    known = KnownProject(
        packs={name: _pack(configured) for name, configured in packs.known.items()},
        warehouse=_file_of(warehouse_resource()),
    )
    project = open_project()
    files = [files_of(component.pack)[:1] for component, _ in packs.usable.values()]
    if known.warehouse is not None and not packs.broken and all(files):
        module = Path(str(sys.modules[project.definitions_module].__file__))
        known.keep(project, {module.parent, *(file.parent for (file,) in files)}, made_in)
    return known


def _pack(configured: Configured) -> KnownPack:
    component, definition = configured
    resource = component.resource()
    connections = [resource.configured(name, complete=False) for name in _connections(definition)]
    return KnownPack(
        tables={name: _table(definition, name) for name in definition.configured_tables},
        not_synced=definition.not_synced,
        rated=[each.model_dump(exclude=_SECRET) for each in connections if each.rate],
    )


def _connections(definition: PackTables) -> list[str]:
    syncs = (definition.syncs_of(table) for table in definition.configured_tables)
    return sorted({sync.connection for of_table in syncs for sync in of_table.values()})


def _table(definition: PackTables, table: str) -> KnownTable:
    crawled = definition.parent_of(table) is not None
    return KnownTable(syncs=list(definition.syncs_of(table)), crawled=crawled)


def _file_of(resource: WarehouseResource) -> Mapping[str, Any] | None:
    """How to open the warehouse, where it is a file and opened as ours is."""
    given = resource.path, resource.memory_limit or ""
    if type(resource) is not WarehouseResource or any(type(each) is not str for each in given):
        return None  # somebody's own, or a variable, which is read where it is used
    if not resource.database.is_file:
        return None
    return {
        "address": str(resource.database.path),
        "lock_wait_seconds": resource.lock_wait_seconds,
        "memory_limit": resource.memory_limit,
    }
