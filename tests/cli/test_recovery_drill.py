"""The recovery drill: docs/how-to/recover.md, typed by a user whose disk has failed."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from tests.dagster.dagster_project import ROOT, Demo, ProjectCopy, copy_project, served_demo

PAGE = (ROOT / "docs" / "how-to" / "recover.md").read_text()


def blocks_below(heading: str) -> list[str]:
    """The shell commands of a section, block by block."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n##")[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.M | re.S)


def type_in(project: ProjectCopy, commands: str) -> str:
    """Type the commands into a shell in the project; each of them must succeed."""
    environment = project.all_environment()
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(  # noqa: S603
        ["/bin/bash", "-e", "-u", "-o", "pipefail", "-c", commands],
        cwd=project.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def query(project: ProjectCopy, sql: str) -> list[tuple[object, ...]]:
    """Ask the project's warehouse."""
    with duckdb.connect(project.folder / "warehouse.duckdb", read_only=True) as connection:
        return connection.execute(sql).fetchall()


def tasks(project: ProjectCopy) -> list[tuple[object, ...]]:
    """The tasks as the warehouse has them."""
    return query(project, "SELECT id, title FROM demo.Tasks ORDER BY id")


def last_cursor_of_tasks(project: ProjectCopy) -> tuple[object, ...]:
    """Mode of the last sync of the tasks, and the cursor it began with."""
    sql = "SELECT mode, cursor_before FROM _sync.runs WHERE table_name = 'Tasks'"
    return query(project, f"{sql} ORDER BY finished_at DESC LIMIT 1")[0]


@pytest.fixture
def demo() -> Iterator[Demo]:
    """The service."""
    with served_demo() as running:
        yield running


def project_in(folder: Path, demo: Demo) -> ProjectCopy:
    """A checkout of the project that syncs from the service."""
    environment = {"DEMO_API_URL": demo.url, "BACKUPS": str(folder.parent / "backups")}
    return replace(copy_project(folder), environment=environment)


def test_the_drill(tmp_path: Path, demo: Demo) -> None:
    """Back up, break, restore, move: each time the next sync goes on where the backup stood."""
    (tmp_path / "backups").mkdir()
    project = project_in(tmp_path / "old machine", demo)
    type_in(project, "packsync sync demo")
    (project.folder / ".env").write_text("TRACKER_TOKEN=abc\n")
    credentials = project.folder / ".dagster" / "credentials"
    credentials.mkdir(mode=0o700, exist_ok=True)
    (credentials / "oauth2-1.json").write_text("{}")

    (back_up,) = blocks_below("Back up")
    assert re.search(r"warehouse\.duckdb: \d+ tables, [\d,]+ rows", type_in(project, back_up))
    assert (tmp_path / "backups" / "credentials" / "oauth2-1.json").exists()
    backed_up = tasks(project)
    cursor = query(project, "SELECT cursor FROM _sync.cursors WHERE table_name = 'Tasks'")[0][0]

    demo.source.change()
    type_in(project, "packsync sync demo")
    newer = tasks(project)
    assert newer != backed_up
    os.truncate(project.folder / "warehouse.duckdb", 30_000)
    (project.folder / "warehouse.duckdb.wal").write_bytes(b"left behind")
    failed = project.run("packsync", "status")
    assert failed.returncode == 1
    assert "warehouse.duckdb is damaged" in failed.stderr
    assert "docs/how-to/recover.md" in failed.stderr

    (restore,) = blocks_below("Restore")
    type_in(project, restore)
    assert last_cursor_of_tasks(project) == ("incremental", cursor)
    assert tasks(project) == newer  # with the deletion that only a full sync sees, if there was one
    assert (project.folder / "broken" / "warehouse.duckdb.wal").exists()

    cursor = query(project, "SELECT cursor FROM _sync.cursors WHERE table_name = 'Tasks'")[0][0]
    leave, arrive = blocks_below("Move to another machine")
    type_in(project, leave)
    demo.source.change()
    moved = project_in(tmp_path / "new machine", demo)
    type_in(moved, arrive)
    assert last_cursor_of_tasks(moved) == ("incremental", cursor)
    assert (moved.folder / ".env").exists()
    assert (moved.folder / ".dagster" / "credentials" / "oauth2-1.json").exists()
    assert not list((moved.folder / ".dagster" / "spool").rglob("*.ndjson"))  # no pages
    runs = "SELECT count(*) FROM _sync.runs"
    assert query(moved, runs)[0][0] > query(project, runs)[0][0]  # pyright: ignore[reportOperatorIssue]
