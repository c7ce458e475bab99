"""The fake of any list: each way of paging, changes by time, and rows like those that were seen."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

import pytest

from pack_sdk import FetchRequest, FetchResponse, StatusCodeError
from pack_sdk.testing import (
    ChangeFilter,
    LastId,
    LinkHeader,
    ListEndpoint,
    ListService,
    NextToken,
    NextUrl,
    Offset,
    OnePage,
    PageNumber,
    ServiceRequest,
    with_query,
)

URL = "https://api.example.com/v1/tasks"
ROW: Mapping[str, Any] = {
    "properties": {
        "id": {"type": "integer"},
        "title": {"type": "string"},
        "updated": {"type": "string", "format": "date-time"},
        "state": {"type": "object", "properties": {"gone": {"type": "boolean"}}},
    }
}


def endpoint(paging: Any, **fields: Any) -> ListEndpoint:
    given: dict[str, Any] = {
        "url": URL,
        "rows": ("data", "tasks"),
        "row_schema": ROW,
        "id_key": ("id",),
        "paging": paging,
        "page_size": 10,
        "size_parameter": "limit",
    }
    return ListEndpoint(**{**given, **fields})


def next_request(listed: ListEndpoint, answer: FetchResponse, asked: str, count: int) -> str | None:
    """The URL of the next page, as a client finds it by what the endpoint says of paging."""
    body, rows = answer.body, answer.body["data"]["tasks"]
    match listed.paging:
        case LinkHeader():
            link = answer.headers.get("link")
            return link[1:].split(">")[0] if link else None
        case NextUrl():
            return urljoin(asked, body["next"]) if body["next"] else None
        case NextToken(_, parameter, _):
            return with_query(asked, **{parameter: body["next"]}) if body["next"] else None
        case PageNumber(parameter, first, _, _):
            return with_query(asked, **{parameter: first + count}) if len(rows) == 10 else None
        case Offset(parameter, _, _, _):
            return with_query(asked, **{parameter: 10 * count}) if len(rows) == 10 else None
        case LastId(parameter, _):
            return with_query(asked, **{parameter: rows[-1]["id"]}) if body["more"] else None
        case _:
            return None


PAGINGS = [
    OnePage(),
    LinkHeader(),
    NextUrl(("next",)),
    NextToken(("next",), "cursor"),
    PageNumber("page"),
    PageNumber("page", first=0),
    Offset("skip", total_key=("count",)),
    LastId("starting_after", more_key=("more",)),
]


@pytest.mark.parametrize("paging", PAGINGS, ids=lambda paging: type(paging).__name__)
def test_all_rows_come_once_over_the_pages(paging: Any) -> None:
    """Three pages of each kind of paging, and of `OnePage` one."""
    listed = endpoint(paging)
    service = ListService([listed], seed=1)
    url: str | None = f"{URL}?limit=10"
    seen: list[int] = []
    pages = 0
    while url:
        answer = service.send(FetchRequest(url=url))
        seen += [row["id"] for row in answer.body["data"]["tasks"]]
        pages += 1
        url = next_request(listed, answer, url, pages)
    assert seen == list(range(1001, 1024))
    assert pages == (1 if paging == OnePage() else 3)


def test_changes_are_those_since_the_moment_with_what_was_deleted() -> None:
    """The deleted row bears its mark where the endpoint has one; a full list leaves it out."""
    changes = ChangeFilter("since", "iso")
    listed = endpoint(
        OnePage(), changes=changes, updated_key=("updated",), deleted_key=("state", "gone")
    )
    service = ListService([listed], seed=2)
    service.world.advance(hours=1)
    since = service.world.clock.now.isoformat()
    kinds = {change.kind: change.item.id for change in service.world.step("update", "delete")}
    rows = service.send(FetchRequest(url=with_query(URL, since=since))).body["data"]["tasks"]
    assert {row["id"]: row["state"]["gone"] for row in rows} == {
        kinds["update"]: False,
        kinds["delete"]: True,
    }
    everything = service.send(FetchRequest(url=URL)).body["data"]["tasks"]
    assert kinds["delete"] not in [row["id"] for row in everything]


def test_an_update_changes_a_row_and_its_time() -> None:
    """And leaves its id as it is."""
    service = ListService([endpoint(OnePage(), updated_key=("updated",))], seed=2)
    before = {row["id"]: row for row in service.send(FetchRequest(url=URL)).body["data"]["tasks"]}
    service.world.advance(hours=1)
    [change] = service.world.step("update")
    after = {row["id"]: row for row in service.send(FetchRequest(url=URL)).body["data"]["tasks"]}
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {change.item.id}
    assert after[change.item.id]["updated"] == "2025-01-01T01:00:00Z"
    assert after[change.item.id]["title"] != before[change.item.id]["title"]


def test_rows_that_were_seen_are_served() -> None:
    """And others like them, with ids of their own."""
    sample = {"id": 7, "title": "Paint", "updated": 1_735_689_600}
    listed = endpoint(OnePage(), updated_key=("updated",), page_size=None)
    service = ListService([listed], samples={URL: [sample]}, seed=1)
    rows = service.send(FetchRequest(url=URL)).body["data"]["tasks"]
    assert rows[0]["id"] == 7
    assert {type(row["updated"]) for row in rows} == {int}
    assert len({row["id"] for row in rows}) == len(rows) > 20


def test_what_makes_no_sense_is_refused() -> None:
    """A token that is none, a moment that is none: 400."""
    changes = ChangeFilter("since", "iso")
    service = ListService([endpoint(NextToken(("next",), "cursor"), changes=changes)])
    for query in ({"cursor": "made up"}, {"since": "yesterday"}):
        with pytest.raises(StatusCodeError, match="400"):
            service.send(FetchRequest(url=with_query(URL, **query)))


def test_two_lists_are_served_by_their_urls() -> None:
    """A part of the path may be known only when it is asked; fixed parameters tell lists apart."""
    one = endpoint(OnePage(), url="https://api.example.com/{owner}/tasks")
    other = endpoint(OnePage(), query={"kind": "old"}, page_size=4)
    rest = endpoint(OnePage(), page_size=3)
    service = ListService([one, other, rest])
    sizes = [
        len(service.send(FetchRequest(url=url)).body["data"]["tasks"])
        for url in ("https://api.example.com/me/tasks", f"{URL}?kind=old", URL)
    ]
    assert sizes == [23, 11, 9]


def test_a_route_that_is_added_answers_before_the_lists() -> None:
    """Also at the address of one of them."""
    service = ListService([endpoint(OnePage())], seed=1)

    @service.route("GET", URL)
    def listed(request: ServiceRequest) -> dict[str, str]:
        return {"by": "the route", "method": request.request.method}

    assert service.send(FetchRequest(url=URL)).body == {"by": "the route", "method": "GET"}
