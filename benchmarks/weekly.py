"""Rows 3 and 5 of the targets: the weekly full sync of a large table, and memory.

    python -m benchmarks --only weekly

The engine syncs ten million rows in full, DuckDB's memory limited; then one row of each page of
a thousand changes, and it syncs all of them in full again. The server makes its pages as they
are asked for.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import httpx

from benchmarks import engine_run
from benchmarks.findings import Finding, Section, markdown_table
from benchmarks.measurement import Measurement, measure
from benchmarks.sizes import Sizes
from benchmarks.source_server import Source, running_source


@dataclass(frozen=True, kw_only=True)
class _FullSync:
    """A full sync, and what it left: the file's size and the rows that it wrote."""

    run: Measurement
    file_bytes: int
    written: int


def weekly(sizes: Sizes) -> Section:
    """First a table a tenth as large, then the large one twice."""
    small_rows = sizes.weekly_rows // 10
    (small,) = _full_syncs(small_rows, sizes.memory_limit, times=1)
    first, again = _full_syncs(sizes.weekly_rows, sizes.memory_limit, times=2)
    changed = Source(rows=sizes.weekly_rows).pages
    rows = f"{sizes.weekly_rows:,}"
    findings = [
        Finding(
            row=3,
            what=f"growth of the file by a full sync of {rows} rows of which {changed:,} changed",
            target=2,
            unit="%",
            values=[(again.file_bytes / first.file_bytes - 1) * 100],
        ),
        Finding(
            row=3,
            what="its peak memory, times that of the first full sync",
            target=1.3,
            values=[again.run.peak_bytes / first.run.peak_bytes],
        ),
        Finding(
            row=5,
            what=f"peak memory of {rows} rows, times that of {small_rows:,}",
            target=1.3,
            values=[first.run.peak_bytes / small.run.peak_bytes],
        ),
        Finding(
            row=5,
            what=f"peak memory of {rows} rows, DuckDB limited to {sizes.memory_limit}",
            target=600,
            unit="MB",
            digits=0,
            values=[max(first.run.peak_bytes, again.run.peak_bytes) / 1e6],
        ),
    ]
    runs = {f"{small_rows:,} rows": small, f"{rows} rows": first, f"{rows} rows again": again}
    return Section(
        title=f"Weekly full sync of {rows} rows, and memory",
        findings=findings,
        text=_table(runs),
    )


def _full_syncs(rows: int, memory_limit: str, times: int) -> list[_FullSync]:
    """As many full syncs of the same table; before all but the first, rows change."""
    found = list[_FullSync]()
    with (
        tempfile.TemporaryDirectory(prefix="sync-benchmark-") as folder,
        running_source(Source(rows=rows)) as url,
    ):
        database = Path(folder, engine_run.DATABASE)
        for turn in range(times):
            if turn:
                httpx.get(f"{url}/touch", timeout=60).raise_for_status()
            run = measure(
                "benchmarks.engine_run", url, folder, "--full", "--memory-limit", memory_limit
            )
            written = _rows_of_last_run(database)
            expected = Source(rows=rows).pages if turn else rows
            if written != expected:
                raise RuntimeError(f"the sync wrote {written:,} rows, but {expected:,} changed")
            found.append(_FullSync(run=run, file_bytes=database.stat().st_size, written=written))
    return found


def _rows_of_last_run(database: Path) -> int:
    with duckdb.connect(database, read_only=True) as connection:
        ((count,),) = connection.execute(
            'SELECT count(*) FROM bench."Items" WHERE _run_id = '
            "(SELECT arg_max(execution_id, finished_at) FROM _sync.runs)"
        ).fetchall()
    return count


def _table(runs: Mapping[str, _FullSync]) -> str:
    rows = [
        [
            name,
            f"{sync.run.total_seconds:.1f}",
            f"{sync.run.cpu_seconds:.1f}",
            f"{sync.run.peak_bytes / 1e6:,.0f}",
            f"{sync.written:,}",
            f"{sync.file_bytes / 1e6:,.1f}",
        ]
        for name, sync in runs.items()
    ]
    headings = ["full sync of", "seconds", "processor s", "peak MB", "rows written", "file, MB"]
    return markdown_table(headings, rows)
