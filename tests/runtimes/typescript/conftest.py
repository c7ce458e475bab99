"""What the tests of TypeScript packs share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtimes.typescript.packs import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Opens packs and closes them after the test."""
    bench = Bench(folder=tmp_path)
    yield bench
    bench.close()
