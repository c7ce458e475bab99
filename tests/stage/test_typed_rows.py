"""How much memory typing takes: by the longest page, not by the longest row there could be."""

from pathlib import Path

import duckdb

from pack_sync.stage.typed_rows import TypedRows
from tests.commit.sync_bench import a_page, a_schema, spooled, stage_pages

SCHEMA = a_schema(v="string")


def test_usual_rows_are_typed_in_little_memory(tmp_path: Path) -> None:
    """With room for the longest possible row in each thread, DuckDB took 512 MB at least."""
    spool = spooled(tmp_path / "spool", [a_page({"id": "a", "v": "x"}, {"id": "", "v": "bad"})])
    config: dict[str, str | bool | int | float | list[str]] = {"memory_limit": "150MB"}
    with duckdb.connect(tmp_path / "stage.duckdb", config=config) as connection:
        TypedRows(connection, SCHEMA).load(spool, "default")
        found = connection.execute("SELECT c0, problem FROM rows").fetchall()
    assert found == [("a", None), ("", "property 'id': the id is empty")]


def test_long_rows_are_typed_and_rejected_whole(tmp_path: Path) -> None:
    """A row may be longer than what is enough for usual ones; so may one that is rejected."""
    long = "x" * 40_000_000
    staged = stage_pages(
        tmp_path,
        SCHEMA,
        a_page({"id": "a", "v": "short"}),
        a_page({"id": "b", "v": long}, {"v": long}),
    )
    assert staged.upserts == [("a", "short"), ("b", long)]
    ((_, row_id, reason, line),) = staged.rejects
    assert (row_id, reason) == (None, "property 'id': the row has no id")
    assert line == f'{{"v":"{long}"}}'
