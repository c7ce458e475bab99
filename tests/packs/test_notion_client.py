"""Notion's client for Python reads from our fake what our pack reads."""

from collections.abc import Callable, Sequence
from typing import Any

import httpx
from notion_client import Client
from notion_client.helpers import collect_paginated_api

from pack_sdk.fetching import FetchRequest
from pack_sdk.testing import FakeService, execute_sync_table
from pack_sync.check.fakes import find_fake
from pack_sync.runtimes.loader import load_pack, pack_folder


def _client(service: FakeService) -> Client:
    def answered(request: httpx.Request) -> httpx.Response:
        asked = FetchRequest(
            method="POST" if request.method == "POST" else "GET",
            url=str(request.url),
            headers=dict(request.headers),
            body=request.read(),
        )
        answer = service.respond(asked)
        return httpx.Response(answer.status, json=answer.body)

    return Client(auth="token", client=httpx.Client(transport=httpx.MockTransport(answered)))


def test_the_same_objects() -> None:
    """Each list is gone through by the client's own helper; the objects are those of the pack."""
    pack = load_pack("notion")
    service = find_fake("notion", pack, pack_folder("notion"))(3)
    client = _client(service)

    def synced(table: str, **parameters: str) -> Sequence[Any]:
        url = service.dynamic_urls.get(table)
        options: dict[str, Any] = {"dynamic_url": url} if url else {}
        clock = service.world.clock
        return execute_sync_table(
            pack, table, parameters, fetcher=service, clock=clock, **options
        ).rows

    def read(function: Callable[..., Any], **given: Any) -> dict[str, Any]:
        return {each["id"]: each for each in collect_paginated_api(function, **given)}

    def same(mine: Sequence[Any], theirs: dict[str, Any], *but: str) -> None:
        assert {row["id"] for row in mine} == set(theirs)
        for row in mine:
            expected = theirs[row["id"]]
            assert {key: row[key] for key in expected.keys() - set(but)} == {
                key: value for key, value in expected.items() if key not in but
            }

    pages = {"property": "object", "value": "page"}
    sources = {"property": "object", "value": "data_source"}
    same(synced("Users"), read(client.users.list))
    same(synced("Pages"), read(client.search, filter=pages))
    same(synced("DataSources"), read(client.search, filter=sources), "title", "description")
    chosen = service.dynamic_urls["Databases"].rpartition("/")[2]
    same(synced("Databases"), read(client.data_sources.query, data_source_id=chosen))
    for page in synced("Pages"):
        same(synced("Comments", page=page["id"]), read(client.comments.list, block_id=page["id"]))
