"""What a peer's table holds, as expressions that give the source's values back.

Peers keep nested values in other ways than we do: as JSON, or as further columns and tables.
`content_of` compares what can be had back; columns that are not here were not compared.
"""

from collections.abc import Mapping

from pack_sdk.schemas import Schema, ValueType

_SCALARS = {"BIGINT", "DOUBLE", "BOOLEAN", "VARCHAR", "TIMESTAMP WITH TIME ZONE"}


def as_json(types: Mapping[str, str]) -> dict[str, str]:
    """Of a table whose nested columns hold JSON."""
    return {
        name: f'"{name}"' if kind in _SCALARS else f'CAST(CAST("{name}" AS JSON) AS {kind})'
        for name, kind in types.items()
    }


def times_in_utc(types: Mapping[str, str]) -> dict[str, str]:
    """The times of a table that keeps them without their zone, which was UTC."""
    return {
        name: f"\"{name}\" AT TIME ZONE 'UTC'"
        for name, kind in types.items()
        if kind == "TIMESTAMP WITH TIME ZONE"
    }


def from_nested_tables(schema: Schema) -> dict[str, str]:
    """Of a table as dlt makes it by default: fields of objects as columns, lists as tables.

    Lists of objects are left out, and what has such a list in it. A missing list cannot be told
    from an empty one, so the comparison takes it for one.
    """
    found = {name: _nested(child, name) for name, child in schema.properties.items()}
    return {name: expression for name, expression in found.items() if expression}


def _nested(schema: Schema, path: str) -> str | None:
    if schema.type is ValueType.OBJECT:
        fields = [(n, _nested(child, f"{path}__{n}")) for n, child in schema.properties.items()]
        if any(expression is None for _, expression in fields):
            return None
        return f"struct_pack({', '.join(f'{name} := {value}' for name, value in fields)})"
    if schema.type is ValueType.ARRAY:
        if schema.items is None or schema.items.type in (ValueType.OBJECT, ValueType.ARRAY):
            return None
        return (
            f"coalesce((SELECT list(value ORDER BY _dlt_list_idx) FROM bench.items__{path} "
            "WHERE _dlt_parent_id = items._dlt_id), [])"
        )
    return f'"{path}"'
