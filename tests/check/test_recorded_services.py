"""The made-up service of recordings: the rows that were read, each once."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import FetchRequest, FetchResponse
from pack_sdk.testing import Exchange, ListService, Recording
from pack_sdk.testing.recordings import Expected, content_of
from pack_sync.check.known_lists import fake_of_recordings
from pack_sync.check.running import check_pack


def recorded(*rows: dict[str, Any], table: str = "Tasks") -> Recording:
    """A full sync that read these rows on one page, below an endpoint with a path."""
    response = FetchResponse(status=200, body={"tasks": list(rows)})
    return Recording(
        pack="acme",
        table=table,
        sync="default",
        mode="full",
        started_at=datetime(2026, 1, 2, tzinfo=UTC),
        exchanges=[Exchange(request=FetchRequest(url="/tasks"), response=response)],
        expected=Expected(pages=1, ids=[row["id"] for row in rows]),
        endpoint="https://api.example.com/v2",
    )


@pytest.mark.parametrize("table", ["Tasks", "Others"])
def test_what_was_recorded_twice_is_one_row(tmp_path: Path, table: str) -> None:
    """In two full syncs of a table, or of two tables of one list: as it was the last time."""
    rows = [{"id": number, "title": f"Task {number}"} for number in range(9)]
    first = recorded(*rows)
    again = recorded({"id": 0, "title": "Changed"}, *rows[1:], table=table)
    for number, each in enumerate((first, replace(again, table=table)), start=1):
        (tmp_path / f"{number}.json").write_text(json.dumps(content_of(each)))
    service = fake_of_recordings("acme", tmp_path)(1)
    assert isinstance(service, ListService)
    held = [item.fields for item in service.lists[0].collection.items()]
    assert [row["title"] for row in held if row["id"] == 0] == ["Changed"]
    assert service.lists[0].endpoint.url == "https://api.example.com/v2/tasks"


PACK = """
from pack_sdk import Pack, make_object_schema

pack = Pack()
pack.add_network_domain("api.example.com")
SCHEMA = make_object_schema(
    properties={"id": {"type": "number", "precision": 0}}, id_property="id", display_property="id"
)


@pack.add_sync_table(name="Tasks", identity_name="Task", schema=SCHEMA)
def sync_tasks(args, context):
    number = (context.sync.continuation or {"page": 1})["page"]
    body = context.fetcher.fetch(url=f"https://api.example.com/v2/tasks?page={number}").body
    page = {"result": body["tasks"]}
    return {**page, "continuation": {"page": body["next"]}} if body["next"] else page
"""


def test_tokens_may_be_numbers_of_pages(tmp_path: Path) -> None:
    """The first page is asked for by a number, and each answer says that of the next."""
    exchanges = [
        Exchange(
            request=FetchRequest(url=f"/tasks?page={number}"),
            response=FetchResponse(
                status=200,
                body={
                    "tasks": [{"id": 10 * number + each} for each in range(9)],
                    "next": number + 1 if number < 3 else None,
                },
            ),
        )
        for number in (1, 2, 3)
    ]
    recording = replace(recorded({"id": 1}), exchanges=exchanges)
    place = tmp_path / "acme" / "tests" / "recordings"
    place.mkdir(parents=True)
    (place / "1.json").write_text(json.dumps(content_of(recording)))
    (tmp_path / "acme" / "pack.py").write_text(PACK)
    report = check_pack(str(tmp_path / "acme"))
    assert [*map(str, report.findings)] == []
    assert report.exit_code == 0
