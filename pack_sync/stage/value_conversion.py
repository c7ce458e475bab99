"""SQL that types a value of a row, or says why it cannot be typed (contract S4).

A recursion over the schema. DuckDB's own casts are too kind for JSON: they would round 1.5 to 2
for a whole number, take true for 1, and infinity for a date.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from pack_sdk.schemas import Schema, ValueType
from pack_sync.stage.column_types import EXACT, TEMPORAL_TYPES, is_kept_as_json, scalar_type
from pack_sync.warehouse.identifiers import quote_literal

_NUMBER = r"'\s*[-+]?[0-9.]+([eE][-+]?[0-9]+)?\s*'"
_LARGEST_EXACT = 2**53
"""Up to here a DOUBLE holds every whole number."""

_DIGITS = r"'\s*[-+]?[0-9]+\s*'"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a value is: `pointer` (RFC 6901) inside the JSON expression `container`.

    `texts` are the texts that were extracted already, by their pointers.
    """

    container: str
    pointer: str = ""
    texts: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def json(self) -> str:
        """SQL for the value as JSON, NULL if there is none."""
        return (
            f"({self.container} -> {quote_literal(self.pointer)})"
            if self.pointer
            else self.container
        )

    @property
    def text(self) -> str:
        """SQL for the value as text: of a string what it says, of all else its JSON."""
        known = self.texts.get(self.pointer)
        return known or f"({self.container} ->> {quote_literal(self.pointer)})"

    @property
    def kind(self) -> str:
        """SQL for the JSON type of the value, NULL if there is none."""
        return f"json_type({self.container}, {quote_literal(self.pointer)})"

    def child(self, key: str) -> "Place":
        """The place of a field of the object that is here."""
        return replace(self, pointer=self.pointer + pointer_to(key))

    def is_kind(self, kind: str) -> str:
        """SQL that is true for an ARRAY or OBJECT here, whichever is asked for."""
        if self.pointer:
            return f"{self.kind} = '{kind}'"
        # A container is JSON as DuckDB writes it, and needs no parsing to tell.
        return f"starts_with({self.container}, '{'[' if kind == 'ARRAY' else '{'}')"


