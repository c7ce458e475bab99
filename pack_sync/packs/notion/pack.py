"""Notion: users, data sources, the rows of each, pages, and comments.

Each data source of a database is a table of its own, whose columns are its properties. Its rows are
asked for by `last_edited_time` (https://developers.notion.com/reference/query-a-data-source), which
is cut off to the minute, so each sync goes back by some minutes. What is in the trash is listed
with `in_trash`. Pages are found by search, the last edited first, which may leave some out
(https://developers.notion.com/reference/search-optimizations-and-limitations). A connection may
make three requests a second on average (https://developers.notion.com/reference/request-limits),
and sees the pages that are shared with it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pack_sdk import (
    AuthenticationType,
    DynamicUrlDefinition,
    FetchResponse,
    Pack,
    ParameterType,
    Schema,
    StatusCodeError,
    SyncExecutionContext,
    SyncPage,
    SyncParts,
    TimeCursor,
    UserVisibleError,
    format_time,
    make_parameter,
    with_query_params,
)

from .row_properties import plain_text, row_of, schema_of, title_of
from .schemas import COMMENT, DATA_SOURCE, PAGE, USER

API = "https://api.notion.com/v1"
VERSION = "2025-09-03"

_TRASH = "Search does not list what is in the trash. It stays until the next full sync."

BLIND_SPOTS: Mapping[str, Mapping[str, str]] = {
    "DataSources": {"undeleted": _TRASH},
    "Pages": {"undeleted": _TRASH},
}

pack = Pack()
pack.add_network_domain("api.notion.com")
pack.set_rate("3/s")


def _connection_name(context: SyncExecutionContext) -> str:
    me = _asked(context, f"{API}/users/me").body
    return str(me.get("bot", {}).get("workspace_name") or me["name"])


pack.set_authentication(
    type=AuthenticationType.HEADER_BEARER_TOKEN,
    instructions_url="https://developers.notion.com/docs/create-a-notion-integration",
    get_connection_name=_connection_name,
)


@pack.add_sync_table(
    name="Users",
    identity_name="User",
    schema=USER,
    description="The people and bots of the workspace, guests apart.",
)
def sync_users(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page of all: the service does not say which have changed."""
    return _listed(context, "users", {})


