"""Zenpy, a client of Zendesk, reads from our fake what our pack reads."""

import importlib
from collections.abc import Sequence
from typing import Any

import pytest
import requests

from pack_sdk.testing import FakeService, execute_sync_table
from pack_sync.check.fakes import find_fake
from pack_sync.runtimes.loader import load_pack, pack_folder
from tests.packs.requests_adapter import FakeAdapter

zenpy: Any = importlib.import_module("zenpy")  # it has no types


def _client(service: FakeService) -> Any:
    session = requests.Session()
    session.mount("https://", FakeAdapter(service))
    return zenpy.Zenpy(
        subdomain="example", email="ada@example.com", token="t", session=session, disable_cache=True
    )


def _is_gone(table: str, each: Any) -> bool:
    """What each export says of a deleted row."""
    if table == "Tickets":
        return bool(each.status == "deleted")
    if table == "Users":
        return each.active is False
    return bool(each.deleted_at if table == "Organizations" else each.deleted)


@pytest.mark.parametrize("table", ["Tickets", "Users", "Organizations", "TicketMetricEvents"])
def test_exports(table: str) -> None:
    """By cursor and by time; the client follows the pages by itself."""
    pack = load_pack("zendesk")
    service = find_fake("zendesk", pack, pack_folder("zendesk"))(3)
    service.world.step("delete", "update")
    service.world.advance(minutes=5)
    client = _client(service)
    export = {
        "Tickets": client.tickets.incremental,
        "Users": client.users.incremental,
        "Organizations": client.organizations.incremental,
        "TicketMetricEvents": client.tickets.metrics_incremental,
    }[table]
    exported: Sequence[Any] = list(export(start_time=0))
    there = {each.id for each in exported if not _is_gone(table, each)}
    synced = execute_sync_table(pack, table, fetcher=service, endpoint=service.endpoint)
    assert there == set(synced.ids)
    assert {each.id for each in exported} - there == set(synced.deleted_row_ids)


def test_comments() -> None:
    """They are in the log of events of tickets."""
    pack = load_pack("zendesk")
    service = find_fake("zendesk", pack, pack_folder("zendesk"))(3)
    events = _client(service).tickets.events(start_time=0, include=["comment_events"])
    comments = {
        child["id"]
        for event in events
        for child in event.child_events
        if child["event_type"] == "Comment"
    }
    synced = execute_sync_table(pack, "TicketComments", fetcher=service, endpoint=service.endpoint)
    assert comments == set(synced.ids)
