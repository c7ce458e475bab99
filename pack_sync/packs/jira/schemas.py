"""What the columns mean, in the words of Atlassian's reference.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/ and
https://developer.atlassian.com/cloud/jira/software/rest/intro/
"""

from pack_sdk import columns as c
from pack_sdk import make_object_schema

_ID = c.text("Identifier.", "id", required=True)
_CREATED_AT = c.moment("When it was made.", "created")
_UPDATED_AT = c.moment("When it was last changed.", "updated")

PROJECT = make_object_schema(
    description="A project.",
    id_property="id",
    display_property="name",
    link_property="page_url",
    properties={
        "id": _ID,
        "key": c.text("Key, which issues' keys begin with."),
        "name": c.text("Name."),
        "description": c.text("Description."),
        "type": c.text("software, service_desk or business.", "projectTypeKey"),
        "style": c.text("classic, or next-gen for one that its team manages.", "style"),
        "is_private": c.flag("Whether only its members see it.", "isPrivate"),
        "lead_id": c.text("The user who leads it.", "lead.accountId"),
        "lead": c.text("The name of who leads it.", "lead.displayName"),
        "category_id": c.text("Its category.", "projectCategory.id"),
        "category": c.text("The category's name.", "projectCategory.name"),
        "url": c.url("A link to information about it."),
        "page_url": c.url("The project in Jira."),
    },
)

USER = make_object_schema(
    description="A user.",
    id_property="id",
    display_property="name",
    properties={
        "id": c.text("Identifier of the account.", "accountId", required=True),
        "name": c.text("Name, as far as the user shows it.", "displayName"),
        "email": c.email("E-mail address, if the user shows it.", "emailAddress"),
        "type": c.text("atlassian, app or customer.", "accountType"),
        "is_active": c.flag("Whether the account is active.", "active"),
        "time_zone": c.text("Time zone, if the user shows it.", "timeZone"),
        "locale": c.text("Language, if the user shows it."),
    },
)

BOARD = make_object_schema(
    description="A board.",
    id_property="id",
    display_property="name",
    properties={
        "id": c.whole("Identifier.", required=True),
        "name": c.text("Name."),
        "type": c.text("scrum, kanban or simple."),
        "project_id": c.whole("The project that it is in.", "location.projectId"),
        "project_key": c.text("That project's key.", "location.projectKey"),
        "location": c.text("Where it is: a project or a user.", "location.displayName"),
        "is_private": c.flag("Whether it is private.", "isPrivate"),
    },
)

SPRINT = make_object_schema(
    description="A sprint that a board shows. Several boards may show the same one.",
    id_property=["board_id", "id"],
    display_property="name",
    properties={
        "board_id": c.whole("The board that shows it.", required=True),
        "id": c.whole("Identifier.", required=True),
        "name": c.text("Name."),
        "state": c.text("future, active or closed."),
        "goal": c.text("Goal."),
        "origin_board_id": c.whole("The board that it was made on.", "originBoardId"),
        "started_at": c.moment("When it starts.", "startDate"),
        "ends_at": c.moment("When it is to end.", "endDate"),
        "completed_at": c.moment("When it was completed.", "completeDate"),
        "created_at": c.moment("When it was made.", "createdDate"),
    },
)

_WRITTEN = {
    "author_id": c.text("The user who wrote it.", "author.accountId"),
    "author": c.text("The name of who wrote it.", "author.displayName"),
    "update_author_id": c.text("The user who last changed it.", "updateAuthor.accountId"),
    "visibility_type": c.text("group or role, if only some see it.", "visibility.type"),
    "visibility": c.text("The group or role that sees it.", "visibility.value"),
    "created_at": _CREATED_AT,
    "updated_at": _UPDATED_AT,
}

COMMENT = make_object_schema(
    description="A comment on an issue.",
    id_property="id",
    display_property="body",
    link_property="page_url",
    properties={
        "id": _ID,
        "issue_id": c.text("The issue.", required=True),
        "issue_key": c.text("The issue's key."),
        "body": c.text("The text, without formatting.", "text"),
        "body_document": c.json("The text as an Atlassian document.", "body"),
        "is_public": c.flag("In Jira Service Management, whether customers see it.", "jsdPublic"),
        "page_url": c.url("The comment in Jira."),
        **_WRITTEN,
    },
)

WORKLOG = make_object_schema(
    description="Time that was worked on an issue.",
    id_property="id",
    display_property="time_spent",
    properties={
        "id": _ID,
        "issue_id": c.text("The issue.", "issueId", required=True),
        "started_at": c.moment("When the work began.", "started"),
        "time_spent": c.text('Time worked, such as "3h 20m".', "timeSpent"),
        "time_spent_seconds": c.whole("Time worked, in seconds.", "timeSpentSeconds"),
        "comment": c.text("What was done, without formatting.", "text"),
        "comment_document": c.json("What was done, as an Atlassian document.", "comment"),
        **_WRITTEN,
    },
)
