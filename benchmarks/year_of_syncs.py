"""A table of a lake after a year of small syncs with upkeep, beside one that was written at once.

    python -m benchmarks.year_of_syncs

Each sync replaces some rows all over the table and deletes a few, by the statements of a commit.
Then both are asked the same, in turns. The lake has its catalogue in SQLite, its files in a folder.
"""

import random
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from pack_sync.ledger.lake_upkeep import tend_lake
from pack_sync.warehouse.warehouse import Warehouse

_QUERIES = ("SELECT sum(size), count(*) FROM {}", "SELECT * FROM {} WHERE id = 4711")
_ROW = "id, 'name of ' || id AS name, {size} AS size, md5(id::VARCHAR) AS text"


def main(
    rows: Annotated[int, typer.Option(min=1)] = 1_000_000,
    syncs: Annotated[int, typer.Option(min=1)] = 370,
    changed: Annotated[int, typer.Option(min=1)] = 1_000,
    upkeep_every: Annotated[int, typer.Option(min=1, help="In syncs.")] = 7,
    repeat: Annotated[int, typer.Option(min=1, help="How often each query is asked.")] = 15,
) -> None:
    """Run the syncs, the last of which no upkeep has seen, and compare."""
    with tempfile.TemporaryDirectory(prefix="sync-benchmark-") as name:
        warehouse = Warehouse.at(f"ducklake:sqlite:{Path(name) / 'lake.sqlite'}")
        row = _ROW.format(size="id % 97")
        _write(warehouse, f"CREATE TABLE synced AS SELECT {row} FROM range({rows}) r(id)")
        randomly = random.Random(1)
        for number in range(1, syncs + 1):
            ids = randomly.sample(range(rows), changed + changed // 100)
            _write(
                warehouse,
                f"CREATE OR REPLACE TEMP TABLE changed AS SELECT unnest({ids}) AS id",
                "DELETE FROM synced WHERE id IN (FROM changed)",
                f"INSERT INTO synced SELECT {_ROW.format(size=number)} "
                f"FROM (FROM changed LIMIT {changed})",
            )
            if number % upkeep_every == 0:
                tend_lake(warehouse, keep=timedelta(0))
        _write(warehouse, "CREATE TABLE fresh AS FROM synced ORDER BY id")
        _compare(warehouse, repeat)


def _write(warehouse: Warehouse, *statements: str) -> None:
    with warehouse.write() as connection:
        for statement in statements:
            connection.execute(statement)


def _compare(warehouse: Warehouse, repeat: int) -> None:
    for query in _QUERIES:
        took: dict[str, list[float]] = {"synced": [], "fresh": []}
        answers: dict[str, Any] = {}
        for table in [*took] * repeat:
            with warehouse.read() as connection:
                connection.execute(f"FROM {table} LIMIT 0")  # attached, and its files known
                began = time.perf_counter()
                answers[table] = connection.execute(query.format(table)).fetchall()
                took[table].append(time.perf_counter() - began)
        if answers["synced"] != answers["fresh"]:
            raise AssertionError(f"{query} is answered differently")
        synced, fresh = (statistics.median(took[table]) for table in took)
        print(
            f"{query.format('…')}: {synced * 1000:.1f} ms after the year, {fresh * 1000:.1f} ms "
            f"written at once: {synced / fresh:.2f} times"
        )
    for table in ("synced", "fresh"):
        with warehouse.read() as connection:
            files, deletes, size = connection.execute(
                "SELECT count(*), count(delete_file), sum(data_file_size_bytes) / 1e6 "
                f"FROM ducklake_list_files('lake', '{table}')"
            ).fetchall()[0]
        print(f"{table}: {files} files, {deletes} with deleted rows, {size:.1f} MB")


if __name__ == "__main__":
    typer.run(main)
