"""What every command needs: the configured packs, the warehouse, Dagster's instance."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import NoReturn

import dagster as dg
import typer
from dotenv import load_dotenv
from rich.console import Console
from rich.markup import escape

from pack_sdk.errors import PackError
from pack_sdk.logger import SilentLogger
from pack_sync.dagster.component import PackSyncComponent
from pack_sync.dagster.configuration import ConfigurationError
from pack_sync.dagster.pack_resource import PackResource
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.project_definitions import load_definitions, make_importable, warehouse_of
from pack_sync.dagster.warehouse_resource import WAREHOUSE, WarehouseResource
from pack_sync.http.connection import Connection
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.project import NoProjectError, Project, find_project, use_project
from pack_sync.runtimes.loader import build_if_needed
from pack_sync.runtimes.runtime import CallEnvironment
from pack_sync.warehouse.duckdb_file import Warehouse
from pack_sync.warehouse.storage_errors import StorageError

console = Console()
errors = Console(stderr=True)


@contextmanager
def plain_errors() -> Generator[None]:
    """Show an expected error as one sentence and exit with 1, without a traceback."""
    try:
        yield
    except (ConfigurationError, NoProjectError, PackError, StorageError) as error:
        fail(str(error))
    except Exception as error:  # Dagster wraps what a component raises, perhaps several times
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ConfigurationError):
            cause = cause.__cause__
        if cause is None:
            raise
        fail(str(cause))


def fail(message: str) -> NoReturn:
    """Print an error and exit with 1."""
    errors.print(f"[red]error:[/red] {escape(message)}", highlight=False, soft_wrap=True)
    raise typer.Exit(1)


def open_project() -> Project:
    """The project around the working directory, ready to be worked for.

    Raises `NoProjectError`.
    """
    project = find_project()
    use_project(project.root)
    make_importable(project)
    load_dotenv(project.root / ".env")
    return project


def configured_packs(
    *, complete: bool = True
) -> Mapping[str, tuple[PackSyncComponent, PackTables]]:
    """The packs that `defs/` switches on, by name, with their configuration.

    Raises `ConfigurationError` where it is wrong, or something that is required is missing
    yet, unless it need not be `complete`.
    """
    components = configured_components()
    for component in components:
        build_if_needed(component.pack, _tell)
    definitions = [(component, component.definition()) for component in components]
    if complete:
        for _, definition in definitions:
            definition.check()
    packs: dict[str, tuple[PackSyncComponent, PackTables]] = {}
    for component, definition in definitions:
        if definition.name in packs:
            raise ConfigurationError(
                f"{packs[definition.name][1].where} and {definition.where} both configure a pack "
                f"named {definition.name!r}; give one of them another `name`"
            )
        packs[definition.name] = component, definition
    return packs


def configured_components() -> Sequence[PackSyncComponent]:
    """The components of the files below `defs/`, not yet loaded. Raises `ConfigurationError`."""
    tree = dg.ComponentTree.for_project(open_project().root)
    if not any(tree.defs_module_path.rglob("*.yaml")):
        return []  # Dagster takes an empty folder for an error
    try:
        components = tree.get_all_components(PackSyncComponent)
    except Exception as error:  # Dagster's, YAML's and pydantic's: all about the defs.yaml files
        reason = " ".join(str(error.__cause__ or error).split())
        raise ConfigurationError(f"the files below defs/ cannot be loaded: {reason}") from error
    return components


def _tell(line: str) -> None:
    errors.print(escape(line), style="dim", highlight=False, soft_wrap=True)


def choose_pack(name: str, *, complete: bool = True) -> tuple[PackSyncComponent, PackTables]:
    """The configured pack of that name; exits with the choices if there is none."""
    packs = configured_packs(complete=complete)
    if name not in packs:
        choices = f"choose from {', '.join(packs)}"
        none = "none is: write its defs.yaml in a folder below defs/"
        fail(f"no pack {name!r} is configured; {choices if packs else none}")
    return packs[name]


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
