"""What the columns of the tables mean: https://docs.slack.dev/reference/objects."""

from pack_sdk import columns as c
from pack_sdk import make_object_schema

CHANNEL = make_object_schema(
    description="A public channel, or a private one that the app is in.",
    id_property="id",
    display_property="name",
    properties={
        "id": c.text("Identifier.", required=True),
        "name": c.text("Name, without #."),
        "topic": c.text("Topic.", "topic.value"),
        "purpose": c.text("What it is for.", "purpose.value"),
        "creator": c.text("The user who made it."),
        "is_private": c.flag("Whether it is private."),
        "is_archived": c.flag("Whether it is archived."),
        "is_general": c.flag("Whether everybody is in it."),
        "is_member": c.flag("Whether the app is in it, whose messages it can read then."),
        "is_shared": c.flag("Whether it is shared with other workspaces."),
        "members": c.whole("How many are in it.", "num_members"),
        "created_at": c.moment_of_seconds("When it was made.", "created"),
    },
)

USER = make_object_schema(
    description="A person or a bot of the workspace.",
    id_property="id",
    display_property="name",
    properties={
        "id": c.text("Identifier.", required=True),
        "name": c.text("Name that the user signs in with."),
        "real_name": c.text("Full name.", "profile.real_name"),
        "display_name": c.text("Name that is shown in messages.", "profile.display_name"),
        "email": c.email("E-mail address, with the scope users:read.email.", "profile.email"),
        "title": c.text("What they do.", "profile.title"),
        "time_zone": c.text('Time zone, such as "Europe/Zurich".', "tz"),
        "is_deactivated": c.flag("Whether the account is switched off.", "deleted"),
        "is_admin": c.flag("Whether it is one of the workspace's admins."),
        "is_bot": c.flag("Whether it is a bot."),
        "updated_at": c.moment_of_seconds("When it was last changed.", "updated"),
    },
)

_MESSAGE = {
    "ts": c.text("Identifier, unique within the channel: a time, exactly.", required=True),
    "channel_id": c.text("The channel that it is in."),
    "posted_at": c.moment("When it was written."),
    "user_id": c.text("The user who wrote it.", "user"),
    "bot_id": c.text("The bot that wrote it."),
    "subtype": c.text("Of what kind it is, such as channel_join; empty for plain messages."),
    "text": c.text("The text, in Slack's own markup."),
    "edited_at": c.moment("When it was last edited."),
    "thread_ts": c.text("The message that the thread it is in began with."),
    "files": c.several(c.text("Identifier of a file."), "The files with it.", "file_ids"),
    "reactions": c.json("Who reacted, by emoji."),
}

MESSAGE = make_object_schema(
    description="A message of a channel; replies are in the table Replies.",
    id_property="ts",
    display_property="text",
    properties={
        **_MESSAGE,
        "replies": c.whole("How many replies it has.", "reply_count"),
        "last_reply_ts": c.text("The last of them.", "latest_reply"),
    },
)

REPLY = make_object_schema(
    description="A reply in a thread.",
    id_property="ts",
    display_property="text",
    properties=_MESSAGE,
)
