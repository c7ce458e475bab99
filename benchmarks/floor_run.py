"""The floor: the least that brings the same rows from the same pages into DuckDB.

httpx fetches a page, orjson parses it and writes its rows as NDJSON, DuckDB reads all of
it with declared types in one transaction. No checks, no cursor, no ledger, no rejected
rows, nothing to resume from.
"""

import time
from pathlib import Path
from typing import Annotated, Any

import duckdb
import httpx
import orjson
import typer

from benchmarks.measurement import TYPES, Clock, Measurement, content_of, report


def main(url: Annotated[str, typer.Argument()], folder: Annotated[Path, typer.Argument()]) -> None:
    """Load once into `folder`: the first time all rows, then the changes."""
    database, lines = folder / "floor.duckdb", folder / "rows.ndjson"
    changes = database.exists()
    with httpx.Client(base_url=url) as client:  # 0.15 s to make, most of it for TLS
        clock = Clock()
        rows, deleted = fetch(client, "/changes/0" if changes else "/rows/0", lines)
    fetched = time.monotonic()
    with duckdb.connect(database) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.begin()
        load(connection, lines, "CREATE TEMP TABLE fresh" if changes else "CREATE TABLE items")
        loaded = time.monotonic()
        if changes:
            apply(connection, deleted)
        connection.commit()
    closed = time.monotonic()
    measured = clock.stop()
    report(
        Measurement(
            **measured,
            rows=rows,
            fetch_seconds=measured["total_seconds"] - (closed - fetched),
            stage_seconds=loaded - fetched,
            apply_seconds=closed - loaded,
            held_seconds=closed - fetched,
            content=content_of(database, "items"),
        )
    )


def fetch(client: httpx.Client, path: str | None, lines: Path) -> tuple[int, list[int]]:
    """Write the rows of all pages as NDJSON; returns their number and the deleted ids."""
    rows, deleted = 0, list[int]()
    with lines.open("wb") as file:
        while path:
            page: dict[str, Any] = orjson.loads(client.get(path).content)
            option = orjson.OPT_APPEND_NEWLINE
            file.write(b"".join([orjson.dumps(row, option=option) for row in page["rows"]]))
            rows, path = rows + len(page["rows"]), page["next"]
            deleted += page["deleted"]
    return rows, deleted


def load(connection: duckdb.DuckDBPyConnection, lines: Path, create: str) -> None:
    """Make a table of the lines, with the declared types."""
    columns = ", ".join(f"'{name}': '{sql_type}'" for name, sql_type in TYPES.items())
    connection.execute(
        f"{create} AS FROM read_json(?, format = 'newline_delimited', columns = {{{columns}}})",
        [str(lines)],
    )


def apply(connection: duckdb.DuckDBPyConnection, deleted: list[int]) -> None:
    """Replace the rows that are in `fresh`, and remove the deleted ones."""
    connection.execute(
        "DELETE FROM items WHERE id IN (SELECT id FROM fresh UNION ALL SELECT unnest(?))",
        [deleted],
    )
    connection.execute("INSERT INTO items FROM fresh; DROP TABLE fresh;")


if __name__ == "__main__":
    typer.run(main)
