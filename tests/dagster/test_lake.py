"""A project whose warehouse is a lake, and the job that keeps it in order."""

import dagster as dg
import pytest
import yaml

from pack_sync.warehouse.warehouse import Warehouse
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DEFINITIONS, DagsterProject, served_demo
from tests.warehouse.test_ducklake import needs_extensions

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

ADDRESS = "ducklake:sqlite:lake.sqlite"


def switch_on_upkeep(project: DagsterProject) -> None:
    """Write the `defs.yaml` of the upkeep."""
    text = yaml.safe_dump({"type": "pack_sync.LakeUpkeepComponent", "attributes": {"keep_days": 0}})
    project.write(f"{project.module}/defs/upkeep/defs.yaml", text)


def test_a_file_needs_no_upkeep(project: DagsterProject) -> None:
    """The run fails and says that the warehouse is a file; the schedule has its time."""
    switch_on_upkeep(project)
    schedule = project.definitions().resolve_schedule_def("lake_upkeep_schedule")
    assert schedule.cron_schedule == "30 4 * * *"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    # As a code server loads them: no two things have one name.
    project.definitions().get_repository_def().load_all_definitions()
    result = project.run("lake_upkeep")
    assert not result.success
    assert "is a DuckDB file, which needs no upkeep" in project.logged(result)


@needs_extensions
def test_a_lake(project: DagsterProject) -> None:
    """Tables are synced into it, twice; the upkeep says what it did, and the rows are the same."""
    text = DEFINITIONS.replace("warehouse.duckdb", ADDRESS)
    project.write(f"{project.module}/definitions.py", text)
    switch_on_upkeep(project)
    with served_demo() as demo:
        project.switch_on_demo(demo.url)
        assert project.run().success
        assert project.run().success
    warehouse = Warehouse.at(ADDRESS)
    with warehouse.read() as connection:
        rows = connection.execute("FROM demo.Tasks ORDER BY ALL").fetchall()
        modes = connection.execute("SELECT mode FROM _sync.runs WHERE table_name = 'Tasks'")
        assert sorted(modes.fetchall()) == [("full",), ("incremental",)]
    assert len(rows) == 30
    result = project.run("lake_upkeep")
    assert result.success
    with warehouse.read() as connection:
        assert connection.execute("FROM demo.Tasks ORDER BY ALL").fetchall() == rows
