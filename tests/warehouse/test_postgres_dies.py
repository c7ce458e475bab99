"""The Postgres with a lake's catalogue dies in the middle of a write (design)."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.warehouse.test_ducklake import needs_extensions

pytestmark = needs_extensions


@pytest.mark.parametrize("when", ["within", "before the commit", "during the commit"])
def test_a_write_whose_postgres_dies(when: str, tmp_path: Path) -> None:
    """It raises an error that says so; nothing was written, and the process goes on.

    DuckDB ends a process that closes a connection whose transaction cannot be rolled back.
    """
    words = [sys.executable, "-W", "ignore", "-m", "tests.warehouse.postgres_dies"]
    ran = subprocess.run(  # noqa: S603 - our own words
        [*words, str(tmp_path), when], capture_output=True, text=True, timeout=600, check=False
    )
    assert ran.returncode == 0, ran.stderr
    error, rows = ran.stdout.splitlines()
    assert error.startswith("CatalogueError: the catalogue of the lake")
    assert "dbname=t" in error
    assert rows == "[(1,)]"
