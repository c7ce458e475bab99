"""What `packsync` loads before it does anything, which is most of a command with little to do."""

import subprocess
import sys
from pathlib import Path

from packs.demo.api import serve
from packs.demo.source import DemoSource
from tests.dagster.dagster_project import ProjectCopy, copy_project

_PROGRAM = """
import atexit, gc, sys
atexit.register(lambda: print(gc.isenabled(), gc.get_freeze_count() > 0, file=sys.stderr))
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from pack_sync.cli.app import app
app()
"""


def _ended(copy: ProjectCopy, *words: str) -> tuple[set[str], str]:
    """The modules that a command has imported when its process ends; its last line."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-W", "ignore", "-c", _PROGRAM, *words],
        cwd=copy.folder,
        env=copy.all_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *_, modules, collector = done.stderr.splitlines()
    return set(modules.split()), collector


def test_help_imports_neither_dagster_nor_duckdb(tmp_path: Path) -> None:
    """The commands are listed without being imported."""
    modules, _ = _ended(copy_project(tmp_path), "--help")
    assert "pack_sync.cli.app" in modules
    assert not modules & {"dagster", "duckdb", "httpx", "pydantic", "pack_sync.cli.context"}


def test_a_command_imports_no_other(tmp_path: Path) -> None:
    """Dagster's backfills for one are a hundred modules, which only `packsync backfill` needs."""
    modules, collector = _ended(copy_project(tmp_path), "status", "--help")
    assert "pack_sync.cli.status" in modules
    assert not modules & {"pack_sync.cli.backfill", "dagster._core.execution.asset_backfill"}
    # The garbage collector is at work, without what imports have left, and none of it at the end.
    assert collector == "True True"


def test_a_sync_loads_what_a_run_needs(tmp_path: Path) -> None:
    """Neither other commands nor pandas, the web server, gRPC, or what the UI's editor shows."""
    with serve(DemoSource(seed=7)) as url:
        copy = copy_project(tmp_path)
        copy.environment["DEMO_API_URL"] = url
        modules, collector = _ended(copy, "sync", "demo")
    assert "pack_sync.engine.sync" in modules
    assert not modules & {
        "dagster.components.core.snapshot",
        "dagster_dg_cli",
        "dagster_graphql",
        "dagster_webserver",
        "grpc",
        "numpy",
        "pandas",
        "pack_sync.cli.audit",
        "pack_sync.cli.backfill",
    }
    assert collector == "True True"
