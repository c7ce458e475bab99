"""What happens where a Dagster lacks one of the private names that we use: its own way."""

import ast
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from pack_sync.dagster import internals
from pack_sync.dagster.internals.sqlite_storage import KeptSqliteStorage

private_methods: Sequence[str] = ()
with suppress(ImportError):  # Dagster before 1.13.13
    from pack_sync.dagster.internals import event_log

    private_methods = event_log.PRIVATE_METHODS
has_all_names = pytest.mark.skipif(not private_methods, reason="this Dagster lacks some already")

FOLDER = Path(internals.__file__).parent
ROOT = FOLDER.parents[2]

WITHOUT_EACH = """
import importlib, sys
ours, name, *taken = sys.argv[1:]
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
import dagster as dg
expected = {"KeptSqliteStorage": DagsterSqliteStorage, "WatchedRunLauncher": dg.DefaultRunLauncher}
for one in taken:
    module, _, private = one.partition(":")
    owner = importlib.import_module(module)
    kept = vars(owner).get(private)
    assert kept is not None, one
    delattr(owner, private)
    for loaded in [m for m in sys.modules if m.startswith("pack_sync.dagster.internals")]:
        del sys.modules[loaded]
    found = getattr(importlib.import_module(f"pack_sync.dagster.internals.{ours}"), name)
    assert found is expected[name], one
    setattr(owner, private, kept)
    print("ok", one)
"""

WITHOUT_METHODS = """
import importlib, sys
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
for method in sys.argv[1:]:
    owners = [k for k in SqliteEventLogStorage.__mro__ if method in vars(k)]
    kept = [(k, vars(k)[method]) for k in owners]
    for k, _ in kept:
        delattr(k, method)
    for loaded in [m for m in sys.modules if m.startswith("pack_sync.dagster.internals")]:
        del sys.modules[loaded]
    ours = importlib.import_module("pack_sync.dagster.internals.sqlite_storage")
    assert ours.KeptSqliteStorage is DagsterSqliteStorage, method
    for k, value in kept:
        setattr(k, method, value)
    print("ok", method)
"""


WITHOUT_A_PART_OF_POOLS = """
import importlib, sys
from dagster._core.execution.plan import instance_concurrency_context
Claims = instance_concurrency_context.InstanceConcurrencyContext
from pack_sync.dagster.internals import pool_slots
own = dict(vars(Claims))

def with_other_words(init):
    names = tuple(name.replace("_pending_claims", "_claims") for name in init.__code__.co_names)
    def other(): ...
    other.__code__ = init.__code__.replace(co_names=names)
    return other

for one in sys.argv[1:]:
    module, _, private = one.partition(":")
    owner = importlib.import_module(module) if module else Claims
    kept = vars(owner)[private]
    if private == "__init__":
        setattr(owner, private, with_other_words(kept))
    else:
        delattr(owner, private)
    pool_slots.watch_claims()
    setattr(owner, private, kept)
    assert dict(vars(Claims)) == own, one
    print("ok", one)
pool_slots.watch_claims()
assert dict(vars(Claims)) != own
"""


def private_names(*modules: str) -> list[str]:
    """What modules of ours import from private modules of Dagster, as "module:name"."""
    return [
        f"{node.module}:{alias.name}"
        for module in modules
        for node in ast.walk(ast.parse((FOLDER / f"{module}.py").read_text()))
        if isinstance(node, ast.ImportFrom) and "._" in (node.module or "")
        for alias in node.names
    ]


def tried(program: str, *words: str) -> list[str]:
    """The lines that a program prints in a process of its own, which must succeed."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-W", "ignore", "-c", program, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@has_all_names
@pytest.mark.parametrize(
    ("module", "name", "made_of"),
    [
        ("sqlite_storage", "KeptSqliteStorage", ["open_sqlite_files", "event_log"]),
        ("run_launcher", "WatchedRunLauncher", ["run_launcher"]),
    ],
)
def test_without_a_private_name_it_is_dagsters_own(
    module: str, name: str, made_of: list[str]
) -> None:
    """Each is taken away, one after the other, before ours is imported."""
    # The storage fallen back on must be there, and a package that is taken away is found again.
    stay = ("dagster._core:storage", "dagster._core.storage.sqlite_storage:DagsterSqliteStorage")
    taken = [one for one in private_names(*made_of) if one not in stay]
    assert len(tried(WITHOUT_EACH, module, name, *taken)) == len(taken) > 1


@has_all_names
def test_without_a_method_of_the_event_log_the_storage_is_dagsters_own() -> None:
    """Those that ours overrides too: Dagster would not call them any more."""
    assert len(tried(WITHOUT_METHODS, *private_methods)) == len(private_methods)


def test_without_a_private_name_pools_are_dagsters_own() -> None:
    """What waits for a slot then waits as it does without us; and with all names it is ours."""
    taken = [
        *private_names("pool_slots"),
        *(f":{name}" for name in ("claim", "interval_to_next_pending_claim_check", "__init__")),
    ]
    assert len(tried(WITHOUT_A_PART_OF_POOLS, *taken)) == len(taken) > 3


@pytest.mark.skipif(bool(private_methods), reason="this Dagster has all names")
def test_a_dagster_without_the_names_has_its_own_storage() -> None:
    """Nobody has to change dagster.yaml for it."""
    assert KeptSqliteStorage.__name__ == "DagsterSqliteStorage"


def test_only_this_room_imports_private_modules_of_dagster() -> None:
    """Where Dagster changes, one folder has to."""
    importing = {
        file
        for file in ROOT.glob("pack_s*/**/*.py")
        if "from dagster._" in file.read_text() or "import dagster._" in file.read_text()
    }
    assert importing
    assert {file.parent for file in importing} == {FOLDER}
