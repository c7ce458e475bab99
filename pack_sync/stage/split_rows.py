"""Typing rows whose fields DuckDB's JSON reader has told apart: the quick way for usual rows.

The reader parses a row once and hands out its fields, as text or as JSON, whatever their number;
extracting them by pointers (`RowConversion`) takes time with its square. It is never told the
declared types, because it would round and fail where the contract has rows rejected. Values are
typed by the same SQL either way, so they are the same.

What the reader cannot do: keep the whole row, so a row with a problem is only suspected here, and
judged by its line; tell apart fields that differ in case alone; read a row that is no object, or
has a field twice: it fails, and the rows are then read the other way.
"""

from collections.abc import Iterator

from pack_sdk.schemas import Schema, ValueType
from pack_sync.stage.column_types import is_kept_as_json, is_text_id, scalar_type
from pack_sync.stage.nested_lists import (
    doubt_about,
    is_taken_apart,
    parts_of,
    value_of_parts,
)
from pack_sync.stage.places import Place, pointer_to
from pack_sync.stage.row_conversion import MAX_ID_LENGTH
from pack_sync.stage.scalar_values import usual_value
from pack_sync.stage.value_conversion import id_text, is_nested, lost_items, problem_of, value_of
from pack_sync.warehouse.identifiers import quote_identifier, quote_literal


def can_split(schema: Schema) -> bool:
    """Whether the reader can tell the fields apart, and no other fields are wanted."""
    keys = {schema.field_of(name) for name in schema.properties}
    different = len({key.lower() for key in keys}) == len(keys)
    plain = not (schema.include_unknown_properties or schema.id_properties or _has_paths(schema))
    return different and "" not in keys and plain


def _has_paths(schema: Schema) -> bool:
    """Whether a property here or further inside is filled from inside of another field."""
    if schema.items is not None:
        return _has_paths(schema.items)
    inside = schema.properties.items()
    return any(schema.path_of(name) or _has_paths(prop) for name, prop in inside)


