"""The columns of a data source, and the values of its rows.

https://developers.notion.com/reference/property-object and
https://developers.notion.com/reference/page-property-values.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pack_sdk import Schema, make_object_schema, value_at
from pack_sdk import columns as c

from .schemas import ROW_COLUMNS

Make = Callable[[str, str], Schema]


def _date(description: str, from_key: str) -> Schema:
    parts = {
        "start": c.text("The day or the moment, as Notion writes it."),
        "end": c.text("The last day or moment of a range."),
        "time_zone": c.text("Time zone, if it is not in the moments."),
    }
    return c.struct(parts, description, from_key)


def _texts(description: str, from_key: str) -> Schema:
    return c.several(c.text("One of them."), description, from_key)


_MADE: Mapping[str, Make] = {
    "title": c.text,
    "rich_text": c.text,
    "number": c.number,
    "select": c.text,
    "status": c.text,
    "multi_select": _texts,
    "date": _date,
    "people": _texts,
    "files": _texts,
    "relation": _texts,
    "checkbox": c.flag,
    "url": c.url,
    "email": c.email,
    "phone_number": c.text,
    "unique_id": c.text,
    "created_time": c.moment,
    "last_edited_time": c.moment,
    "created_by": c.text,
    "last_edited_by": c.text,
}
"""How the columns are made; all others, such as formulas and rollups, hold any JSON."""


def schema_of(data_source: Mapping[str, Any]) -> Schema:
    """The schema of the rows: a column for each property, under its name.

    Where a name is taken, without regard to case, the property's id is put behind it.
    """
    columns = dict(ROW_COLUMNS)
    title = "id"
    for name, each in data_source["properties"].items():
        taken = {column.casefold() for column in columns}
        column = f"{name} ({each['id']})" if name.casefold() in taken else name
        kind = each["type"]
        described = each.get("description") or f"Property of the type {kind}."
        columns[column] = _MADE.get(kind, c.json)(described, _key(each))
        title = column if kind == "title" else title
    return make_object_schema(
        description="A row of the data source.",
        id_property="id",
        display_property=title,
        link_property="url",
        properties=columns,
    )


def row_of(page: Mapping[str, Any]) -> dict[str, Any]:
    """The page as a row: the value of each property under the key of its column."""
    return {**page, **{_key(each): value_of(each) for each in page["properties"].values()}}


def value_of(prop: Mapping[str, Any]) -> Any:
    """The value of a property. What refers to others holds their ids, and files their names."""
    kind = prop["type"]
    value: Any = prop.get(kind)
    if kind in {"title", "rich_text"}:
        return plain_text(value)
    if kind in {"select", "status"}:
        return value_at(value, "name")
    if kind in {"multi_select", "files"}:
        return [each["name"] for each in _several(value)]
    if kind in {"people", "relation"}:
        return [each["id"] for each in _several(value)]
    if kind in {"created_by", "last_edited_by"}:
        return value_at(value, "id")
    if kind == "unique_id" and value:
        return "-".join(str(value[key]) for key in ("prefix", "number") if value.get(key))
    if kind in {"formula", "rollup"} and value:
        return value.get(value["type"])
    return value


def plain_text(parts: Any) -> str:
    """A text without its formatting: https://developers.notion.com/reference/rich-text."""
    return "".join(part.get("plain_text") or "" for part in _several(parts))


def title_of(page: Mapping[str, Any]) -> str:
    """The title of a page, which is its property of that type."""
    titles = [each["title"] for each in page["properties"].values() if each["type"] == "title"]
    return plain_text(titles[0]) if titles else ""


def _several(values: Any) -> Sequence[Mapping[str, Any]]:
    return values or []


def _key(prop: Mapping[str, Any]) -> str:
    return f"property {prop['id']}"
