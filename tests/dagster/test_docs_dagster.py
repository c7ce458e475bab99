"""The examples of pages about Dagster, as they are printed there."""

import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from tests.dagster import dagster_project
from tests.dagster.dagster_project import ROOT, DagsterProject, served_demo

project = dagster_project.project

DOCS = ROOT / "docs"
PYTHON = DOCS / "dagster.md"
OWN_PROJECT = DOCS / "how-to" / "add-to-your-dagster-project.md"
QUERIES = DOCS / "how-to" / "query-the-tables.md"


def example(page: Path, number: int = 0) -> str:
    """A Python example of a page."""
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S)[number]


def run(source: str) -> dict[str, Any]:
    """Run it; returns what it defines."""
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(source, "example", "exec"), names)  # noqa: S102 - our own page
    return names


def test_assets_in_python(project: DagsterProject) -> None:
    """The definitions load, with the keys of the example's translator, and sync."""
    with served_demo() as demo:
        source = example(PYTHON).replace("http://localhost:8765", demo.url)
        assert demo.url in source
        defs: dg.Definitions = run(source)["defs"]
        result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=project.instance
        )
    assert result.success
    assert result.asset_materializations_for_node("sync_demo")[0].asset_key.path[0] == "bronze"
    rows = project.query("SELECT count(*) FROM demo.Tasks")
    assert rows[0][0] > 0


def test_a_component_of_ones_own(project: DagsterProject) -> None:
    """What the example does before the syncs is in the run's log."""
    project.write(f"{project.module}/announced.py", example(PYTHON, 1))
    with served_demo() as demo:
        file = project.switch_on_demo(demo.url)
        text = file.read_text().replace(
            "pack_sync.PackSyncComponent", f"{project.module}.announced.Announced"
        )
        file.write_text(text)
        result = project.run()
    assert result.success
    assert "syncing 3 tables" in project.logged(result)


def test_a_project_of_ones_own(project: DagsterProject) -> None:
    """The file gives the component's assets and schedules what they need, and nothing else does."""
    project.write(f"{project.module}/defs/pack_sync.py", example(OWN_PROJECT))
    with served_demo() as demo:
        project.switch_on_demo(demo.url)
        defs = dg.load_from_defs_folder(path_within_project=project.folder)
        dg.Definitions.validate_loadable(defs)
        job = defs.resolve_job_def("demo_full_refresh")
        assert job.execute_in_process(instance=project.instance).success
    assert project.query("SELECT DISTINCT mode FROM _sync.runs") == [("full",)]


def test_downstream(project: DagsterProject, capsys: pytest.CaptureFixture[str]) -> None:
    """The SQL asset, the pandas asset and the notebook read what was synced."""
    with served_demo() as demo:
        project.switch_on_demo(demo.url)
        assert project.run().success
    names = run(example(QUERIES, 1))
    result = dg.materialize(
        [names["open_tasks"], names["hours"]],
        instance=project.instance,
        resources=dict(project.resources),
    )
    assert result.success
    counted = project.query("SELECT count(*) FROM reports.open_tasks")
    assert counted == project.query("SELECT count(*) FROM demo.Tasks WHERE NOT done")
    assert Path("warehouse.duckdb").samefile(project.warehouse)
    run(example(QUERIES))
    assert capsys.readouterr().out.strip().endswith("[(1,)]")
