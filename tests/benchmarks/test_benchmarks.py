"""The benchmarks run, in their smallest size, and their page says what failed."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path

import duckdb
import orjson
import pytest

from benchmarks.contenders import ENGINE, FLOOR
from benchmarks.findings import Finding, Section
from benchmarks.measurement import (
    ContentError,
    columns_as_they_are,
    content_of,
    measure,
    require_same,
    run_module,
)
from benchmarks.results import Circumstances, Outcome, now, results_page
from benchmarks.shapes import SHAPES
from benchmarks.source_server import PROJECT, Source, running_source
from benchmarks.thread_times import ThreadClock


def test_the_smallest_size_ends_with_a_page_of_results(tmp_path: Path) -> None:
    """Full syncs, changes, a weekly sync and many applies really run, and are compared.

    The other tools are not installed here: the page says so instead of leaving them out.
    """
    page = tmp_path / "RESULTS.md"
    parts = ("full-sync", "incremental", "weekly", "many-applies")
    chosen = [word for part in parts for word in ("--only", part)]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "benchmarks", "--size", "tiny", "--output", str(page), *chosen],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = page.read_text()
    rows = {
        row: [line for line in text.splitlines() if line.startswith(f"| {row} |")]
        for row in range(1, 9)
    }
    assert all("not measured" not in line for row in (3, 5, 8) for line in rows[row])
    assert any("the floor's seconds" in line and " x |" in line for line in rows[1])
    assert sum("hand-written" in line for line in rows[2]) == 2
    assert all("not asked for" in line for row in (4, 7) for line in rows[row])
    if find_spec("dlt") is None:
        told = [line for line in rows[1] + rows[2] if "dlt" in line]
        assert len(told) == 5
        assert all("not measured" in line and "dlt is not installed" in line for line in told)
    assert "Size tiny: no figures to go by" in text


@pytest.mark.parametrize("tables", [2, 0])
def test_tables_of_a_slow_source_are_run_by_the_engine_alone(tmp_path: Path, tables: int) -> None:
    """Two tables, or one crawled from another, as `benchmarks.latency` measures them."""
    with running_source(Source(rows=4, latency_ms=1)) as url:
        options = ["--tables", str(tables), "--no-dagster"]
        printed = run_module("benchmarks.many_tables_run", url, str(tmp_path), *options)
    assert orjson.loads(printed.splitlines()[-1])["seconds"] > 0
    with duckdb.connect(tmp_path / "warehouse.duckdb", read_only=True) as connection:
        name = "Table0001" if tables else "Children"
        ((count,),) = connection.execute(f"SELECT count(*) FROM bench.{name}").fetchall()
    assert count == (4 if tables else 20)


def test_the_time_of_a_sync_is_told_by_thread_and_step() -> None:
    """Who works for how long, and at which step (benchmarks/RESULTS_PROFILES.md).

    The pack's thread may end before the clock's first look, in a sync as small as this.
    """
    printed = run_module("benchmarks.thread_times", "--rows", "100", "--shape", "long-texts")
    for name in ("MainThread", "DuckDB's own", "fetching", "applying"):
        assert name in printed


def test_a_tap_that_logs_much_does_not_stand_still() -> None:
    """More than a pipe holds; in a process of its own, which can be given up."""
    tap = "import sys; sys.stderr.write('x' * 1_000_000); print('rows')"
    target = "import sys; sys.exit(sys.stdin.read() != 'rows\\n')"
    code = (
        "import sys; from benchmarks.peers.singer_run import pipe; "
        f"pipe([sys.executable, '-c', {tap!r}], [sys.executable, '-c', {target!r}])"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True, timeout=600)  # noqa: S603 - our own interpreter


def test_the_clock_tells_the_time_of_each_thread() -> None:
    """By its name, while it is at work; one clock's thread ends with its context."""
    done = threading.Event()
    worker = threading.Thread(target=done.wait, name="a worker")
    worker.start()
    with ThreadClock() as clock:
        pass  # the worker is there at the last look, at least
    done.set()
    worker.join()
    assert set(clock.seconds()) >= {"a worker", "MainThread", "DuckDB's own"}
    assert "this clock" not in {thread.name for thread in threading.enumerate()}


