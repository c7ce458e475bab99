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
