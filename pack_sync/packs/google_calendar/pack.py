"""Google Calendar: calendars, events, and who may see them.

All three lists end with a `syncToken`; the next sync asks with it for what has changed, deletions
included (https://developers.google.com/workspace/calendar/api/guides/sync). A token ends after some
time with status 410, and a full sync follows. The service counts requests by project and user
(https://developers.google.com/workspace/calendar/api/guides/quota): what is too much is refused
with 403 or 429 and the reason `rateLimitExceeded`.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pack_sdk import (
    AuthenticationType,
    FetchResponse,
    FullSyncNeededError,
    Pack,
    ParameterType,
    StatusCodeError,
    SyncExecutionContext,
    SyncPage,
    SyncToken,
    full_sync_when_expired,
    make_parameter,
    split_deleted,
    value_at,
    with_query_params,
)

from .schemas import ACL_RULE, CALENDAR, EVENT

API = "https://www.googleapis.com/calendar/v3"

BLIND_SPOTS: Mapping[str, Mapping[str, str]] = {
    "Events": {
        "undeleted": "Of a recurring event that is deleted the service names the event itself. Its "
        "changed instances stay until the next full sync."
    }
}

pack = Pack()
pack.add_network_domain("googleapis.com")
pack.set_rate("600/minute")


def _is_limited(response: FetchResponse) -> bool:
    return response.status == 403 and "ateLimitExceeded" in str(response.body)


pack.set_rate_limits(is_limited=_is_limited)


def _connection_name(context: SyncExecutionContext) -> str:
    url = f"{API}/users/me/calendarList/primary"
    return str(context.fetcher.fetch(url=url).body["id"])


pack.set_authentication(
    type=AuthenticationType.OAUTH2,
    authorization_url="https://accounts.google.com/o/oauth2/v2/auth",
    token_url="https://oauth2.googleapis.com/token",
    revocation_url="https://oauth2.googleapis.com/revoke",
    # Without these Google gives a refresh token with the first consent alone.
    additional_params={"access_type": "offline", "prompt": "consent"},
    scopes=[
        "https://www.googleapis.com/auth/calendar.readonly",
        "https://www.googleapis.com/auth/calendar.acls.readonly",
    ],
    use_proof_key_for_code_exchange=True,
    instructions_url="https://developers.google.com/workspace/guides/create-credentials",
    get_connection_name=_connection_name,
)

CALENDAR_PARAMETER = make_parameter(
    name="calendar",
    type=ParameterType.STRING,
    description="Identifier of a calendar.",
    crawl_strategy={"parentTable": {"tableName": "Calendars", "propertyKey": "id"}},
)


@pack.add_sync_table(
    name="Calendars",
    identity_name="Calendar",
    schema=CALENDAR,
    description="The calendars in the account's list, hidden ones too.",
)
@full_sync_when_expired(410)
def sync_calendars(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page; with `showHidden` what is hidden is in the changes as well."""
    sync, body = _asked(context, "/users/me/calendarList", showHidden="true", maxResults=250)
    rows, deleted = split_deleted(body.get("items", []), "deleted")
    return _page(sync, body, rows, deleted)


@pack.add_sync_table(
    name="Events",
    identity_name="Event",
    schema=EVENT,
    description="The events of all calendars. A recurring event is one row with its rule; an "
    "instance that was moved or left out is a row of its own.",
    parameters=[CALENDAR_PARAMETER],
)
@full_sync_when_expired(410)
def sync_events(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page. A cancelled event is deleted, a cancelled instance of one is left out."""
    calendar = str(args[0])
    path = f"/calendars/{quote(calendar, safe='')}/events"
    sync, body = _asked(context, path, maxResults=2500)
    rows, deleted = split_deleted(body.get("items", []), _is_gone)
    return _page(sync, body, [{**row, "calendar_id": calendar} for row in rows], deleted)


@pack.add_sync_table(
    name="AclRules",
    identity_name="AclRule",
    schema=ACL_RULE,
    description="Who may see or change a calendar, for the calendars that the account owns.",
    parameters=[CALENDAR_PARAMETER],
)
@full_sync_when_expired(410)
def sync_acl_rules(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page; none of a calendar that the account does not own, whose rules nobody tells it."""
    calendar = str(args[0])
    path = f"/calendars/{quote(calendar, safe='')}/acl"
    try:
        sync, body = _asked(context, path, maxResults=250)
    except StatusCodeError as error:
        if not _is_not_owner(error):
            raise
        if context.sync.previous_completion is not None:
            raise FullSyncNeededError("the calendar is no longer the account's own") from error
        return {"result": []}
    rows, deleted = split_deleted(body.get("items", []), lambda rule: rule["role"] == "none")
    return _page(sync, body, [{**row, "calendar_id": calendar} for row in rows], deleted)


def _asked(
    context: SyncExecutionContext, path: str, **query: object
) -> tuple[SyncToken, Mapping[str, Any]]:
    """The answer of one page. The service wants the same parameters on all, and with a token."""
    sync = SyncToken(context)
    place = {"syncToken": sync.token, "pageToken": sync.next_page}
    url = with_query_params(f"{API}{path}", {**query, **place})
    return sync, context.fetcher.fetch(url=url).body


def _page(
    sync: SyncToken, body: Mapping[str, Any], rows: Sequence[Any], deleted: Sequence[Any]
) -> SyncPage:
    return sync.page(
        rows,
        deleted_ids=deleted,
        next_page=body.get("nextPageToken"),
        next_token=body.get("nextSyncToken"),
    )


def _is_gone(event: Mapping[str, Any]) -> bool:
    return event.get("status") == "cancelled" and "recurringEventId" not in event


def _is_not_owner(error: StatusCodeError) -> bool:
    """Whether the calendar's rules are none of the account's business."""
    errors: Any = value_at(error.body, "error.errors") or []
    return error.status_code == 403 and any(each.get("reason") == "forbidden" for each in errors)
