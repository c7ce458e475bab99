"""What the columns of the tables mean, after the schema that https://api.linear.app/graphql has."""

from pack_sdk import Schema, make_object_schema
from pack_sdk import columns as c

_ID = c.text("Identifier.", required=True)
_TIMES = {
    "created_at": c.moment("When it was made.", "createdAt"),
    "updated_at": c.moment("When it was last updated.", "updatedAt"),
}
_ARCHIVED = {"archived_at": c.moment("When it was archived; empty if it is not.", "archivedAt")}
_AUTO_ARCHIVED = {
    **_ARCHIVED,
    "auto_archived_at": c.moment("When Linear archived it by itself.", "autoArchivedAt"),
}
_PROGRESS = "From 0 to 1: completed estimate points and a quarter of those in progress, of all."
_RESOLUTION = "month, quarter, halfYear or year, if not the day is meant."
_PRIORITY = {
    "priority": c.whole("0: none, 1: urgent, 2: high, 3: medium, 4: low."),
    "priority_label": c.text("The priority in words.", "priorityLabel"),
}


def _history(description: str, from_key: str) -> Schema:
    return c.several(c.number("A number."), description, from_key)


def _created_by(description: str) -> Schema:
    return c.text(f"{description} Empty if an app did, or the account is gone.", "creator.id")


TEAM = make_object_schema(
    description="A team.",
    id_property="id",
    display_property="name",
    properties={
        "id": _ID,
        "key": c.text("What identifiers of its issues begin with, such as ENG."),
        "name": c.text("Name."),
        "display_name": c.text("Name, with that of the parent team.", "displayName"),
        "description": c.text("Description."),
        "parent_id": c.text("The team that it is a part of.", "parent.id"),
        "visibility": c.text("public, private or restricted."),
        "icon": c.text("Icon."),
        "color": c.text("Color, such as #5e6ad2."),
        "timezone": c.text("Time zone."),
        "cycles_enabled": c.flag("Whether it works in cycles.", "cyclesEnabled"),
        "cycle_weeks": c.number("How long a cycle lasts, in weeks.", "cycleDuration"),
        "cycle_cooldown_weeks": c.number("The time between cycles, in weeks.", "cycleCooldownTime"),
        "cycle_start_day": c.whole("When cycles begin: 0 is Sunday.", "cycleStartDay"),
        "estimation": c.text(
            "What estimates are: notUsed, exponential, fibonacci, linear or tShirt.",
            "issueEstimationType",
        ),
        "default_estimate": c.number("What counts without an estimate.", "defaultIssueEstimate"),
        "triage_enabled": c.flag("Whether it has a triage.", "triageEnabled"),
        "auto_close_months": c.number("Months until issues are closed.", "autoClosePeriod"),
        "auto_archive_months": c.number("Months until they are archived.", "autoArchivePeriod"),
        "retired_at": c.moment("When it was retired; empty if it was not.", "retiredAt"),
        **_TIMES,
    },
)

WORKFLOW_STATE = make_object_schema(
    description="A state of issues of a team.",
    id_property="id",
    display_property="name",
    properties={
        "id": _ID,
        "team_id": c.text("The team.", "team.id"),
        "name": c.text("Name, such as In Progress."),
        "type": c.text(
            "triage, backlog, unstarted, started, completed, canceled or duplicate: what it means."
        ),
        "position": c.number("Its place among the states of the team."),
        "description": c.text("Description."),
        "color": c.text("Color, such as #5e6ad2."),
        "inherited_from_id": c.text("The parent team's state that it is.", "inheritedFrom.id"),
        **_TIMES,
        **_ARCHIVED,
    },
)

PROJECT = make_object_schema(
    description="A project.",
    id_property="id",
    display_property="name",
    link_property="url",
    properties={
        "id": _ID,
        "name": c.text("Name."),
        "description": c.text("Summary."),
        "content": c.text("Description, in Markdown.", hint="markdown"),
        "url": c.url("Its page."),
        "slug_id": c.text("What its URL ends with.", "slugId"),
        "status_id": c.text("Its status.", "status.id"),
        "status": c.text("Name of the status.", "status.name"),
        "status_type": c.text(
            "backlog, planned, started, paused, completed or canceled.", "status.type"
        ),
        "health": c.text("onTrack, atRisk or offTrack, by its last update; empty without one."),
        "health_updated_at": c.moment("When the health was told.", "healthUpdatedAt"),
        **_PRIORITY,
        "progress": c.number(_PROGRESS),
        "scope": c.number("Its estimate points."),
        "lead_id": c.text("Who leads it.", "lead.id"),
        "creator_id": _created_by("Who made it."),
        "teams": c.several(
            c.struct({"id": c.text("Identifier."), "key": c.text("Key.")}, "A team."),
            "The teams that work on it, the first 100.",
            "teams.nodes",
        ),
        "label_ids": c.several(
            c.text("Identifier of a project label."),
            "Its labels, which are none of Labels.",
            "labelIds",
        ),
        "start_date": c.day("When it is to begin.", "startDate"),
        "start_date_resolution": c.text(_RESOLUTION, "startDateResolution"),
        "target_date": c.day("When it is to end.", "targetDate"),
        "target_date_resolution": c.text(_RESOLUTION, "targetDateResolution"),
        "started_at": c.moment("When it was begun.", "startedAt"),
        "completed_at": c.moment("When it was completed.", "completedAt"),
        "canceled_at": c.moment("When it was canceled.", "canceledAt"),
        "converted_from_issue_id": c.text("The issue that it was.", "convertedFromIssue.id"),
        "icon": c.text("Icon."),
        "color": c.text("Color, such as #5e6ad2."),
        "sort_order": c.number("Its place in lists.", "sortOrder"),
        **_TIMES,
        **_AUTO_ARCHIVED,
    },
)

