"""What the columns of the tables mean, and how those of records are made of HubSpot's properties.

https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide has the types.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pack_sdk import Schema, ValueHint, format_time, make_object_schema, parse_time
from pack_sdk import columns as c

_MADE: Mapping[str, Callable[[str, str], Schema]] = {
    "bool": c.flag,
    "number": c.decimal,
    "date": c.day,
    "datetime": c.moment,
}
"""What makes the column of a property, by its type; all others are text.

HubSpot does not say which numbers are amounts of money, and which ids: none becomes a float.
"""

_IN_PROPERTIES = "properties."


def record_schema(properties: Sequence[Mapping[str, Any]], display: str) -> Schema:
    """The columns of a record: four of its own, and one for each property, under its name.

    A property whose name is taken, or begins with an underscore, has `property_` before it.
    """
    columns = {
        "id": c.text("Identifier.", required=True),
        "url": c.url("The record in HubSpot."),
        "created_at": c.moment("When it was made.", "createdAt"),
        "updated_at": c.moment("When it was last changed.", "updatedAt"),
    }
    taken = set(columns)
    for each in properties:
        name = str(each["name"])
        column = f"property_{name}" if name.casefold() in taken or name[0] == "_" else name
        taken.add(column.casefold())
        columns[column] = _MADE.get(each["type"], c.text)(_described(each), _IN_PROPERTIES + name)
    return make_object_schema(
        description="A record.",
        id_property="id",
        display_property=display if display in columns else "id",
        link_property="url",
        properties=columns,
    )


def _described(prop: Mapping[str, Any]) -> str:
    text = ". ".join(filter(None, [prop["label"], prop.get("description")]))
    several = prop["type"] == "enumeration" and prop.get("fieldType") == "checkbox"
    return f"{text}. Several values have semicolons between them." if several else text


def asked_properties(schema: Schema) -> list[str]:
    """The names of the properties that fill the columns."""
    keys = [each.from_key or "" for each in schema.properties.values()]
    return [key.removeprefix(_IN_PROPERTIES) for key in keys if key.startswith(_IN_PROPERTIES)]


def row_of(record: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """The record as a row. HubSpot may write days and moments as milliseconds since 1970."""
    values = dict(record["properties"])
    for each in schema.properties.values():
        name = (each.from_key or "").removeprefix(_IN_PROPERTIES)
        value = values.get(name)
        is_time = each.hint in (ValueHint.DATE, ValueHint.DATE_TIME)
        if is_time and isinstance(value, str) and value.isdigit():
            moment = parse_time(int(value))
            values[name] = format_time(moment, "date" if each.hint is ValueHint.DATE else "iso")
    return {**record, "properties": values}


OWNER = make_object_schema(
    description="A user to whom records can be assigned.",
    id_property="id",
    display_property="email",
    properties={
        "id": c.text("Identifier, the hubspot_owner_id of records.", required=True),
        "email": c.email("E-mail address."),
        "type": c.text("PERSON or QUEUE."),
        "first_name": c.text("First name.", "firstName"),
        "last_name": c.text("Last name.", "lastName"),
        "user_id": c.whole("The user, also of one who is gone.", "userIdIncludingInactive"),
        "is_archived": c.flag("Whether the user is gone.", "archived"),
        "teams": c.several(
            c.struct(
                {
                    "id": c.text("Identifier."),
                    "name": c.text("Name."),
                    "is_primary": c.flag("Whether it is the owner's main team.", "primary"),
                },
                "A team.",
            ),
            "The owner's teams.",
        ),
        "created_at": c.moment("When it was made.", "createdAt"),
        "updated_at": c.moment("When it was last changed.", "updatedAt"),
    },
)

PIPELINE = make_object_schema(
    description="A pipeline of deals or tickets.",
    id_property=["object_type", "id"],
    display_property="label",
    properties={
        "object_type": c.text("deals or tickets.", required=True),
        "id": c.text("Identifier, the pipeline of records.", required=True),
        "label": c.text("Name."),
        "display_order": c.whole("Its place among the pipelines.", "displayOrder"),
        "stages": c.several(
            c.struct(
                {
                    "id": c.text("Identifier, the dealstage or hs_pipeline_stage of records."),
                    "label": c.text("Name."),
                    "display_order": c.whole("Its place in the pipeline.", "displayOrder"),
                    "metadata": c.json("Such as the probability that a deal is won."),
                },
                "A stage.",
            ),
            "Its stages.",
        ),
        "created_at": c.moment("When it was made.", "createdAt"),
        "updated_at": c.moment("When it was last changed.", "updatedAt"),
    },
)

ASSOCIATION = make_object_schema(
    description="That one record is associated with another.",
    id_property=["from_type", "from_id", "to_type", "to_id", "category", "type_id"],
    display_property="label",
    properties={
        "from_type": c.text("The type of the one record, such as deals.", required=True),
        "from_id": c.text("The one record.", required=True),
        "to_type": c.text("The type of the other record, such as contacts.", required=True),
        "to_id": c.text("The other record.", required=True),
        "category": c.text("HUBSPOT_DEFINED, USER_DEFINED or INTEGRATOR_DEFINED.", required=True),
        "type_id": c.whole("The type of association within the category.", required=True),
        "label": c.text("What it is called, such as Primary; most have no name."),
    },
)
