"""A pack of recordings: how one recorded request led to the next."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pack_sdk.fetching import FetchRequest, FetchResponse
from pack_sdk.testing.list_endpoint import (
    ChangeFilter,
    LastId,
    LinkHeader,
    NextToken,
    NextUrl,
    Offset,
    OnePage,
    PageNumber,
    Paging,
)
from pack_sdk.testing.recordings import Exchange, Expected, Recording
from pack_sync.new_pack.draft import CannotDraftError
from pack_sync.new_pack.from_recordings import draft_from_recordings
from tests.new_pack.drafted import (
    HOST,
    draft_of,
    endpoint,
    ids_of,
    run_its_tests,
    synced_from_fake,
)

PAGINGS: list[Paging] = [
    LinkHeader(),
    NextUrl(("links", "next")),
    NextToken(("meta", "next_cursor"), "cursor"),
    NextToken(("cursor",), "from", ("has_more",)),
    PageNumber("page"),
    PageNumber("p", 0),
    PageNumber("page", 1, ("total_pages",)),
    Offset("skip", ("total",)),
    LastId("starting_after", ("has_more",)),
    OnePage(),
]


def recording(exchanges: list[Exchange]) -> Recording:
    """A full sync of the table Tasks that made these requests."""
    return Recording(
        pack="other",
        table="Tasks",
        sync="default",
        mode="full",
        started_at=datetime(2026, 1, 2, tzinfo=UTC),
        exchanges=exchanges,
        expected=Expected(pages=1),
    )


@pytest.mark.parametrize("paging", PAGINGS, ids=repr)
def test_paging_is_seen(paging: Paging, monkeypatch: pytest.MonkeyPatch) -> None:
    """By where the second request has its new parameter from."""
    recorded = draft_of(endpoint(paging, size_parameter="limit", page_size=10))
    service, _ = synced_from_fake(recorded, recorded.tables[0])
    exchanges = [
        Exchange(request=request, response=response)
        for request, response in zip(service.requests, service.answers, strict=True)
    ]
    draft = draft_from_recordings("trial", [recording(exchanges)])
    table = draft.tables[0]
    assert (table.name, table.endpoint.paging) == ("Tasks", paging)
    assert table.endpoint.page_size == 10
    service, synced = synced_from_fake(draft, table)
    assert synced.ids == ids_of(service)
    assert run_its_tests(draft, monkeypatch) == 1


def test_what_has_no_list() -> None:
    """Neither is a pack made of nothing, nor of an answer that is no list."""
    with pytest.raises(CannotDraftError, match="no recording of a full sync"):
        draft_from_recordings("trial", [])
    request = FetchRequest(url="https://api.example.com/me")
    exchange = Exchange(request=request, response=FetchResponse(status=200, body={"id": 1}))
    with pytest.raises(CannotDraftError, match="no answer with a list of objects"):
        draft_from_recordings("trial", [recording([exchange])])


def listed(url: str) -> Exchange:
    """A request for two tasks, on one page."""
    rows = [{"id": n, "title": "x", "updated_at": "2026-01-02T03:04:05Z"} for n in (1, 2)]
    return Exchange(
        request=FetchRequest(url=url), response=FetchResponse(status=200, body={"tasks": rows})
    )


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("kind=a&since=2026-01-02T00%3A00%3A00Z", ChangeFilter("since", "iso")),
        ("kind=a&from=1767312000", ChangeFilter("from", "seconds")),
        ("kind=a&token=abc", None),
    ],
)
def test_what_only_increments_send_asks_for_changes(sent: str, found: ChangeFilter | None) -> None:
    """If it is a moment; the table is then an incremental one."""
    full = recording([listed(f"{HOST}/tasks?kind=a")])
    later = replace(full, mode="incremental", exchanges=[listed(f"{HOST}/tasks?{sent}")])
    (table,) = draft_from_recordings("trial", [full, later]).tables
    assert table.endpoint.changes == found
    assert table.endpoint.query == {"kind": "a"}


@pytest.mark.parametrize("path", ["tasks", "/tasks"])
def test_paths_are_below_the_endpoint(path: str) -> None:
    """With or without a slash before them, as the engine completes them."""
    recorded = replace(recording([listed(path)]), endpoint=f"{HOST}/v2/")
    (table,) = draft_from_recordings("trial", [recorded]).tables
    assert table.endpoint.url == f"{HOST}/v2/tasks"
