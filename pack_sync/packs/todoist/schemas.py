"""What the columns of the tables mean: https://developer.todoist.com/api/v1/."""

from pack_sdk import Schema, make_object_schema
from pack_sdk import columns as c

PROJECT = make_object_schema(
    description="A project that is not archived.",
    id_property="id",
    display_property="name",
    link_property="url",
    properties={
        "id": c.text("Identifier.", required=True),
        "name": c.text("Name."),
        "description": c.text("Description, in projects of a team."),
        "url": c.url("The project in Todoist's app."),
        "color": c.text("Colour of its icon, such as lime_green."),
        "parent_id": c.text("The project that it is in."),
        "workspace_id": c.text("The team's workspace."),
        "folder_id": c.text("The folder of the workspace."),
        "status": c.text("PLANNED, IN_PROGRESS, PAUSED, COMPLETED or CANCELED, in a team."),
        "view_style": c.text("list, board or calendar."),
        "position": c.whole("Place among its siblings.", "child_order"),
        "is_inbox": c.flag("Whether it is the account's inbox.", "inbox_project"),
        "is_shared": c.flag("Whether it is shared with others.", "shared"),
        "is_favorite": c.flag("Whether it is a favourite."),
        "is_frozen": c.flag("Whether it is of a subscription that has ended."),
        "created_at": c.moment("When it was made."),
        "updated_at": c.moment("When it was last changed."),
    },
)

SECTION = make_object_schema(
    description="A section of a project that is not archived.",
    id_property="id",
    display_property="name",
    properties={
        "id": c.text("Identifier.", required=True),
        "name": c.text("Name."),
        "project_id": c.text("The project that it is in."),
        "position": c.whole("Place in the project.", "section_order"),
        "is_collapsed": c.flag("Whether its tasks are folded away."),
        "added_at": c.moment("When it was made."),
        "updated_at": c.moment("When it was last changed."),
    },
)


def _task(description: str) -> Schema:
    return make_object_schema(
        description=description,
        id_property="id",
        display_property="content",
        link_property="url",
        properties={
            "id": c.text("Identifier.", required=True),
            "content": c.text("What there is to do, in Markdown."),
            "description": c.text("More about it, in Markdown."),
            "url": c.url("The task in Todoist's app."),
            "project_id": c.text("The project that it is in."),
            "section_id": c.text("The section that it is in."),
            "parent_id": c.text("The task that it is a part of."),
            "labels": c.several(c.text("Name of a label."), "Names of its labels."),
            "priority": c.whole("1 to 4; 4 is the most urgent, which the app shows as p1."),
            "due_date": c.day("The day on which it is due; of a fixed time, the day in UTC."),
            "due_at": c.moment("When it is due, where it is due at a time in a fixed zone."),
            "due": c.text(
                "When it is due, as Todoist writes it: a day, a time without a zone, which is "
                "that of whoever looks at it, or a time in UTC.",
                "due.date",
            ),
            "due_text": c.text('When it is due, in words such as "every day".', "due.string"),
            "due_zone": c.text("The time zone, if the time is fixed.", "due.timezone"),
            "is_recurring": c.flag("Whether it is due again and again.", "due.is_recurring"),
            "deadline": c.day("The last day for it.", "deadline.date"),
            "duration": c.whole("How long it takes, in `duration_unit`.", "duration.amount"),
            "duration_unit": c.text("minute or day.", "duration.unit"),
            "position": c.whole("Place among its siblings.", "child_order"),
            "added_by": c.text("The user who made it.", "added_by_uid"),
            "assigned_by": c.text("The user who assigned it.", "assigned_by_uid"),
            "responsible": c.text("The user whose task it is.", "responsible_uid"),
            "added_at": c.moment("When it was made."),
            "updated_at": c.moment("When it was last changed."),
            "completed_at": c.moment("When it was completed."),
        },
    )


TASK = _task("A task that is to be done.")
COMPLETED_TASK = _task("A task that is done.")

_FILE = c.struct(
    {
        "name": c.text("Name of the file.", "file_name"),
        "type": c.text("Its media type.", "file_type"),
        "size": c.whole("Its size in bytes.", "file_size"),
        "url": c.url("Where it is.", "file_url"),
    },
    "A file that is attached.",
    "file_attachment",
)

COMMENT = make_object_schema(
    description="A comment on a task that is to be done, or on a project.",
    id_property="id",
    display_property="content",
    properties={
        "id": c.text("Identifier.", required=True),
        "content": c.text("The comment, in Markdown."),
        "task_id": c.text("The task that it is on.", "item_id"),
        "project_id": c.text("The project that it is on."),
        "posted_by": c.text("The user who wrote it.", "posted_uid"),
        "posted_at": c.moment("When it was written."),
        "file": _FILE,
        "notified": c.several(c.text("A user."), "The users who were told.", "uids_to_notify"),
        "reactions": c.json("The users who reacted, by emoji."),
    },
)

LABEL = make_object_schema(
    description="A label of the account's own. Labels of others are on the tasks alone.",
    id_property="id",
    display_property="name",
    properties={
        "id": c.text("Identifier.", required=True),
        "name": c.text("Name."),
        "color": c.text("Colour of its icon, such as lime_green."),
        "position": c.whole("Place in the list of labels.", "item_order"),
        "is_favorite": c.flag("Whether it is a favourite."),
    },
)
