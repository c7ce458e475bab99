"""What the columns of the tables mean, in the words of Google's reference.

https://developers.google.com/workspace/calendar/api/v3/reference
"""

from pack_sdk import columns as c
from pack_sdk import make_object_schema

CALENDAR = make_object_schema(
    description="A calendar in the account's list.",
    id_property="id",
    display_property="summary",
    properties={
        "id": c.text("Identifier of the calendar, often an e-mail address.", required=True),
        "summary": c.text("Title of the calendar."),
        "summary_override": c.text("The title that this account has given it.", "summaryOverride"),
        "description": c.text("Description of the calendar."),
        "location": c.text("Where the calendar is, as text."),
        "time_zone": c.text('Time zone of the calendar, such as "Europe/Zurich".', "timeZone"),
        "access_role": c.text("freeBusyReader, reader, writer or owner.", "accessRole"),
        "is_primary": c.flag("Whether it is the account's own calendar.", "primary"),
        "is_selected": c.flag("Whether its events are shown in Google's page.", "selected"),
        "is_hidden": c.flag("Whether it is hidden from the list.", "hidden"),
        "background_color": c.text("Main colour, such as #0088aa.", "backgroundColor"),
        "data_owner": c.email("Owner of a secondary calendar.", "dataOwner"),
    },
)

_PERSON = {
    "email": c.email("E-mail address."),
    "name": c.text("Name, if it is known.", "displayName"),
    "is_self": c.flag("Whether it is the calendar on which this copy is.", "self"),
}

_ATTENDEE = c.struct(
    {
        **_PERSON,
        "response": c.text("needsAction, declined, tentative or accepted.", "responseStatus"),
        "comment": c.text("What they said to it."),
        "is_optional": c.flag("Whether they need not come.", "optional"),
        "is_organizer": c.flag("Whether they organize it.", "organizer"),
        "is_resource": c.flag("Whether it is a room or the like.", "resource"),
        "additional_guests": c.whole("How many they bring.", "additionalGuests"),
    },
    "A person or room that is invited.",
)

EVENT = make_object_schema(
    description="An event; a recurring one is one row, and each changed instance of it another.",
    id_property="id",
    display_property="summary",
    link_property="url",
    properties={
        "id": c.text("Identifier, unique within the calendar.", required=True),
        "calendar_id": c.text("The calendar that it is on.", required=True),
        "ical_uid": c.text("Identifier across calendar systems (RFC 5545).", "iCalUID"),
        "status": c.text("confirmed, tentative; or cancelled, for an instance that is left out."),
        "summary": c.text("Title."),
        "description": c.text("Description, which may hold HTML."),
        "location": c.text("Where it takes place, as text."),
        "url": c.url("The event in Google's page.", "htmlLink"),
        "starts_at": c.moment("When it starts; empty for whole days.", "start.dateTime"),
        "ends_at": c.moment("When it ends; empty for whole days.", "end.dateTime"),
        "start_date": c.day("First day, if it lasts whole days.", "start.date"),
        "end_date": c.day("The day after the last, if it lasts whole days.", "end.date"),
        "time_zone": c.text("Time zone in which it recurs.", "start.timeZone"),
        "recurrence": c.several(c.text("A line."), "RRULE, EXRULE, RDATE, EXDATE (RFC 5545)."),
        "recurring_event_id": c.text("The event that this is an instance of.", "recurringEventId"),
        "original_starts_at": c.moment(
            "When the instance would start by the rule.", "originalStartTime.dateTime"
        ),
        "original_start_date": c.day(
            "The day on which it would start by the rule.", "originalStartTime.date"
        ),
        "event_type": c.text("default, outOfOffice, focusTime, birthday …", "eventType"),
        "visibility": c.text("default, public, private or confidential."),
        "transparency": c.text("opaque: it blocks time; transparent: it does not."),
        "creator": c.struct(_PERSON, "Who made it."),
        "organizer": c.struct(_PERSON, "Who organizes it."),
        "attendees": c.several(_ATTENDEE, "Who is invited."),
        "attendees_omitted": c.flag("Whether some are left out.", "attendeesOmitted"),
        "meeting_url": c.url("Where to join a video meeting.", "hangoutLink"),
        "sequence": c.whole("Number of the version as iCalendar counts."),
        "created_at": c.moment("When it was made.", "created"),
        "updated_at": c.moment("When it was last changed.", "updated"),
    },
)

ACL_RULE = make_object_schema(
    description="Who may see or change a calendar.",
    id_property="id",
    display_property="id",
    properties={
        "id": c.text("Identifier, unique within the calendar.", required=True),
        "calendar_id": c.text("The calendar.", required=True),
        "role": c.text("freeBusyReader, reader, writer or owner."),
        "scope_type": c.text("default (the public), user, group or domain.", "scope.type"),
        "scope_value": c.text("The address or domain; empty for the public.", "scope.value"),
    },
)