CYCLE = make_object_schema(
    description="A cycle of a team.",
    id_property="id",
    display_property="number",
    properties={
        "id": _ID,
        "team_id": c.text("The team.", "team.id"),
        "number": c.whole("Its number within the team."),
        "name": c.text("Name; most have none."),
        "description": c.text("Description."),
        "starts_at": c.moment("When it begins.", "startsAt"),
        "ends_at": c.moment("When it ends.", "endsAt"),
        "completed_at": c.moment("When it was completed; empty before.", "completedAt"),
        "is_active": c.flag("Whether it is the present one.", "isActive"),
        "progress": c.number(_PROGRESS),
        "issue_count_history": _history("Issues, day by day.", "issueCountHistory"),
        "completed_issue_count_history": _history(
            "Completed issues, day by day.", "completedIssueCountHistory"
        ),
        "scope_history": _history("Estimate points, day by day.", "scopeHistory"),
        "completed_scope_history": _history(
            "Completed estimate points, day by day.", "completedScopeHistory"
        ),
        "in_progress_scope_history": _history(
            "Estimate points in progress, day by day.", "inProgressScopeHistory"
        ),
        "inherited_from_id": c.text("The parent team's cycle that it is.", "inheritedFrom.id"),
        **_TIMES,
        **_AUTO_ARCHIVED,
    },
)

ISSUE = make_object_schema(
    description="An issue.",
    id_property="id",
    display_property="title",
    link_property="url",
    properties={
        "id": _ID,
        "identifier": c.text("What people call it, such as ENG-123."),
        "number": c.whole("Its number within the team."),
        "title": c.text("Title."),
        "description": c.text("Description, in Markdown.", hint="markdown"),
        "url": c.url("Its page."),
        "team_id": c.text("The team.", "team.id"),
        "state_id": c.text("Its state, one of WorkflowStates.", "state.id"),
        **_PRIORITY,
        "estimate": c.number("Estimate points."),
        "assignee_id": c.text("Who is to deal with it.", "assignee.id"),
        "delegate_id": c.text("The agent that works on it.", "delegate.id"),
        "creator_id": _created_by("Who made it."),
        "external_creator_id": c.text("Who made it elsewhere.", "externalUserCreator.id"),
        "bot": c.text("Name of the app that made it.", "botActor.name"),
        "integration": c.text("The service that it was made in.", "integrationSourceType"),
        "label_ids": c.several(c.text("Identifier of a label."), "Its labels.", "labelIds"),
        "parent_id": c.text("The issue that it is a part of.", "parent.id"),
        "project_id": c.text("Its project.", "project.id"),
        "project_milestone_id": c.text("Its milestone in the project.", "projectMilestone.id"),
        "cycle_id": c.text("Its cycle.", "cycle.id"),
        "source_comment_id": c.text("The comment that it was made from.", "sourceComment.id"),
        "previous_identifiers": c.several(
            c.text("An identifier."), "What it was called in other teams.", "previousIdentifiers"
        ),
        "due_date": c.day("When it is due.", "dueDate"),
        "triage_started_at": c.moment("When it came to the triage.", "startedTriageAt"),
        "triaged_at": c.moment("When it left the triage.", "triagedAt"),
        "started_at": c.moment("When work on it began.", "startedAt"),
        "completed_at": c.moment("When it was completed.", "completedAt"),
        "canceled_at": c.moment("When it was canceled.", "canceledAt"),
        "auto_closed_at": c.moment("When Linear closed it by itself.", "autoClosedAt"),
        "added_to_team_at": c.moment("When it came to the team.", "addedToTeamAt"),
        "added_to_project_at": c.moment("When it came to the project.", "addedToProjectAt"),
        "added_to_cycle_at": c.moment("When it came to the cycle.", "addedToCycleAt"),
        "snoozed_until_at": c.moment("Until when it is snoozed.", "snoozedUntilAt"),
        "snoozed_by_id": c.text("Who snoozed it.", "snoozedBy.id"),
        "sla_type": c.text("all or onlyBusinessDays: the days that count.", "slaType"),
        "sla_started_at": c.moment("Since when the SLA runs.", "slaStartedAt"),
        "sla_medium_risk_at": c.moment("When the SLA is at medium risk.", "slaMediumRiskAt"),
        "sla_high_risk_at": c.moment("When the SLA is at high risk.", "slaHighRiskAt"),
        "sla_breaches_at": c.moment("When the SLA is breached.", "slaBreachesAt"),
        "sort_order": c.number("Its place in lists.", "sortOrder"),
        "sub_issue_sort_order": c.number("Its place in the parent.", "subIssueSortOrder"),
        **_TIMES,
        **_AUTO_ARCHIVED,
    },
)

