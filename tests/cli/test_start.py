"""What `packsync` loads before it does anything, which is most of a command with little to do."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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


def _ended(copy: ProjectCopy, *words: str, status: int = 0) -> tuple[set[str], str]:
    """The modules that a command has imported when its process ends; its last line."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-W", "ignore", "-c", _PROGRAM, *words],
        cwd=copy.folder,
        env=copy.all_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "leaked" not in done.stderr  # what DuckDB says of its objects that are still there
    *_, modules, collector = done.stderr.splitlines()
    return set(modules.split()), collector


def test_help_imports_neither_dagster_nor_duckdb(tmp_path: Path) -> None:
    """The commands are listed without being imported."""
    modules, _ = _ended(copy_project(tmp_path), "--help")
    assert "pack_sync.cli.app" in modules
    assert not modules & {"dagster", "duckdb", "httpx", "pydantic", "pack_sync.cli.context"}


@pytest.mark.parametrize("command", ["status", "held", "cursor"])
def test_a_command_imports_no_other(command: str, tmp_path: Path) -> None:
    """What is shown of a command needs Dagster as little as what only looks at the warehouse."""
    modules, collector = _ended(copy_project(tmp_path), command, "--help")
    assert f"pack_sync.cli.{command}" in modules
    assert not modules & {"pack_sync.cli.backfill", "pack_sync.cli.context", "dagster"}
    # The garbage collector is at work. Nothing is left for DuckDB to call a leak.
    assert collector == "True False"


def test_a_look_does_without_dagster_from_the_second_on(tmp_path: Path) -> None:
    """The first loads the definitions; as long as nothing changes, later ones need them no more."""
    copy = copy_project(tmp_path)
    first, _ = _ended(copy, "status")
    assert "dagster" in first
    for words in (["status"], ["held"], ["held", "demo.tasks"], ["audit", "demo"]):
        modules, _ = _ended(copy, *words)
        assert not modules & {"dagster", "httpx", "pack_sync.cli.context"}, words


@pytest.mark.parametrize("words", [["held", "approve"], ["held", "discard"]])
def test_a_command_that_loads_the_definitions_late(words: list[str], tmp_path: Path) -> None:
    """It needs them only for the second of two steps, after DuckDB has been loaded."""
    copy = copy_project(tmp_path)
    _ended(copy, "status")
    modules, collector = _ended(copy, *words, "demo.tasks", status=1)
    assert "dagster" in modules
    assert collector == "True False"


def _change_a_file(copy: ProjectCopy) -> None:
    file = copy.folder / "sync_assets/defs/demo/defs.yaml"
    file.write_text(file.read_text() + "\n")


def _add_a_pack(copy: ProjectCopy) -> None:
    (copy.folder / "sync_assets/defs/more").mkdir()


def _change_a_resource(copy: ProjectCopy) -> None:
    file = copy.folder / "resources/warehouse.py"
    file.write_text(file.read_text() + "\n")


def _change_the_environment(copy: ProjectCopy) -> None:
    copy.environment["PACK_SYNC_WAREHOUSE"] = "other.duckdb"


def _write_variables(copy: ProjectCopy) -> None:
    (copy.folder / ".env").write_text("PACK_SYNC_WAREHOUSE=other.duckdb\n")


def _let_a_day_pass(copy: ProjectCopy) -> None:
    file = copy.folder / ".dagster/known_project.json"
    kept = json.loads(file.read_text())
    file.write_text(json.dumps(kept | {"made_at": kept["made_at"] - 24 * 3600}))


def _spoil_it(copy: ProjectCopy) -> None:
    (copy.folder / ".dagster/known_project.json").write_text("{")


@pytest.mark.parametrize(
    "change",
    [
        _change_a_file,
        _add_a_pack,
        _change_a_resource,
        _change_the_environment,
        _write_variables,
        _let_a_day_pass,
        _spoil_it,
    ],
)
def test_what_is_kept_of_a_project_may_not_be_outdated(
    change: Callable[[ProjectCopy], None], tmp_path: Path
) -> None:
    """Whatever the definitions were made of: after a change of it they are loaded again."""
    copy = copy_project(tmp_path)
    _ended(copy, "status")
    assert "dagster" not in _ended(copy, "status")[0]
    change(copy)
    assert "dagster" in _ended(copy, "status")[0]


def test_nothing_secret_is_kept_of_a_project(tmp_path: Path) -> None:
    """Neither values of variables nor where a service answers, which may have a key in it."""
    copy = copy_project(tmp_path)
    copy.environment["DEMO_API_URL"] = "http://localhost:1/key-of-mine"
    file = copy.folder / "sync_assets/defs/demo/defs.yaml"
    rated = "allow_http_localhost: true\n      rate: 5/s"
    file.write_text(file.read_text().replace("allow_http_localhost: true", rated))
    _ended(copy, "status")
    kept = (copy.folder / ".dagster/known_project.json").read_text()
    assert "5/s" in kept
    assert "key-of-mine" not in kept


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
