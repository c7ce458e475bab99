"""What `packsync` loads before it does anything, which is most of a command with little to do."""

import subprocess
import sys

from tests.sync_assets.dagster_project import ROOT

_PROGRAM = """
import atexit, gc, sys
atexit.register(lambda: print(gc.isenabled(), gc.get_freeze_count() > 0, file=sys.stderr))
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from sync_assets.cli import app
app()
"""


def _ended(*words: str) -> tuple[set[str], str]:
    """The modules that a command has imported when its process ends; its last line."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _PROGRAM, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    *_, modules, collector = done.stderr.splitlines()
    return set(modules.split()), collector


def test_help_imports_neither_dagster_nor_duckdb() -> None:
    """The commands are listed without being imported."""
    modules, _ = _ended("--help")
    assert "sync_assets.cli" in modules
    assert not modules & {"dagster", "duckdb", "httpx", "pydantic", "sync_assets.cli.project"}


def test_a_command_imports_no_other() -> None:
    """Dagster's backfills for one are a hundred modules, which only `packsync backfill` needs."""
    modules, collector = _ended("status", "--help")
    assert "sync_assets.cli.status" in modules
    assert not modules & {"sync_assets.cli.backfilling", "dagster._core.execution.asset_backfill"}
    # The garbage collector is at work, without what imports have left, and none of it at the end.
    assert collector == "True True"
