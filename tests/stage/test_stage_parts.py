"""A stage of several parts: children of a crawl, and tries that failed (contract C8, C20)."""

from pathlib import Path

import duckdb

from pack_sync.spool.page import Page
from pack_sync.spool.spool import Spool
from pack_sync.stage.stage import Stage
from pack_sync.stage.staged_pages import StagePart
from tests.commit.sync_bench import a_schema

SCHEMA = a_schema(v={"type": "number", "precision": 0})


def _rows(first: int, count: int, version: int) -> Page:
    lines = (f'{{"id":"{i}","v":{version}}}\n' for i in range(first, first + count))
    return Page(rows="".join(lines).encode(), row_count=count)


def test_rows_of_a_failed_try_do_not_disturb_the_others(tmp_path: Path) -> None:
    """A large failed part between good ones: the good rows are there once, the last of each id.

    So many rows that DuckDB, when the stage is closed, would number the rows of the table anew
    if those of the failed part had been deleted.
    """
    spool = Spool.begin(tmp_path / "spool")
    spool.append(_rows(0, 10, version=1), part=0)
    spool.append(_rows(0, 250_000, version=2), part=1)  # the try that failed
    spool.append(_rows(0, 20_000, version=3), part=2)
    spool.append(_rows(5, 10, version=4), part=2)
    spool.close()
    parts = [
        StagePart(sync="one", complete=True, number=0),
        StagePart(sync="two", complete=True, number=2),
    ]
    with Stage(tmp_path / "stage.duckdb", SCHEMA) as stage:
        counts = stage.load(spool, parts)
    assert (counts.upserts, counts.duplicates) == (20_010, 10)
    with duckdb.connect(tmp_path / "stage.duckdb", read_only=True) as connection:
        found = connection.execute(
            "SELECT sync, c1, count(*), count(DISTINCT c0) FROM upserts GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    assert found == [("one", 1, 10, 10), ("two", 3, 19_990, 19_990), ("two", 4, 10, 10)]
