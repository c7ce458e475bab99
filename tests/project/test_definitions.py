"""What this project shows to Dagster: assets, jobs, schedules, resources; and its tools agree."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess

import dagster as dg
import pytest

from pack_sync.dagster.project_definitions import load_definitions
from pack_sync.project import find_project
from pack_sync.warehouse.warehouse import Warehouse
from packs.demo.pack import pack as demo_pack
from sync_assets.definitions import defs
from tests.dagster.dagster_project import copy_project

TABLES = ["Projects", "Tasks", "Events"]


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    """The definitions of this project, as Dagster loads them."""
    return defs()


def spec_of(definitions: dg.Definitions, table: str) -> dg.AssetSpec:
    """The spec of a table of the demo pack."""
    specs = {tuple(spec.key.path): spec for spec in definitions.resolve_all_asset_specs()}
    return specs["demo", table]


def test_all_definitions_load(definitions: dg.Definitions) -> None:
    """Jobs, selections, schedules and required resources fit together."""
    dg.Definitions.validate_loadable(definitions)


def test_there_is_one_asset_for_each_sync_table(definitions: dg.Definitions) -> None:
    """Its key is [pack, table]."""
    keys = {tuple(key.path) for key in definitions.resolve_asset_graph().get_all_asset_keys()}
    assert {key for key in keys if key[0] == "demo"} == {("demo", table) for table in TABLES}
    assert list(demo_pack.sync_tables) == TABLES


@pytest.mark.parametrize("table", TABLES)
def test_an_asset_shows_what_the_pack_says_of_its_table(
    definitions: dg.Definitions, table: str
) -> None:
    """Group, kinds, description, owners and DuckDB name, under the keys that Dagster knows."""
    spec = spec_of(definitions, table)
    assert spec.group_name == "demo"
    assert {"duckdb", "python"} <= spec.kinds
    assert spec.description == demo_pack.sync_tables[table].description
    assert list(spec.owners) == ["team:data-platform"]
    assert spec.metadata["dagster/table_name"] == f"demo.{table}"
    assert spec.code_version


def test_an_asset_shows_its_columns_before_the_first_sync(definitions: dg.Definitions) -> None:
    """With types and descriptions, and the hidden columns at their end (design: hidden columns)."""
    columns = spec_of(definitions, "Tasks").metadata["dagster/column_schema"].columns
    shown = {column.name: column for column in columns}
    properties = demo_pack.sync_tables["Tasks"].schema.properties
    assert list(shown) == [*properties, "_sync", "_changed_at", "_run_id"]
    assert shown["due_date"].type == "DATE"
    assert shown["labels"].type == "VARCHAR[]"
    assert shown["due_date"].description == properties["due_date"].description
    for hidden in ("_sync", "_changed_at", "_run_id"):
        assert shown[hidden].description


def test_the_code_version_follows_the_schema(definitions: dg.Definitions) -> None:
    """Tables of different columns have different versions, and loading again changes none."""
    versions = [spec_of(definitions, table).code_version for table in TABLES]
    assert len(set(versions)) == 3
    assert [spec_of(defs(), table).code_version for table in TABLES] == versions


@pytest.mark.parametrize(
    ("name", "tags"), [("demo_incremental", {}), ("demo_full_refresh", {"sync/mode": "full"})]
)
def test_two_jobs_take_all_tables(
    definitions: dg.Definitions, name: str, tags: dict[str, str]
) -> None:
    """`full_refresh` says by its tag that it is one (design: weekly job)."""
    job = definitions.resolve_job_def(name)
    keys = {tuple(key.path) for key in job.asset_layer.selected_asset_keys}
    assert keys >= {("demo", table) for table in TABLES}
    assert {tag: value for tag, value in job.tags.items() if tag.startswith("sync/")} == tags
    assert job.description


def test_no_more_jobs_and_schedules_are_beside_an_asset(definitions: dg.Definitions) -> None:
    """Dagster shows all that select it: two jobs of the pack, and three schedules of these."""
    key = dg.AssetKey(["demo", "Tasks"])
    repository = definitions.get_repository_def()
    jobs = [job for job in repository.get_all_jobs() if key in job.asset_layer.selected_asset_keys]
    names = {job.name for job in jobs if not job.name.startswith("__")}
    assert names == {"demo_incremental", "demo_full_refresh"}
    schedules = {each.name for each in repository.schedule_defs if each.job_name in names}
    assert schedules == {"demo_incremental", "demo_without_cursor", "demo_full_refresh"}


def test_the_demos_schedules_are_switched_on(definitions: dg.Definitions) -> None:
    """Its defs.yaml says so; `make dev` then shows syncs without a click."""
    for name, job in (
        ("incremental", "demo_incremental"),
        ("without_cursor", "demo_incremental"),
        ("full_refresh", "demo_full_refresh"),
    ):
        schedule = definitions.resolve_schedule_def(f"demo_{name}")
        assert schedule.job_name == job
        assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
        assert schedule.description
        assert schedule.tags["sync/pack"] == "demo"


def test_the_warehouse_can_be_another_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`PACK_SYNC_WAREHOUSE` names it; what it reads is that file."""
    monkeypatch.setenv("PACK_SYNC_WAREHOUSE", str(tmp_path / "elsewhere.duckdb"))
    resource = dict(defs().resources or {})["warehouse"]
    opened = resource.open()
    assert isinstance(opened, Warehouse)
    assert opened.path == tmp_path / "elsewhere.duckdb"


