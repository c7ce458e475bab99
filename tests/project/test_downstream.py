"""Assets on top of synced tables: the examples work, and a reader waits while a sync commits."""

from typing import Any

import dagster as dg
import duckdb

from pack_sync.dagster.warehouse_resource import WarehouseResource
from sync_assets.defs.demo_reports import reports
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, served_demo

project = dagster_project.project


def test_the_examples_work_on_what_was_synced(project: DagsterProject) -> None:
    """One in SQL, one with pandas; both in the lineage below the tables that they read."""
    with served_demo() as demo:
        project.switch_on_demo(demo.url)
        assert project.run().success
    resources: dict[str, Any] = {"warehouse": WarehouseResource(path=str(project.warehouse))}
    result = dg.materialize(
        [reports.open_tasks, reports.busiest_people],
        instance=project.instance,
        resources=resources,
    )
    assert result.success
    counted = project.query("SELECT sum(open_tasks) FROM reports.open_tasks")
    assert counted == project.query("SELECT count(*) FROM demo.Tasks WHERE NOT done")
    (shown,) = [
        event.materialization.metadata["busiest"].value
        for event in result.get_asset_materialization_events()
        if "busiest" in event.materialization.metadata
    ]
    top = project.query(
        "SELECT coalesce(assignee.name, 'nobody') AS who, sum(estimate_hours) AS hours "
        "FROM demo.Tasks WHERE NOT done GROUP BY ALL ORDER BY hours DESC LIMIT 1"
    )
    assert str(shown).splitlines()[2] == f"| {top[0][0]} | {top[0][1]:.0f} |"


def test_the_examples_are_below_the_tables() -> None:
    """Dagster's lineage shows what depends on what."""
    assert {dep.asset_key for dep in next(iter(reports.open_tasks.specs)).deps} == {
        dg.AssetKey(["demo", "Tasks"]),
        dg.AssetKey(["demo", "Projects"]),
    }


def test_the_next_sync_leaves_reports_alone(project: DagsterProject) -> None:
    """Tables of other schemas are none of the engine's business, even in a full refresh."""
    with served_demo() as demo:
        project.switch_on_demo(demo.url)
        assert project.run().success
        with duckdb.connect(project.warehouse) as connection:
            connection.execute("CREATE SCHEMA reports; CREATE TABLE reports.mine AS SELECT 1 AS a")
        assert project.run("full_refresh").success
    assert project.query("FROM reports.mine") == [(1,)]
