"""`make demo`, in a copy of the project: it replaces the warehouse of the folder it is in."""

from pathlib import Path

import duckdb

from tests.dagster.dagster_project import copy_project


def test_the_demo_runs_from_end_to_end(tmp_path: Path) -> None:
    """Four steps, each a Dagster run; then the data is there for what it says to try next."""
    copy = copy_project(tmp_path)
    done = copy.run("python", "-W", "ignore", "-m", "sync_assets.demo")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line[:3] for line in lines if line[:2] in ("1.", "2.", "3.", "4.")] == [
        "1. ",
        "2. ",
        "3. ",
        "4. ",
    ]
    assert sum(line.startswith("At the source: projects: 1 inserted") for line in lines) == 2
    assert "Tasks incremental: there is a cursor to continue from" in lines
    expired = "the incremental sync ended with hasIncompleteResults, so a full sync"
    assert any(line.startswith(f"Events full: {expired}") for line in lines)
    assert "Tasks full: the run is tagged sync/mode: full" in lines
    assert any(line.startswith("Done in ") for line in lines)
    assert "Traceback" not in done.stdout + done.stderr
    with duckdb.connect(tmp_path / "warehouse.duckdb", read_only=True) as connection:
        steps = connection.execute(
            "SELECT table_name, list(mode ORDER BY started_at), "
            "list(deleted ORDER BY started_at), bool_and(status = 'succeeded') "
            "FROM _sync.runs GROUP BY table_name ORDER BY table_name"
        ).fetchall()
    full, incremental = "full", "incremental"
    assert steps == [
        ("Events", [full, incremental, full, full], [0, 3, 3, 0], True),
        ("Projects", [full, full, full, full], [0, 1, 1, 0], True),
        ("Tasks", [full, incremental, incremental, full], [0, 0, 0, 6], True),
    ]
    assert '.venv/bin/packsync query "FROM demo.Tasks LIMIT 5"' in done.stdout
    queried = copy.run("packsync", "query", "FROM demo.Tasks LIMIT 5")
    assert queried.returncode == 0, queried.stderr
    assert queried.stdout.count("TASK-") == 5
