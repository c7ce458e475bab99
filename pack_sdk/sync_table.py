"""`SyncTable`: one table of a pack, and what makes its schema fit for rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pack_sdk.dynamic import DynamicFunctions
from pack_sdk.errors import PackDefinitionError
from pack_sdk.parameters import Parameter
from pack_sdk.row_ids import ROW_ID
from pack_sdk.schemas import Schema, ValueType

RESERVED_COLUMNS = {"_sync", "_changed_at", "_run_id", "_unknown_properties", ROW_ID}
"""Columns that every synced table has, or may have, beside the pack's own."""

UNKNOWN_SCHEMA = Schema(type=ValueType.OBJECT)
"""Stands for the schema of a table that says it only when it is asked (contract C23)."""


@dataclass(frozen=True, kw_only=True)
class SyncTable:
    """One sync table of a pack, checked when it is made (contract S1, S3).

    With `dynamic` functions its schema is asked for before every sync (contract C23); until
    then `schema` is what the pack declared, or `UNKNOWN_SCHEMA`.
    """

    name: str
    identity_name: str
    schema: Schema
    execute: Callable[..., Any]
    parameters: Sequence[Parameter] = field(default_factory=list[Parameter])
    description: str = ""
    validate_parameters: Callable[..., Any] | None = None
    on_error: Callable[..., Any] | None = None
    dynamic: DynamicFunctions | None = None

    @property
    def id_property(self) -> str:
        """The property whose values tell rows apart."""
        return str(self.schema.id_property)

    @property
    def is_dynamic(self) -> bool:
        """Whether it stands for many tables, one for each dynamic URL (contract C23)."""
        return self.dynamic is not None and self.dynamic.by_url


def check_row_schema(schema: Schema) -> None:
    """Refuse a schema that no table's rows can have (contract S1); S3 is checked before.

    Raises `PackDefinitionError` with the remedy.
    """
    if schema.type is not ValueType.OBJECT:
        raise PackDefinitionError("the schema of a row is an object; use make_object_schema")
    for role in ("id_property", "display_property"):
        if not getattr(schema, role):
            raise PackDefinitionError(f"the schema has no {role}")
    id_schema = schema.properties[str(schema.id_property)]
    if id_schema.type not in (ValueType.STRING, ValueType.NUMBER):
        raise PackDefinitionError(
            f"the id property {schema.id_property!r} is of the type {id_schema.type.value!r}; "
            "ids are strings or numbers"
        )
    for name in schema.properties:
        if name.casefold() in RESERVED_COLUMNS and not (name == ROW_ID and schema.id_properties):
            raise PackDefinitionError(
                f"the property {name!r} would hide a column of the engine; rename it and "
                "keep its source with `from_key`"
            )
