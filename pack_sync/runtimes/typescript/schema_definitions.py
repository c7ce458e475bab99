"""Schemas between the two languages: what is read of a pack's, and what it is given."""

from collections.abc import Mapping
from typing import Any, cast

from pack_sdk.schemas import Schema, ValueHint
from pack_sdk.sync_table import RESERVED_COLUMNS

_KEPT = {
    "type", "codaType", "description", "fromKey", "required", "precision", "idProperty", "id",
    "displayProperty", "primary", "includeUnknownProperties",
}  # fmt: skip
_HINTS = {hint.value for hint in ValueHint}


def read_schema(definition: object) -> Any:
    """The parts of a schema that decide what is stored, for `make_schema`.

    The SDK has many more keys, of which later versions add others; all of them are matters of
    display. Anything that is no schema is returned as it is, to be refused by its reader.
    """
    if not isinstance(definition, Mapping):
        return definition
    given = cast("Mapping[str, Any]", definition)
    schema = {key: given[key] for key in _KEPT if given.get(key) is not None}
    if schema.get("codaType") not in _HINTS:
        schema.pop("codaType", None)
    if given.get("items") is not None:
        schema["items"] = read_schema(given["items"])
    if isinstance(given.get("properties"), Mapping):
        properties = cast("Mapping[str, Any]", given["properties"])
        schema["properties"] = {name: read_schema(value) for name, value in properties.items()}
    return schema


def read_row_schema(definition: object) -> Any:
    """As `read_schema`, for the rows of a table: no property has the name of a column of ours.

    Such a property gets another name and keeps its field, since the pack is not ours to change.
    """
    schema = read_schema(definition)
    if not isinstance(schema, dict):
        return cast("object", schema)
    rows = cast("dict[str, Any]", schema)
    if isinstance(rows.get("items"), dict):
        rows["items"] = read_row_schema(rows["items"])
    properties: dict[str, Any] = rows.get("properties") or {}
    if not any(property_name(name) != name for name in properties):
        return rows
    rows["properties"] = {
        property_name(name): {"fromKey": name, **value} if property_name(name) != name else value
        for name, value in properties.items()
    }
    for role in ("idProperty", "id", "displayProperty", "primary"):
        if role in rows:
            rows[role] = property_name(rows[role])
    return rows


def property_name(name: str) -> str:
    """What a property of a row is called here: `_sync_` for `_sync`, a column of ours."""
    return f"{name}_" if name.casefold() in RESERVED_COLUMNS else name


def schema_definition(schema: Schema) -> dict[str, Any]:
    """A schema as the original SDK writes it, without what is left out."""
    definition: dict[str, Any] = {
        "type": schema.type.value,
        "codaType": schema.hint.value if schema.hint else None,
        "description": schema.description or None,
        "fromKey": schema.from_key,
        "required": schema.required or None,
        "precision": schema.precision,
        "idProperty": schema.id_property,
        "displayProperty": schema.display_property,
        "includeUnknownProperties": schema.include_unknown_properties or None,
        "items": schema_definition(schema.items) if schema.items else None,
    }
    if schema.properties:
        definition["properties"] = {
            name: schema_definition(value) for name, value in schema.properties.items()
        }
    return {key: value for key, value in definition.items() if value is not None}
