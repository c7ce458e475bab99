"""A small sample of changed rows, and which columns of a table it shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from pack_sdk.schemas import Schema, ValueType

MOST_COLUMNS = 6


@dataclass(frozen=True, kw_only=True)
class SampleColumns:
    """The columns of a sample; `display` names a row, `link` is its address at the source."""

    names: Sequence[str] = ()
    display: str | None = None
    link: str | None = None

    @classmethod
    def of(cls, schema: Schema) -> Self:
        """Id, name and link first, then scalar columns in their order, six in all."""
        first = [schema.id_property, schema.display_property, schema.link_property]
        scalars = [
            name
            for name, prop in schema.properties.items()
            if prop.type not in (ValueType.OBJECT, ValueType.ARRAY)
        ]
        names = [name for name in (*first, *scalars) if name and name in schema.properties]
        return cls(
            names=list(dict.fromkeys(names))[:MOST_COLUMNS],
            display=schema.display_property,
            link=schema.link_property,
        )


@dataclass(frozen=True, kw_only=True)
class RowSample:
    """Some rows as text, by column."""

    rows: Sequence[Mapping[str, str | None]] = ()
    columns: SampleColumns = field(default_factory=SampleColumns)