def pointer_to(key: str) -> str:
    """A JSON pointer to a field: unlike `$.key` it needs no quoting rules."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def is_nested(schema: Schema) -> bool:
    """Whether the values of a property are arrays or objects."""
    return schema.type in (ValueType.ARRAY, ValueType.OBJECT)


def value_of(schema: Schema, place: Place, depth: int = 0) -> str:
    """SQL for the typed value at a place; NULL where it cannot be typed."""
    if schema.type is ValueType.ARRAY and schema.items is not None:
        return f"CASE WHEN {place.is_kind('ARRAY')} THEN {_list(schema.items, place, depth)} END"
    if schema.type is not ValueType.OBJECT:
        return scalar_value(schema, place.text)
    packed = place.json
    if not is_kept_as_json(schema):
        fields = (
            f"{quote_literal(name)}: {value_of(prop, place.child(schema.field_of(name)), depth)}"
            for name, prop in schema.properties.items()
        )
        packed = "{" + ", ".join(fields) + "}"
    return f"CASE WHEN {place.is_kind('OBJECT')} THEN {packed} END"


def _list(items: Schema, place: Place, depth: int) -> str:
    element = f"x{depth}"
    if is_nested(items):
        item = value_of(items, Place(container=element), depth + 1)
        return f"list_transform(json_extract({place.json}, '$[*]'), lambda {element}: {item})"
    texts = item_texts(place)
    if scalar_type(items) == "VARCHAR":
        return texts
    return f"list_transform({texts}, lambda {element}: {scalar_value(items, element)})"


def item_texts(place: Place) -> str:
    """SQL for the items of the array at a place as texts, NULL for null."""
    return f"({place.json} ->> '$[*]')"


def lost_items(items: Schema, place: Place, typed: str) -> Iterator[str]:
    """SQL that is true where scalars of the array at a place are not in its `typed` value."""
    if items.required:
        yield f"list_count({typed}) < len({typed})"
    elif scalar_type(items) != "VARCHAR":  # any JSON has a text
        yield f"list_count({typed}) < list_count({item_texts(place)})"


def id_text(place: Place) -> str:
    """SQL for the text of a string id: of a number its value, however it is written (contract S6).

    Numbers come as DuckDB writes JSON: 1790.0 and 1e25, of which the values are whole.
    """
    text = place.text
    is_number = f"left({place.json}, 1) <> '\"'"
    mantissa = f"regexp_extract({text}, '^-?[0-9]+')"
    fraction = f"regexp_extract({text}, '\\.([0-9]*[1-9])', 1)"
    exponent = f"CAST(regexp_extract({text}, 'e[+]?([0-9]+)$', 1) AS INTEGER)"
    return f"""CASE
        WHEN NOT (contains({text}, '.') OR contains({text}, 'e')) OR NOT {is_number} THEN {text}
        WHEN {text} = '-0.0' THEN '0'
        WHEN regexp_full_match({text}, '-?[0-9]+[.]0') THEN left({text}, -2)
        WHEN regexp_full_match({text}, '-?[0-9]([.][0-9]+)?e[+]?[0-9]{{1,3}}')
            THEN {mantissa} || rpad({fraction}, {exponent}, '0')
        ELSE {text} END"""


def problem_of(schema: Schema, place: Place, name: str | None, depth: int = 0) -> str:
    """SQL for why the value at a place cannot be typed, NULL when it can.

    `name` is the property's path for the message, such as `owner.email`; without one the message
    is empty, and the SQL half as long.
    """
    cases: list[str] = []
    if schema.required:
        reason = _reason(name, quote_literal("required, but missing or null"))
        cases.append(f"WHEN {place.text} IS NULL THEN {reason}")
    if is_nested(schema):
        expected, inside = _inside_problem(schema, place, name, depth)
        wrong = _wrong(name, place.text, "an " + expected.lower())
        cases.append(f"WHEN {place.kind} = '{expected}' THEN {inside}")
        cases.append(f"WHEN {place.kind} <> 'NULL' THEN {wrong}")
    elif scalar_type(schema) != "VARCHAR":  # any JSON has a text: nothing can go wrong
        wrong = _wrong(name, place.text, _described(schema))
        typed = scalar_value(schema, place.text)
        cases.append(f"WHEN {place.text} IS NOT NULL AND {typed} IS NULL THEN {wrong}")
    return f"CASE {' '.join(cases)} END" if cases else "NULL"


def _inside_problem(schema: Schema, place: Place, name: str | None, depth: int) -> tuple[str, str]:
    """The JSON kind that an array or object must have, and SQL for what is wrong inside."""
    if schema.type is ValueType.ARRAY and schema.items is not None:
        element = f"x{depth}"
        path = name and f"{name}[]"
        item = problem_of(schema.items, Place(container=element), path, depth + 1)
        found = f"list_transform(json_extract({place.json}, '$[*]'), lambda {element}: {item})"
        return "ARRAY", f"list_filter({found}, lambda problem: problem IS NOT NULL)[1]"
    if is_kept_as_json(schema):
        return "OBJECT", "NULL"
    parts = [
        problem_of(prop, place.child(schema.field_of(key)), name and f"{name}.{key}", depth)
        for key, prop in schema.properties.items()
    ]
    return "OBJECT", f"coalesce({', '.join([*parts, 'NULL'])})"


def _wrong(name: str | None, text: str, expected: str) -> str:
    shown = f"CASE WHEN {text} = '' THEN 'the empty string' ELSE left({text}, 200) END"
    return _reason(name, f"{shown} || {quote_literal(f' is not {expected}')}")


def _reason(name: str | None, what: str) -> str:
    return f"{quote_literal(f'property {name!r}: ')} || {what}" if name else "''"


def _described(schema: Schema) -> str:
    hint = f" ({schema.hint.value})" if schema.hint else ""
    whole = "whole " if scalar_type(schema) in ("BIGINT", "INTEGER") else ""
    return f"a {whole}{schema.type.value}{hint} that fits {scalar_type(schema)}"


def scalar_value(schema: Schema, text: str) -> str:
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
        return _exact_double(text)
    if schema.precision == EXACT:
        return _exact_decimal(text)
    # Like the other casts this one takes inf and 0x10, which JSON does not have.
    return f"CASE WHEN regexp_full_match({text}, {_NUMBER}) THEN {_decimal(text)} END"


def _finite(text: str) -> str:
    number = f"TRY_CAST({text} AS DOUBLE)"
    return f"CASE WHEN isfinite({number}) AND NOT contains({text}, '_') THEN {number} END"


def _exact_double(text: str) -> str:
    """SQL for a DOUBLE, NULL for what it would round: whole numbers beyond 2^53 (contract S7).

    A double is written with the fewest digits that tell it from others, and zeros after them; so
    a number with just these digits is what a double became, and not rounded.
    """
    number = f"TRY_CAST({text} AS DOUBLE)"
    digits, own = (
        f"trim(replace(split_part(ltrim(lower({each}), ' +-0'), 'e', 1), '.', ''), ' 0')"
        for each in (text, f"CAST({number} AS VARCHAR)")
    )
    exact = f"TRY_CAST({number} AS HUGEINT) = TRY_CAST({text} AS HUGEINT)"
    return (
        f"CASE WHEN contains({text}, '_') THEN NULL WHEN abs({number}) < {_LARGEST_EXACT} "
        f"THEN {number} WHEN isfinite({number}) AND ({digits} = {own} OR {exact}) "
        f"THEN {number} END"
    )


def _exact_decimal(text: str) -> str:
    """SQL for a DECIMAL(38, 9), NULL for what it would round."""
    decimal = _decimal(text)
    same = f"CAST({decimal} AS DOUBLE) = TRY_CAST({text} AS DOUBLE)"
    return f"CASE WHEN regexp_full_match({text}, {_NUMBER}) AND {same} THEN {decimal} END"


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
