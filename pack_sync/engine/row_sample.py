"""Which columns of a table are shown in a sample of changed rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pack_sdk.schemas import Schema, ValueType

MOST_COLUMNS = 6


@dataclass(frozen=True, kw_only=True)
class RowSample:
    """Some rows as text, by column; `link_column` holds their addresses at the source."""

    rows: Sequence[Mapping[str, str | None]] = ()
    display_column: str | None = None
    link_column: str | None = None


def sample_columns(schema: Schema) -> list[str]:
    """Id, name and link first, then scalar columns in their order, six in all."""
    first = [schema.id_property, schema.display_property, schema.link_property]
    scalars = [
        name
        for name, prop in schema.properties.items()
        if prop.type not in (ValueType.OBJECT, ValueType.ARRAY)
    ]
    names = [name for name in (*first, *scalars) if name and name in schema.properties]
    return list(dict.fromkeys(names))[:MOST_COLUMNS]


def sample_of(schema: Schema, rows: Sequence[Mapping[str, str | None]]) -> RowSample:
    """The sample, with the columns that mean something."""
    return RowSample(
        rows=rows, display_column=schema.display_property, link_column=schema.link_property
    )
