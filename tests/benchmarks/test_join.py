"""Tools of any kind join the benchmark: those that do it right, and those that do not."""

import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.join import ENGINE, FLOOR, compete, page
from benchmarks.joined_tool import Tool, read_tool
from benchmarks.source_server import PROJECT, Answers, Source

EXAMPLE = PROJECT / "benchmarks" / "peers" / "plain_python.toml"
SOURCE = Source(rows=60, shape="nested", changes=5, deletes=2, rounds=1)


def tool_of(folder: Path, code: str) -> Tool:
    """A tool that is this Python code, with the job as `job`."""
    script = folder / "tool.py"
    script.write_text(
        f"import json, sys, time, duckdb\njob = json.load(open(sys.argv[1]))\n{code}\n"
    )
    return Tool(name="a tool", command=f"{sys.executable} {script} {{job}}", advice="nothing")


def test_the_example_ends_with_the_same_rows_beside_the_floor_and_pack_sync() -> None:
    """In full and after a round of changes and deletes, and all three are measured."""
    tools = [FLOOR, ENGINE, read_tool(EXAMPLE)]
    results = compete(tools, SOURCE, repeat=1, limit=600)
    assert (results.failed, results.cannot) == ({}, {})
    assert list(results.runs) == ["full", "round 1"]
    for runs in results.runs.values():
        assert list(runs) == [tool.name for tool in tools]
        assert all(run.seconds > run.cpu_seconds / 4 > 0 for (run,) in runs.values())
        assert all(run.peak_bytes > 10_000_000 for (run,) in runs.values())
    assert "| plain Python |" in page(tools, results)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("sys.exit('no such thing')", "exit code 1. no such thing"),
        ("pass", "left neither result.duckdb nor result.parquet"),
        ("open(job['folder'] + '/result.duckdb', 'w').write('x' * 9999)", "cannot be read"),
        (
            "duckdb.sql('SELECT 1 AS id').write_parquet(job['folder'] + '/result.parquet')",
            "has no column name",
        ),
        ("time.sleep(1e6)", "given up after 2 s"),
    ],
)
def test_a_tool_that_fails_is_told(tmp_path: Path, code: str, told: str) -> None:
    """What it did, in one line; and nothing of it is measured."""
    results = compete([tool_of(tmp_path, code)], SOURCE, repeat=2, limit=2)
    assert told in results.failed["a tool"]
    assert results.runs == {}


def test_a_tool_may_say_that_it_cannot(tmp_path: Path) -> None:
    """Which is no failure; what it could load is measured."""
    example = EXAMPLE.with_suffix(".py")
    code = (
        "import runpy\nif job['round']: sys.exit(3)\n"
        f"runpy.run_path({str(example)!r}, run_name='__main__')"
    )
    results = compete([tool_of(tmp_path, code)], SOURCE, repeat=1, limit=600)
    assert results.failed == {}
    assert "a tool, incremental: exit code 3" in results.cannot["a tool"]
    assert list(results.runs) == ["full"]


def test_other_rows_than_the_first_tool_s_are_found(tmp_path: Path) -> None:
    """One value in the depth of one row; the column is named."""
    example = EXAMPLE.with_suffix(".py")
    code = f"""
import runpy
runpy.run_path({str(example)!r}, run_name='__main__')
with duckdb.connect(job['folder'] + '/result.duckdb') as connection:
    connection.execute("UPDATE items SET owner = struct_update(owner, name := 'nobody') "
                       "WHERE id = (SELECT min(id) FROM items)")
"""
    right = read_tool(EXAMPLE)
    results = compete([right, tool_of(tmp_path, code)], SOURCE, repeat=1, limit=600)
    assert results.failed == {"a tool": "a tool, full, ended with other values: owner"}


def test_values_kept_as_json_and_times_without_zone_are_the_same_values(tmp_path: Path) -> None:
    """As many tools keep them; here in a Parquet file."""
    example = EXAMPLE.with_suffix(".py")
    code = f"""
import runpy
runpy.run_path({str(example)!r}, run_name='__main__')
with duckdb.connect(job['folder'] + '/result.duckdb') as connection:
    connection.execute("SET TimeZone = 'UTC'")
    connection.sql("SELECT * REPLACE (CAST(to_json(items) AS VARCHAR) AS items, "
                   "to_json(history) AS history, CAST(modified_at AS TIMESTAMP) AS modified_at) "
                   "FROM items").write_parquet(job['folder'] + '/result.parquet')
import os
os.remove(job['folder'] + '/result.duckdb')
"""
    source = Source(rows=60, shape="nested")
    right = read_tool(EXAMPLE)
    results = compete([right, tool_of(tmp_path, code)], source, repeat=1, limit=600)
    assert results.failed == {}
    assert len(results.runs["full"]) == 2


def test_a_file_that_is_no_tool_is_told(tmp_path: Path) -> None:
    """With its name and the key that is wrong."""
    file = tmp_path / "mine.toml"
    file.write_text('name = "mine"\ncommand = "mine"\nadvise = "x"\n')
    with pytest.raises(ValueError, match=r"mine\.toml does not describe a tool: .*'advise'"):
        read_tool(file)


def test_the_same_requests_fail_each_time() -> None:
    """About as many as asked for, with both statuses, and the same ones for the next tool."""
    answers = Answers(Source(rows=10, failures=0.2))
    paths = [f"/rows/{number}" for number in range(500)] * 2
    first = [answers.failure(path) for path in paths]
    assert answers.failure("/again") is None
    assert [answers.failure(path) for path in paths] == first
    counts = Counter(first)
    assert set(counts) == {None, 429, 503}
    assert 700 < counts[None] < 900
