"""SQL that types a row's JSON, or says why it cannot be typed (contract S4).

Rows reach DuckDB as JSON text. For each property there are two expressions: the typed
value, and the reason why the value cannot become that type (NULL when it can). DuckDB's
own JSON reader is too kind for that: it would round 1.5 to 2 for a whole number, take true
for 1, and fail a whole file for one bad date. So everything is read as text and cast here.

`RowConversion` is the entrance; the rest is a recursion over the schema.
"""

from dataclasses import dataclass

import orjson

from pack_sdk.schemas import Schema, ValueType
from resources.warehouse.columns import (
    TEMPORAL_TYPES,
    columns_of,
    is_kept_as_json,
    scalar_type,
)
from resources.warehouse.identifiers import quote_literal

MAX_ID_LENGTH = 1024
"""The longest id, in characters (contract S6)."""

_NUMBER = r"'\s*[-+]?[0-9.]+([eE][-+]?[0-9]+)?\s*'"
_DIGITS = r"'\s*[-+]?[0-9]+\s*'"


class RowConversion:
    """The SQL that turns rows of JSON into typed columns.

    `source(lines)` is a relation with one row for each JSON object of the relation `lines`
    (a column `json`); over it `values` has an expression for each of `columns`, `id` one
    for the row's id, and `problem` is a sentence or NULL. All fields of a row are extracted
    in one pass, because each extraction parses the row again.
    """

    def __init__(self, schema: Schema) -> None:
        self.columns = columns_of(schema)
        self._schema = schema
        self._places = self._locate()
        self.values = [_value(prop, self._places[name]) for name, prop in schema.properties.items()]
        if schema.include_unknown_properties:
            self.values.append(self._unknown_properties())
        problems = [
            _problem(prop, self._places[name], name) for name, prop in schema.properties.items()
        ]
        self.problem = f"coalesce({', '.join([self._id_problem(), *problems])})"

    @property
    def id_index(self) -> int:
        """The position of the id among `columns`."""
        return list(self._schema.properties).index(str(self._schema.id_property))

    def source(self, lines: str) -> str:
        """The relation over which the expressions are written."""
        scalars, nested = self._pointers()
        return (
            f"(SELECT json, json ->> [{', '.join(scalars) or repr('')}] AS texts, "
            f"json -> [{', '.join(nested) or repr('')}] AS parts FROM {lines})"
        )

    def id_from_text(self, text: str) -> str:
        """SQL that types an id given as text (a deleted id), NULL when it cannot be one."""
        return _scalar_value(self._schema.properties[str(self._schema.id_property)], text)

    def _pointers(self) -> tuple[list[str], list[str]]:
        scalars: list[str] = []
        nested: list[str] = []
        for name, prop in self._schema.properties.items():
            pointer = quote_literal(_pointer(self._schema.field_of(name)))
            (nested if _is_nested(prop) else scalars).append(pointer)
        return scalars, nested

    def _locate(self) -> "dict[str, _Place]":
        places: dict[str, _Place] = {}
        scalars = nested = 0
        for name, prop in self._schema.properties.items():
            if _is_nested(prop):
                nested += 1
                places[name] = _Place(container=f"parts[{nested}]")
            else:
                scalars += 1
                pointer = _pointer(self._schema.field_of(name))
                places[name] = _Place(
                    container="json", pointer=pointer, known_text=f"texts[{scalars}]"
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


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a value is: `pointer` (RFC 6901) inside the JSON expression `container`."""

    container: str
    pointer: str = ""
    known_text: str = ""

    @property
    def json(self) -> str:
        return (
            f"({self.container} -> {quote_literal(self.pointer)})"
            if self.pointer
            else self.container
        )

    @property
    def text(self) -> str:
        return self.known_text or f"({self.container} ->> {quote_literal(self.pointer)})"

    @property
    def kind(self) -> str:
        return f"json_type({self.container}, {quote_literal(self.pointer)})"

    def child(self, key: str) -> "_Place":
        return _Place(container=self.container, pointer=self.pointer + _pointer(key))


def _pointer(key: str) -> str:
    """A JSON pointer to a field: unlike `$.key` it needs no quoting rules."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _is_nested(schema: Schema) -> bool:
    return schema.type in (ValueType.ARRAY, ValueType.OBJECT)


def _value(schema: Schema, place: _Place, depth: int = 0) -> str:
    """SQL for the typed value at a place; NULL where it cannot be typed."""
    if schema.type is ValueType.ARRAY and schema.items is not None:
        element = f"x{depth}"
        item = _value(schema.items, _Place(container=element), depth + 1)
        return (
            f"CASE WHEN {place.kind} = 'ARRAY' THEN "
            f"list_transform(json_extract({place.json}, '$[*]'), lambda {element}: {item}) END"
        )
    if schema.type is not ValueType.OBJECT:
        return _scalar_value(schema, place.text)
    packed = place.json
    if not is_kept_as_json(schema):
        fields = (
            f"{quote_literal(name)}: {_value(prop, place.child(schema.field_of(name)), depth)}"
            for name, prop in schema.properties.items()
        )
        packed = "{" + ", ".join(fields) + "}"
    return f"CASE WHEN {place.kind} = 'OBJECT' THEN {packed} END"


def _problem(schema: Schema, place: _Place, name: str, depth: int = 0) -> str:
    """SQL for why the value at a place cannot be typed, NULL when it can.

    `name` is the property's path for the message, such as `owner.email`.
    """
    cases: list[str] = []
    if schema.required:
        reason = quote_literal(f"property {name!r}: required, but missing or null")
        cases.append(f"WHEN {place.text} IS NULL THEN {reason}")
    if _is_nested(schema):
        expected, inside = _inside_problem(schema, place, name, depth)
        wrong = _wrong(name, place.text, "an " + expected.lower())
        cases.append(f"WHEN {place.kind} = '{expected}' THEN {inside}")
        cases.append(f"WHEN {place.kind} <> 'NULL' THEN {wrong}")
    elif scalar_type(schema) != "VARCHAR":  # any JSON has a text: nothing can go wrong
        wrong = _wrong(name, place.text, _described(schema))
        typed = _scalar_value(schema, place.text)
        cases.append(f"WHEN {place.text} IS NOT NULL AND {typed} IS NULL THEN {wrong}")
    return f"CASE {' '.join(cases)} END" if cases else "NULL"


def _inside_problem(schema: Schema, place: _Place, name: str, depth: int) -> tuple[str, str]:
    """The JSON kind that an array or object must have, and SQL for what is wrong inside."""
    if schema.type is ValueType.ARRAY and schema.items is not None:
        element = f"x{depth}"
        item = _problem(schema.items, _Place(container=element), f"{name}[]", depth + 1)
        found = f"list_transform(json_extract({place.json}, '$[*]'), lambda {element}: {item})"
        return "ARRAY", f"list_filter({found}, lambda problem: problem IS NOT NULL)[1]"
    if is_kept_as_json(schema):
        return "OBJECT", "NULL"
    parts = [
        _problem(prop, place.child(schema.field_of(key)), f"{name}.{key}", depth)
        for key, prop in schema.properties.items()
    ]
    return "OBJECT", f"coalesce({', '.join([*parts, 'NULL'])})"


def _wrong(name: str, text: str, expected: str) -> str:
    before = quote_literal(f"property {name!r}: ")
    shown = f"CASE WHEN {text} = '' THEN 'the empty string' ELSE left({text}, 200) END"
    return f"{before} || {shown} || {quote_literal(f' is not {expected}')}"


def _described(schema: Schema) -> str:
    hint = f" ({schema.hint.value})" if schema.hint else ""
    whole = "whole " if scalar_type(schema) in ("BIGINT", "INTEGER") else ""
    return f"a {whole}{schema.type.value}{hint} that fits {scalar_type(schema)}"


def _scalar_value(schema: Schema, text: str) -> str:
    """SQL that types `text`, an SQL expression of a scalar's text; NULL if it cannot."""
    sql_type = scalar_type(schema)
    if sql_type == "VARCHAR":
        return text
    if sql_type == "BOOLEAN":
        return (
            f"CASE WHEN {text} IN ('true', '1') THEN true "
            f"WHEN {text} IN ('false', '0') THEN false END"
        )
    if schema.type is ValueType.STRING:
        return _temporal_from_string(sql_type, text)
    if schema.hint in TEMPORAL_TYPES:
        return _temporal_from_number(sql_type, text)
    if sql_type in ("BIGINT", "INTEGER"):
        return f"TRY_CAST({_whole(text)} AS {sql_type})"
    if sql_type == "DOUBLE":
        return _finite(text)
    # Like the other casts this one takes inf and 0x10, which JSON does not have.
    return f"CASE WHEN regexp_full_match({text}, {_NUMBER}) THEN {_decimal(text)} END"


def _finite(text: str) -> str:
    number = f"TRY_CAST({text} AS DOUBLE)"
    return f"CASE WHEN isfinite({number}) AND NOT contains({text}, '_') THEN {number} END"


def _decimal(text: str) -> str:
    """SQL for a DECIMAL(38, 9), NULL outside its range.

    DuckDB's cast of a text with an exponent lets through what is up to 1.7 times too large,
    and whatever touches such a value fails.
    """
    in_range = f"abs(TRY_CAST({text} AS DOUBLE)) < 1e29"
    return f"CASE WHEN {in_range} THEN TRY_CAST({text} AS DECIMAL(38, 9)) END"


def _whole(text: str) -> str:
    """SQL for a whole number: a cast would round 1.5, but 2.0 and 1e3 are whole."""
    number, rough = _decimal(text), f"TRY_CAST({text} AS DOUBLE)"
    return (  # DECIMAL alone would take 1e-10 for 0, DOUBLE alone 9007199254740993.5 for whole
        f"CASE WHEN regexp_full_match({text}, {_DIGITS}) THEN TRY_CAST({text} AS BIGINT) "
        f"WHEN regexp_full_match({text}, {_NUMBER}) AND {number} = trunc({number}) "
        f"AND {rough} = trunc({rough}) THEN TRY_CAST({number} AS BIGINT) END"
    )


def _temporal_from_string(sql_type: str, text: str) -> str:
    value = f"TRY_CAST({text} AS {sql_type})"
    if sql_type == "INTERVAL":  # the cast takes a number without a unit for seconds
        return f"CASE WHEN regexp_matches({text}, '[a-zA-Z:]') THEN {value} END"
    if sql_type == "TIME":  # and a day alone for its midnight
        return f"CASE WHEN contains({text}, ':') THEN {value} END"
    # The casts also take 'infinity' and 'epoch', however they are written.
    return f"CASE WHEN isfinite({value}) AND NOT contains(lower({text}), 'epoch') THEN {value} END"


def _temporal_from_number(sql_type: str, text: str) -> str:
    number = _finite(text)
    if sql_type == "INTERVAL":  # days
        return f"TRY(to_microseconds(CAST(round({number} * 86400000000) AS BIGINT)))"
    moment = f"TRY(to_timestamp({number}))"
    if sql_type in ("DATE", "TIME"):
        return f"TRY(CAST(timezone('UTC', {moment}) AS {sql_type}))"
    return moment
