"""One load by dlt into its DuckDB destination: as it comes, tuned, or fed with Arrow tables.

- `default`: pages of dictionaries, everything else as it is without a setting, so nested
  tables for objects and lists.
- `tuned`: what https://dlthub.com/docs/reference/performance advises: whole pages are yielded,
  larger buffers, files that rotate so that both normalize workers have some, no compression of
  files on the way; `max_table_nesting=0` and the columns' types as hints, so that nothing is
  guessed; parquet, which https://dlthub.com/docs/destinations/duckdb loads fastest.
- `arrow`: the same with pages already made Arrow tables, several together, which dlt hands on
  without looking at the rows (https://dlthub.com/docs/dlt-ecosystem/verified-sources/arrow-pandas).

A full load replaces the table. Changes are merged by primary key, deletes being rows with a
`hard_delete` column (https://dlthub.com/docs/general-usage/merge-loading).
"""

import importlib
import itertools
import os
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import httpx
import orjson
import typer

from benchmarks.measurement import Clock, Measurement, content_of, report
from benchmarks.peers.kept_types import as_json, from_nested_tables
from benchmarks.peers.source import pages
from benchmarks.shapes import SHAPES

# Imported so because they are not in the environment that the types are checked in.
dlt: Any = importlib.import_module("dlt")
pa: Any = importlib.import_module("pyarrow")

DATABASE = "dlt.duckdb"
TABLE = "bench.items"
_DELETED = "is_deleted"
_ARROW_ROWS = 50_000  # of a table: larger ones brought nothing more
_TUNED = {
    "NORMALIZE__WORKERS": "2",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "20000",
    "SOURCES__DATA_WRITER__FILE_MAX_ITEMS": "50000",
    "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
    "SOURCES__DATA_WRITER__DISABLE_COMPRESSION": "true",
}
_HINTS = {
    "BIGINT": "bigint",
    "DOUBLE": "double",
    "BOOLEAN": "bool",
    "VARCHAR": "text",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
}
_ARROW_TYPES = {"BIGINT": "int64", "DOUBLE": "float64", "BOOLEAN": "bool", "VARCHAR": "string"}


class How(StrEnum):
    """How dlt is used."""

    DEFAULT = "default"
    TUNED = "tuned"
    ARROW = "arrow"


def main(
    url: Annotated[str, typer.Argument()],
    folder: Annotated[Path, typer.Argument()],
    how: Annotated[How, typer.Option()] = How.DEFAULT,
    shape: Annotated[str, typer.Option()] = "plain",
    round_: Annotated[int, typer.Option("--round", help="Of changes; 0: all rows.")] = 0,
    mergeable: Annotated[bool, typer.Option(help="Full, but as changes come.")] = False,
    limit: Annotated[int | None, typer.Option("--pages", help="Stop after so many.")] = None,
    check: Annotated[bool, typer.Option(help="Look at what the table then holds.")] = True,
) -> None:
    """Load once into `folder`: all rows, or the changes of a round."""
    os.environ.update({"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"})
    if how is not How.DEFAULT:
        os.environ.update(_TUNED)
    types, merge = SHAPES[shape].types, bool(round_) or mergeable
    source = _Pages(url, f"/changes/{round_}/0" if round_ else "/rows/0", merge=merge, limit=limit)
    arguments: dict[str, Any] = {"columns": _hints(types)} if how is not How.DEFAULT else {}
    if how is How.TUNED:
        arguments["max_table_nesting"] = 0
    if merge:
        arguments.setdefault("columns", {})[_DELETED] = {"data_type": "bool", "hard_delete": True}
    resource = dlt.resource(
        _arrow_tables(source, types) if how is How.ARROW else iter(source),
        name="items",
        primary_key="id",
        write_disposition="merge" if merge else "replace",
        **arguments,
    )
    pipeline = dlt.pipeline(
        "benchmark",
        pipelines_dir=str(folder / "dlt"),
        destination=dlt.destinations.duckdb(str(folder / DATABASE)),
        dataset_name="bench",
    )
    clock = Clock()
    pipeline.run(resource, loader_file_format=None if how is How.DEFAULT else "parquet")
    stopped = clock.stop()
    columns = from_nested_tables(SHAPES[shape].schema) if how is How.DEFAULT else as_json(types)
    content = content_of(folder / DATABASE, TABLE, columns) if check else None
    report(Measurement(**vars(stopped), rows=source.rows, content=content))


class _Pages:
    """The rows of each page, at most so many pages; deleted rows come as rows that say so."""

    def __init__(self, url: str, path: str, *, merge: bool, limit: int | None) -> None:
        client = httpx.Client(base_url=url)  # 0.15 s to make, most of it for TLS
        self._pages = itertools.islice(pages(client, path), limit)
        self.merge, self.rows = merge, 0

    def __iter__(self) -> Iterator[list[dict[str, Any]]]:
        for page in self._pages:
            rows: list[dict[str, Any]] = page["rows"]
            self.rows += len(rows)
            if self.merge:
                rows += [{"id": number, _DELETED: True} for number in page["deleted"]]
            yield rows


def _hints(types: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"data_type": _HINTS.get(kind, "json")} for name, kind in types.items()}


def _arrow_tables(source: _Pages, types: Mapping[str, str]) -> Iterator[Any]:
    """Tables of several pages."""
    rows = list[dict[str, Any]]()
    for page in source:
        rows += page
        if len(rows) >= _ARROW_ROWS:
            yield _table(rows, types, deletes=source.merge)
            rows = []
    if rows:
        yield _table(rows, types, deletes=source.merge)


def _table(rows: list[dict[str, Any]], types: Mapping[str, str], *, deletes: bool) -> Any:
    columns = {name: _column([row.get(name) for row in rows], kind) for name, kind in types.items()}
    if deletes:
        columns[_DELETED] = pa.array([row.get(_DELETED) for row in rows], pa.bool_())
    return pa.table(columns)


def _column(values: list[Any], kind: str) -> Any:
    """A column; nested values as text that is JSON, which is what dlt makes of them."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return pa.array(values, pa.string()).cast(pa.timestamp("us", tz="UTC"))
    if kind in _ARROW_TYPES:
        return pa.array(values, pa.type_for_alias(_ARROW_TYPES[kind]))
    texts = [None if value is None else orjson.dumps(value).decode() for value in values]
    return pa.array(texts, pa.string())


if __name__ == "__main__":
    typer.run(main)
