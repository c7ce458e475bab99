"""Rules about values: rows that can be stored, columns that are filled."""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, cast

from pack_sdk.row_values import value_at
from pack_sdk.schemas import ValueHint
from pack_sync.check.findings import Evidence, rule
from pack_sync.check.table_state import fields_of, leaves, some, stored
from pack_sync.check.table_under_test import TableUnderTest
from pack_sync.check.traces import Trace
from pack_sync.spool.spool import Spool
from pack_sync.stage.column_types import TEMPORAL_TYPES, scalar_type
from pack_sync.stage.stage import Stage
from pack_sync.stage.staged_pages import StagePart

_MANY_ROWS = 20
_COLUMN = re.compile(r"property '([^'.\[]+)")
_NO_VALUE = re.compile(r"^(None|null|undefined|nan|NaN|Invalid Date)$|\[object Object\]")
_DATES = {TEMPORAL_TYPES[ValueHint.DATE], TEMPORAL_TYPES[ValueHint.DATE_TIME]}


@dataclass(frozen=True, kw_only=True)
class _Typed:
    """Rows with the values of their columns, rejected rows, and what no row has, as a sentence."""

    rows: list[tuple[Any, ...]]
    rejects: list[tuple[int, str, str]]
    absent: list[str]


@rule(
    "row-rejected",
    says="Rows fit the schema.",
    remedy="Correct the type of the property in the schema, or make the value fit in `execute`.",
    live=True,
)
def row_rejected(table: TableUnderTest) -> Iterator[Evidence]:
    """Rows that would be kept aside, by their reasons."""
    rejects = _typed(table).rejects
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
    for sentence in _typed(table).absent:
        named = re.search(r"the property '([^']+)'", sentence)
        column = named[1] if named else ""
        yield table.evidence_of_property(sentence, column)
    rows = table.still.first.rows
    if len(rows) < _MANY_ROWS:
        return
    served = _served_fields(table.still.first)
    for name in table.still.schema.properties:
        field = table.still.schema.field_of(name)
        there = [row for row in map(fields_of, rows) if field in row]
        values = [value_at(row, field) for row in rows]
        lists = [cast("list[Any]", each) for each in values if isinstance(each, list)]
        if elements := list(chain.from_iterable(lists)):
            if all(each is None for each in elements):
                yield table.evidence_of_property(
                    f"each value in the lists of the property {name!r} is null, in all "
                    f"{len(rows)} rows",
                    name,
                )
            continue
        if len(there) < len(rows) or any(value is not None for value in values):
            continue
        for near in {_plain(name), _plain(field)} & served.keys():
            yield table.evidence_of_property(
                f"the property {name!r} is null in all {len(rows)} rows, though the service's "
                f"answers have {some(sorted(served[near]))}",
                name,
            )


@rule(
    "null-as-text",
    says="A value that the service leaves empty is null.",
    remedy="Turn a value into text only where there is one; in Python, "
    "`None if value is None else str(value)`.",
    live=True,
)
def null_as_text(table: TableUnderTest) -> Iterator[Evidence]:
    """A text such as "None" or "undefined", which no answer of the service has."""
    served = {text for each in table.still.first.exchanges for text in _texts(each.response.body)}
    told = set[str]()
    for row in table.still.first.rows:
        for name, value in stored(row, table.still.schema).items():
            made = next((t for t in _texts(value) if _NO_VALUE.search(t) and t not in served), None)
            if made is not None and name not in told:
                told.add(name)
                yield table.evidence_of_property(
                    f"the property {name!r} has the text {made!r}, which the service did not send",
                    name,
                )


def _texts(value: Any) -> Iterator[str]:
    return (each for each in leaves(value) if isinstance(each, str))


@rule(
    "wrong-unit-of-time",
    says="Seconds are not taken for milliseconds, nor milliseconds for seconds.",
    remedy="A number that is a date or a time counts seconds since 1970: divide milliseconds by "
    "1000, and leave seconds as they are.",
    live=True,
)
def wrong_unit_of_time(table: TableUnderTest) -> Iterator[Evidence]:
    """Times after the year 9999, or all of them some weeks after the beginning of 1970."""
    columns = list(table.still.schema.properties)
    rows = _typed(table).rows
    for number, name in enumerate(columns):
        values = [row[number] for row in rows if row[number] is not None]
        # DuckDB gives times that Python does not know as texts.
        far = [each for each in values if isinstance(each, str)] if _is_time(table, name) else []
        early = [each for each in values if isinstance(each, date) and _is_early(each)]
        if far or (early and len(early) == len(values)):
            yield table.evidence_of_property(
                f"{len(far or early)} of {len(values)} values of the property {name!r} would be "
                f"stored as times such as {(far or early)[0]}",
                name,
            )


def _is_time(table: TableUnderTest, name: str) -> bool:
    return scalar_type(table.still.schema.properties[name]) in _DATES


def _is_early(moment: date) -> bool:
    """Whether it is a time from 2001 on, in milliseconds that were taken for seconds."""
    return (moment.year, moment.month) == (1970, 1) and moment.day > 11


@lru_cache(maxsize=2)
def _typed(table: TableUnderTest) -> _Typed:
    """What the rows of the first full sync would be in the table."""
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
            rows, rejects, _ = stage.sample(1_000)
            return _Typed(rows=rows, rejects=rejects, absent=stage.absent_properties(spool))


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
