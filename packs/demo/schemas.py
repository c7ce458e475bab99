"""The schemas of the demo pack: what the columns of its tables mean.

Properties are named as one writes SQL columns; `from_key` says which field of the API
fills them.
"""

from typing import Any

from pack_sdk import Schema, ValueHint, ValueType, make_object_schema, make_schema


def _text(description: str, hint: ValueHint | None = None, **fields: Any) -> Schema:
    return make_schema(type=ValueType.STRING, hint=hint, description=description, **fields)


def _number(description: str, hint: ValueHint | None = None, **fields: Any) -> Schema:
    return make_schema(type=ValueType.NUMBER, hint=hint, description=description, **fields)


def _person(description: str) -> Schema:
    return make_object_schema(
        hint=ValueHint.PERSON,
        description=description,
        id_property="email",
        display_property="name",
        properties={
            "name": _text("Full name."),
            "email": _text("E-mail address.", ValueHint.EMAIL, required=True),
        },
    )


PROJECT = make_object_schema(
    description="A project that groups tasks.",
    id_property="id",
    display_property="name",
    link_property="url",
    properties={
        "id": _text('Identifier, such as "PROJ-1".', required=True),
        "name": _text("What the project is called."),
        "summary": _text("What the project is for.", ValueHint.MARKDOWN),
        "owner": _person("Who answers for the project."),
        "progress": _number("How much is done; 1 is all of it.", ValueHint.PERCENT),
        "budget": _number("What the project may cost, in euros.", ValueHint.CURRENCY),
        "starts_on": _text("First day.", ValueHint.DATE, from_key="startsOn"),
        "archived": make_schema(
            type=ValueType.BOOLEAN,
            hint=ValueHint.TOGGLE,
            description="Whether the project has been put away.",
        ),
        "url": _text("The project's page.", ValueHint.URL),
    },
)

TASK = make_object_schema(
    description="A piece of work in a project.",
    id_property="id",
    display_property="title",
    link_property="url",
    properties={
        "id": _text('Identifier, such as "TASK-17".', required=True),
        "title": _text("What is to be done.", required=True),
        "project_id": _text("The id of the project it belongs to.", from_key="projectId"),
        "assignee": _person("Who works on it; null when nobody does."),
        "labels": make_schema(
            type=ValueType.ARRAY,
            description="Labels, in alphabetical order.",
            items=_text("One label."),
        ),
        "status": _text("open, in progress, blocked or done.", ValueHint.SELECT_LIST),
        "priority": _number("From 1, the most urgent, to 5.", precision=0),
        "estimate_hours": _number("Expected hours of work.", from_key="estimateHours"),
        "done": make_schema(type=ValueType.BOOLEAN, description='Whether the status is "done".'),
        "due_date": _text(
            "Day by which it should be done; may be null.", ValueHint.DATE, from_key="dueDate"
        ),
        "created_at": _text("When it was created.", ValueHint.DATE_TIME, from_key="createdAt"),
        "modified_at": _text(
            "When it was last modified.", ValueHint.DATE_TIME, from_key="modifiedAt"
        ),
        "url": _text("The task's page.", ValueHint.URL),
    },
)

EVENT = make_object_schema(
    description="An event in the team's calendar.",
    id_property="id",
    display_property="title",
    properties={
        "id": _text('Identifier, such as "EVENT-17".', required=True),
        "title": _text("What it is about."),
        "starts_at": _text("When it starts.", ValueHint.DATE_TIME, from_key="startsAt"),
        "ends_at": _text("When it ends.", ValueHint.DATE_TIME, from_key="endsAt"),
        "duration": _text("How long it takes.", ValueHint.DURATION),
        "duration_minutes": _number(
            "How many minutes it takes.", precision=0, from_key="durationMinutes"
        ),
        "location": _text("Where it takes place; may be null."),
        "attendees": make_schema(
            type=ValueType.ARRAY,
            description="Who is invited.",
            items=make_object_schema(
                description="One invited person.",
                id_property="email",
                display_property="email",
                properties={
                    "email": _text("E-mail address.", ValueHint.EMAIL),
                    "response": _text(
                        "accepted, declined, tentative or needsAction.", ValueHint.SELECT_LIST
                    ),
                },
            ),
        ),
    },
)
