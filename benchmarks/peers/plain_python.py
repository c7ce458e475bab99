"""A tool that joins the benchmark, as short as it can be: the standard library and DuckDB.

    python plain_python.py JOB.json

Reads the job, fetches page after page, and leaves `result.duckdb` with the table `items`.
"""

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import duckdb

_PATIENCE = 10


def pages(url: str) -> Iterator[dict[str, Any]]:
    """Each page from `url` on."""
    while True:
        page = json.loads(fetch(url))
        yield page
        if page["next"] is None:
            return
        url = urljoin(url, page["next"])


def fetch(url: str) -> bytes:
    """The body; asked for again as long as the server says to wait."""
    for _ in range(_PATIENCE):
        try:
            with urllib.request.urlopen(url) as answer:  # noqa: S310 - the job's
                return answer.read()
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                raise
            time.sleep(float(error.headers["Retry-After"]))
    raise RuntimeError(f"{url} answered {_PATIENCE} times that it is busy")


def main() -> None:
    """Load what the job asks for."""
    job = json.loads(Path(sys.argv[1]).read_text())
    folder, deleted = Path(job["folder"]), list[int]()
    lines = folder / "rows.ndjson"
    with lines.open("w") as file:
        for page in pages(job["url"]):
            file.writelines(json.dumps(row) + "\n" for row in page["rows"])
            deleted += page["deleted"]
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in job["columns"].items())
    rows = f"read_json('{lines}', format = 'newline_delimited', columns = {{{columns}}})"
    with duckdb.connect(folder / "result.duckdb") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.begin()
        if job["mode"] == "full":
            connection.execute(f"CREATE OR REPLACE TABLE items AS FROM {rows}")
        else:
            connection.execute(f"CREATE TEMP TABLE fresh AS FROM {rows}")
            connection.execute(
                "DELETE FROM items WHERE id IN (SELECT id FROM fresh UNION ALL SELECT unnest(?))",
                [deleted],
            )
            connection.execute("INSERT INTO items BY NAME FROM fresh")
        connection.commit()


if __name__ == "__main__":
    main()
