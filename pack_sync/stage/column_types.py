"""From a schema to the typed columns of its table (contract, the table of types)."""

from collections.abc import Mapping
from dataclasses import dataclass

from pack_sdk.schemas import Schema, ValueHint, ValueType
from pack_sync.warehouse.identifiers import quote_identifier

UNKNOWN_PROPERTIES = "_unknown_properties"
"""The column that keeps the fields a schema does not name (contract S2)."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a synced table."""

    name: str
    sql_type: str
    description: str = ""


def columns_of(schema: Schema) -> list[Column]:
    """The columns of a table whose rows follow `schema`, in the order of its properties."""
    columns = [
        Column(name=name, sql_type=sql_type_of(prop), description=prop.description)
        for name, prop in schema.properties.items()
    ]
    if schema.include_unknown_properties:
        description = "Fields of the row that the pack's schema does not name, as they came."
        columns.append(Column(name=UNKNOWN_PROPERTIES, sql_type="JSON", description=description))
    return columns


def sql_type_of(schema: Schema) -> str:
    """The DuckDB type of a property."""
    if schema.type is ValueType.ARRAY and schema.items is not None:
        return sql_type_of(schema.items) + "[]"
    if schema.type is not ValueType.OBJECT:
        return scalar_type(schema)
    if is_kept_as_json(schema):
        return "JSON"
    fields = (
        f"{quote_identifier(name)} {sql_type_of(prop)}" for name, prop in schema.properties.items()
    )
    return f"STRUCT({', '.join(fields)})"


def is_kept_as_json(schema: Schema) -> bool:
    """Whether an object is kept as JSON: open to unknown properties, or without any known."""
    return schema.include_unknown_properties or not schema.properties


TEMPORAL_TYPES: Mapping[ValueHint | None, str] = {
    ValueHint.DATE: "DATE",
    ValueHint.TIME: "TIME",
    ValueHint.DATE_TIME: "TIMESTAMP WITH TIME ZONE",
    ValueHint.DURATION: "INTERVAL",
}


def scalar_type(schema: Schema) -> str:
    """The DuckDB type of a boolean, number or string."""
    if temporal := TEMPORAL_TYPES.get(schema.hint):
        return temporal
    if schema.type is ValueType.STRING:
        return "VARCHAR"
    if schema.type is ValueType.BOOLEAN:
        return "BOOLEAN"
    if schema.hint is ValueHint.CURRENCY:
        return "DECIMAL(38,9)"
    if schema.hint is ValueHint.SCALE:
        return "INTEGER"
    if schema.precision == 0 and schema.hint is None:
        return "BIGINT"
    return "DOUBLE"
