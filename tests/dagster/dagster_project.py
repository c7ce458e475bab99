"""A Dagster project in a folder of its own: definitions, instance and warehouse, all real."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import duckdb
import pytest
import yaml

from pack_sdk import Pack, SyncExecutionContext
from pack_sync.dagster.broken_packs import VALIDATING
from pack_sync.dagster.project_definitions import load_definitions
from pack_sync.dagster.warehouse_resource import WAREHOUSE, WarehouseResource
from pack_sync.project import ConfigurationError, find_project
from packs.demo.api import serve
from packs.demo.source import DemoSource
from tests.engine.sync_harness import ITEM

ROOT = Path(__file__).resolve().parents[2]
"""The project that is tested."""

COMPONENT = "pack_sync.PackSyncComponent"


DEFINITIONS = """
from pathlib import Path
import dagster as dg
from pack_sync import WarehouseResource, build_sync_jobs

@dg.definitions
def defs():
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        dg.Definitions(
            resources={"warehouse": WarehouseResource(path="warehouse.duckdb")},
            jobs=build_sync_jobs(),
            executor=dg.in_process_executor,
        ),
    )
"""
"""What a project of somebody's own has at least."""


@dataclass(kw_only=True)
class DagsterProject:
    """A project like this one, whose `defs/` a test writes; Dagster's own state is in it too."""

    folder: Path
    module: str
    monkeypatch: pytest.MonkeyPatch
    instance: dg.DagsterInstance

    def switch_on(self, folder: str, /, **attributes: Any) -> Path:
        """Write `defs/<folder>/defs.yaml`; returns its path."""
        text = yaml.safe_dump({"type": COMPONENT, "attributes": attributes})
        return self.write(f"{self.module}/defs/{folder}/defs.yaml", text)

    def switch_on_demo(self, url: str, **attributes: Any) -> Path:
        """Switch on the demo pack, syncing from this URL."""
        connection = {"endpoint": url, "allow_http_localhost": True}
        return self.switch_on(
            "demo", pack="demo", connections={"default": connection}, **attributes
        )

    def add_pack(self, name: str, pack: Pack) -> str:
        """Make a pack importable until the test is over; returns what `pack:` is to say."""
        module = ModuleType(f"packs_of_tests.{name}")
        module.__dict__["pack"] = pack
        self.monkeypatch.setitem(sys.modules, module.__name__, module)
        return module.__name__

    def switch_on_pack(self, folder: str, pack: Pack, /, **attributes: Any) -> Path:
        """Switch on a pack that is written in the test; a failing sync is not tried again."""
        return self.switch_on(
            folder, **{"pack": self.add_pack(folder, pack), "attempts": 1} | attributes
        )

    def write(self, path: str, text: str = "") -> Path:
        """Write a file of the project."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def definitions(self) -> dg.Definitions:
        """What Dagster loads, by the entrance that it uses."""
        return load_definitions(find_project())

    def load_error(self) -> BaseException:
        """What Dagster says about as `dg check defs`: why the definitions do not load."""
        self.monkeypatch.setenv(VALIDATING, "1")
        with pytest.raises(Exception, match=r"Error while") as failure:
            self.definitions()
        assert failure.value.__cause__ is not None
        return failure.value.__cause__

    def refusal(self) -> str:
        """The message of the `ConfigurationError` with which the definitions do not load."""
        error = self.load_error()
        assert isinstance(error, ConfigurationError)
        return str(error)

    def run(
        self, job: str = "incremental", *tables: str, **options: Any
    ) -> dg.ExecuteInProcessResult:
        """Run a job, over all tables or over some, written "pack.Table"."""
        return (
            self.definitions()
            .resolve_job_def(job)
            .execute_in_process(
                instance=self.instance,
                raise_on_error=False,
                asset_selection=[dg.AssetKey(table.split(".")) for table in tables] or None,
                **options,
            )
        )

    def logged(self, result: dg.ExecuteInProcessResult) -> str:
        """All that the run's event log shows."""
        return "\n".join(
            f"{entry.level} {entry.user_message} {entry.dagster_event or ''}"
            for entry in self.instance.all_logs(result.run_id)
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the warehouse."""
        with duckdb.connect(self.warehouse, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    @property
    def warehouse(self) -> Path:
        """The warehouse's file."""
        return self.folder / "warehouse.duckdb"

    @property
    def resources(self) -> Mapping[str, Any]:
        """The warehouse as a resource, for what is evaluated without a run."""
        return {WAREHOUSE: WarehouseResource(path=str(self.warehouse))}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[DagsterProject]:
    """An empty project: no pack is switched on, nothing has run. Its instance is in memory."""
    with open_project(tmp_path, monkeypatch) as project:
        yield project


@pytest.fixture
def stored_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[DagsterProject]:
    """An empty project whose instance is stored in its folder, as dagster.yaml says."""
    with open_project(tmp_path, monkeypatch, stored=True) as project:
        yield project


@contextmanager
def open_project(
    parent: Path, monkeypatch: pytest.MonkeyPatch, *, stored: bool = False
) -> Generator[DagsterProject]:
    """A project in a folder below `parent`, which everything of ours takes for the project.

    `stored` says whether its instance is the one on disk or one in memory, which is faster.
    """
    module = f"project_{hash(parent):x}".replace("-", "_")
    folder = parent / "project"
    (folder / module / "defs").mkdir(parents=True)
    for package in (folder / module, folder / module / "defs"):
        (package / "__init__.py").touch()
    (folder / module / "definitions.py").write_text(DEFINITIONS)
    (folder / "pyproject.toml").write_text(
        f'[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "{module}"\n'
    )
    shutil.copy(ROOT / "dagster.yaml", folder)
    (folder / "packs").symlink_to(ROOT / "packs")
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    for name in ("PACK_SYNC_WAREHOUSE", "DEMO_API_URL"):
        monkeypatch.delenv(name, raising=False)
    with dg.DagsterInstance.get() if stored else _instance_in_memory() as instance:
        yield DagsterProject(
            folder=folder, module=module, monkeypatch=monkeypatch, instance=instance
        )
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        del sys.modules[name]


def _instance_in_memory() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()  # pyright: ignore[reportUnknownMemberType]


@dataclass(frozen=True)
class Demo:
    """The demo API's data, and where it is served."""

    source: DemoSource
    url: str


@contextmanager
def served_demo() -> Generator[Demo]:
    """A small demo API over HTTP."""
    source = DemoSource(seed=1, project_count=4, task_count=30, event_count=20)
    with serve(source) as url:
        yield Demo(source, url)


def pack_of(**tables: Callable[[Sequence[Any], SyncExecutionContext], Any]) -> Pack:
    """A pack with one table of `ITEM` rows for each `execute` function."""
    pack = Pack()
    for name, execute in tables.items():
        pack.add_sync_table(name=name, identity_name=name, schema=ITEM, execute=execute)
    return pack


def values_of(result: dg.ExecuteInProcessResult, table: str) -> dict[str, Any]:
    """The metadata of a table's materialization in a run, as plain values."""
    found = [
        event.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.materialization.asset_key.path[-1] == table
    ]
    assert len(found) == 1, f"{table} has {len(found)} materializations"
    return {name: value.value for name, value in found[0].items()}


def synced_tables(result: dg.ExecuteInProcessResult) -> set[str]:
    """The tables that a run materialized."""
    events = result.get_asset_materialization_events()
    return {".".join(event.materialization.asset_key.path) for event in events}


@dataclass(frozen=True, kw_only=True)
class ProjectCopy:
    """A copy of this project, for what runs in processes of its own and writes beside itself."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])

    def command(self, *words: str) -> list[str]:
        """The command line; its first word is a program of our environment."""
        return [str(Path(sys.executable).with_name(words[0])), *words[1:]]

    def run(self, *words: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a program of our environment in the copy."""
        return subprocess.run(  # noqa: S603 - a program of our own environment
            self.command(*words),
            cwd=self.folder,
            env=self.all_environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def all_environment(self) -> dict[str, str]:
        """Our environment without what would lead out of the copy."""
        ours = {"DAGSTER_HOME", "PACK_SYNC_WAREHOUSE", "DEMO_API_URL"}
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        # The package is installed in place: without this a console script imports the original.
        return {**kept, "PYTHONPATH": str(self.folder), "COLUMNS": "160", **self.environment}


def copy_project(folder: Path) -> ProjectCopy:
    """Copy what a checkout has, without the state of the developer's runs."""
    for name in ("pack_sdk", "pack_sync", "packs", "resources", "sync_assets"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, folder)
    return ProjectCopy(folder=folder)
