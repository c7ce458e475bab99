"""SQL that types a row's JSON, or says why it cannot be typed (contract S4).

Rows reach DuckDB as JSON text. For each property there are two expressions: the typed
value, and the reason why the value cannot become that type (NULL when it can). DuckDB's
own JSON reader is too kind for that: it would round 1.5 to 2 for a whole number, take true
for 1, and fail a whole file for one bad date. So everything is read as text and cast here.

There are two ways, with the same values. `RowConversion` takes any row, and says what is wrong
with it. `pack_sync.stage.split_rows` costs half as much and takes rows that have nothing
unusual; of what it suspects, this one judges.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Literal

import orjson

from pack_sdk.schemas import Schema, ValueType
from pack_sync.stage.column_types import columns_of, is_text_id, stored_schema
from pack_sync.stage.outgrown_numbers import outgrown
from pack_sync.stage.places import Place
from pack_sync.stage.value_conversion import (
    How,
    id_text,
    is_nested,
    problem_of,
    reasons_of,
    value_of,
)
from pack_sync.warehouse.identifiers import quote_literal

BadValues = Literal["reject", "null"]
"""What becomes of a row with a value that cannot be typed: it is rejected, or has NULL there."""

MAX_ID_LENGTH = 1024
"""The longest id, in characters (contract S6)."""


class RowConversion:
    """The SQL that turns rows of JSON into typed columns.

    All fields of a row are extracted in one pass, because each extraction parses the row again.
    """

    def __init__(
        self,
        schema: Schema,
        wide: Collection[str] = (),
        exact: Collection[str] = (),
        *,
        bad_values: BadValues = "reject",
    ) -> None:
        """`wide` and `exact` name properties whose columns need more room (see `stored_schema`).

        With `bad_values` of "null" a value that cannot be typed does not reject its row, unless
        that is the id or required: NULL is stored in its place.
        """
        self.columns = columns_of(schema, wide, exact)
        self._schema = stored_schema(schema, wide, exact)
        self._bad_values = bad_values
        self._scalars: list[str] = []
        self._nested: list[str] = []
        self._places = self._locate()

    @property
    def id_index(self) -> int:
        """The position of the id among `columns`."""
        return list(self._schema.properties).index(str(self._schema.id_property))

    def quick(self, lines: str) -> str:
        """A query of the columns `c0`, `c1`, … and `suspected`, of the relation `lines`.

        That has one row for each JSON object: a column `json`. The order is kept.
        """
        problems = f"coalesce({', '.join(self._problems(How.QUICK, self._schema.properties))})"
        typed = self._typed(lines, How.QUICK)
        return f"SELECT {self._numbered}, {problems} IS NOT NULL AS suspected FROM ({typed})"

    def thorough(self, lines: str) -> str:
        """A query of the columns `c0`, `c1`, …, `problem`, `nulled`, `line`, and those of `lines`.

        `problem` is why the row is rejected; `nulled` which values have become NULL, and why.
        `line` is the row's JSON if it has one of both.
        """
        return f"""
            SELECT * EXCLUDE (json),
                CASE WHEN problem IS NOT NULL OR nulled IS NOT NULL THEN json END AS line
            FROM (
                SELECT * EXCLUDE (texts, parts),
                    {self._problem} AS problem,
                    CASE WHEN problem IS NULL THEN {self._nulled} END AS nulled
                FROM ({self._typed(lines, How.THOROUGH)})
            )"""

    def _typed(self, lines: str, how: How) -> str:
        scalars, nested = self._scalars, self._nested
        values = ", ".join(f"{value} AS c{i}" for i, value in enumerate(self._values(how)))
        return (
            f"SELECT *, {values} FROM (SELECT *, json ->> [{', '.join(scalars) or repr('')}] "
            f"AS texts, json -> [{', '.join(nested) or repr('')}] AS parts FROM {lines})"
        )

    def _values(self, how: How) -> Iterator[str]:
        """SQL for the typed value of each column."""
        for name, prop in self._schema.properties.items():
            place = self._places[name]
            if self._is_composite(name):
                yield place.text
            else:
                is_text = is_text_id(self._schema, name)
                yield id_text(place) if is_text else value_of(prop, place, how=how)
        if self._schema.include_unknown_properties:
            yield self._unknown_properties()

    @property
    def _numbered(self) -> str:
        return ", ".join(f"c{i}" for i in range(len(self.columns)))

    @cached_property
    def _problem(self) -> str:
        names = [
            name
            for name in self._schema.properties
            if self._bad_values == "reject" or self._is_indispensable(name)
        ]
        return f"coalesce({', '.join(self._problems(How.THOROUGH, names))})"

    @cached_property
    def _nulled(self) -> str:
        """SQL for the reasons of all values that become NULL though the row is stored.

        Of a property with many values the first of the reasons that differ.
        """
        names = [
            name
            for name, prop in self._schema.properties.items()
            if _has_objects(prop)
            or (self._bad_values == "null" and not self._is_indispensable(name))
        ]
        _, *found = self._problems(How.STRICT, names)
        problems = (
            reasons_of(problem) if is_nested(self._schema.properties[name]) else problem
            for name, problem in zip(names, found, strict=True)
        )
        return f"nullif(concat_ws('; ', {', '.join(problems)}), '')" if names else "NULL"

    def _is_indispensable(self, name: str) -> bool:
        return name == self._schema.id_property or self._schema.properties[name].required

    def _problems(self, how: How, names: Collection[str]) -> list[str]:
        """SQL for why a row has no usable id, and what is wrong with each of these properties."""
        numbers = {name: number for number, name in enumerate(self._schema.properties)}
        return [
            self._id_problem(),
            *(
                problem_of(
                    self._schema.properties[name],
                    self._places[name],
                    name,
                    how=how,
                    typed=f"c{numbers[name]}",
                )
                for name in names
            ),
        ]

    def too_narrow(self, name: str, wider: "RowConversion") -> str:
        """SQL over a row `line`: a number does not fit its column, and fits that of `wider`."""
        place = Place(container="line").of_property(self._schema, name)
        return outgrown(self._schema.properties[name], wider._schema.properties[name], place)

    def _locate(self) -> "dict[str, Place]":
        """Where each property is, once all that `_typed` extracts is there."""
        places: dict[str, Place] = {}
        for name, prop in self._schema.properties.items():
            if self._is_composite(name):
                continue
            place = Place(container="json").of_property(self._schema, name)
            pointers = [pointer for pointer in (place.pointer, place.path) if pointer]
            if is_nested(prop):
                parts = [self._extracted(self._nested, each, "parts") for each in pointers]
                places[name] = Place(container=_first_given(parts))
            else:
                texts = {each: self._extracted(self._scalars, each, "texts") for each in pointers}
                places[name] = replace(place, texts=texts)
        if self._schema.id_properties:
            parts = [places[name] for name in self._schema.id_properties]
            places[str(self._schema.id_property)] = _composite(parts)
        return places

    def _is_composite(self, name: str) -> bool:
        """Whether a property is an id that is made of others."""
        return bool(self._schema.id_properties) and name == self._schema.id_property

    def _extracted(self, pointers: list[str], pointer: str, into: str) -> str:
        """SQL for what is extracted from a pointer, which is added to those extracted."""
        pointers.append(quote_literal(pointer))
        return f"{into}[{len(pointers)}]"

    def _id_problem(self) -> str:
        if self._schema.id_properties:
            return self._problem_of_parts()
        name = str(self._schema.id_property)
        place = self._places[name]
        text, shown = place.text, quote_literal(f"property {name!r}: ")
        suspicious = f"left({text}, 1) IN ('{{', '[', 't', 'f')"  # spares a parse of most rows
        return (
            "CASE WHEN json_type(json) <> 'OBJECT' THEN 'the row is not an object' "
            f"WHEN {text} IS NULL THEN {shown} || 'the row has no id' "
            f"WHEN {text} = '' THEN {shown} || 'the id is empty' "
            f"WHEN length({text}) > {MAX_ID_LENGTH} "
            f"THEN {shown} || 'the id is longer than {MAX_ID_LENGTH:,} characters' "
            f"WHEN {suspicious} AND {place.kind} <> 'VARCHAR' "
            f"THEN {shown} || 'the id is neither a string nor a number' END"
        )

    def _problem_of_parts(self) -> str:
        """As `_id_problem`, of an id that is made of several properties."""
        cases = ["WHEN json_type(json) <> 'OBJECT' THEN 'the row is not an object'"]
        for name in self._schema.id_properties:
            place, shown = self._places[name], quote_literal(f"property {name!r}: ")
            cases += [
                f"WHEN coalesce({place.text}, '') = '' "
                f"THEN {shown} || 'a part of the id is missing'",
                f"WHEN {place.kind} IN ('OBJECT', 'ARRAY', 'BOOLEAN') "
                f"THEN {shown} || 'a part of the id is neither a string nor a number'",
            ]
        whole = self._places[str(self._schema.id_property)].text
        too_long = f"the id is longer than {MAX_ID_LENGTH:,} characters"
        cases.append(f"WHEN length({whole}) > {MAX_ID_LENGTH} THEN {quote_literal(too_long)}")
        return f"CASE {' '.join(cases)} END"

    def _unknown_properties(self) -> str:
        known = dict.fromkeys(self._schema.field_of(name) for name in self._schema.properties)
        # A merge patch of nulls removes the known fields and leaves the others untouched.
        return f"json_merge_patch(json, {quote_literal(orjson.dumps(known).decode())})"


def _composite(parts: list[Place]) -> Place:
    """The place of an id that is made of these: a JSON list of texts, as `row_id` has it."""
    texts = [id_text(part) for part in parts]
    missing = " OR ".join(f"coalesce({part.text}, '') = ''" for part in parts)
    made = f"CAST(to_json([{', '.join(texts)}]) AS VARCHAR)"
    return Place(container="json", texts={"": f"CASE WHEN NOT ({missing}) THEN {made} END"})


def _first_given(parts: list[str]) -> str:
    """SQL for the first of these JSON values that is there and not null."""
    first, *others = parts
    if not others:
        return first
    return f"CASE WHEN json_type({first}) <> 'NULL' THEN {first} ELSE {_first_given(others)} END"


def _has_objects(schema: Schema) -> bool:
    """Whether an object is declared at a value or inside of it."""
    if schema.items is not None:
        return _has_objects(schema.items)
    return schema.type is ValueType.OBJECT