COMMENT = make_object_schema(
    description="A comment.",
    id_property="id",
    display_property="body",
    link_property="url",
    properties={
        "id": _ID,
        "body": c.text("What it says, in Markdown.", hint="markdown"),
        "url": c.url("Its place on the page."),
        "issue_id": c.text("The issue that it is on.", "issueId"),
        "project_id": c.text("The project that it is on.", "projectId"),
        "project_update_id": c.text("The project's update that it is on.", "projectUpdateId"),
        "initiative_id": c.text("The initiative that it is on.", "initiativeId"),
        "initiative_update_id": c.text("The initiative's, likewise.", "initiativeUpdateId"),
        "document_content_id": c.text("The text that it is on.", "documentContentId"),
        "parent_id": c.text("The comment that it replies to.", "parentId"),
        "user_id": c.text("Who wrote it; empty if an app did.", "user.id"),
        "external_user_id": c.text("Who wrote it in another service.", "externalUser.id"),
        "bot": c.text("Name of the app that wrote it.", "botActor.name"),
        "quoted_text": c.text("The words that it is about.", "quotedText"),
        "edited_at": c.moment("When its author last edited it.", "editedAt"),
        "resolved_at": c.moment("When the thread was resolved.", "resolvedAt"),
        "resolving_user_id": c.text("Who resolved it.", "resolvingUser.id"),
        "resolving_comment_id": c.text("The reply that resolved it.", "resolvingCommentId"),
        **_TIMES,
        **_ARCHIVED,
    },
)

LABEL = make_object_schema(
    description="A label of issues, or a group of labels.",
    id_property="id",
    display_property="name",
    properties={
        "id": _ID,
        "name": c.text("Name."),
        "description": c.text("Description."),
        "color": c.text("Color, such as #5e6ad2."),
        "team_id": c.text("The team that it is of; empty: the workspace.", "team.id"),
        "is_group": c.flag("Whether it is a group of labels.", "isGroup"),
        "parent_id": c.text("The group that it is in.", "parent.id"),
        "inherited_from_id": c.text(
            "The label of the workspace or the parent team that it is.", "inheritedFrom.id"
        ),
        "creator_id": _created_by("Who made it."),
        "last_applied_at": c.moment("When it was last given to something.", "lastAppliedAt"),
        "retired_by_id": c.text("Who retired it; empty if nobody did.", "retiredBy.id"),
        **_TIMES,
    },
)

USER = make_object_schema(
    description="A person or an app of the workspace.",
    id_property="id",
    display_property="name",
    link_property="url",
    properties={
        "id": _ID,
        "name": c.text("Full name."),
        "display_name": c.text("The name that others see, unique.", "displayName"),
        "email": c.email("E-mail address."),
        "title": c.text("Job title."),
        "description": c.text("A few words of their own."),
        "url": c.url("Their page."),
        "avatar_url": c.url("Picture.", "avatarUrl"),
        "is_active": c.flag("Whether the account is in use.", "active"),
        "disable_reason": c.text("Why it is not.", "disableReason"),
        "is_admin": c.flag("Whether an admin.", "admin"),
        "is_owner": c.flag("Whether an owner of the workspace.", "owner"),
        "is_guest": c.flag("Whether a guest, who sees some teams.", "guest"),
        "is_app": c.flag("Whether an app.", "app"),
        "timezone": c.text("Time zone."),
        "status_emoji": c.text("Emoji of the present status.", "statusEmoji"),
        "status": c.text("The present status.", "statusLabel"),
        "status_until_at": c.moment("Until when it is.", "statusUntilAt"),
        "last_seen_at": c.moment("When last seen online.", "lastSeen"),
        **_TIMES,
        **_ARCHIVED,
    },
)
