"""Deletions by the values of properties, as a relation of a stage: `deleted_where` (contract C9).

A line is what the pack gave as one object: its values typed as those of rows, in the columns `cN`
that `given` names, with the count of rows that had arrived before. There is no such relation if
there is no such deletion. Which rows of the table they mean is only known at the commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import orjson

from pack_sdk.schemas import Schema
from pack_sync.stage.column_types import sql_type_of, stored_schema
from pack_sync.stage.places import Place
from pack_sync.stage.relations import DELETED_WHERE
from pack_sync.stage.value_conversion import How, described, value_of
from pack_sync.warehouse.duckdb_handles import STAGE

_BATCH = 10_000


@dataclass(frozen=True, kw_only=True)
class GivenColumns:
    """Columns by whose values rows are deleted: their numbers, with the types in `deleted_where`.

    `text` is how `given` names them.
    """

    text: str
    types: Mapping[int, str]

    def same(self, told: str, values: Mapping[int, str]) -> str:
        """SQL: the line `told` of `deleted_where` has these values, SQL by column number.

        A column of the table may be wider or narrower than what is typed here.
        """
        equal = (
            f"TRY_CAST({values[number]} AS {sql_type}) = {told}.c{number}"
            for number, sql_type in self.types.items()
        )
        return f"{told}.given = '{self.text}' AND {' AND '.join(equal)}"


@dataclass(frozen=True, kw_only=True)
class UnusableDeletions:
    """Deletions with a value that no row can have, which delete nothing.

    `example` is one as JSON, whose value of the property `name` is not what was `expected`.
    """

    count: int
    example: str
    name: str
    expected: str


class DeletedWhere:
    """Collects the deletions of a spool, and makes the relation of them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, schema: Schema) -> None:
        self._connection = connection
        self._schema = schema
        self._numbers = {name: number for number, name in enumerate(schema.properties)}
        self._given: set[tuple[int, ...]] = set()
        self._lines: list[tuple[int, str, str, str]] = []
        self.unusable: UnusableDeletions | None = None
        """What has a value that no row can have."""

    def add(self, rows_before: int, sync: str, properties: Mapping[str, Any]) -> None:
        """Keep one, told after so many rows."""
        numbers = tuple(sorted(self._numbers[name] for name in properties))
        self._given.add(numbers)
        line = orjson.dumps(properties).decode()
        self._lines.append((rows_before, sync, _text_of(numbers), line))
        if len(self._lines) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        if not self._lines:
            return
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS told_where "
            "(rows_before BIGINT, sync VARCHAR, given VARCHAR, line JSON)"
        )
        self._connection.execute(
            "INSERT INTO told_where SELECT unnest(?), unnest(?), unnest(?), unnest(?::VARCHAR[])",
            [list(column) for column in zip(*self._lines, strict=True)],
        )
        self._lines.clear()

    def finish(self) -> None:
        """Make `deleted_where`, without those that have a value which no row can have."""
        self._flush()
        if not self._given:
            return
        numbers = sorted({number for given in self._given for number in given})
        values = ", ".join(
            f"CAST({typed} AS {sql_type}) AS c{number}"
            for number in numbers
            for typed, sql_type in [_typed(self._schema, number)]
        )
        self._connection.execute(
            f"""
            CREATE TABLE deleted_where AS
            SELECT max(rows_before) AS rows_before, * EXCLUDE (rows_before)
            FROM (SELECT rows_before, sync, given, {values}, line FROM told_where)
            GROUP BY ALL
            """
        )
        untyped = " OR ".join(
            f"(given = '{_text_of(given)}' AND ({' OR '.join(f'c{n} IS NULL' for n in given)}))"
            for given in sorted(self._given)
        )
        self.unusable = self._unusable(untyped)
        if self.unusable:
            self._connection.execute(f"DELETE FROM deleted_where WHERE {untyped}")

    def _unusable(self, untyped: str) -> UnusableDeletions | None:
        found = self._connection.execute(
            f"SELECT count(DISTINCT line), min(line) FROM deleted_where WHERE {untyped}"
        ).fetchall()
        ((count, example),) = found
        if not count:
            return None
        where = f"FROM deleted_where WHERE line = ? AND {untyped}"
        ((given,),) = self._connection.execute(
            f"SELECT given {where} LIMIT 1", [example]
        ).fetchall()
        bad = " ".join(f"WHEN c{n} IS NULL THEN {n}" for n in given.split(","))
        ((number,),) = self._connection.execute(
            f"SELECT CASE {bad} END {where} LIMIT 1", [example]
        ).fetchall()
        name = list(self._schema.properties)[int(number)]
        expected = described(_with_room(self._schema, name))
        return UnusableDeletions(count=count, example=example, name=name, expected=expected)

    def given_columns(self) -> list[GivenColumns]:
        """Which columns its lines give, as `given_columns` finds it in an attached stage."""
        return given_columns(self._connection) if self._given else []


def given_columns(connection: duckdb.DuckDBPyConnection) -> list[GivenColumns]:
    """Which columns the lines of `deleted_where` give; none if there is no such relation."""
    types = dict(
        connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() "
            "WHERE database_name = ? AND table_name = 'deleted_where'",
            [STAGE],
        ).fetchall()
    )
    if not types:
        return []
    found = connection.execute(f"SELECT DISTINCT given FROM {DELETED_WHERE} ORDER BY given")
    return [
        GivenColumns(text=text, types={int(n): types[f"c{n}"] for n in text.split(",")})
        for (text,) in found.fetchall()
    ]


def value_in_row(schema: Schema, number: int, line: str) -> str:
    """SQL for a column's value in the JSON `line` of a row, as deletions are compared with it."""
    name = list(schema.properties)[number]
    return _value_at(schema, name, Place(container=line).of_property(schema, name))


def _typed(schema: Schema, number: int) -> tuple[str, str]:
    """SQL for a value that is given under the property's name, and its type."""
    name = list(schema.properties)[number]
    sql_type = sql_type_of(_with_room(schema, name))
    return _value_at(schema, name, Place(container="line").child(name)), sql_type


def _value_at(schema: Schema, name: str, place: Place) -> str:
    return value_of(_with_room(schema, name), place, how=How.THOROUGH)


def _with_room(schema: Schema, name: str) -> Schema:
    """The property as it is stored when all numbers are exact."""
    return stored_schema(schema, exact={name}).properties[name]


def _text_of(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))
