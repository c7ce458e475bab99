"""The benchmarks of lakes run, in a small size: `make test-lake`."""

from importlib.util import find_spec

import pytest

from benchmarks.measurement import run_module

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_spec("duckdb_extension_ducklake") is None,
        reason="`make test-lake` has DuckDB's extensions",
    ),
]


def test_a_lake_beside_a_file() -> None:
    """Both end with the same rows, and what the lake wrote and asked for is told."""
    module = "benchmarks.lake_beside_file"
    full = run_module(module, "full", "--rows", "2000", "--repeat", "1")
    assert "times the file" in full
    changes = ("changes", "--rows", "2000", "--changed", "100", "--rounds", "2")
    assert run_module(module, *changes).count(" PUT") == 2
    assert run_module(module, *changes, "--no-store").count("requests: none") == 2


def test_commits_of_several_processes() -> None:
    """Each process commits at least once, and no commit is refused."""
    told = run_module("benchmarks.commits", "--processes", "2", "--seconds", "1", "--rows", "100")
    first = next(line for line in told.splitlines() if line.startswith("2 processes: "))
    assert int(first.split()[2]) >= 2
    assert first.endswith(" PUT")


def test_a_year_of_syncs() -> None:
    """It compares the answers, and counts the files of both."""
    small = ("--rows", "500", "--syncs", "4", "--changed", "20", "--upkeep-every", "3")
    told = run_module("benchmarks.year_of_syncs", *small, "--repeat", "1")
    assert told.count(" times\n") == 2
    assert "fresh: 1 files, 0 with deleted rows" in told
