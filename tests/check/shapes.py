# ruff: noqa: E501  (lines of a fake and of a pack)
"""Ways in which services tell of changes, in one fake, and a clean table for each."""

SHAPES_FAKE = """
import json
from datetime import datetime

from pack_sdk.testing import (
    FakeService,
    StatusCode,
    World,
    next_link_header,
    page_after,
    page_at,
    seal,
    unseal,
    with_query,
)

ROOT = "https://api.shapes.example.com"


def shown(item):
    return {
        **item.fields,
        "created": item.created_at.isoformat(),
        "updated": item.updated_at.isoformat().replace("+00:00", "Z"),
        "nested": {"number": item.number, "kind": "even" if item.number % 2 == 0 else "odd"},
    }


def make_fake(seed):
    world = World(seed)
    rows = world.add(
        "rows",
        lambda random, number, now: {
            "id": 1000 + number,
            "name": f"Row {random.randint(1, 999)}",
            "price": f"{random.randint(1, 99999) / 100:.2f}",
        },
        lambda random, fields, now: {**fields, "name": f"Row {random.randint(1000, 99999)}"},
        count=45,
    )
    service = FakeService(world, ROOT)
    service.error_pages = [{"errors": [{"message": "rate limited"}]}]
    service.shifting_pages = True

    def since(request, name="since"):
        return datetime.fromisoformat(request.query[name]) if request.query.get(name) else None

    @service.route("GET", "/newest")
    def newest(request):
        key = (lambda i: i.updated_at) if request.query["sort"] == "updated" else (lambda i: -i.number)
        items = sorted(rows.items(), key=key, reverse=True)
        page = page_at(items, 20 * (int(request.query.get("page") or 1) - 1), 20)
        return {"rows": [shown(i) for i in page.items], "last": not page.more}

    @service.route("GET", "/deleted")
    def deleted(request):
        gone = [i for i in rows.updated_since(since(request), deleted=True) if i.deleted]
        return {"deleted": [{"id": i.id, **shown(i)["nested"]} for i in gone]}

    @service.route("GET", "/changed")
    def changed(request):
        items = rows.items() if since(request) is None else rows.updated_since(since(request))
        place = unseal(request.query.get("page") or "") or {}
        page = page_after(items, place.get("after"), 20)
        following = seal(after=page.items[-1].number) if page.more else None
        return {"rows": [shown(i) for i in page.items], "next": following}

    @service.route("GET", "/start")
    def start(request):
        return {"startPageToken": seal(version=rows.version, epoch=world.epoch)}

    @service.route("GET", "/changes")
    def changes(request):
        token = unseal(request.query["pageToken"])
        if token["epoch"] != world.epoch:
            return StatusCode(410, {"error": {"code": 410}})
        found = page_after(rows.changes(token["version"]), None, 20, key=lambda i: i.version)
        last = found.items[-1].version if found.items else token["version"]
        following = seal(version=last, epoch=world.epoch)
        body = {
            "changes": [
                {"fileId": i.id, "removed": True} if i.deleted else {"fileId": i.id, "file": shown(i)}
                for i in found.items
            ]
        }
        return {**body, "nextPageToken" if found.more else "newStartPageToken": following}

    @service.route("GET", "/keyset")
    def keyset(request):
        start = since(request, "from")
        items = [i for i in rows if start is None or i.updated_at >= start]
        ordered = sorted(items, key=lambda i: (i.updated_at, i.number))
        return [shown(i) for i in ordered[:20]]

    @service.route("GET", "/people")
    def people(request):
        token = unseal(request.query.get("syncToken") or "")
        if token is not None and token["epoch"] != world.epoch:
            return StatusCode(400, {"error": {"details": [{"reason": "EXPIRED_SYNC_TOKEN"}]}})
        place = unseal(request.query.get("pageToken") or "") or {"upto": rows.version}
        if token is None:
            page = page_after(rows.items(), place.get("after"), 20)
        else:
            found = rows.changes(token["version"], place["upto"])
            page = page_after(found, place.get("after"), 20, key=lambda i: i.version)
        items = [{"id": i.id, "status": "cancelled"} if i.deleted else shown(i) for i in page.items]
        if page.more:
            last = page.items[-1]
            after = last.number if token is None else last.version
            return {"items": items, "nextPageToken": seal(upto=place["upto"], after=after)}
        return {"items": items, "nextSyncToken": seal(version=place["upto"], epoch=world.epoch)}

    @service.route("POST", "/graphql")
    def graphql(request):
        variables = request.json["variables"]
        items = rows.items()
        if variables.get("since"):
            items = rows.updated_since(datetime.fromisoformat(variables["since"]))
        place = unseal(variables.get("after") or "") or {}
        page = page_after(items, place.get("after"), 20)
        end = seal(after=page.items[-1].number) if page.items else None
        info = {"hasNextPage": page.more, "endCursor": end}
        return {"data": {"rows": {"nodes": [shown(i) for i in page.items], "pageInfo": info}}}

    @service.route("GET", "/linked")
    def linked(request):
        place = unseal(request.query.get("after") or "") or {}
        page = page_after(rows.items(), place.get("after"), 20)
        following = with_query(request.url, after=seal(after=page.items[-1].number)) if page.more else None
        return StatusCode(200, [shown(i) for i in page.items], next_link_header(following))

    def continued(request, after):
        page = page_after(rows.items(), after, 20)
        service.note_page(request, page)
        token = seal(after=page.items[-1].number) if page.more else None
        return {"rows": [shown(i) for i in page.items], "token": token}

    @service.route("POST", "/listing")
    def listing(request):
        return continued(request, None)

    @service.route("POST", "/listing/continue")
    def continue_listing(request):
        return continued(request, unseal(request.json["token"])["after"])

    @service.route("GET", "/rows/{id}/notes")
    def notes(request):
        row = rows.get(request.path["id"])
        if row is None:
            return StatusCode(404, {"error": "no such row"})
        return [{"id": f"{row.id}-{n}", "text": f"{row.fields['name']} {n}"} for n in range(3)]

    @service.route("GET", "/ids")
    def ids(request):
        items = rows.items() if since(request) is None else rows.updated_since(since(request), deleted=True)
        return {"ids": [str(i.id) for i in items]}

    @service.route("GET", "/batch")
    def batch(request):
        wanted = request.query["ids"].split(",")
        return {"items": [shown(i) for i in rows if str(i.id) in wanted]}

    return service
"""

