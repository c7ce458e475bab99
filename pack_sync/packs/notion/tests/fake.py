"""Notion without a network: https://developers.notion.com/reference/intro."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any

from pack_sdk.testing import FakeService, ServiceRequest, StatusCode, World
from pack_sdk.testing.collection import Change, ChangeKind, Fields, Item
from pack_sdk.testing.listing import seal, unseal

PAGE_SIZE = 7
"""Far below what is asked for, as the service is free to do."""

VERSION = "2025-09-03"
LASTING = ("source1", "source2")
"""The data sources that have rows, and are never deleted."""


def make_fake(seed: int) -> "NotionFake":
    """A workspace with two databases that have rows."""
    return NotionFake(seed)


class NotionWorld(World):
    """A world in which the data sources that have rows stay."""

    def step(self, *kinds: ChangeKind) -> Sequence[Change]:
        """As in every world, but for these."""
        changed = super().step(*kinds)
        sources = self.collections["data_sources"]
        for item in sources.items(deleted=True):
            if item.deleted and item.id in LASTING:
                sources.undelete(item.id, self.clock.now)
        return changed


class NotionFake(FakeService):
    """Search, queries of data sources, and lists; times are cut off to the minute."""

    def __init__(self, seed: int) -> None:
        super().__init__(NotionWorld(seed), "https://api.notion.com/v1")
        add = self.world.add
        self.users = add("users", _make_user, _revise_user, count=9)
        self.sources = add("data_sources", _make_source, _revise_source, count=3)
        self.pages = add("pages", _make_page, _revise_page, count=20)
        self.comments = add("comments", _make_comment, _revise_comment, count=12)
        self.query_limit = 10_000
        """How many rows of one query are given."""
        self.dynamic_urls = {"Databases": f"{self.base_url}/data_sources/{LASTING[0]}"}
        self.route("GET", "/users/me")(_me)
        self.route("GET", "/users")(self._list_users)
        self.route("GET", "/comments")(self._list_comments)
        self.route("POST", "/search")(self._search)
        self.route("GET", "/data_sources/{source}")(self._retrieve_source)
        self.route("POST", "/data_sources/{source}/query")(self._query)

    def answer(self, request: ServiceRequest) -> Any:
        """Without a version, the service refuses every request."""
        if request.headers.get("notion-version") != VERSION:
            return _refused(400, "missing_version")
        return super().answer(request)

    def row_counts(self) -> Mapping[str, int]:
        """How many rows the tables of the pack should have."""
        pages = {item.id for item in self.pages}
        return {
            "Users": len(self.users),
            "DataSources": len(self.sources),
            "Pages": len(pages),
            "Comments": sum(item.fields["page"] in pages for item in self.comments),
            "Databases": sum(item.fields["source"] == LASTING[0] for item in self.pages),
        }

    def _list_users(self, request: ServiceRequest) -> Any:
        return _listed(self.users.items(), request.query.get("start_cursor"), _user)

    def _list_comments(self, request: ServiceRequest) -> Any:
        page = request.query["block_id"]
        if self.pages.get(page) is None:
            return _refused(404, "object_not_found")
        comments = [item for item in self.comments if item.fields["page"] == page]
        return _listed(comments, request.query.get("start_cursor"), _comment)

    def _search(self, request: ServiceRequest) -> Any:
        asked = request.json
        is_page = asked["filter"] == {"property": "object", "value": "page"}
        items, shown = (self.pages, _page) if is_page else (self.sources, _source)
        is_descending = asked.get("sort", {}).get("direction") == "descending"
        cursor = asked.get("start_cursor")
        return _listed(items.items(), cursor, shown, _edited, is_descending=is_descending)

    def _retrieve_source(self, request: ServiceRequest) -> Any:
        found = self.sources.get(request.path["source"])
        return _source(found) if found else _refused(404, "object_not_found")

    def _query(self, request: ServiceRequest) -> Any:
        asked = request.json
        key = request.path["source"]
        if self.sources.get(key) is None:
            return _refused(404, "object_not_found")
        is_trash = asked.get("in_trash", False)
        bounds = {each["timestamp"]: each for each in asked.get("filter", {}).get("and", [])}
        items = [
            item
            for item in self.pages.items(deleted=True)
            if item.fields["source"] == key
            and item.deleted == is_trash
            and all(
                _times(item)[name] >= each[name]["on_or_after"] for name, each in bounds.items()
            )
        ]
        return _listed(items, asked.get("start_cursor"), _page, limit=self.query_limit)


def _listed(
    items: Sequence[Item],
    cursor: str | None,
    shown: Callable[[Item], Fields],
    key: Callable[[Item], list[Any]] = lambda item: [item.number],
    *,
    is_descending: bool = False,
    limit: int | None = None,
) -> Any:
    """A page, in the order of a key: what moves behind the cursor is listed again."""
    place = unseal(cursor or "") or {"served": 0}
    ordered = sorted(items, key=key, reverse=is_descending)
    if "after" in place:
        after = place["after"]
        ordered = [i for i in ordered if (key(i) < after if is_descending else key(i) > after)]
    room = PAGE_SIZE if limit is None else min(PAGE_SIZE, limit - place["served"])
    page, more = ordered[:room], len(ordered) > room
    served = place["served"] + len(page)
    body = {"object": "list", "results": [shown(item) for item in page]}
    if more and served == limit:
        reason = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
        return {**body, "next_cursor": None, "has_more": False, "request_status": reason}
    following = seal(after=key(page[-1]), served=served) if more else None
    return {**body, "next_cursor": following, "has_more": more}


def _refused(status: int, code: str) -> StatusCode:
    return StatusCode(status, {"object": "error", "status": status, "code": code, "message": code})


def _me(_request: ServiceRequest) -> Fields:
    return {"object": "user", "id": "bot", "type": "bot", "bot": {"workspace_name": "Acme"}}


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M}:00.000Z"


def _edited(item: Item) -> list[Any]:
    return [_minute(item.updated_at), item.number]


def _times(item: Item) -> Mapping[str, str]:
    times = {"created_time": item.created_at, "last_edited_time": item.updated_at}
    return {name: _minute(moment) for name, moment in times.items()}


def _edits(item: Item) -> Fields:
    by = {"object": "user", "id": "user0001"}
    return {**_times(item), "created_by": by, "last_edited_by": by}


def _text(content: str) -> Sequence[Fields]:
    return [{"type": "text", "text": {"content": content}, "plain_text": content, "href": None}]


def _user(item: Item) -> Fields:
    return item.fields


def _comment(item: Item) -> Fields:
    return {
        "object": "comment",
        "id": item.id,
        "parent": {"type": "page_id", "page_id": item.fields["page"]},
        "discussion_id": f"discussion of {item.fields['page']}",
        "rich_text": _text(item.fields["text"]),
        **_edits(item),
    }


def _source(item: Item) -> Fields:
    kinds = ("title", "number", "select", "multi_select", "date", "people", "checkbox", "formula")
    described: dict[str, Fields] = {
        kind.title(): {"id": f"{kind}%3A", "name": kind.title(), "type": kind, kind: {}}
        for kind in kinds
    }
    return {
        "object": "data_source",
        "id": item.id,
        "title": _text(item.fields["title"]),
        "description": [],
        "parent": {"type": "database_id", "database_id": f"database of {item.id}"},
        "database_parent": {"type": "workspace", "workspace": True},
        "url": f"https://www.notion.so/{item.id}",
        "archived": item.deleted,
        "in_trash": item.deleted,
        "properties": {**described, "ID": {"id": "own", "type": "unique_id", "unique_id": {}}},
        **_edits(item),
    }


def _page(item: Item) -> Fields:
    source = item.fields["source"]
    parent: Fields = {"type": "page_id", "page_id": "a page that is not shared"}
    values: dict[str, Any] = {"title": _text(item.fields["title"])}
    if source:
        parent = {"type": "data_source_id", "data_source_id": source, "database_id": "database"}
        number = item.fields["number"]
        values |= {
            "number": number,
            "select": {"id": "a", "name": "High", "color": "red"} if number > 1 else None,
            "multi_select": [{"id": "b", "name": "Food", "color": "red"}],
            "date": {"start": "2026-02-03", "end": None, "time_zone": None},
            "people": [{"object": "user", "id": "user0001"}],
            "checkbox": number % 2 == 0,
            "formula": {"type": "number", "number": 2 * number},
        }
    properties = {
        kind.title(): {"id": f"{kind}%3A", "type": kind, kind: value}
        for kind, value in values.items()
    }
    if source:
        own = {"prefix": "ROW", "number": item.number}
        properties["ID"] = {"id": "own", "type": "unique_id", "unique_id": own}
    return {
        "object": "page",
        "id": item.id,
        "parent": parent,
        "url": f"https://www.notion.so/{item.id}",
        "public_url": None,
        "is_locked": False,
        "archived": item.deleted,
        "in_trash": item.deleted,
        "icon": None,
        "cover": None,
        "properties": properties,
        **_edits(item),
    }


def _make_user(_random: Random, number: int, _now: datetime) -> Fields:
    user = {"object": "user", "id": f"user{number:04}", "name": f"Person {number}"}
    email = f"person{number}@example.com"
    return {**user, "avatar_url": None, "type": "person", "person": {"email": email}}


def _revise_user(_random: Random, fields: Fields, _now: datetime) -> Fields:
    return {**fields, "name": f"{fields['name']}+"}


def _make_source(_random: Random, number: int, _now: datetime) -> Fields:
    return {"id": f"source{number}", "title": f"Database {number}"}


def _revise_source(_random: Random, fields: Fields, _now: datetime) -> Fields:
    return {**fields, "title": f"{fields['title']}+"}


def _make_page(random: Random, number: int, _now: datetime) -> Fields:
    """Three of four are rows of one of the data sources, two of them of the first."""
    source = [None, LASTING[0], LASTING[0], LASTING[1]][number % 4]
    title, count = f"Page {number}", random.randint(0, 9)
    return {"id": f"page{number:04}", "source": source, "title": title, "number": count}


def _revise_page(random: Random, fields: Fields, _now: datetime) -> Fields:
    return {**fields, "title": f"{fields['title']}+", "number": random.randint(0, 9)}


def _make_comment(random: Random, number: int, _now: datetime) -> Fields:
    page = f"page{random.randint(1, 8):04}"
    return {"id": f"comment{number:04}", "page": page, "text": "Noted"}


def _revise_comment(_random: Random, fields: Fields, _now: datetime) -> Fields:
    return {**fields, "text": f"{fields['text']}!"}
