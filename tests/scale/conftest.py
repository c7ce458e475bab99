"""What these tests share."""

import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Generator[Path]:
    """A folder that Postgres' user may enter: any pytest that starts closes those of pytest."""
    with tempfile.TemporaryDirectory(prefix="pack-sync-scale-") as name:
        yield Path(name)
