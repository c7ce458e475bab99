"""The columns of issues: those that all sites have, and one for each custom field of a site.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-fields/
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pack_sdk import Schema, make_object_schema, value_at
from pack_sdk import columns as c

_NAMED = {"id": c.text("Identifier."), "name": c.text("Name.")}


def _named(description: str, from_key: str) -> Schema:
    return c.several(c.struct(_NAMED, "One of them."), description, from_key)


_LINKED = {"id": c.text("Identifier."), "key": c.text("Key.")}

_LINK = {
    "id": c.text("Identifier of the link."),
    "type": c.text("What kind of link it is.", "type.name"),
    "outward_issue": c.struct(_LINKED, "The issue that this one points to.", "outwardIssue"),
    "inward_issue": c.struct(_LINKED, "The issue that points to this one.", "inwardIssue"),
}

_ATTACHMENT = {
    "id": c.text("Identifier."),
    "filename": c.text("Name of the file."),
    "mime_type": c.text("Its kind.", "mimeType"),
    "size": c.whole("Bytes."),
    "author_id": c.text("The user who attached it.", "author.accountId"),
    "created_at": c.moment("When it was attached.", "created"),
}

_COLUMNS: Mapping[str, Schema] = {
    "id": c.text("Identifier, which stays when the key changes.", "id", required=True),
    "key": c.text("Key, such as ABC-12."),
    "page_url": c.url("The issue in Jira."),
    "summary": c.text("Summary.", "fields.summary"),
    "description": c.text("Description, without formatting.", "fields.description"),
    "description_document": c.json("Description, as an Atlassian document."),
    "environment": c.text("Environment, without formatting.", "fields.environment"),
    "type_id": c.text("Its type.", "fields.issuetype.id"),
    "type": c.text("The type's name.", "fields.issuetype.name"),
    "is_subtask": c.flag("Whether it is a subtask.", "fields.issuetype.subtask"),
    "status_id": c.text("Its status.", "fields.status.id"),
    "status": c.text("The status's name.", "fields.status.name"),
    "status_category": c.text("new, indeterminate or done.", "fields.status.statusCategory.key"),
    "status_category_changed_at": c.moment(
        "When the status's category last changed.", "fields.statuscategorychangedate"
    ),
    "priority_id": c.text("Its priority.", "fields.priority.id"),
    "priority": c.text("The priority's name.", "fields.priority.name"),
    "resolution_id": c.text("How it was resolved.", "fields.resolution.id"),
    "resolution": c.text("The resolution's name.", "fields.resolution.name"),
    "resolved_at": c.moment("When it was resolved.", "fields.resolutiondate"),
    "project_id": c.text("Its project.", "fields.project.id"),
    "project_key": c.text("The project's key.", "fields.project.key"),
    "parent_id": c.text("The issue that it is part of.", "fields.parent.id"),
    "parent_key": c.text("That issue's key.", "fields.parent.key"),
    "assignee_id": c.text("The user who has it.", "fields.assignee.accountId"),
    "assignee": c.text("The name of who has it.", "fields.assignee.displayName"),
    "reporter_id": c.text("The user who reported it.", "fields.reporter.accountId"),
    "reporter": c.text("The name of who reported it.", "fields.reporter.displayName"),
    "creator_id": c.text("The user who made it.", "fields.creator.accountId"),
    "creator": c.text("The name of who made it.", "fields.creator.displayName"),
    "security_level": c.text("Who may see it.", "fields.security.name"),
    "labels": c.several(c.text("A label."), "Labels.", "fields.labels"),
    "components": _named("Parts of the project.", "fields.components"),
    "fix_versions": _named("Versions that it is fixed in.", "fields.fixVersions"),
    "affects_versions": _named("Versions that have it.", "fields.versions"),
    "links": c.several(c.struct(_LINK, "A link."), "Links to issues.", "fields.issuelinks"),
    "attachments": c.several(
        c.struct(_ATTACHMENT, "A file."), "Files that are attached.", "fields.attachment"
    ),
    "due_date": c.day("When it is due.", "fields.duedate"),
    "original_estimate_seconds": c.whole(
        "Time that it was to take, in seconds.", "fields.timeoriginalestimate"
    ),
    "remaining_estimate_seconds": c.whole(
        "Time that it is yet to take, in seconds.", "fields.timeestimate"
    ),
    "time_spent_seconds": c.whole("Time worked on it, in seconds.", "fields.timespent"),
    "created_at": c.moment("When it was made.", "fields.created"),
    "updated_at": c.moment("When it was last changed.", "fields.updated"),
}

_PREFIX = "com.pyxis.greenhopper.jira:gh-"
_LEFT_OUT = (f"{_PREFIX}lexo-rank", "devsummarycf")
"""Fields that change without a change of the issue: its rank, and what was done in repositories.

