"""HubSpot: contacts, companies, deals, tickets, activities, custom objects, and associations.

Columns are the properties that the account has
(https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide). Increments search
for what was modified since the sync before, and go back by an hour, as the index lags; what is
archived is in a list of its own
(https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm). Records that were
merged into another one are deleted with it. A property that is added or removed makes the next sync
a full one. Owners, pipelines and associations are read as a whole by each sync.

The token is a service key
(https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/account-service-keys)
or that of an app that is installed in one account. Without the scope of a table the others still
sync; custom objects need `crm.objects.custom.read` and `crm.schemas.custom.read`, e-mails without
`sales-email-read` have no content, and sensitive properties are left out.

An account may make 250,000 requests a day, more with some subscriptions, and 100 in ten seconds
(https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines), and five searches
a second. As a search is followed by a request for what it has found, eight requests a second keep
below both.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pack_sdk import (
    AuthenticationType,
    DynamicUrlDefinition,
    FetchResponse,
    Pack,
    ParameterType,
    Schema,
    SyncExecutionContext,
    SyncPage,
    make_parameter,
    value_at,
)

from . import schemas
from .api import API, get, next_after
from .associations import PAIRS, sync_pairs
from .records import sync_records

_CALCULATED = (
    "Values that HubSpot calculates change without a time of modification "
    "(https://github.com/estuary/connectors/pull/3528). They are corrected by the next full sync."
)

RECORD_TABLES = {
    "Contacts": ("Contact", "contacts", "email"),
    "Companies": ("Company", "companies", "name"),
    "Deals": ("Deal", "deals", "dealname"),
    "Tickets": ("Ticket", "tickets", "subject"),
    "Notes": ("Note", "notes", "id"),
    "Calls": ("Call", "calls", "hs_call_title"),
    "Emails": ("Email", "emails", "hs_email_subject"),
    "Meetings": ("Meeting", "meetings", "hs_meeting_title"),
    "Tasks": ("Task", "tasks", "hs_task_subject"),
}
"""By the table's name: what a row is, the type of the records, and the property that names one."""

FURTHER_TYPES = {"line_items": "Line items", "products": "Products", "quotes": "Quotes"}
"""Types of HubSpot's own that can be chosen beside the custom objects."""

BLIND_SPOTS: Mapping[str, Mapping[str, str]] = {
    **{name: {"stale": _CALCULATED} for name in [*RECORD_TABLES, "Objects"]},
    "Contacts": {
        "stale": _CALCULATED,
        "undeleted": "A contact that is deleted for good, as privacy laws demand, is in no list of "
        "archived ones. It stays until the next full sync.",
    },
}

pack = Pack()
pack.add_network_domain("api.hubapi.com")
pack.set_rate("8/s", "250000/day")


_PAUSES = {"SECONDLY": 1, "TEN_SECONDLY_ROLLING": 10, "DAILY": 3_600}
"""How many seconds to wait at which limit. When a day ends only the account's time zone knows."""


def _pause(response: FetchResponse) -> int | bool:
    """The seconds to wait at a limit, which HubSpot names without saying how long it lasts."""
    if response.status != 429 or "retry-after" in response.headers:
        return False
    return _PAUSES.get(str(value_at(response.body, "policyName")), 10)


pack.set_rate_limits(is_limited=_pause)


def _connection_name(context: SyncExecutionContext) -> str:
    account = get(context, "/account-info/v3/details").body
    return f"{account['uiDomain']}, account {account['portalId']}"


pack.set_authentication(
    type=AuthenticationType.HEADER_BEARER_TOKEN,
    instructions_url="https://developers.hubspot.com/docs/apps/developer-platform/build-apps/"
    "authentication/account-service-keys",
    scopes=[
        "crm.objects.contacts.read",
        "crm.objects.companies.read",
        "crm.objects.deals.read",
        "crm.objects.owners.read",
        "crm.schemas.contacts.read",
        "crm.schemas.companies.read",
        "crm.schemas.deals.read",
        "tickets",
        "sales-email-read",
    ],
    get_connection_name=_connection_name,
)


def _schema(context: SyncExecutionContext, kind: str, display: str = "id") -> Schema:
    """https://developers.hubspot.com/docs/api-reference/legacy/crm/properties/get-properties."""
    properties = get(context, f"/crm/v3/properties/{kind}").body["results"]
    return schemas.record_schema(properties, display)


