"""What the functions of a dynamic table may answer (contract C23)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pack_sdk.errors import InvalidResultError, PackDefinitionError
from pack_sdk.json_values import with_snake_case_keys
from pack_sdk.schemas import Schema, ValueType, make_schema
from pack_sdk.sync_table import check_row_schema


@dataclass(frozen=True, kw_only=True)
class DynamicUrl:
    """One thing to choose: what is shown, and its URL; a folder holds others."""

    display: str
    value: str
    has_children: bool = False


def parse_schema(returned: object, what: str) -> Schema:
    """The schema that `get_schema` returned, checked as a static one is (contract S1, S3).

    An array of objects, which older packs return, stands for its objects. Raises
    `InvalidResultError` that starts with `what` and says what is wrong.
    """
    if not isinstance(returned, Schema | Mapping):
        raise InvalidResultError(
            f"{what} returned {_shown(returned)}; return make_object_schema(…)"
        )
    try:
        schema = make_schema(cast("Schema | Mapping[str, Any]", returned))
        if schema.type is ValueType.ARRAY and schema.items is not None:
            schema = schema.items
        check_row_schema(schema)
    except PackDefinitionError as error:
        raise InvalidResultError(f"{what}: {error}") from None
    return schema


def parse_urls(returned: object, what: str) -> list[DynamicUrl]:
    """What `list_dynamic_urls` or `search_dynamic_urls` returned; nothing is no URLs.

    Raises `InvalidResultError` that starts with `what` and names the item.
    """
    if returned is None:
        return []
    if not isinstance(returned, list | tuple):
        raise InvalidResultError(
            f"{what} returned {_shown(returned)}; it must be a list of "
            '{"display": …, "value": …, "hasChildren": …}'
        )
    items = enumerate(cast("Sequence[object]", returned))
    return [_parse_url(item, f"{what}: item {index}") for index, item in items]


def parse_text(returned: object, what: str) -> str:
    """What `get_name` or `get_display_url` returned. Raises `InvalidResultError`."""
    if not isinstance(returned, str) or not returned:
        raise InvalidResultError(f"{what} returned {_shown(returned)}; return a text")
    return returned


def _parse_url(item: object, what: str) -> DynamicUrl:
    if isinstance(item, DynamicUrl):
        return item
    if isinstance(item, str):
        item = {"value": item}
    if not isinstance(item, Mapping):
        raise InvalidResultError(f'{what} is {_shown(item)}; it needs a "display" and a "value"')
    try:
        fields = with_snake_case_keys(
            cast("Mapping[str, Any]", item), {"display", "value", "has_children"}, what
        )
    except ValueError as error:
        raise InvalidResultError(str(error)) from None
    value = fields.get("value")
    if not isinstance(value, str) or not value:
        raise InvalidResultError(f'{what} has {_shown(value)} as its "value", which is a URL')
    return DynamicUrl(
        display=str(fields.get("display") or value),
        value=value,
        has_children=bool(fields.get("has_children")),
    )


def _shown(value: object) -> str:
    return "nothing" if value is None else f"{value!r:.200}"
