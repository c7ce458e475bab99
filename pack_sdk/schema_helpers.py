"""Schemas made from schemas, by the names of the original SDK."""

from collections.abc import Mapping
from typing import Any

from pack_sdk.errors import PackDefinitionError
from pack_sdk.row_ids import ROW_ID
from pack_sdk.schemas import Schema, ValueHint, ValueType, make_object_schema, make_schema


def make_reference_schema_from_object_schema(
    schema: Schema | Mapping[str, Any], identity_name: str = ""
) -> Schema:
    """A reference to rows of that schema: their id and display property (hint `reference`).

    Stored as a STRUCT of the two; which table it means does not matter to a sync. Raises
    `PackDefinitionError` if the schema has no id property.
    """
    source = make_schema(schema)
    if not source.id_property:
        raise PackDefinitionError(
            f"a reference to {identity_name or 'rows'} needs a schema with an id_property"
        )
    names = dict.fromkeys([source.id_property, source.display_property or source.id_property])
    return make_object_schema(
        hint=ValueHint.REFERENCE,
        id_property=source.id_property,
        display_property=source.display_property,
        properties={name: source.properties[name] for name in names},
    )


def with_identity(schema: Schema | Mapping[str, Any], identity_name: str) -> Schema:  # noqa: ARG001
    """The schema itself: an identity says what an action updates, and there are no actions."""
    return make_schema(schema)


def get_effective_property_keys_from_schema(schema: Schema | None) -> list[str] | None:
    """The fields of a row that fill an object's properties, None for what is no object.

    For APIs that take a list of fields: give it `context.sync.schema`. Of an array of
    objects those of its objects.
    """
    if schema is not None and schema.type is ValueType.ARRAY:
        schema = schema.items
    if schema is None or schema.type is not ValueType.OBJECT:
        return None
    names = (name for name in schema.properties if name != ROW_ID or not schema.id_properties)
    return list(dict.fromkeys(schema.field_of(name) for name in names))