@pytest.fixture(scope="module")
def loaded() -> Generator[Path]:
    """A folder in which the engine and the floor have loaded deeply nested rows."""
    source = Source(rows=50, shape="nested")
    with tempfile.TemporaryDirectory() as folder, running_source(source) as url:
        for contender in (ENGINE, FLOOR):
            measure(contender.module, url, folder, "--shape", "nested")
        yield Path(folder)


def test_one_other_value_in_the_depth_of_a_row_is_found(loaded: Path) -> None:
    """The check of the contents sees it, names the column, and had nothing to say before."""
    columns = columns_as_they_are(SHAPES["nested"].types)
    engine = content_of(loaded / "warehouse.duckdb", "bench.Items", columns)
    floor = content_of(loaded / "floor.duckdb", "bench.Items", columns)
    assert engine.rows == 50
    require_same("the engine", engine, floor)
    with duckdb.connect(loaded / "floor.duckdb") as connection:
        connection.execute(
            "UPDATE bench.Items SET items = list_transform(items, lambda item: struct_update(item, "
            "quantity := item.quantity + 1)) WHERE id = (SELECT min(id) FROM bench.Items)"
        )
    changed = content_of(loaded / "floor.duckdb", "bench.Items", columns)
    with pytest.raises(ContentError, match=r"other values: items$"):
        require_same("the engine", engine, changed)


def test_rows_that_are_missing_are_found(loaded: Path) -> None:
    """Even where no column is compared."""
    table, file = "bench.Items", loaded / "warehouse.duckdb"
    all_rows, some = content_of(file, table, {}), content_of(file, f"{table} WHERE id > 1010", {})
    with pytest.raises(ContentError, match="number of rows"):
        require_same("the engine", all_rows, some)


def test_changes_of_a_round_meet_no_deleted_row() -> None:
    """No number is deleted twice, or changed and deleted; other rows change in each round."""
    source = Source(rows=10_000, changes=10, deletes=3, rounds=7)
    rounds = range(1, 8)
    deleted = [number for round_ in rounds for number in source.deleted(round_)]
    changed = [number for round_ in rounds for number in source.changed(round_)]
    assert len(deleted) == len(set(deleted)) == 21
    assert not set(deleted) & set(changed)
    assert source.changed(1) != source.changed(2)
    assert {1_000 <= number < 11_000 for number in deleted + changed} == {True}


@pytest.mark.parametrize(
    ("values", "at_least", "verdict"),
    [
        ([1.0, 3.0, 1.4], False, "met, 7% to spare"),
        ([1.8], False, "**missed** by 20%"),
        ([3.0], True, "met, 100% to spare"),
        ([0.6], True, "**missed** by 60%"),
        ([], True, "not measured: why"),
    ],
)
def test_the_median_is_what_a_target_is_held_against(
    values: list[float], at_least: bool, verdict: str
) -> None:
    """And how far it is off is said in parts of the target."""
    finding = Finding(row=1, what="", target=1.5, values=values, at_least=at_least, why_not="why")
    assert finding.verdict == verdict


def test_a_part_that_fails_is_in_the_page_with_its_error() -> None:
    """Beside the parts that did not, and the rows of the table that it had to fill."""
    finding = Finding(row=8, what="the file", target=1.3, values=[1.1, 1.2, 1.6])
    outcomes = [
        Outcome(name="weekly", rows=[3, 5], seconds=2, error="ContentError: other values"),
        Outcome(
            name="many-applies",
            rows=[8],
            seconds=3,
            section=Section(title="Applies", findings=[finding], errors=["5 rows: too few"]),
        ),
    ]
    circumstances = Circumstances(began=now(), command="command", machine={}, versions={})
    page = results_page(outcomes, circumstances)
    for row in (3, 5):
        assert f"| {row} | `weekly` |  |  | not measured: ContentError: other values |" in page
    assert "| 8 | the file | ≤ 1.3 x | 1.20 (1.10 to 1.60) x | met, 8% to spare |" in page
    assert "Failed: ContentError: other values" in page
    assert "- **Failed**: 5 rows: too few" in page
    assert [outcome.failed for outcome in outcomes] == [True, True]
    assert "| 1 |  |  |  | not measured: it was not asked for |" in page
