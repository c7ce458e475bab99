"""What the columns of the tables mean, in the words of Zendesk's reference.

https://developer.zendesk.com/api-reference/ticketing/introduction
"""

from pack_sdk import columns as c
from pack_sdk import make_object_schema, make_schema

_ID = c.whole("Identifier.", "id", required=True)
_TAGS = c.several(c.text("A tag."), "Tags.")
_CREATED_AT = c.moment("When it was made.")
_UPDATED_AT = c.moment("When it was last changed.")
_PAGE_URL = c.url("Its page for agents.")
_EXTERNAL_ID = c.text("Identifier in another system.")

TICKET = make_object_schema(
    description="A ticket.",
    id_property="id",
    display_property="subject",
    link_property="page_url",
    properties={
        "id": _ID,
        "subject": c.text("Subject."),
        "description": c.text("Its first comment."),
        "status": c.text("new, open, pending, hold, solved or closed."),
        "custom_status_id": c.whole("The account's own status."),
        "priority": c.text("urgent, high, normal or low."),
        "type": c.text("problem, incident, question or task."),
        "requester_id": c.whole("The user who asked."),
        "submitter_id": c.whole("The user who wrote it down."),
        "assignee_id": c.whole("The agent who has it."),
        "organization_id": c.whole("The requester's organization."),
        "group_id": c.whole("The group of agents that has it."),
        "brand_id": c.whole("The brand."),
        "ticket_form_id": c.whole("The form it was made with."),
        "collaborator_ids": c.several(c.whole("A user."), "Users in copy."),
        "follower_ids": c.several(c.whole("An agent."), "Agents who follow it."),
        "email_cc_ids": c.several(c.whole("A user."), "Users in copy by e-mail."),
        "problem_id": c.whole("The problem that an incident belongs to."),
        "has_incidents": c.flag("Whether a problem has incidents."),
        "is_public": c.flag("Whether it has comments that the requester sees."),
        "due_at": c.moment("When a task is due."),
        "recipient": c.email("The address that it was sent to."),
        "channel": c.text("How it came: web, email, api …", "via.channel"),
        "satisfaction_score": c.text(
            "How the requester rates it: good, bad …", "satisfaction_rating.score"
        ),
        "satisfaction_comment": c.text(
            "What the requester says to it.", "satisfaction_rating.comment"
        ),
        "custom_fields": make_schema(
            type="json", description="Values of the account's own fields: id and value of each."
        ),
        "tags": _TAGS,
        "external_id": _EXTERNAL_ID,
        "page_url": _PAGE_URL,
        "created_at": _CREATED_AT,
        "updated_at": c.moment("When an event of the ticket last changed it."),
        "generated_at": c.moment_of_seconds(
            "When anything of it last changed, also by the system.", "generated_timestamp"
        ),
    },
)

USER = make_object_schema(
    description="A user.",
    id_property="id",
    display_property="name",
    link_property="page_url",
    properties={
        "id": _ID,
        "name": c.text("Name."),
        "email": c.email("The primary e-mail address."),
        "phone": c.text("The primary telephone number."),
        "role": c.text("end-user, agent or admin."),
        "custom_role_id": c.whole("The agent's own role."),
        "organization_id": c.whole("The organization."),
        "default_group_id": c.whole("The agent's group."),
        "alias": c.text("Name that customers see."),
        "details": c.text("Details."),
        "notes": c.text("Notes of agents."),
        "locale": c.text('Language, such as "en-US".'),
        "time_zone": c.text("Time zone, by its name in Zendesk."),
        "is_verified": c.flag("Whether an address is verified.", "verified"),
        "is_suspended": c.flag("Whether the user is suspended.", "suspended"),
        "ticket_restriction": c.text("Which tickets the user may see."),
        "user_fields": c.json("Values of the account's own fields, by their keys."),
        "tags": _TAGS,
        "external_id": _EXTERNAL_ID,
        "page_url": _PAGE_URL,
        "last_login_at": c.moment("When the user last signed in."),
        "created_at": _CREATED_AT,
        "updated_at": _UPDATED_AT,
    },
)

ORGANIZATION = make_object_schema(
    description="An organization.",
    id_property="id",
    display_property="name",
    link_property="page_url",
    properties={
        "id": _ID,
        "name": c.text("Name."),
        "details": c.text("Details, such as the address."),
        "notes": c.text("Notes."),
        "domain_names": c.several(c.text("A domain."), "Domains of its users' addresses."),
        "group_id": c.whole("The group that gets its tickets."),
        "shares_tickets": c.flag("Whether its users see each other's tickets.", "shared_tickets"),
        "shares_comments": c.flag("Whether they may comment on them.", "shared_comments"),
        "organization_fields": c.json("Values of the account's own fields, by their keys."),
        "tags": _TAGS,
        "external_id": _EXTERNAL_ID,
        "page_url": _PAGE_URL,
        "created_at": _CREATED_AT,
        "updated_at": _UPDATED_AT,
    },
)

COMMENT = make_object_schema(
    description="A comment of a ticket.",
    id_property="id",
    display_property="body",
    properties={
        "id": _ID,
        "ticket_id": c.whole("The ticket.", required=True),
        "event_id": c.whole("The event that it came with."),
        "author_id": c.whole("The user who wrote it."),
        "body": c.text("The text."),
        "html_body": c.text("The text with its marks.", hint="html"),
        "is_public": c.flag("Whether the requester sees it.", "public"),
        "channel": c.text("How it came: web, email, api …", "via.channel"),
        "attachments": c.several(
            c.struct(
                {
                    "id": c.whole("Identifier."),
                    "file_name": c.text("Name of the file."),
                    "content_type": c.text("Its kind."),
                    "content_url": c.url("Where it is."),
                    "size": c.whole("Bytes."),
                },
                "A file.",
            ),
            "Files that were attached.",
        ),
        "created_at": _CREATED_AT,
    },
)

METRIC_EVENT = make_object_schema(
    description="What happened to a metric of a ticket.",
    id_property="id",
    display_property="metric",
    properties={
        "id": _ID,
        "ticket_id": c.whole("The ticket.", required=True),
        "metric": c.text("agent_work_time, reply_time, requester_wait_time …"),
        "instance_id": c.whole("Which time the metric was measured for the ticket, from 1 on."),
        "type": c.text("activate, pause, fulfill, apply_sla, breach or update_status."),
        "time": c.moment("When it happened."),
        "sla": c.json("The policy and its target, of apply_sla."),
        "calendar_minutes": c.whole("Minutes passed, of update_status.", "status.calendar"),
        "business_minutes": c.whole(
            "Minutes within business hours, of update_status.", "status.business"
        ),
    },
)
