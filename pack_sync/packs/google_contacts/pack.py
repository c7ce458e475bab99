"""Google Contacts: people, the other contacts that Google keeps by itself, and contact groups.

All three lists end with a sync token; the next sync asks with it for what has changed, deletions
included. A token ends seven days after the full list it came from; then the service answers with
the reason `EXPIRED_SYNC_TOKEN`, and a full sync follows. First pages of full lists have a quota of
their own, and what is beyond it is refused with 429
(https://developers.google.com/people/api/rest/v1/people.connections/list). Google shows the limits
of an account in its console and publishes none: the rate below is a cautious one of ours.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pack_sdk import (
    AuthenticationType,
    Pack,
    SyncExecutionContext,
    SyncPage,
    SyncToken,
    full_sync_when_expired,
    split_deleted,
    value_at,
    with_query_params,
)

from .schemas import CONTACT_GROUP, OTHER_CONTACT, PERSON

API = "https://people.googleapis.com/v1"

PERSON_FIELDS = (
    "addresses,biographies,birthdays,emailAddresses,events,imClients,memberships,metadata,names,"
    "nicknames,organizations,phoneNumbers,photos,relations,urls,userDefined"
)
OTHER_CONTACT_FIELDS = "emailAddresses,metadata,names,phoneNumbers,photos"
GROUP_FIELDS = "groupType,metadata,name"

BLIND_SPOTS: Mapping[str, Mapping[str, str]] = {}

pack = Pack()
pack.add_network_domain("googleapis.com")
pack.set_rate("60/minute")


def _connection_name(context: SyncExecutionContext) -> str:
    url = f"{API}/people/me?personFields=emailAddresses"
    return str(context.fetcher.fetch(url=url).body["emailAddresses"][0]["value"])


pack.set_authentication(
    type=AuthenticationType.OAUTH2,
    authorization_url="https://accounts.google.com/o/oauth2/v2/auth",
    token_url="https://oauth2.googleapis.com/token",
    revocation_url="https://oauth2.googleapis.com/revoke",
    # Without these Google gives a refresh token with the first consent alone.
    additional_params={"access_type": "offline", "prompt": "consent"},
    scopes=[
        "https://www.googleapis.com/auth/contacts.readonly",
        "https://www.googleapis.com/auth/contacts.other.readonly",
        "https://www.googleapis.com/auth/userinfo.email",
    ],
    use_proof_key_for_code_exchange=True,
    instructions_url="https://developers.google.com/workspace/guides/create-credentials",
    get_connection_name=_connection_name,
)


@pack.add_sync_table(
    name="People",
    identity_name="Person",
    schema=PERSON,
    description="The account's contacts.",
)
@full_sync_when_expired(400, reason="EXPIRED_SYNC_TOKEN")
@full_sync_when_expired(400, reason="Sync token is expired")
def sync_people(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page. Of a person whose name of the resource has changed the former ones are deleted."""
    sync, body = _asked(
        context,
        "/people/me/connections",
        personFields=PERSON_FIELDS,
        requestSyncToken="true",
        pageSize=1000,
    )
    people = body.get("connections", [])
    rows, deleted = split_deleted(people, "metadata.deleted", "resourceName")
    former = [name for each in people for name in _former_names(each)]
    return _page(sync, body, map(_with_primary_fields, rows), [*deleted, *former])


@pack.add_sync_table(
    name="OtherContacts",
    identity_name="OtherContact",
    schema=OTHER_CONTACT,
    description="People whom the account has dealt with, and whom Google has noted by itself.",
)
@full_sync_when_expired(400, reason="EXPIRED_SYNC_TOKEN")
@full_sync_when_expired(400, reason="Sync token is expired")
def sync_other_contacts(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page."""
    sync, body = _asked(
        context,
        "/otherContacts",
        readMask=OTHER_CONTACT_FIELDS,
        requestSyncToken="true",
        pageSize=1000,
    )
    people = body.get("otherContacts", [])
    rows, deleted = split_deleted(people, "metadata.deleted", "resourceName")
    return _page(sync, body, map(_with_primary_fields, rows), deleted)


@pack.add_sync_table(
    name="ContactGroups",
    identity_name="ContactGroup",
    schema=CONTACT_GROUP,
    description="The groups of contacts, Google's own and the account's. Who is in them is told by "
    "group_ids of People.",
)
@full_sync_when_expired(400, reason="EXPIRED_SYNC_TOKEN")
@full_sync_when_expired(400, reason="Sync token is expired")
def sync_contact_groups(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page (https://developers.google.com/people/api/rest/v1/contactGroups/list)."""
    sync, body = _asked(context, "/contactGroups", groupFields=GROUP_FIELDS, pageSize=1000)
    groups = body.get("contactGroups", [])
    rows, deleted = split_deleted(groups, "metadata.deleted", "resourceName")
    return _page(sync, body, rows, deleted)


def _asked(
    context: SyncExecutionContext, path: str, **query: object
) -> tuple[SyncToken, Mapping[str, Any]]:
    """The answer of one page. The service wants the same parameters on all, and with a token."""
    sync = SyncToken(context)
    place = {"syncToken": sync.token, "pageToken": sync.next_page}
    url = with_query_params(f"{API}{path}", {**query, **place})
    return sync, context.fetcher.fetch(url=url).body


def _page(
    sync: SyncToken, body: Mapping[str, Any], rows: Iterable[Any], deleted: Sequence[Any]
) -> SyncPage:
    return sync.page(
        rows,
        deleted_ids=deleted,
        next_page=body.get("nextPageToken"),
        next_token=body.get("nextSyncToken"),
    )


def _former_names(person: Mapping[str, Any]) -> Sequence[str]:
    return value_at(person, "metadata.previousResourceNames") or []


def _with_primary_fields(person: Mapping[str, Any]) -> Mapping[str, Any]:
    """The person, with what there may be several of also alone: that which is the primary one."""
    sources: Sequence[Mapping[str, Any]] = value_at(person, "metadata.sources") or []
    memberships: Sequence[Any] = person.get("memberships") or []
    groups = [
        value_at(each, "contactGroupMembership.contactGroupResourceName") for each in memberships
    ]
    return {
        **person,
        "name": _primary(person, "names"),
        "email": _primary(person, "emailAddresses").get("value"),
        "phone": _primary(person, "phoneNumbers").get("value"),
        "organization": _primary(person, "organizations"),
        "birthday": _primary(person, "birthdays").get("date"),
        "birthdayText": _primary(person, "birthdays").get("text"),
        "nickname": _primary(person, "nicknames").get("value"),
        "biography": _primary(person, "biographies").get("value"),
        "photoUrl": _primary(person, "photos").get("url"),
        "groups": [group for group in groups if group],
        "updated": max(
            (each["updateTime"] for each in sources if "updateTime" in each), default=None
        ),
    }


def _primary(person: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """Of the values of a field the primary one, else the first; nothing where there are none."""
    values: Sequence[Mapping[str, Any]] = person.get(field) or []
    marked = [value for value in values if value_at(value, "metadata.primary")]
    candidates = [*marked, *values]
    return candidates[0] if candidates else {}