https://developer.atlassian.com/cloud/jira/software/rest/intro/ on the rank.
"""

_USER = {
    "id": c.text("Identifier of the account.", "accountId"),
    "name": c.text("Name.", "displayName"),
}
_OPTION = {"id": c.text("Identifier."), "value": c.text("Value.")}
_SPRINT = {"id": c.whole("Identifier."), "name": c.text("Name.")}

Make = Callable[[str, str], Schema]


def _structs(properties: Mapping[str, Schema]) -> Make:
    return lambda description, from_key: c.several(
        c.struct(properties, "One of them."), description, from_key
    )


def _part(make: Callable[..., Schema], key: str) -> Make:
    return lambda description, from_key: make(description, f"{from_key}.{key}")


def _cascade(description: str, from_key: str) -> Schema:
    parts = {**_OPTION, "child": c.struct(_OPTION, "The value below it.")}
    return c.struct(parts, description, from_key)


def _user(description: str, from_key: str) -> Schema:
    return c.struct(_USER, description, from_key)


def _texts(description: str, from_key: str) -> Schema:
    return c.several(c.text("One of them."), description, from_key)


_ONE: Mapping[str, Make] = {
    "string": c.text,
    "number": c.number,
    "date": c.day,
    "datetime": c.moment,
    "option": _part(c.text, "value"),
    "option-with-child": _cascade,
    "user": _user,
    "group": _part(c.text, "name"),
    "project": _part(c.text, "key"),
    "version": _part(c.text, "name"),
}
"""What makes the column of a field that has one value, by its type; of any other it is JSON."""

_SEVERAL: Mapping[str, Make] = {
    "string": _texts,
    "option": _structs(_OPTION),
    "user": _structs(_USER),
    "group": _structs({"name": c.text("Name.")}),
    "version": _structs(_NAMED),
    "component": _structs(_NAMED),
}
"""The same for fields that have several, by the type of each."""

_OWN: Mapping[str, Make] = {
    f"{_PREFIX}sprint": _structs(_SPRINT),
    f"{_PREFIX}epic-link": c.text,
    "com.atlassian.jira.plugin.system.customfieldtypes:url": c.url,
}
"""The same for kinds of fields whose type does not say enough."""


def issue_schema(fields: Iterable[Mapping[str, Any]]) -> Schema:
    """The schema of issues: a column for each custom field, under its name.

    Where a name is taken, without regard to case, the field's id is put behind it; the older
    field has the name alone.
    """
    columns = dict(_COLUMNS)
    custom = [each for each in fields if value_at(each, "schema.customId") is not None]
    for field in sorted(custom, key=lambda each: each["schema"]["customId"]):
        if str(field["schema"].get("custom")).endswith(_LEFT_OUT):
            continue
        taken = {column.casefold() for column in columns}
        name = field["name"]
        name = f"{name} ({field['id']})" if name.casefold() in taken else name
        columns[name] = _column(field)
    return make_object_schema(
        description="An issue.",
        id_property="id",
        display_property="summary",
        link_property="page_url",
        properties=columns,
    )


def _column(field: Mapping[str, Any]) -> Schema:
    schema = field["schema"]
    kind, items = schema["type"], schema.get("items")
    make = _SEVERAL.get(items, c.json) if kind == "array" else _ONE.get(kind, c.json)
    make = _OWN.get(schema.get("custom"), make)
    told = f"{kind} of {items}" if items else kind
    return make(f"Custom field of the type {told}.", f"fields.{field['id']}")
