"""From a schema to the typed columns of its table (contract, the table of types)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pack_sdk.schemas import Schema, ValueHint, ValueType
from pack_sync.warehouse.identifiers import quote_identifier

UNKNOWN_PROPERTIES = "_unknown_properties"
"""The column that keeps the fields a schema does not name (contract S2)."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a synced table.

    `wider` are types that hold all that this one holds, and more: a table which has one of them
    keeps it, and one whose values do not fit `sql_type` gets the first that they fit.
    """

    name: str
    sql_type: str
    description: str = ""
    wider: Sequence[str] = ()


EXACT = -1
"""The precision of a number that DECIMAL(38, 9) holds without rounding; no author's is negative."""


def stored_schema(
    schema: Schema, wide: Collection[str] = (), exact: Collection[str] = ()
) -> Schema:
    """The schema of rows as they are stored: `wide` names properties that need more room.

    A number that is an id is a BIGINT, so that ids compare exactly, and a DECIMAL(38, 9) where it
    is wide (contract S6). Numbers with `precision: 0` are whole ones for as long as all values are;
    where they are wide they are numbers like others, since precision is a matter of display, and
    DECIMAL(38, 9) where they are `exact`: fractions beside whole numbers that DOUBLE would round.
    """
    properties = dict(schema.properties)
    for name, prop in schema.properties.items():
        if name == schema.id_property and scalar_type(prop) in ("DOUBLE", "BIGINT"):
            properties[name] = replace(prop, hint=None, precision=EXACT if name in wide else 0)
        elif name in exact:
            properties[name] = _of_any_precision(prop, EXACT)
        elif name in wide:
            properties[name] = _of_any_precision(prop)
    return replace(schema, properties=properties)


def is_text_id(schema: Schema, name: str) -> bool:
    """Whether a property of a row is its id, and a text."""
    return name == schema.id_property and scalar_type(schema.properties[name]) == "VARCHAR"


def may_widen(schema: Schema) -> bool:
    """Whether a value has numbers that are stored as whole ones for as long as they are."""
    if schema.items is not None:
        return may_widen(schema.items)
    if schema.type is ValueType.OBJECT:
        return not is_kept_as_json(schema) and any(map(may_widen, schema.properties.values()))
    return scalar_type(schema) == "BIGINT"


def _of_any_precision(schema: Schema, precision: int | None = None) -> Schema:
    """The schema with another precision for all whole numbers that are in it."""
    if schema.items is not None:
        return replace(schema, items=_of_any_precision(schema.items, precision))
    if schema.type is ValueType.OBJECT:
        properties = {
            name: _of_any_precision(prop, precision) for name, prop in schema.properties.items()
        }
        return replace(schema, properties=properties)
    return replace(schema, precision=precision) if scalar_type(schema) == "BIGINT" else schema


def columns_of(
    schema: Schema, wide: Collection[str] = (), exact: Collection[str] = ()
) -> list[Column]:
    """The columns of a table whose rows follow `schema`, in the order of its properties.

    `wide` and `exact` name properties that need more room, as for `stored_schema`.
    """
    stored = stored_schema(schema, wide, exact)
    narrow = stored_schema(schema).properties if wide or exact else stored.properties
    columns = [
        Column(
            name=name,
            sql_type=sql_type_of(prop),
            description=_described(prop),
            wider=_wider_types(narrow[name], sql_type_of(prop), is_id=name == schema.id_property),
        )
        for name, prop in stored.properties.items()
    ]
    if schema.include_unknown_properties:
        description = "Fields of the row that the pack's schema does not name, as they came."
        columns.append(Column(name=UNKNOWN_PROPERTIES, sql_type="JSON", description=description))
    return columns


def _described(schema: Schema) -> str:
    """What the column's comment says."""
    if not schema.required:
        return schema.description
    text = schema.description.rstrip()
    ended = text if text.endswith((".", "!", "?")) else f"{text}."
    return f"{ended} Required." if text else "Required."


def _wider_types(narrow: Schema, sql_type: str, *, is_id: bool) -> Sequence[str]:
    """What the column of a property may become, from a type that it has now.

    `narrow` is the property as it is stored for as long as its numbers are whole.
    """
    if not may_widen(narrow):
        return ()
    exact = sql_type_of(_of_any_precision(narrow, EXACT))
    types = (exact,) if is_id else (sql_type_of(_of_any_precision(narrow)), exact)
    return types[types.index(sql_type) + 1 :] if sql_type in types else types


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
    anything = schema.type is ValueType.JSON
    return anything or schema.include_unknown_properties or not schema.properties


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
    if schema.type is ValueType.JSON:
        return "JSON"
    if schema.type is ValueType.BOOLEAN:
        return "BOOLEAN"
    if schema.hint is ValueHint.CURRENCY:
        return "DECIMAL(38,9)"
    if schema.hint is ValueHint.SCALE:
        return "INTEGER"
    if schema.precision == 0 and schema.hint is None:
        return "BIGINT"
    if schema.precision == EXACT and schema.hint is None:
        return "DECIMAL(38,9)"
    return "DOUBLE"