SHAPES = """
import json
from datetime import UTC, datetime

from pack_sdk import (
    ChangeFeed,
    IdBatches,
    Keyset,
    Pack,
    SyncParts,
    SyncToken,
    TimeCursor,
    UserVisibleError,
    format_time,
    full_sync_when_expired,
    make_object_schema,
    next_link,
    split_deleted,
    with_query_params,
)

pack = Pack()
pack.add_network_domain("shapes.example.com")
pack.set_authentication(type="HeaderBearerToken")
ROOT = "https://api.shapes.example.com"


def schema(ids="id"):
    return make_object_schema(
        properties={
            "id": {"type": "number", "precision": 0},
            "name": {"type": "string", "required": True},
            "price": {"type": "number", "hint": "currency"},
            "created": {"type": "string", "hint": "datetime"},
            "updated": {"type": "string", "hint": "datetime"},
            "kind": {"type": "string", "from_key": "nested.kind"},
            "number": {"type": "number", "precision": 0, "from_key": "nested.number"},
        },
        id_property=ids,
        display_property="name",
    )


def table(name, ids="id"):
    return pack.add_sync_table(name=name, identity_name=name, schema=schema(ids))


def get(context, path, query=None):
    return context.fetcher.fetch(url=with_query_params(f"{ROOT}{path}", query or {}))


@table("Newest")
def sync_newest(args, context):
    changes = TimeCursor(context)
    number = changes.next_page or 1
    sort = "updated" if changes.since else "created"
    response = get(context, "/newest", {"page": number, "sort": sort})
    rows = response.body["rows"]
    ends = response.body["last"] or changes.is_reached(rows, "updated")
    return changes.page(rows, response, next_page=None if ends else number + 1)


@table("SeparateDeletions")
def sync_separate(args, context):
    parts = SyncParts(context, "deleted", "rows")
    changes = TimeCursor(parts.context)
    query = {"since": format_time(changes.since), "page": changes.next_page}
    if parts.name == "deleted":
        query["since"] = format_time(changes.since or context.sync.started_at)
        response = get(context, "/deleted", query)
        ids = [each["id"] for each in response.body["deleted"]]
        return parts.page(changes.page([], response, deleted_ids=ids))
    response = get(context, "/changed", query)
    return parts.page(
        changes.page(response.body["rows"], response, next_page=response.body["next"])
    )


@table("SeveralIds", ids=["kind", "id"])
def sync_several_ids(args, context):
    parts = SyncParts(context, "deleted", "rows")
    changes = TimeCursor(parts.context)
    query = {"since": format_time(changes.since), "page": changes.next_page}
    if parts.name == "deleted":
        query["since"] = format_time(changes.since or context.sync.started_at)
        response = get(context, "/deleted", query)
        ids = [(each["kind"], each["id"]) for each in response.body["deleted"]]
        return parts.page(changes.page([], response, deleted_ids=ids))
    response = get(context, "/changed", query)
    return parts.page(
        changes.page(response.body["rows"], response, next_page=response.body["next"])
    )


@table("Feed")
@full_sync_when_expired(404, 410)
def sync_feed(args, context):
    feed = ChangeFeed(context)
    if feed.position is None:
        if feed.start is None:
            feed.start = get(context, "/start").body["startPageToken"]
        body = get(context, "/changed", {"page": feed.next_page}).body
        return feed.page(body["rows"], next_page=body.get("next"))
    body = get(context, "/changes", {"pageToken": feed.position}).body
    changes, deleted = split_deleted(body["changes"], "removed", "fileId")
    more = body.get("nextPageToken")
    return feed.page(
        [change["file"] for change in changes],
        deleted_ids=deleted,
        next_position=more or body["newStartPageToken"],
        more=bool(more),
    )


@table("ByKey")
def sync_by_key(args, context):
    keys = Keyset(context, key="updated", page_size=20)
    return keys.page(get(context, "/keyset", {"from": keys.after}).body)


@table("People")
@full_sync_when_expired(400, reason="EXPIRED_SYNC_TOKEN")
def sync_people(args, context):
    sync = SyncToken(context)
    body = get(context, "/people", {"syncToken": sync.token, "pageToken": sync.next_page}).body
    rows, deleted = split_deleted(body["items"], lambda each: each.get("status") == "cancelled")
    return sync.page(
        rows,
        deleted_ids=deleted,
        next_page=body.get("nextPageToken"),
        next_token=body.get("nextSyncToken"),
    )


@table("Graph")
async def sync_graph(args, context):
    changes = TimeCursor(context)
    variables = {"since": format_time(changes.since), "after": changes.next_page}
    response = await context.fetcher.fetch(
        method="POST",
        url=f"{ROOT}/graphql",
        headers={"Content-Type": "application/json"},
        body=json.dumps({"query": "{ rows }", "variables": variables}),
    )
    if response.body.get("errors"):
        raise UserVisibleError(response.body["errors"][0]["message"])
    page = response.body["data"]["rows"]
    info = page["pageInfo"]
    following = info["endCursor"] if info["hasNextPage"] else None
    return changes.page(page["nodes"], response, next_page=following)


@table("Linked")
def sync_linked(args, context):
    url = context.sync.continuation or f"{ROOT}/linked"
    response = context.fetcher.fetch(url=url)
    if not isinstance(response.body, list):
        raise UserVisibleError(str(response.body))
    return {"result": response.body, "continuation": next_link(response)}


@table("Continued")
def sync_continued(args, context):
    token = context.sync.continuation
    body = context.fetcher.fetch(
        method="POST",
        url=f"{ROOT}/listing/continue" if token else f"{ROOT}/listing",
        headers={"Content-Type": "application/json"},
        body=json.dumps({"token": token} if token else {}),
    ).body
    if body.get("errors"):
        raise UserVisibleError(body["errors"][0]["message"])
    return {"result": body["rows"], "continuation": body["token"]}


@table("Batches")
def sync_batches(args, context):
    changes = TimeCursor(context)
    batches = IdBatches(changes.next_page, size=10)
    response = None
    if batches.ids is None:
        response = get(context, "/ids", {"since": format_time(changes.since)})
        batches.ids = response.body["ids"]
    if not batches.current:
        return changes.page([], response)
    answer = get(context, "/batch", {"ids": ",".join(batches.current)})
    rows = answer.body["items"]
    gone = batches.missing_from(rows)
    return changes.page(rows, answer, deleted_ids=gone, next_page=batches.following)


@pack.add_sync_table(
    name="Notes",
    identity_name="Note",
    schema=make_object_schema(
        properties={"id": {"type": "string"}, "text": {"type": "string"}},
        id_property="id",
        display_property="text",
    ),
    parameters=[
        {
            "name": "row",
            "type": "number",
            "description": "The row.",
            "crawl_strategy": {"parent_table": {"table_name": "Linked", "property_key": "id"}},
        }
    ],
)
def sync_notes(args, context):
    return {"result": get(context, f"/rows/{args[0]}/notes").body}
"""
