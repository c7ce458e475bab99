"""Rules about values: rows that can be stored, columns that are filled."""

import re
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from pack_sdk.row_values import value_at
from pack_sync.check.findings import Evidence, rule
from pack_sync.check.table_state import fields_of, some
from pack_sync.check.table_under_test import TableUnderTest
from pack_sync.check.traces import Trace
from pack_sync.spool.spool import Spool
from pack_sync.stage.stage import Stage
from pack_sync.stage.staged_pages import StagePart

_MANY_ROWS = 20
_COLUMN = re.compile(r"property '([^'.\[]+)")


@rule(
    "row-rejected",
    says="Rows fit the schema.",
    remedy="Correct the type of the property in the schema, or make the value fit in `execute`.",
    live=True,
)
def row_rejected(table: TableUnderTest) -> Iterator[Evidence]:
    """Rows that would be kept aside, by their reasons."""
    rejects, _ = _typed(table)
    seen = set[str]()
    for _, reason, _ in rejects:
        found = _COLUMN.search(reason)
        column = found[1] if found else ""
        if column in seen:
            continue
        seen.add(column)
        count = sum(f"property {column!r}" in each for _, each, _ in rejects)
        yield table.evidence(
            f"{count} of {len(table.still.first.rows)} rows would be rejected: {reason}",
            "property" if column else "result",
            column,
            column=column or None,
        )


@rule(
    "column-always-null",
    says="Every property is filled by some row.",
    remedy="Correct `from_key`, or what `execute` puts into the row; or leave the property out.",
    live=True,
)
def column_always_null(table: TableUnderTest) -> Iterator[Evidence]:
    """A property whose field no row has, or that is null in all rows though the service has it."""
    _, absent = _typed(table)
    for sentence in absent:
        named = re.search(r"the property '([^']+)'", sentence)
        column = named[1] if named else ""
        yield table.evidence(sentence, "property", column, column=column)
    rows = table.still.first.rows
    if len(rows) < _MANY_ROWS:
        return
    served = _served_fields(table.still.first)
    for name in table.still.schema.properties:
        field = table.still.schema.field_of(name)
        there = [row for row in map(fields_of, rows) if field in row]
        if len(there) < len(rows) or any(value_at(row, field) is not None for row in rows):
            continue
        for near in {_plain(name), _plain(field)} & served.keys():
            yield table.evidence(
                f"the property {name!r} is null in all {len(rows)} rows, though the service's "
                f"answers have {some(sorted(served[near]))}",
                "property",
                name,
                column=name,
            )


@lru_cache(maxsize=2)
def _typed(table: TableUnderTest) -> tuple[list[tuple[int, str, str]], list[str]]:
    """The rejected rows of the first full sync, and what is said of properties that no row has."""
    still = table.still
    with tempfile.TemporaryDirectory(prefix="check-") as folder:
        spool = Spool.begin(Path(folder) / "spool")
        try:
            for page in still.first.pages:
                spool.append(page.page, 0)
        finally:
            spool.close()
        with Stage(Path(folder) / "stage.duckdb", still.schema) as stage:
            stage.load(spool, [StagePart(sync="check", complete=True)])
            _, rejects, _ = stage.sample(1_000)
            return rejects, stage.absent_properties(spool)


def _served_fields(trace: Trace) -> dict[str, set[str]]:
    """The fields of all objects in the answers that have a value, by their plain names."""
    found: dict[str, set[str]] = {}

    def look(value: Any) -> None:
        if isinstance(value, dict):
            for name, inner in cast("dict[str, Any]", value).items():
                if inner is not None and inner != "":
                    found.setdefault(_plain(name), set()).add(name)
                look(inner)
        elif isinstance(value, list):
            for inner in cast("list[Any]", value)[:50]:
                look(inner)

    for exchange in trace.exchanges:
        look(exchange.response.body)
    return found


def _plain(name: str) -> str:
    return re.sub(r"\W|_", "", name).casefold()
