"""Types of the dictionaries that authors write, so that an editor completes and checks them.

They are for annotations: `def sync_items(args, context) -> SyncPage`. Nothing is checked when the
code runs that is not checked without them. The original SDK's spelling in camelCase is accepted
as well, and so is here.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Required, TypedDict

from pack_sdk.results import Completion
from pack_sdk.schemas import Schema, ValueHint, ValueType


class SyncCompletion(TypedDict, total=False):
    """What the last page of a sync leaves for the next one (see `Completion`)."""

    incremental_continuation: Any
    incrementalContinuation: Any
    has_incomplete_results: bool
    hasIncompleteResults: bool


class SyncPage(TypedDict, total=False):
    """What `execute` returns: rows, where the next page begins, and at the end the cursor."""

    result: Required[Sequence[Any] | None]
    continuation: Any
    completion: SyncCompletion | Completion | None
    deleted_row_ids: Sequence[Any]
    deletedRowIds: Sequence[Any]
    deletedItemIds: Sequence[Any]


class PropertyDefinition(TypedDict, total=False):
    """A property of a schema, as `make_object_schema` takes it (see `Schema`)."""

    type: Required[ValueType | str]
    hint: ValueHint | str
    codaType: ValueHint | str
    description: str
    from_key: str
    fromKey: str
    required: bool
    precision: int
    items: "PropertyDefinition | Schema"
    properties: "Mapping[str, PropertyDefinition | Schema]"
    id_property: str
    idProperty: str
    display_property: str
    displayProperty: str
    include_unknown_properties: bool
    includeUnknownProperties: bool