@pytest.fixture(scope="module")
def checks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, CompletedProcess[str]]:
    """Dagster's tools, run in a copy of the project, as in a fresh checkout.

    The first by itself: Dagster's storage cannot be made by two processes at the same moment.
    """
    copy = copy_project(tmp_path_factory.mktemp("copy"))
    validated = copy.run("dagster", "definitions", "validate")
    commands = {"check": ("dg", "check", "defs"), "list": ("dg", "list", "defs", "--json")}
    with ThreadPoolExecutor() as pool:
        running = {name: pool.submit(copy.run, *words) for name, words in commands.items()}
    return {"validate": validated} | {name: future.result() for name, future in running.items()}


def test_dagster_validates_the_project(checks: Mapping[str, CompletedProcess[str]]) -> None:
    """`dagster definitions validate` finds the workspace without any environment variable."""
    done = checks["validate"]
    assert done.returncode == 0, done.stderr
    assert "Validation successful for code location pack_sync" in done.stdout + done.stderr


def test_dg_checks_the_project(checks: Mapping[str, CompletedProcess[str]]) -> None:
    """`dg check defs` works with this flat layout (design: conventions)."""
    done = checks["check"]
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All definitions loaded successfully" in done.stdout


def test_dg_lists_the_definitions(checks: Mapping[str, CompletedProcess[str]]) -> None:
    """`dg list defs` shows every table, job and schedule."""
    done = checks["list"]
    assert done.returncode == 0, done.stdout + done.stderr
    listed = json.loads(done.stdout[done.stdout.index("{") :])
    keys = {asset["asset_key"] for asset in listed["assets"]}
    assert keys >= {f"demo/{table}" for table in TABLES}
    assert {job["name"] for job in listed["jobs"]} >= {"demo_incremental", "demo_full_refresh"}
    assert {schedule["name"] for schedule in listed["schedules"]} >= {"demo_incremental"}


def test_a_run_of_the_command_line_has_the_same_definitions(definitions: dg.Definitions) -> None:
    """Only what is for the UI's editor is not among them."""
    ours = load_definitions(find_project())
    for job in ("demo_incremental", "demo_full_refresh"):
        jobs = [each.resolve_job_def(job) for each in (ours, definitions)]
        snapshots = [each.get_job_snapshot_id() for each in jobs]
        assert snapshots[0] == snapshots[1]