def _add(table: str, identity: str, kind: str, display: str) -> None:
    modified = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"

    def get_schema(context: SyncExecutionContext) -> Schema:
        return _schema(context, kind, display)

    def sync(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
        return sync_records(context, f"{API}/crm/v3/objects/{kind}", modified)

    pack.add_sync_table(
        name=table,
        identity_name=identity,
        description=f"{table}, with the properties that the account has for them.",
        get_schema=get_schema,
        execute=sync,
    )


for _table, _rest in RECORD_TABLES.items():
    _add(_table, *_rest)


@pack.add_sync_table(
    name="Owners",
    identity_name="Owner",
    schema=schemas.OWNER,
    description="The users to whom records can be assigned, and those who are gone.",
)
def sync_owners(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page: https://developers.hubspot.com/docs/api-reference/latest/crm/owners/guide."""
    place: Mapping[str, Any] = context.sync.continuation or {"archived": "false", "after": None}
    body = get(context, "/crm/v3/owners", limit=500, **place).body
    following: Mapping[str, Any] | None = None
    if after := next_after(body):
        following = {**place, "after": after}
    elif place["archived"] == "false":
        following = {"archived": "true", "after": None}
    return {"result": body["results"], "continuation": following}


@pack.add_sync_table(
    name="Pipelines",
    identity_name="Pipeline",
    schema=schemas.PIPELINE,
    description="The pipelines of deals and tickets, with their stages.",
)
def sync_pipelines(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """All: https://developers.hubspot.com/docs/api-reference/latest/crm/pipelines/guide."""
    rows = [
        {**pipeline, "object_type": kind}
        for kind in ("deals", "tickets")
        for pipeline in get(context, f"/crm/v3/pipelines/{kind}").body["results"]
    ]
    return {"result": rows}


@pack.add_sync_table(
    name="Associations",
    identity_name="Association",
    schema=schemas.ASSOCIATION,
    description="Which records are associated with which others. HubSpot does not tell of changes: "
    "it is read as a whole by each sync.",
    parameters=[
        make_parameter(
            name="pairs",
            type=ParameterType.STRING_ARRAY,
            optional=True,
            description="Pairs of types, such as deals/contacts or deals/2-3453932 (a custom "
            "object), instead of all between the other tables.",
            autocomplete=list(PAIRS),
        )
    ],
)
def sync_associations(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page."""
    return sync_pairs(context, args[0] or PAIRS)


def list_objects(context: SyncExecutionContext) -> Sequence[DynamicUrlDefinition]:
    """The account's custom objects, and further types of HubSpot's own."""
    custom = {each["objectTypeId"]: _plural(each) for each in _custom_objects(context)}
    return [
        {"display": name, "value": f"{API}/crm/v3/objects/{kind}"}
        for kind, name in {**custom, **FURTHER_TYPES}.items()
    ]


def object_name(context: SyncExecutionContext) -> str:
    """What records of the chosen type are called."""
    kind = _chosen_type(context)
    if kind in FURTHER_TYPES:
        return FURTHER_TYPES[kind]
    found = (each for each in _custom_objects(context) if each["objectTypeId"] == kind)
    return _plural(next(found, {"name": kind}))


def object_schema(context: SyncExecutionContext) -> Schema:
    """The properties of the chosen type."""
    return _schema(context, _chosen_type(context))


@pack.add_dynamic_sync_table(
    name="Objects",
    identity_name="Object",
    description="The records of a custom object that you choose, or line items, products, quotes.",
    list_dynamic_urls=list_objects,
    get_name=object_name,
    get_schema=object_schema,
)
def sync_objects(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page."""
    return sync_records(context, str(context.sync.dynamic_url), "hs_lastmodifieddate")


def _custom_objects(context: SyncExecutionContext) -> Sequence[Mapping[str, Any]]:
    """https://developers.hubspot.com/docs/guides/api/crm/objects/custom-objects."""
    return get(context, "/crm-object-schemas/v3/schemas").body["results"]


def _plural(schema: Mapping[str, Any]) -> str:
    return value_at(schema, "labels.plural") or str(schema["name"])


def _chosen_type(context: SyncExecutionContext) -> str:
    return str(context.sync.dynamic_url).rpartition("/")[2]
