"""Airtable: bases, their tables with fields and views, and the records of tables that you choose.

Increments of records ask with a formula for what was made or modified since
(https://airtable.com/developers/web/api/list-records,
https://support.airtable.com/docs/formula-field-reference). It brings neither deletions
nor values that are computed from other records: see below. Records are named
by their fields' identifiers, so that a field with another name is a new column and nothing else.
Bases and tables are few and read in full. Each base may be asked five times a second; who asks more
has to wait for 30 seconds (https://airtable.com/developers/web/api/rate-limits).

The token is a personal access token with the scopes `data.records:read` and `schema.bases:read`,
for the bases that are to be read.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from pack_sdk import (
    AuthenticationType,
    FetchResponse,
    Pack,
    ParameterType,
    Schema,
    StatusCodeError,
    SyncExecutionContext,
    SyncPage,
    TimeCursor,
    format_time,
    make_parameter,
    with_query_params,
)

from .schemas import BASE, TABLE, record_schema

API = "https://api.airtable.com/v0"

BLIND_SPOTS: Mapping[str, Mapping[str, str]] = {
    "Records": {
        "missed": "A record that is restored from the trash may bear its old time of modification. "
        "Then it comes with the next full sync.",
        "undeleted": "Lists of records do not tell of deleted ones; webhooks would, but this "
        "pack sets none up in your bases. They stay until the next full sync.",
        "stale": "Values that are computed from other records, such as lookups and rollups, change "
        "without a time of modification. They are corrected by the next full sync.",
    }
}

pack = Pack()
pack.add_network_domain("airtable.com")
pack.set_rate("5/s")


def _pause(response: FetchResponse) -> float | bool:
    is_limited = response.status == 429 and "retry-after" not in response.headers
    return 30 if is_limited else False


pack.set_rate_limits(is_limited=_pause)


def _connection_name(context: SyncExecutionContext) -> str:
    user = context.fetcher.fetch(url=f"{API}/meta/whoami").body
    return str(user.get("email") or user["id"])


pack.set_authentication(
    type=AuthenticationType.HEADER_BEARER_TOKEN,
    instructions_url="https://airtable.com/create/tokens",
    get_connection_name=_connection_name,
)


@pack.add_sync_table(
    name="Bases",
    identity_name="Base",
    schema=BASE,
    description="The bases that the token may read.",
)
def sync_bases(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page (https://airtable.com/developers/web/api/list-bases)."""
    body = _bases(context, context.sync.continuation)
    return {"result": body["bases"], "continuation": body.get("offset")}


@pack.add_sync_table(
    name="Tables",
    identity_name="Table",
    schema=TABLE,
    description="The tables of the bases, with their fields and views.",
    parameters=[
        make_parameter(
            name="base",
            type=ParameterType.STRING,
            description="Identifier of a base.",
            crawl_strategy={"parentTable": {"tableName": "Bases", "propertyKey": "id"}},
        )
    ],
)
def sync_tables(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """All at once (https://airtable.com/developers/web/api/get-base-schema)."""
    base = str(args[0])
    return {"result": [{**table, "base": base} for table in _tables(context, base)]}


def list_tables(context: SyncExecutionContext, parent_url: str | None) -> list[dict[str, Any]]:
    """The bases, and within each its tables."""
    if parent_url:
        base = parent_url.rsplit("/", 1)[-1]
        tables = _tables(context, base)
        return [{"display": each["name"], "value": f"{API}/{base}/{each['id']}"} for each in tables]
    bases: list[Any] = []
    offset: str | None = None
    while True:
        body = _bases(context, offset)
        bases += body["bases"]
        offset = body.get("offset")
        if not offset:
            break
    return [
        {"display": each["name"], "value": f"{API}/{each['id']}", "hasChildren": True}
        for each in bases
    ]


def get_table_name(context: SyncExecutionContext) -> str:
    """What the chosen table is called."""
    return str(_chosen_table(context)["name"])


def get_table_schema(context: SyncExecutionContext) -> Schema:
    """The columns of the chosen table, as it is now."""
    return record_schema(_chosen_table(context))


def get_table_page(context: SyncExecutionContext) -> str:
    """The chosen table in Airtable's page."""
    base, table = _base_and_table(context)
    return f"https://airtable.com/{base}/{table}"


@pack.add_dynamic_sync_table(
    name="Records",
    description="The records of a table.",
    list_dynamic_urls=list_tables,
    get_name=get_table_name,
    get_schema=get_table_schema,
    get_display_url=get_table_page,
)
def sync_records(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page; all over again where the service has forgotten the list that it belongs to."""
    changes = TimeCursor(context)
    since = format_time(changes.since)
    by_time = f"OR(IS_AFTER(CREATED_TIME(),'{since}'),IS_AFTER(LAST_MODIFIED_TIME(),'{since}'))"
    query = {
        "pageSize": 100,
        "returnFieldsByFieldId": "true",
        "filterByFormula": by_time if since else None,
    }
    base, table = _base_and_table(context)
    url = f"{API}/{base}/{table}"
    try:
        place = {**query, "offset": changes.next_page}
        response = context.fetcher.fetch(url=with_query_params(url, place))
    except StatusCodeError as error:
        if not changes.next_page or "LIST_RECORDS_ITERATOR_NOT_AVAILABLE" not in str(error.body):
            raise
        response = context.fetcher.fetch(url=with_query_params(url, query))
    body = response.body
    rows = [_without_errors(record) for record in body["records"]]
    return changes.page(rows, response, next_page=body.get("offset"))


def _without_errors(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record without the results of formulas that are no values, such as a division by zero."""
    cells: Mapping[str, Any] = record["fields"]
    return {**record, "fields": {key: cells[key] for key in cells if not _is_error(cells[key])}}


def _is_error(cell: object) -> bool:
    return isinstance(cell, Mapping) and ("error" in cell or "specialValue" in cell)


def _bases(context: SyncExecutionContext, offset: str | None) -> Mapping[str, Any]:
    url = with_query_params(f"{API}/meta/bases", {"offset": offset})
    return context.fetcher.fetch(url=url).body


def _tables(context: SyncExecutionContext, base: str) -> Sequence[Mapping[str, Any]]:
    return context.fetcher.fetch(url=f"{API}/meta/bases/{base}/tables").body["tables"]


def _base_and_table(context: SyncExecutionContext) -> tuple[str, str]:
    """What the dynamic URL is made of."""
    parts = urlsplit(str(context.sync.dynamic_url)).path.split("/")
    return parts[-2], parts[-1]


def _chosen_table(context: SyncExecutionContext) -> Mapping[str, Any]:
    base, table = _base_and_table(context)
    return next(each for each in _tables(context, base) if each["id"] == table)