@pack.add_sync_table(
    name="DataSources",
    identity_name="DataSource",
    schema=DATA_SOURCE,
    description="The data sources of all databases that are shared with the connection.",
)
def sync_data_sources(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page."""
    return _found(context, "data_source")


@pack.add_sync_table(
    name="Pages",
    identity_name="Page",
    schema=PAGE,
    description="The pages that are shared with the connection, the rows of databases too.",
)
def sync_pages(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page."""
    return _found(context, "page")


@pack.add_sync_table(
    name="Comments",
    identity_name="Comment",
    schema=COMMENT,
    description="The comments on pages, not on blocks in them, that are not resolved.",
    parameters=[
        make_parameter(
            name="page",
            type=ParameterType.STRING,
            description="Identifier of a page.",
            crawl_strategy={"parentTable": {"tableName": "Pages", "propertyKey": "id"}},
        )
    ],
)
def sync_comments(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page of all on a page: the service does not say which have changed.

    A page that is in the trash, or no longer shared, has none.
    """
    try:
        return _listed(context, "comments", {"block_id": args[0]})
    except StatusCodeError as error:
        if error.status_code != 404:
            raise
        return {"result": []}


def list_data_sources(context: SyncExecutionContext) -> Sequence[DynamicUrlDefinition]:
    """The data sources that there are to choose."""
    found: list[DynamicUrlDefinition] = []
    cursor: str | None = None
    while True:
        answer = _searched(context, "data_source", cursor, "ascending").body
        for each in answer["results"]:
            name = plain_text(each["title"]) or each["id"]
            found.append({"display": name, "value": f"{API}/data_sources/{each['id']}"})
        cursor = answer["next_cursor"]
        if not cursor:
            return found


def data_source_name(context: SyncExecutionContext) -> str:
    """The title of the data source that was chosen."""
    chosen = _data_source(context)
    return plain_text(chosen["title"]) or str(chosen["id"])


def data_source_schema(context: SyncExecutionContext) -> Schema:
    """A column for each of its properties."""
    return schema_of(_data_source(context))


@pack.add_dynamic_sync_table(
    name="Databases",
    identity_name="DatabaseRow",
    description="The rows of a data source of a database, whose columns are its own. Formulas and "
    "rollups are as of the row's last edit or the last full sync; lists have the first 25 values.",
    list_dynamic_urls=list_data_sources,
    get_name=data_source_name,
    get_schema=data_source_schema,
)
def sync_database(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page of what is in the trash, which an increment deletes, and then of the rows."""
    parts = SyncParts(context, "trash", "rows")
    changes = TimeCursor(parts.context)
    if parts.name == "trash" and changes.since is None:
        return parts.page(changes.page([]))  # a full sync tells what is gone by its absence
    place: Mapping[str, Any] = changes.next_page or {}
    answer = _queried(context, parts.name, changes, place)
    following = _following(answer.body, place)
    pages = [each for each in answer.body["results"] if each["object"] == "page"]
    if parts.name == "trash":
        gone = [page["id"] for page in pages]
        return parts.page(changes.page([], answer, deleted_ids=gone, next_page=following))
    return parts.page(changes.page(map(row_of, pages), answer, next_page=following))


def _queried(
    context: SyncExecutionContext, part: str, changes: TimeCursor, place: Mapping[str, Any]
) -> FetchResponse:
    """A page of a data source, in an order that editing does not change.

    Notion empties its trash after a month, so all of it is asked for: nothing says whether a page
    that goes there counts as edited.
    """
    query: dict[str, Any] = {
        "page_size": 100,
        "sorts": [{"timestamp": "created_time", "direction": "ascending"}],
        "in_trash": part == "trash",
    }
    since = {"last_edited_time": None if part == "trash" else format_time(changes.since)}
    bounds = {**since, "created_time": place.get("created")}
    filters = [
        {"timestamp": name, name: {"on_or_after": bound}} for name, bound in bounds.items() if bound
    ]
    if filters:
        query["filter"] = {"and": filters}
    if place.get("cursor"):
        query["start_cursor"] = place["cursor"]
    return _asked(context, f"{context.sync.dynamic_url}/query", query)


def _following(body: Mapping[str, Any], place: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Where the next page begins: behind a cursor, or where the service's limit has cut it off."""
    if body["next_cursor"]:
        return {**place, "cursor": body["next_cursor"]}
    if not _is_incomplete(body):
        return None
    last = body["results"][-1]["created_time"]
    if last == place.get("created"):
        raise UserVisibleError(f"Notion lists no more than some of the rows created at {last}")
    return {"created": last}


def _found(context: SyncExecutionContext, kind: str) -> SyncPage:
    """A page of a search: of an increment the last edited first, until what it knows already.

    A full sync begins with the oldest: what is edited meanwhile moves to the end, and is read.
    """
    changes = TimeCursor(context)
    order = "ascending" if changes.since is None else "descending"
    answer = _searched(context, kind, changes.next_page, order)
    results, following = answer.body["results"], answer.body["next_cursor"]
    if _is_incomplete(answer.body) and not changes.is_reached(results, "last_edited_time"):
        raise UserVisibleError("Notion's search does not list all that the connection may see")
    if changes.is_reached(results, "last_edited_time"):
        following = None
    shown = _page if kind == "page" else _shown_data_source
    return changes.page(map(shown, results), answer, next_page=following)


def _searched(
    context: SyncExecutionContext, kind: str, cursor: str | None, direction: str
) -> FetchResponse:
    """https://developers.notion.com/reference/post-search."""
    query: dict[str, Any] = {
        "page_size": 100,
        "filter": {"property": "object", "value": kind},
        "sort": {"timestamp": "last_edited_time", "direction": direction},
    }
    if cursor:
        query["start_cursor"] = cursor
    return _asked(context, f"{API}/search", query)


def _listed(context: SyncExecutionContext, path: str, query: Mapping[str, Any]) -> SyncPage:
    """A page of a list that is read in full by every sync."""
    place = {"page_size": 100, "start_cursor": context.sync.continuation}
    body = _asked(context, with_query_params(f"{API}/{path}", {**query, **place})).body
    rows = [{**row, "text": plain_text(row.get("rich_text"))} for row in body["results"]]
    return {"result": rows, "continuation": body["next_cursor"]}


def _asked(
    context: SyncExecutionContext, url: str, query: Mapping[str, Any] | None = None
) -> FetchResponse:
    headers = {"Notion-Version": VERSION, "Accept": "application/json"}
    if query is None:
        return context.fetcher.fetch(url=url, headers=headers)
    headers["Content-Type"] = "application/json"
    return context.fetcher.fetch(method="POST", url=url, headers=headers, body=json.dumps(query))


def _data_source(context: SyncExecutionContext) -> Mapping[str, Any]:
    return _asked(context, str(context.sync.dynamic_url)).body


def _is_incomplete(body: Mapping[str, Any]) -> bool:
    return body.get("request_status", {}).get("type") == "incomplete"


def _page(page: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**page, "title": title_of(page)}


def _shown_data_source(found: Mapping[str, Any]) -> Mapping[str, Any]:
    texts = {key: plain_text(found.get(key)) for key in ("title", "description")}
    return {**found, **texts, "columns": list(found["properties"])}
