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
from resources.warehouse.columns import is_kept_as_json, scalar_type
from resources.warehouse.identifiers import quote_literal
from resources.warehouse.value_sql import Place, is_nested, item_texts, scalar_value, value_of

_SURE_DIGITS = {"BIGINT": 18, "INTEGER": 9}
"""So many digits fit; that is a fifth of the SQL that says exactly what does."""


def holds_lists(schema: Schema) -> bool:
    """Whether there are arrays of objects or arrays, here or further inside."""
    if schema.type is ValueType.ARRAY and schema.items is not None:
        return is_nested(schema.items)
    if not _is_struct(schema):
        return False
    return any(holds_lists(prop) for prop in schema.properties.values())


def has_parts(schema: Schema) -> bool:
    """Whether DuckDB can tell the fields of all objects apart: it compares them without case."""
    if schema.type is ValueType.ARRAY and schema.items is not None:
        return has_parts(schema.items)
    if not _is_struct(schema):
        return True
    fields = {schema.field_of(name).lower() for name in schema.properties}
    different = len(fields) == len(schema.properties) and "" not in fields
    return different and all(has_parts(prop) for prop in schema.properties.values())


def parts_of(schema: Schema, container: str) -> str:
    """SQL for the parts of a value, which `container` is the JSON of."""
    structure = orjson.dumps(_structure(schema)).decode()
    return f"json_transform({container}, {quote_literal(structure)})"


def _structure(schema: Schema) -> Any:
    if _is_list(schema) and schema.items is not None:
        return [_structure(schema.items)]
    if _is_struct(schema):
        return {schema.field_of(name): _structure(prop) for name, prop in schema.properties.items()}
    # Numbers are written another way as VARCHAR than the JSON functions do, which a text shows.
    return "JSON" if is_nested(schema) or scalar_type(schema) == "VARCHAR" else "VARCHAR"


def value_of_parts(schema: Schema, parts: str, depth: int = 0) -> str:
    """SQL for the typed value; the same as `value_of` if there is no problem with it."""
    if _is_list(schema) and schema.items is not None:
        item = value_of_parts(schema.items, f"x{depth}", depth + 1)
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
    if schema.required or _is_list(schema):
        yield f"{parts} IS NULL"
    if _is_list(schema) and schema.items is not None:
        item = doubt_about(schema.items, f"x{depth}", depth + 1)
        yield f"len(list_filter({parts}, lambda x{depth}: {item})) > 0"
    elif _is_struct(schema):
        fields = [(prop, _field(schema, name, parts)) for name, prop in schema.properties.items()]
        inside = " OR ".join(doubt_about(prop, field, depth) for prop, field in fields)
        empty = " AND ".join(f"{field} IS NULL" for _, field in fields)
        yield f"{parts} IS NOT NULL AND ({empty} OR {inside})"
    elif schema.type is ValueType.ARRAY and schema.items is not None:
        place, items = Place(container=parts), schema.items
        yield f"{parts} IS NOT NULL AND NOT {place.is_kind('ARRAY')}"
        if items.required or scalar_type(items) != "VARCHAR":
            typed, given = value_of(schema, place, depth), item_texts(place)
            yield f"list_count({typed}) < {'len' if items.required else 'list_count'}({given})"
    elif schema.type is ValueType.OBJECT:
        yield f"{parts} IS NOT NULL AND NOT {Place(container=parts).is_kind('OBJECT')}"
    elif scalar_type(schema) in _SURE_DIGITS:
        yield f"NOT regexp_full_match({parts}, '-?[0-9]{{1,{_SURE_DIGITS[scalar_type(schema)]}}}')"
    elif scalar_type(schema) != "VARCHAR":
        yield f"{parts} IS NOT NULL AND {scalar_value(schema, parts)} IS NULL"


def _is_list(schema: Schema) -> bool:
    """Whether the parts are a list."""
    return schema.type is ValueType.ARRAY and schema.items is not None and is_nested(schema.items)


def _is_struct(schema: Schema) -> bool:
    return schema.type is ValueType.OBJECT and not is_kept_as_json(schema)


def _field(schema: Schema, name: str, parts: str) -> str:
    return f"struct_extract({parts}, {quote_literal(schema.field_of(name))})"