class SplitRows:
    """The SQL that types rows of files, and finds those that may have a problem.

    Each distinct field is a column `k0`, `k1`, … of the reader. It is JSON where the value has to
    be kept as it came, and else text. What is inside of an object or array is extracted at once, as
    `t0`, `t1`, … by the number of its property: the parts of what has lists in it, and else a list
    of texts.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        fields = dict.fromkeys(schema.field_of(name) for name in schema.properties)
        self._keys = {field: f"k{number}" for number, field in enumerate(fields)}
        self._as_json = {
            schema.field_of(name) for name, prop in schema.properties.items() if _needs_json(prop)
        }
        self._places = {name: self._place(n, name) for n, name in enumerate(schema.properties)}

    def select(self, files: str, options: str) -> str:
        """A query of the columns `c0`, `c1`, …, and `suspected`.

        `files` is an SQL list; `options` are further arguments of the reader.
        """
        properties = self._schema.properties
        values = ", ".join(f"{self._value(i, name)} AS c{i}" for i, name in enumerate(properties))
        columns = ", ".join(f"c{i}" for i in range(len(properties)))
        suspected = f"coalesce({' OR '.join(self._suspicions())}, false)"
        return (
            f"SELECT {columns}, {suspected} AS suspected FROM (SELECT *, {values} "
            f"FROM ({self._extracted(self._read(files, options))}))"
        )

    def _read(self, files: str, options: str) -> str:
        types = ", ".join(
            f"{quote_literal(field)}: '{'JSON' if field in self._as_json else 'VARCHAR'}'"
            for field in self._keys
        )
        keys = ", ".join(f"{quote_identifier(field)} AS {key}" for field, key in self._keys.items())
        how = "format = 'newline_delimited', records = true"
        reader = f"read_json({files}, {how}, columns = {{{types}}}, {options})"
        return f"SELECT {keys} FROM {reader}"

    def _extracted(self, read: str) -> str:
        """The fields, and beside them what is inside of objects and arrays."""
        inside = [
            f"{self._inside(prop, self._places[name])} AS t{number}"
            for number, (name, prop) in enumerate(self._schema.properties.items())
            if is_taken_apart(prop) or (is_nested(prop) and self._places[name].texts)
        ]
        return f"SELECT *, {', '.join(inside)} FROM ({read})" if inside else read

    def _inside(self, prop: Schema, place: Place) -> str:
        if is_taken_apart(prop):
            return parts_of(prop, place.container)
        return f"{place.container} ->> [{', '.join(map(quote_literal, place.texts))}]"

    def _value(self, number: int, name: str) -> str:
        prop = self._schema.properties[name]
        if is_taken_apart(prop):
            return value_of_parts(prop, f"t{number}")
        if is_text_id(self._schema, name):
            return id_text(self._places[name])
        if not is_nested(prop):
            return usual_value(prop, self._places[name].text)
        return value_of(prop, self._places[name])

    def _place(self, number: int, name: str) -> Place:
        prop, field = self._schema.properties[name], self._schema.field_of(name)
        key = self._keys[field]
        if is_taken_apart(prop):
            return Place(container=key)
        if is_nested(prop):
            pointers = _scalars_inside(prop)
            texts = {pointer: f"t{number}[{n}]" for n, pointer in enumerate(pointers, start=1)}
            return Place(container=key, texts=texts)
        return Place(container=key, texts={} if field in self._as_json else {"": key})

    def _suspicions(self) -> Iterator[str]:
        """SQL that is true where a row may have a problem: wherever `RowConversion` finds one."""
        for number, (name, prop) in enumerate(self._schema.properties.items()):
            place, typed = self._places[name], f"c{number}"
            if name == self._schema.id_property:
                yield f"{typed} IS NULL"
                yield f"left({place.container}, 1) IN ('{{', '[', 't', 'f')"
                yield f"length({place.container}) > {MAX_ID_LENGTH}"
                if not _needs_a_type(prop):
                    yield f"{typed} = ''"
            if prop.required:
                yield f"{typed} IS NULL"
            elif _needs_a_type(prop):
                # The empty string is no value of any type; whatever else that is, is judged.
                empty = '""' if self._schema.field_of(name) in self._as_json else ""
                yield f"{typed} IS NULL AND {place.container} <> {quote_literal(empty)}"
            if is_taken_apart(prop):
                doubt, problem = doubt_about(prop, f"t{number}"), problem_of(prop, place, None)
                given = f"{place.container} IS NOT NULL"
                yield f"CASE WHEN {given} AND {doubt} THEN {problem} IS NOT NULL ELSE false END"
            elif is_nested(prop):
                yield from _suspicions_inside(prop, place, typed)


def _needs_json(schema: Schema) -> bool:
    """Whether more is needed than a text that will be cast.

    The reader would write 3.9e16 another way than the JSON functions do.
    """
    return is_nested(schema) or scalar_type(schema) == "VARCHAR"


def _needs_a_type(schema: Schema) -> bool:
    if schema.type is ValueType.JSON:
        return False
    return is_nested(schema) or scalar_type(schema) != "VARCHAR"


def _scalars_inside(schema: Schema, before: str = "") -> list[str]:
    """The pointers of the scalars in an object, and in objects that are in it."""
    if schema.type is not ValueType.OBJECT or is_kept_as_json(schema):
        return []
    pointers: dict[str, None] = {}
    for name, prop in schema.properties.items():
        pointer = before + pointer_to(schema.field_of(name))
        inside = _scalars_inside(prop, pointer) if is_nested(prop) else [pointer]
        pointers.update(dict.fromkeys(inside))
    return list(pointers)


def _suspicions_inside(schema: Schema, place: Place, typed: str) -> Iterator[str]:
    """What may be wrong inside of an array or object; `typed` is SQL for its typed value."""
    if schema.type is ValueType.ARRAY and schema.items is not None:
        if is_nested(schema.items):
            yield f"{problem_of(schema, place, None)} IS NOT NULL"
        else:
            yield from lost_items(schema.items, place, typed)
        return
    if is_kept_as_json(schema):
        return
    for key, prop in schema.properties.items():
        inner = place.child(schema.field_of(key))
        value = f"struct_extract({typed}, {quote_literal(key)})"
        if is_nested(prop):
            yield f"{typed} IS NOT NULL AND {problem_of(prop, inner, None)} IS NOT NULL"
        elif prop.required:
            yield f"{typed} IS NOT NULL AND {value} IS NULL"
        elif _needs_a_type(prop):
            yield f"{value} IS NULL AND {inner.text} IS NOT NULL"
