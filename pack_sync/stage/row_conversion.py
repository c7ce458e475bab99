"""SQL that types a row's JSON, or says why it cannot be typed (contract S4).

Rows reach DuckDB as JSON text. For each property there are two expressions: the typed
value, and the reason why the value cannot become that type (NULL when it can). DuckDB's
own JSON reader is too kind for that: it would round 1.5 to 2 for a whole number, take true
for 1, and fail a whole file for one bad date. So everything is read as text and cast here.

There are two ways, with the same values. `RowConversion` takes any row, and says what is wrong
with it. `pack_sync.stage.split_rows` costs half as much and takes rows that have nothing
unusual; of what it suspects, this one judges.
"""

from collections.abc import Collection

import orjson

from pack_sdk.schemas import Schema
from pack_sync.stage.column_types import columns_of, is_text_id, may_widen, stored_schema
from pack_sync.stage.value_conversion import (
    Place,
    id_text,
    is_nested,
    pointer_to,
    problem_of,
    value_of,
)
from pack_sync.warehouse.identifiers import quote_literal

MAX_ID_LENGTH = 1024
"""The longest id, in characters (contract S6)."""


class RowConversion:
    """The SQL that turns rows of JSON into typed columns.

    `source(lines)` is a relation with one row for each JSON object of the relation `lines`
    (a column `json`); over it `values` has an expression for each of `columns`, `id` one
    for the row's id, and `problem` is a sentence or NULL. All fields of a row are extracted
    in one pass, because each extraction parses the row again.
    """

    def __init__(self, schema: Schema, wide: Collection[str] = ()) -> None:
        """`wide` names the properties whose columns need more room (see `stored_schema`)."""
        self.columns = columns_of(schema, wide)
        self._schema = schema = stored_schema(schema, wide)
        self._places = self._locate()
        self.values = [
            value_of(prop, self._places[name]) for name, prop in schema.properties.items()
        ]
        if is_text_id(schema, str(schema.id_property)):
            self.values[self.id_index] = id_text(self._places[str(schema.id_property)])
        if schema.include_unknown_properties:
            self.values.append(self._unknown_properties())
        problems = [
            problem_of(prop, self._places[name], name) for name, prop in schema.properties.items()
        ]
        self.problem = f"coalesce({', '.join([self._id_problem(), *problems])})"

    @property
    def id_index(self) -> int:
        """The position of the id among `columns`."""
        return list(self._schema.properties).index(str(self._schema.id_property))

    def select(self, lines: str) -> str:
        """A query of the columns `c0`, `c1`, …, `problem`, and `line` where there is a problem."""
        values = ", ".join(f"{value} AS c{i}" for i, value in enumerate(self.values))
        return (
            "SELECT * EXCLUDE (json), CASE WHEN problem IS NOT NULL THEN json END AS line "
            f"FROM (SELECT {values}, {self.problem} AS problem, json FROM {self.source(lines)})"
        )

    def source(self, lines: str) -> str:
        """The relation over which the expressions are written, with all that `lines` has."""
        scalars, nested = self._pointers()
        return (
            f"(SELECT *, json ->> [{', '.join(scalars) or repr('')}] AS texts, "
            f"json -> [{', '.join(nested) or repr('')}] AS parts FROM {lines})"
        )

    def too_narrow(self, name: str, wider: "RowConversion") -> str:
        """SQL over a row `line`: a value does not fit its column, and fits that of `wider`."""
        pointer = pointer_to(self._schema.field_of(name))
        narrow, wide = (
            problem_of(schema.properties[name], Place(container="line", pointer=pointer), name)
            for schema in (self._schema, wider._schema)
        )
        return f"{narrow} IS NOT NULL AND {wide} IS NULL"

    @property
    def narrow_properties(self) -> list[str]:
        """The properties whose columns could be wider (see `stored_schema`)."""
        return [name for name, prop in self._schema.properties.items() if may_widen(prop)]

    def _pointers(self) -> tuple[list[str], list[str]]:
        scalars: list[str] = []
        nested: list[str] = []
        for name, prop in self._schema.properties.items():
            pointer = quote_literal(pointer_to(self._schema.field_of(name)))
            (nested if is_nested(prop) else scalars).append(pointer)
        return scalars, nested

    def _locate(self) -> "dict[str, Place]":
        places: dict[str, Place] = {}
        scalars = nested = 0
        for name, prop in self._schema.properties.items():
            if is_nested(prop):
                nested += 1
                places[name] = Place(container=f"parts[{nested}]")
            else:
                scalars += 1
                pointer = pointer_to(self._schema.field_of(name))
                places[name] = Place(
                    container="json", pointer=pointer, texts={pointer: f"texts[{scalars}]"}
                )
        return places

    def _id_problem(self) -> str:
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

    def _unknown_properties(self) -> str:
        known = dict.fromkeys(self._schema.field_of(name) for name in self._schema.properties)
        # A merge patch of nulls removes the known fields and leaves the others untouched.
        return f"json_merge_patch(json, {quote_literal(orjson.dumps(known).decode())})"
