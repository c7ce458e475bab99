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
