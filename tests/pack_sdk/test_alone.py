"""`pack_sdk` needs nothing of the engine: it imports without Dagster, DuckDB and httpx."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import importlib, pkgutil, sys
for name in ("dagster", "duckdb", "httpx", "pack_sync", "pandas", "pydantic"):
    sys.modules[name] = None  # importing it raises
import pack_sdk
for module in pkgutil.walk_packages(pack_sdk.__path__, "pack_sdk."):
    importlib.import_module(module.name)
print(len([name for name in sys.modules if name.startswith("pack_sdk.")]))
"""


def test_every_module_imports_alone() -> None:
    """The testing kit included."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


def test_a_module_does_not_bring_all_others() -> None:
    """A command that needs an error's type waits for that alone; `pack_sdk` has all when asked."""
    program = (
        "import sys, pack_sdk.errors; assert 'pack_sdk.pack' not in sys.modules; "
        "from pack_sdk import Pack; assert Pack is sys.modules['pack_sdk.pack'].Pack"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)  # noqa: S603 - our own
