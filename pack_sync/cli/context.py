"""What every command needs: the configured packs, the warehouse, Dagster's instance."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import dagster as dg
from dotenv import load_dotenv
from rich.markup import escape

from pack_sdk.errors import PackError
from pack_sdk.logger import SilentLogger
from pack_sync.cli.terminal import errors, fail, left_aside
from pack_sync.dagster.broken_packs import one_line
from pack_sync.dagster.component import PackSyncComponent
from pack_sync.dagster.defs_folder import BrokenFile, readable_parts
from pack_sync.dagster.pack_resource import PackResource
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.project_definitions import load_definitions, make_importable, warehouse_of
from pack_sync.dagster.shared_names import refuse_shared_names
from pack_sync.dagster.warehouse_resource import WAREHOUSE, WarehouseResource
from pack_sync.http.connection import Connection
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.project import ConfigurationError, Project, find_project, use_project
from pack_sync.runtimes.loader import build_if_needed
from pack_sync.runtimes.runtime import CallEnvironment
from pack_sync.warehouse.database import Database
from pack_sync.warehouse.warehouse import Warehouse


def open_project() -> Project:
    """The project around the working directory, ready to be worked for.

    Raises `NoProjectError`.
    """
    project = find_project()
    use_project(project.root)
    make_importable(project)
    load_dotenv(project.root / ".env")
    return project


_Component = TypeVar("_Component", bound=dg.Component)

Configured: TypeAlias = tuple[PackSyncComponent, PackTables]
"""A pack's configuration, and what that makes of the pack."""


@dataclass(frozen=True, kw_only=True)
class BrokenPack:
    """A pack that cannot be synced, and why; what it is, if that is known nevertheless."""

    name: str
    reason: str
    known: Configured | None = None

    def __str__(self) -> str:
        return f"the pack {self.name} cannot be synced: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class ConfiguredPacks:
    """The packs that `defs/` switches on, by name: those that can be synced, and the others."""

    usable: Mapping[str, Configured]
    broken: Mapping[str, BrokenPack]

    @property
    def known(self) -> Mapping[str, Configured]:
        """All whose tables are known, also those that cannot be synced."""
        return {**self.usable, **{b.name: b.known for b in self.broken.values() if b.known}}


def configured_packs(only: str | None = None, *, complete: bool = True) -> ConfiguredPacks:
    """The packs that `defs/` switches on, with their configuration; `only` that one is built.

    A pack that is configured wrong, or lacks something, does not stop others: see
    `BrokenPack`. What is required but missing yet is no failure unless it is to be `complete`.
    Raises `ConfigurationError` where none can be used.
    """
    usable: dict[str, Configured] = {}
    components, unreadable = components_of(PackSyncComponent)
    refuse_shared_names(components)
    broken = {file.name: BrokenPack(name=file.name, reason=file.reason) for file in unreadable}
    for component in components:
        name = component.shown_name
        build = only is None or only == name
        found = _loaded(component, build=build, complete=complete)
        if isinstance(found, BrokenPack):
            broken.setdefault(name, found)
        elif name not in broken:
            usable[name] = component, found
    if broken and not usable:
        raise ConfigurationError("\n".join(each.reason for each in broken.values()))
    left_aside.update({each.name: str(each) for each in broken.values()})
    return ConfiguredPacks(usable=usable, broken=broken)


def _loaded(
    component: PackSyncComponent, *, build: bool, complete: bool
) -> PackTables | BrokenPack:
    """The tables of a pack that can be synced, or what is wrong with it."""
    name = component.shown_name
    try:
        if build:
            build_if_needed(component.pack, _tell)
        definition = component.definition()
        if complete:
            definition.check()
            definition.specs  # noqa: B018 - what a translation makes of them is checked here
    except (ConfigurationError, PackError) as error:
        return BrokenPack(name=name, reason=str(error))
    except Exception as error:  # from a translation, or a subclass of a user's own
        return BrokenPack(name=name, reason=f"{type(error).__name__}: {one_line(error)}")
    unset = component.unset_variables()
    known = component, definition
    return BrokenPack(name=name, reason=unset[0], known=known) if unset else definition


