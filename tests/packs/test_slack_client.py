"""Slack's own client reads from our fake what our pack reads."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from slack_sdk import WebClient

from pack_sdk.fetching import FetchRequest
from pack_sdk.testing import FakeService, execute_sync_table
from pack_sync.check.fakes import find_fake
from pack_sync.runtimes.loader import load_pack, pack_folder
from tests.http_server import Answer, HttpServer, SeenRequest

ADDED = {"channel_id", "posted_at", "edited_at", "file_ids"}


def _serve(server: HttpServer, service: FakeService) -> None:
    """Answer as the service; the client posts a form where the pack has a query."""

    def answered(request: SeenRequest) -> Answer:
        form = [*parse_qsl(request.body.decode())]
        form += [(key, value) for key, values in request.query.items() for value in values]
        url = f"{service.base_url}{request.path}?{urlencode(form)}"
        answer = service.respond(FetchRequest(url=url))
        return Answer(status=answer.status, body=json.dumps(answer.body).encode())

    server.answer = answered


def test_the_same_objects(server: HttpServer) -> None:
    """Each list is gone through by the client's own iterator; the objects are those of the pack."""
    pack = load_pack("slack")
    service = find_fake("slack", pack, pack_folder("slack"))(3)
    _serve(server, service)
    client: Any = WebClient("token", base_url=server.url)

    def synced(table: str, **parameters: str) -> Sequence[Any]:
        clock = service.world.clock
        rows = execute_sync_table(pack, table, parameters, fetcher=service, clock=clock).rows
        return [{k: v for k, v in row.items() if k not in ADDED} for row in rows]

    def read(pages: Any, key: str) -> list[Any]:
        return [row for page in pages for row in page[key]]

    channels = synced("Channels")
    assert read(client.conversations_list(), "channels") == channels
    assert read(client.users_list(), "members") == synced("Users")
    for channel in [row["id"] for row in channels if row["is_member"]]:
        messages = read(client.conversations_history(channel=channel), "messages")
        assert messages == synced("Messages", channel=channel)
        threads = [row["ts"] for row in messages if row.get("reply_count")]
        replies = [
            row
            for ts in threads
            for row in read(client.conversations_replies(channel=channel, ts=ts), "messages")
            if row["ts"] != ts
        ]
        mine = synced("Replies", channel=channel)
        assert sorted(map(str, replies)) == sorted(map(str, mine))
