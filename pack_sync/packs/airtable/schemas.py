"""What the columns of the tables mean, and how those of records are made of a table's fields.

https://airtable.com/developers/web/api/field-model has the types of fields.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pack_sdk import Schema, make_object_schema, make_schema, value_at
from pack_sdk import columns as c

BASE = make_object_schema(
    description="A base.",
    id_property="id",
    display_property="name",
    properties={
        "id": c.text("Identifier.", required=True),
        "name": c.text("Name."),
        "permission_level": c.text("none, read, comment, edit or create.", "permissionLevel"),
    },
)

TABLE = make_object_schema(
    description="A table of a base.",
    id_property="id",
    display_property="name",
    properties={
        "id": c.text("Identifier.", required=True),
        "base_id": c.text("The base.", "base", required=True),
        "name": c.text("Name."),
        "description": c.text("Description."),
        "primary_field_id": c.text("The field that names a record.", "primaryFieldId"),
        "fields": c.several(
            c.struct(
                {
                    "id": c.text("Identifier."),
                    "name": c.text("Name."),
                    "type": c.text("Type, such as singleLineText."),
                    "description": c.text("Description."),
                },
                "A field.",
            ),
            "Its fields.",
        ),
        "views": c.several(
            c.struct(
                {
                    "id": c.text("Identifier."),
                    "name": c.text("Name."),
                    "type": c.text("Type, such as grid."),
                },
                "A view.",
            ),
            "Its views.",
        ),
    },
)

_USER = {
    "id": c.text("Identifier."),
    "name": c.text("Name."),
    "email": c.email("E-mail address."),
}

_ATTACHMENT = {
    "id": c.text("Identifier."),
    "filename": c.text("Name of the file."),
    "type": c.text("Its kind."),
    "size": c.whole("Bytes."),
}
"""Without the addresses, which are others each time, and end after two hours."""

_Make = Callable[[str, str], Schema]


def _json(description: str, from_key: str) -> Schema:
    return make_schema(type="json", description=description, from_key=from_key)


def _markdown(description: str, from_key: str) -> Schema:
    return c.text(description, from_key, hint="markdown")


def _texts(description: str, from_key: str) -> Schema:
    return c.several(c.text("A value."), description, from_key)


def _user(description: str, from_key: str) -> Schema:
    return c.struct(_USER, description, from_key)


def _users(description: str, from_key: str) -> Schema:
    return c.several(c.struct(_USER, "A user."), description, from_key)


def _attachments(description: str, from_key: str) -> Schema:
    return c.several(c.struct(_ATTACHMENT, "A file."), description, from_key)


_COLUMNS: Mapping[str, _Make] = {
    "singleLineText": c.text,
    "multilineText": c.text,
    "richText": _markdown,
    "phoneNumber": c.text,
    "singleSelect": c.text,
    "email": c.email,
    "url": c.url,
    "checkbox": c.flag,
    "number": c.number,
    "percent": c.number,
    "duration": c.number,
    "currency": c.decimal,
    "rating": c.whole,
    "count": c.whole,
    "autoNumber": c.whole,
    "date": c.day,
    "dateTime": c.moment,
    "createdTime": c.moment,
    "lastModifiedTime": c.moment,
    "multipleSelects": _texts,
    "multipleRecordLinks": _texts,
    "singleCollaborator": _user,
    "createdBy": _user,
    "lastModifiedBy": _user,
    "multipleCollaborators": _users,
    "multipleAttachments": _attachments,
}
"""What makes the column of a field, by its type; of any other type it is JSON."""


def record_schema(table: Mapping[str, Any]) -> Schema:
    """The columns of a table's records: two of the record itself, and one for each field.

    A name that differs from another one in upper and lower case alone has a number behind it.
    """
    properties = {
        "record_id": c.text("Identifier of the record.", "id", required=True),
        "record_created_at": c.moment("When the record was made.", "createdTime"),
    }
    taken, display = set(properties), "record_id"
    for field in table["fields"]:
        name = _free_name(field["name"], taken)
        taken.add(name.casefold())
        properties[name] = _column(field)
        if field["id"] == table["primaryFieldId"]:
            display = name
    return make_object_schema(
        properties=properties, id_property="record_id", display_property=display
    )


def _free_name(name: str, taken: set[str]) -> str:
    candidates = [name, *(f"{name} {number}" for number in range(2, len(taken) + 3))]
    return next(each for each in candidates if each.casefold() not in taken)


def _column(field: Mapping[str, Any]) -> Schema:
    """The column of a field; what a formula or rollup results in says of which type it is."""
    kind, precision = field["type"], value_at(field, "options.precision")
    if kind in ("formula", "rollup"):
        kind = value_at(field, "options.result.type")
        precision = value_at(field, "options.result.options.precision")
    if kind == "number" and precision == 0:
        kind = "count"
    make = _COLUMNS.get(str(kind), _json)
    description = field.get("description") or f"Field of the type {field['type']}."
    return make(description, f"fields.{field['id']}")
