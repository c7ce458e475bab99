"""A project's definitions, loaded by a command as Dagster loads them."""

import importlib
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

import dagster as dg
from dagster.components.definitions import LazyDefinitions

from pack_sync.dagster.broken_packs import logger
from pack_sync.dagster.internals.component_schemas import without_component_schemas
from pack_sync.dagster.warehouse_resource import WAREHOUSE, WarehouseResource
from pack_sync.project import ConfigurationError, Project


def make_importable(project: Project) -> None:
    """Let the project's modules be imported, as Dagster does, before those of the same name."""
    for folder in (project.root / "src", project.root):
        if folder.is_dir() and str(folder) not in sys.path:
            sys.path.insert(0, str(folder))


def load_definitions(project: Project) -> dg.Definitions:
    """What the project defines for Dagster.

    Raises `ConfigurationError` where its module defines nothing, and what the module raises.
    """
    module = importlib.import_module(project.definitions_module)
    with without_component_schemas(), _without_warnings():
        for value in vars(module).values():
            if isinstance(value, dg.Definitions):
                return value
            if isinstance(value, LazyDefinitions):
                return cast("LazyDefinitions[dg.Definitions]", value)()
    raise ConfigurationError(
        f"{project.definitions_module} has no Dagster definitions; write a function with "
        "@dagster.definitions in it, as `packsync init` does"
    )


@contextmanager
def _without_warnings() -> Generator[None]:
    """Commands say themselves which packs cannot be synced."""
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before


def warehouse_of(definitions: dg.Definitions, project: Project) -> WarehouseResource:
    """The project's warehouse. Raises `ConfigurationError` if there is none."""
    resource = (definitions.resources or {}).get(WAREHOUSE)
    if not isinstance(resource, WarehouseResource):
        raise ConfigurationError(
            f"{project.definitions_module} has no resource {WAREHOUSE!r}; add it to the project's "
            "definitions: Definitions(resources={'warehouse': "
            "WarehouseResource(path='warehouse.duckdb')})"
        )
    return resource


@contextmanager
def dagster_instance(project: Project) -> Generator[dg.DagsterInstance]:
    """The instance that Dagster uses for this project too, so that the UI shows our runs.

    That of `DAGSTER_HOME`; without one, that of the project's dagster.yaml, as `dagster dev`
    has it in the project's folder.
    """
    os.chdir(project.root)  # the paths in dagster.yaml are relative to the working directory
    if not os.environ.get("DAGSTER_HOME"):
        home = project.root
        if not (home / "dagster.yaml").is_file():
            home = project.state_folder / "home"
            home.mkdir(parents=True, exist_ok=True)
        os.environ["DAGSTER_HOME"] = str(home)
    with dg.DagsterInstance.get() as instance:
        yield instance
