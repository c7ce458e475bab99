"""SQL that types arrays of objects or arrays, however many items and levels they have.

`json_transform` takes such a value apart in one pass, into *parts*: DuckDB lists and structs of the
schema's structure, with texts or JSON in the places of scalars. Pointers (`value_sql`) parse each
item again for each of its fields. Parts do not tell all: of what is no object they make a struct
of nulls, and of what is no array null. Where there is such a thing, the value has to be looked at.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from pack_sdk.schemas import Schema, ValueType
from pack_sync.stage.column_types import is_kept_as_json, scalar_type
from pack_sync.stage.places import Place
from pack_sync.stage.scalar_values import scalar_value
from pack_sync.stage.value_conversion import is_nested, lost_items, value_of
from pack_sync.warehouse.identifiers import quote_literal

_SURE_DIGITS = {"BIGINT": 18, "INTEGER": 9}
"""So many digits fit; that is a fifth of the SQL that says exactly what does."""


def is_taken_apart(schema: Schema) -> bool:
    """Whether a value has arrays of objects or arrays, here or further inside, and can have parts.

    It cannot where fields of an object differ in case alone: DuckDB does not tell them apart.
    """
    return _holds_lists(schema) and _fields_differ(schema)


def _holds_lists(schema: Schema) -> bool:
    if not _is_struct(schema):
        return _list_items(schema) is not None
    return any(_holds_lists(prop) for prop in schema.properties.values())


def _fields_differ(schema: Schema) -> bool:
    if (items := _list_items(schema)) is not None:
        return _fields_differ(items)
    if not _is_struct(schema):
        return True
    fields = {schema.field_of(name).lower() for name in schema.properties}
    different = len(fields) == len(schema.properties) and "" not in fields
    return different and all(_fields_differ(prop) for prop in schema.properties.values())


def parts_of(schema: Schema, container: str) -> str:
    """SQL for the parts of a value, which `container` is the JSON of."""
    structure = orjson.dumps(_structure(schema)).decode()
    return f"json_transform({container}, {quote_literal(structure)})"


def _structure(schema: Schema) -> Any:
    if (items := _list_items(schema)) is not None:
        return [_structure(items)]
    if _is_struct(schema):
        return {schema.field_of(name): _structure(prop) for name, prop in schema.properties.items()}
    # Numbers are written another way as VARCHAR than the JSON functions do, which a text shows.
    return "JSON" if is_nested(schema) or scalar_type(schema) == "VARCHAR" else "VARCHAR"


def value_of_parts(schema: Schema, parts: str, depth: int = 0) -> str:
    """SQL for the typed value; the same as `value_of` if there is no problem with it."""
    if (items := _list_items(schema)) is not None:
        item = value_of_parts(items, f"x{depth}", depth + 1)
        return f"list_transform({parts}, lambda x{depth}: {item})"
    if _is_struct(schema):
        fields = (
            f"{quote_literal(name)}: {value_of_parts(prop, _field(schema, name, parts), depth)}"
            for name, prop in schema.properties.items()
        )
        return f"CASE WHEN {parts} IS NOT NULL THEN {{{', '.join(fields)}}} END"
    if _structure(schema) == "JSON":
        return value_of(schema, Place(container=parts), depth)
    return scalar_value(schema, parts)


def doubt_about(schema: Schema, parts: str, depth: int = 0) -> str:
    """SQL that is true wherever `problem_of` may have something to say of the value."""
    return f"({' OR '.join(_doubts(schema, parts, depth)) or 'false'})"


def _doubts(schema: Schema, parts: str, depth: int) -> Iterator[str]:
    items = _list_items(schema)
    if schema.required or items is not None:
        yield f"{parts} IS NULL"
    if items is not None:
        item = doubt_about(items, f"x{depth}", depth + 1)
        yield f"len(list_filter({parts}, lambda x{depth}: {item})) > 0"
    elif _is_struct(schema):
        fields = [(prop, _field(schema, name, parts)) for name, prop in schema.properties.items()]
        inside = " OR ".join(doubt_about(prop, field, depth) for prop, field in fields)
        empty = " AND ".join(f"{field} IS NULL" for _, field in fields)
        yield f"{parts} IS NOT NULL AND ({empty} OR {inside})"
    elif schema.type is ValueType.ARRAY and schema.items is not None:
        place = Place(container=parts)
        yield f"{parts} IS NOT NULL AND NOT {place.is_kind('ARRAY')}"
        yield from lost_items(schema.items, place, value_of(schema, place, depth))
    elif schema.type is ValueType.OBJECT:
        yield f"{parts} IS NOT NULL AND NOT {Place(container=parts).is_kind('OBJECT')}"
    elif scalar_type(schema) in _SURE_DIGITS:
        yield f"NOT regexp_full_match({parts}, '-?[0-9]{{1,{_SURE_DIGITS[scalar_type(schema)]}}}')"
    elif scalar_type(schema) not in ("VARCHAR", "JSON"):
        yield f"{parts} IS NOT NULL AND {scalar_value(schema, parts)} IS NULL"


def _list_items(schema: Schema) -> Schema | None:
    """What the items are, if they are arrays or objects, so that the parts are a list."""
    if schema.type is ValueType.ARRAY and schema.items is not None and is_nested(schema.items):
        return schema.items
    return None


def _is_struct(schema: Schema) -> bool:
    return schema.type is ValueType.OBJECT and not is_kept_as_json(schema)


def _field(schema: Schema, name: str, parts: str) -> str:
    return f"struct_extract({parts}, {quote_literal(schema.field_of(name))})"
