"""Zendesk Support: tickets, users, organizations, comments of tickets, and metric events.

All tables read incremental exports
(https://developer.zendesk.com/documentation/ticketing/managing-tickets/using-the-incremental-export-api):
a full sync reads an export from its beginning, an increment from where the sync before has come.
Tickets and users have a cursor, the others the time of the last change. Deleted rows are in the
exports. What has changed within the last minute is not: it comes with the next sync. A row that is
changed in the last minute of a full sync is therefore not in the table until the next one; a
`confirm_deletes` of 2 keeps it there. Only admins may export, and ten times a minute
(https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports).

The endpoint is that of the account, such as `https://company.zendesk.com`; the user name is an
admin's e-mail address with `/token` behind it, and the password an API token.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pack_sdk import (
    AuthenticationType,
    ChangeFeed,
    Pack,
    SyncExecutionContext,
    SyncPage,
    split_deleted,
    with_query_params,
)

from .schemas import COMMENT, METRIC_EVENT, ORGANIZATION, TICKET, USER

BLIND_SPOTS: Mapping[str, Mapping[str, str]] = {}

EXPORTS = "/api/v2/incremental"

pack = Pack()
pack.add_network_domain("zendesk.com")
pack.set_rate("10/minute")


def _connection_name(context: SyncExecutionContext) -> str:
    user = context.fetcher.fetch(url="/api/v2/users/me.json").body["user"]
    return f"{user['name']} ({user['email']})"


pack.set_authentication(
    type=AuthenticationType.WEB_BASIC,
    requires_endpoint_url=True,
    endpoint_domain="zendesk.com",
    instructions_url="https://developer.zendesk.com/api-reference/introduction/security-and-auth",
    get_connection_name=_connection_name,
)


@pack.add_sync_table(
    name="Tickets",
    identity_name="Ticket",
    schema=TICKET,
    description="All tickets, archived ones too.",
)
def sync_tickets(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page. Deleted tickets have the status `deleted`."""
    rows, finish = _exported(context, "tickets/cursor.json", "tickets")
    there, deleted = split_deleted(rows, lambda row: row["status"] == "deleted")
    return finish(map(_with_page_url, there), deleted)


@pack.add_sync_table(
    name="Users",
    identity_name="User",
    schema=USER,
    description="Agents, admins and customers.",
)
def sync_users(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page. Deleted users are no longer active."""
    rows, finish = _exported(context, "users/cursor.json", "users")
    there, deleted = split_deleted(rows, lambda row: row["active"] is False)
    return finish(map(_with_page_url, there), deleted)


@pack.add_sync_table(
    name="Organizations",
    identity_name="Organization",
    schema=ORGANIZATION,
    description="The organizations that users belong to.",
)
def sync_organizations(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page. Deleted organizations say when they were deleted."""
    rows, finish = _exported(context, "organizations.json", "organizations")
    there, deleted = split_deleted(rows, "deleted_at")
    return finish(map(_with_page_url, there), deleted)


@pack.add_sync_table(
    name="TicketComments",
    identity_name="TicketComment",
    schema=COMMENT,
    description="The comments of all tickets as they were written: a log, in which later changes "
    "of a comment and deletions of its ticket leave it as it is.",
)
def sync_ticket_comments(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page of the log of events, of which only comments count."""
    events, finish = _exported(
        context, "ticket_events.json", "ticket_events", include="comment_events"
    )
    comments = [
        {**child, "ticket_id": event["ticket_id"], "event_id": event["id"]}
        for event in events
        for child in event["child_events"]
        if child["event_type"] == "Comment"
    ]
    return finish(comments, [])


@pack.add_sync_table(
    name="TicketMetricEvents",
    identity_name="TicketMetricEvent",
    schema=METRIC_EVENT,
    description="When the clocks of a ticket's metrics started, paused and stopped.",
)
def sync_ticket_metric_events(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page; `include_changes` brings events that have changed since they occurred."""
    rows, finish = _exported(
        context, "ticket_metric_events.json", "ticket_metric_events", include_changes="true"
    )
    there, deleted = split_deleted(rows, "deleted")
    return finish(there, deleted)


Finish = Callable[[Iterable[Any], Sequence[Any]], SyncPage]


def _exported(
    context: SyncExecutionContext, export: str, key: str, **query: object
) -> tuple[Sequence[Mapping[str, Any]], Finish]:
    """The rows of a page of an export, and what makes the page of them and the deleted ids.

    The position is what the next request asks for: a `cursor`, or a `start_time`. A page without
    rows has neither; then the same is asked for again.
    """
    feed = ChangeFeed(context)
    position: Mapping[str, Any] = feed.position or {"start_time": 0}
    url = with_query_params(f"{EXPORTS}/{export}", {**query, **position})
    body = context.fetcher.fetch(url=url).body
    following = position
    if body.get("after_cursor"):
        following = {"cursor": body["after_cursor"]}
    elif body.get("end_time"):
        following = {"start_time": body["end_time"]}

    def finish(rows: Iterable[Any], deleted_ids: Sequence[Any]) -> SyncPage:
        more = not body["end_of_stream"]
        return feed.page(rows, deleted_ids=deleted_ids, next_position=following, more=more)

    return body[key], finish


def _with_page_url(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row with the address of its page for agents, made of that of the API."""
    page = row["url"].replace("/api/v2/", "/agent/").removesuffix(".json")
    return {**row, "page_url": page}
