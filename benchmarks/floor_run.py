"""The floor: the least that brings the same rows from the same pages into DuckDB.

httpx fetches a page, orjson parses it and writes its rows as NDJSON, DuckDB reads all of
it with declared types in one transaction. No checks, no cursor, no ledger, no rejected
rows, nothing to resume from. Changes are applied by a hand-written `DELETE … USING` and
`INSERT` to the same table without a key.
"""

import time
from pathlib import Path
from typing import Annotated, Any

import duckdb
import httpx
import orjson
import typer

from benchmarks.measurement import Clock, Measurement, columns_as_they_are, content_of, report
from benchmarks.shapes import SHAPES

DATABASE = "floor.duckdb"
TABLE = "bench.Items"


def main(
    url: Annotated[str, typer.Argument()],
    folder: Annotated[Path, typer.Argument()],
    shape: Annotated[str, typer.Option()] = "plain",
    round_: Annotated[int, typer.Option("--round", help="Of changes; 0: all rows.")] = 0,
    check: Annotated[bool, typer.Option(help="Look at what the table then holds.")] = True,
) -> None:
    """Load once into `folder`: all rows, or the changes of a round."""
    types = SHAPES[shape].types
    database, lines = folder / DATABASE, folder / "rows.ndjson"
    with httpx.Client(base_url=url) as client:  # 0.15 s to make, most of it for TLS
        clock = Clock()
        rows, deleted = fetch(client, f"/changes/{round_}/0" if round_ else "/rows/0", lines)
    fetched = clock.seconds()
    with duckdb.connect(database) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.begin()
        connection.execute("CREATE SCHEMA IF NOT EXISTS bench")
        load(connection, lines, types, "TEMP TABLE fresh" if round_ else f"TABLE {TABLE}")
        loaded = clock.seconds()
        if round_:
            apply(connection, deleted)
        connection.commit()
    stopped = clock.stop()
    columns = columns_as_they_are(types)
    report(
        Measurement(
            **vars(stopped),
            rows=rows,
            fetch_seconds=fetched,
            stage_seconds=loaded - fetched,
            apply_seconds=stopped.total_seconds - loaded,
            held_seconds=stopped.total_seconds - fetched,
            content=content_of(database, TABLE, columns) if check else None,
        )
    )


def fetch(client: httpx.Client, path: str | None, lines: Path) -> tuple[int, list[int]]:
    """Write the rows of all pages as NDJSON; returns their number and the deleted ids."""
    rows, deleted = 0, list[int]()
    with lines.open("wb") as file:
        while path:
            answer = client.get(path)
            if answer.status_code in (429, 503):
                time.sleep(float(answer.headers["Retry-After"]))
                continue
            page: dict[str, Any] = orjson.loads(answer.content)
            option = orjson.OPT_APPEND_NEWLINE
            file.write(b"".join([orjson.dumps(row, option=option) for row in page["rows"]]))
            rows, path = rows + len(page["rows"]), page["next"]
            deleted += page["deleted"]
    return rows, deleted


def load(
    connection: duckdb.DuckDBPyConnection, lines: Path, types: dict[str, str], create: str
) -> None:
    """Make a table of the lines, with the declared types."""
    columns = ", ".join(f"'{name}': '{sql_type}'" for name, sql_type in types.items())
    connection.execute(
        f"CREATE {create} AS FROM read_json(?, format = 'newline_delimited', "
        f"columns = {{{columns}}})",
        [str(lines)],
    )


def apply(connection: duckdb.DuckDBPyConnection, deleted: list[int]) -> None:
    """Replace the rows that are in `fresh`, and remove the deleted ones."""
    connection.execute(
        "CREATE TEMP TABLE gone AS SELECT id FROM fresh UNION ALL SELECT unnest(?)", [deleted]
    )
    connection.execute(f"DELETE FROM {TABLE} AS items USING gone WHERE items.id = gone.id")
    connection.execute(f"INSERT INTO {TABLE} BY NAME FROM fresh")


if __name__ == "__main__":
    typer.run(main)
