"""SQL that finds numbers for which a column of whole ones, or of doubles, has no room.

Such a column gets a wider type (contract S7, the table of types). Each number is looked at by
itself, because a value that fits no column may stand beside it.
"""

from pack_sdk.schemas import Schema
from pack_sync.stage.moments import let
from pack_sync.stage.places import Place
from pack_sync.stage.scalar_values import scalar_value
from pack_sync.stage.value_conversion import id_of_reference, is_nested, taken_for


def outgrown(schema: Schema, wider: Schema, place: Place, depth: int = 0) -> str:
    """SQL that is true where a number at a place, or inside it, fits only the wider schema."""
    if schema == wider:
        return "false"
    if not is_nested(schema):
        narrow, wide = (scalar_value(each, place.text, thorough=True) for each in (schema, wider))
        return f"({narrow} IS NULL AND {wide} IS NOT NULL)"
    found = taken_for(schema, place)
    if schema.items is not None and wider.items is not None:
        element = f"x{depth}"
        item = outgrown(schema.items, wider.items, Place(container=element), depth + 1)
        items = f"json_extract({found}, '$[*]')"
        return f"coalesce(len(list_filter({items}, lambda {element}: {item})) > 0, false)"
    taken = f"n{depth}"
    parts = [
        outgrown(
            prop,
            wider.properties[key],
            Place(container=taken).of_property(schema, key),
            depth + 1,
        )
        for key, prop in schema.properties.items()
    ]
    inside = let(taken, found, f"({' OR '.join(parts)})")
    if id_schema := id_of_reference(schema):
        alone = outgrown(id_schema, wider.properties[str(schema.id_property)], place)
        return f"({inside} OR ({place.is_scalar} AND {alone}))"
    return inside
