"""The rooms of the library: what each may import, and what no room but a few may touch.

The arrows are drawn in docs/architecture.md.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "pack_sync"
# What `packsync init` copies is a project of somebody's, and no part of the library.
FILES = sorted(path for path in LIBRARY.rglob("*.py") if "project_template" not in path.parts)

BELOW = {
    "cli": {"dagster", "new_pack", "packs", "record", "check"},
    "record": {"engine"},
    "check": {"engine", "new_pack"},
    "dagster": {"engine", "connect", "notify"},
    "notify": {"commit", "http"},
    "connect": {"runtimes", "http"},
    "new_pack": set[str](),
    "engine": {"commit", "runtimes", "http"},
    "commit": {"ledger", "stage"},
    "ledger": {"stage", "state"},
    "stage": {"spool"},
    "runtimes": {"spool"},
    "packs": set[str](),
    "spool": {"state"},
    "http": {"budgets"},
    "budgets": {"state"},
    "state": {"warehouse"},
    "warehouse": set[str](),
}
"""The rooms right below each room; what is below those it may use as well."""

WITH_DUCKDB = {"warehouse", "stage", "ledger", "commit"}
WITH_DAGSTER = {"dagster", "cli"}
INTERNALS = LIBRARY / "dagster" / "internals"


def room_of(path: Path) -> str:
    """The room that a file is in; nothing for those that any may import."""
    parts = path.relative_to(LIBRARY).parts
    return parts[0] if len(parts) > 1 else ""


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def all_below(room: str) -> set[str]:
    """The rooms that a room may import from, itself included."""
    return {room}.union(*(all_below(each) for each in BELOW[room]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_arrows(path: Path) -> None:
    """No room imports from one above it, DuckDB and Dagster stay where they belong."""
    room = room_of(path)
    modules = set(imported(path))
    rooms = {name.split(".")[1] for name in modules if name.startswith("pack_sync.")} & set(BELOW)
    # pack_sync/__init__.py hands out public names of any room, when they are asked for.
    if path != LIBRARY / "__init__.py":
        assert rooms <= (all_below(room) if room else set()), path
    roots = {name.partition(".")[0] for name in modules}
    assert "duckdb" not in roots or room in WITH_DUCKDB
    assert "dagster" not in roots or room in WITH_DAGSTER
    private = {name for name in modules if name.startswith("dagster") and "._" in name}
    assert not private or INTERNALS in path.parents, private


def test_the_library_is_no_project() -> None:
    """It imports nothing of the project around it, which a user's installation does not have."""
    ours = {"packs", "resources", "sync_assets", "tests", "benchmarks"}
    found = {name.partition(".")[0] for path in FILES for name in imported(path)}
    assert found & ours == set()
