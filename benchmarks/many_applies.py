"""Row 8 of the targets: a year of small incremental syncs on one table.

    python -m benchmarks --only many-applies

All of them run in one process, one after the other, into a table of a million rows that was
made by SQL. The fresh table beside it has the same rows, written at once in the order of their
ids. Compaction is the engine's business, so nothing here helps.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb
import orjson

from benchmarks import engine_run
from benchmarks.findings import Finding, Section, markdown_table, ratios, spread
from benchmarks.measurement import Clock, run_module
from benchmarks.sizes import Sizes
from benchmarks.source_server import Source, running_source

_TABLE = 'bench."Items"'
_QUERIES = {
    "sums by status": f"SELECT status, count(*), sum(score) FROM {_TABLE} GROUP BY ALL",
    "the latest ten rows": f"FROM {_TABLE} ORDER BY modified_at DESC LIMIT 10",
    "one row by its id": f"FROM {_TABLE} WHERE id = 2000",
    "a search in names": f"SELECT count(*) FROM {_TABLE} WHERE name LIKE '%theta%7%'",
}
_TIMES = 9  # each query in each file, in turns


def many_applies(sizes: Sizes) -> Section:
    """Apply them all, then compare the file and queries with a fresh table's."""
    deletes = max(1, sizes.applied_changes // 10)
    source = Source(
        rows=sizes.applied_rows,
        changes=sizes.applied_changes,
        deletes=deletes,
        rounds=sizes.applies,
    )
    with (
        tempfile.TemporaryDirectory(prefix="sync-benchmark-") as name,
        running_source(source) as url,
    ):
        used, fresh = Path(name, engine_run.DATABASE), Path(name, "fresh.duckdb")
        run_module("benchmarks.start_tables", "engine", name, url, str(source.rows))
        printed = run_module("benchmarks.many_applies_run", url, name, str(sizes.applies))
        seconds: list[float] = orjson.loads(printed.splitlines()[-1])
        _write_anew(used, fresh, expected=source.rows - deletes * sizes.applies)
        file_bytes = [used.stat().st_size, fresh.stat().st_size]
        queries = {query: _query(sql, [used, fresh]) for query, sql in _QUERIES.items()}
    after = f"after {sizes.applies:,} applies"
    findings = [
        Finding(
            row=8,
            what=f"the file {after}, times a fresh table's",
            target=1.3,
            values=[file_bytes[0] / file_bytes[1]],
        ),
        *(
            Finding(row=8, what=f"{query} {after}: times as long", target=1.3, values=ratios(*both))
            for query, both in queries.items()
        ),
    ]
    tenth = max(1, len(seconds) // 10)
    rows = [
        [query, *(spread([1000 * value for value in values], digits=1) for values in both)]
        for query, both in queries.items()
    ]
    rows.insert(0, ["the file, MB", *(f"{size / 1e6:,.1f}" for size in file_bytes)])
    note = (
        f"{sizes.applies:,} applies of {sizes.applied_changes} changed rows and {deletes} deletes "
        f"took {sum(seconds):.0f} s: the first {tenth} of them {sum(seconds[:tenth]) / tenth:.3f} "
        f"s each, the last {tenth} {sum(seconds[-tenth:]) / tenth:.3f} s each."
    )
    return Section(
        title=f"{sizes.applies:,} small applies on {sizes.applied_rows:,} rows",
        findings=findings,
        text=markdown_table(["", "after the applies, ms", "fresh, ms"], rows),
        notes=[note],
    )


def _write_anew(used: Path, fresh: Path, *, expected: int) -> None:
    """The same rows in a file of their own. Raises if there are not as many as expected."""
    with duckdb.connect(fresh) as connection:
        connection.execute(f"ATTACH '{used}' AS used (READ_ONLY)")
        connection.execute("CREATE SCHEMA bench")
        connection.execute(f"CREATE TABLE {_TABLE} AS FROM used.{_TABLE} ORDER BY id")
        ((count,),) = connection.execute(f"SELECT count(*) FROM {_TABLE}").fetchall()
    if count != expected:
        raise RuntimeError(f"the table has {count:,} rows, not {expected:,}")


def _query(sql: str, databases: Sequence[Path]) -> Sequence[Sequence[float]]:
    """Seconds of a query, several times in each file, in turns; opening it is not counted."""
    seconds: Sequence[list[float]] = [[] for _ in databases]
    for _ in range(_TIMES):
        for database, of in zip(databases, seconds, strict=True):
            with duckdb.connect(database, read_only=True) as connection:
                clock = Clock()
                connection.execute(sql).fetchall()
                of.append(clock.seconds())
    return seconds
