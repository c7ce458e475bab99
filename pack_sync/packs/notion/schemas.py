"""What the columns of the tables mean: https://developers.notion.com/reference/intro."""

from pack_sdk import columns as c
from pack_sdk import make_object_schema

USER = make_object_schema(
    description="A person or a bot of the workspace.",
    id_property="id",
    display_property="name",
    properties={
        "id": c.text("Identifier.", required=True),
        "type": c.text("person or bot."),
        "name": c.text("Name."),
        "email": c.email("E-mail address, if the connection may see it.", "person.email"),
        "avatar_url": c.url("Picture."),
    },
)

_EDITS = {
    "created_at": c.moment("When it was made, to the minute.", "created_time"),
    "updated_at": c.moment("When it was last edited, to the minute.", "last_edited_time"),
    "created_by": c.text("The user who made it.", "created_by.id"),
    "updated_by": c.text("The user who last edited it.", "last_edited_by.id"),
}

DATA_SOURCE = make_object_schema(
    description="A table of a database. What is in it are the rows of the table Databases.",
    id_property="id",
    display_property="title",
    link_property="url",
    properties={
        "id": c.text("Identifier.", required=True),
        "title": c.text("Title."),
        "description": c.text("Description."),
        "url": c.url("The data source in Notion's app."),
        "database_id": c.text("The database that it is of.", "parent.database_id"),
        "columns": c.several(c.text("Name of a column."), "Names of its columns."),
        **_EDITS,
    },
)

PAGE = make_object_schema(
    description="A page; the rows of a database are pages as well.",
    id_property="id",
    display_property="title",
    link_property="url",
    properties={
        "id": c.text("Identifier.", required=True),
        "title": c.text("Title."),
        "url": c.url("The page in Notion's app."),
        "public_url": c.url("Where everybody may read it."),
        "parent_type": c.text(
            "workspace, page_id, block_id or data_source_id: what it is in.", "parent.type"
        ),
        "parent_page_id": c.text("The page that it is in.", "parent.page_id"),
        "data_source_id": c.text("The data source that it is a row of.", "parent.data_source_id"),
        "is_locked": c.flag("Whether it is locked."),
        "properties": c.json("Its properties, as Notion sends them."),
        **_EDITS,
    },
)

COMMENT = make_object_schema(
    description="A comment on a page that is not resolved.",
    id_property="id",
    display_property="text",
    properties={
        "id": c.text("Identifier.", required=True),
        "page_id": c.text("The page that it is on.", "parent.page_id"),
        "discussion_id": c.text("The discussion that it is a part of."),
        "text": c.text("The comment, without its formatting."),
        "created_at": c.moment("When it was written, to the minute.", "created_time"),
        "updated_at": c.moment("When it was last edited, to the minute.", "last_edited_time"),
        "created_by": c.text("The user who wrote it.", "created_by.id"),
    },
)

ROW_COLUMNS = {
    "id": c.text("Identifier of the page that the row is.", required=True),
    "url": c.url("The row in Notion's app."),
    **_EDITS,
}
"""What each row of a data source has, beside its own columns."""
