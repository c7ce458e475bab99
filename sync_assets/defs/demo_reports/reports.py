"""Two assets on top of synced tables, to copy from: one in SQL, one with pandas.

They write to a schema of their own, `reports`: a pack's schema belongs to its syncs.
"""

from typing import Any

import dagster as dg

from pack_sync import WarehouseResource
from resources.frames import read_frame

TASKS = dg.AssetKey(["demo", "Tasks"])
PROJECTS = dg.AssetKey(["demo", "Projects"])


@dg.asset(
    key_prefix="reports",
    deps=[TASKS, PROJECTS],
    group_name="reports",
    kinds={"duckdb", "sql"},
    metadata={"dagster/table_name": "reports.open_tasks"},
)
def open_tasks(warehouse: WarehouseResource) -> dg.MaterializeResult[Any]:
    """Open tasks of each project, counted by DuckDB in one short transaction."""
    with warehouse.open().write() as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS reports")
        connection.execute(
            "CREATE OR REPLACE TABLE reports.open_tasks AS "
            "SELECT projects.name AS project, count(tasks.id) AS open_tasks "
            "FROM demo.Projects AS projects LEFT JOIN demo.Tasks AS tasks "
            "ON tasks.project_id = projects.id AND NOT tasks.done GROUP BY ALL"
        )
        rows = connection.sql("SELECT count(*) FROM reports.open_tasks").fetchall()
    return dg.MaterializeResult(metadata={"dagster/row_count": rows[0][0]})


@dg.asset(key_prefix="reports", deps=[TASKS], group_name="reports", kinds={"pandas"})
def busiest_people(warehouse: WarehouseResource) -> dg.MaterializeResult[Any]:
    """Who has the most open hours, worked out with pandas and shown in the metadata."""
    tasks: Any = read_frame(warehouse, "demo", "Tasks")
    tasks = tasks[~tasks["done"].fillna(value=False)]
    tasks["who"] = tasks["assignee"].map(_name_of)
    hours = tasks.groupby("who")["estimate_hours"].sum().nlargest(5)
    table = "\n".join(f"| {who} | {total:.0f} |" for who, total in hours.items())
    return dg.MaterializeResult(
        metadata={"busiest": dg.MetadataValue.md(f"| who | hours |\n| --- | --- |\n{table}")}
    )


def _name_of(person: Any) -> str:
    try:
        return str(person["name"])
    except TypeError:  # NULL is None or pandas' NA
        return "nobody"