def configured_components() -> Sequence[PackSyncComponent]:
    """The components of the files below `defs/` that can be read, not yet loaded."""
    return components_of(PackSyncComponent)[0]


def components_of(kind: type[_Component]) -> tuple[Sequence[_Component], Sequence[BrokenFile]]:
    """The components of that kind that can be read, and packs' files that cannot.

    Raises `ConfigurationError` where it is a file of something else.
    """
    tree = dg.ComponentTree.for_project(open_project().root)
    if not any(tree.defs_module_path.rglob("*.yaml")):
        return [], []  # Dagster takes an empty folder for an error
    with suppress(Exception):  # what it is, is found below
        return tree.get_all_components(kind), []
    components: list[_Component] = []
    unreadable: list[BrokenFile] = []
    try:
        for part in readable_parts(tree):
            if isinstance(part, BrokenFile):
                unreadable.append(part)
            elif isinstance(part, dg.ComponentTree):
                components += part.get_all_components(kind)
    except Exception as error:  # Dagster's, YAML's and pydantic's, or a module's
        raise ConfigurationError(
            f"the files below defs/ cannot be loaded: {one_line(error)}"
        ) from error
    return components, unreadable


def _tell(line: str) -> None:
    errors.print(escape(line), style="dim", highlight=False, soft_wrap=True)


def choose_pack(
    name: str, *, complete: bool = True, variables: bool = True
) -> tuple[PackSyncComponent, PackTables]:
    """The configured pack of that name.

    Exits with what is wrong if it cannot be synced, with the choices if there is none. Without
    `variables` it does not matter whether those of its credentials are set.
    """
    packs = configured_packs(name, complete=complete)
    if name in packs.broken:
        left_aside.clear()  # what matters is said now
        if not variables and (known := packs.broken[name].known):
            return known
        fail(str(packs.broken[name]))
    if name not in packs.usable:
        choices = f"choose from {', '.join(packs.usable)}"
        none = "none is: write its defs.yaml in a folder below defs/"
        fail(f"no pack {name!r} is configured; {choices if packs.usable else none}")
    return packs.usable[name]


def choose_table(definition: PackTables, table: str) -> str:
    """The table of that name, written in any case; exits with the choices if there is none."""
    for name in definition.configured_tables:
        if name.casefold() == table.casefold():
            return name
    fail(
        f"{definition.name} has no table {table!r}; "
        f"choose from {', '.join(definition.configured_tables)}"
    )


def choose_sync(definition: PackTables, table: str, sync: str | None) -> SyncKey:
    """The sync of that name, or the table's first; exits with the choices if there is none."""
    syncs = list(definition.syncs_of(table))
    if sync is not None and sync not in syncs:
        fail(f"{definition.name}.{table} has no sync {sync!r}; choose from {', '.join(syncs)}")
    return SyncKey(pack=definition.name, table=table, sync=sync or syncs[0])


def warehouse_resource() -> WarehouseResource:
    """The project's warehouse, as its definitions have it."""
    project = open_project()
    return warehouse_of(load_definitions(project), project)


def database() -> Database:
    """What the project's warehouse is kept in."""
    with dg.build_resources({WAREHOUSE: warehouse_resource()}) as resources:
        return resources.warehouse.database  # type: ignore[no-any-return]


def open_warehouse() -> Warehouse:
    """The project's warehouse."""
    with dg.build_resources({WAREHOUSE: warehouse_resource()}) as resources:
        return resources.warehouse.open()  # type: ignore[no-any-return]


def call_environment(pack: PackResource, connection: Connection) -> CallEnvironment:
    """What a command lends to a pack's function that it calls outside of a sync."""
    return CallEnvironment(
        fetcher=SyncFetcher(connection),
        logger=SilentLogger(),
        endpoint=connection.settings.endpoint,
        page_timeout_seconds=pack.page_timeout_seconds,
    )
