"""What says that there is a further page (contract D11), and what only looks so."""

from typing import Any

import httpx
import pytest

from pack_sdk.fetching import FetchRequest, FetchResponse
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.http.next_links import PagedAnswers, next_page_in
from tests.http_server import Answer, HttpServer

URL = "https://api.example.com/v1/items"
ROWS = [{"id": 1}, {"id": 2}]


def found_in(body: Any, *, url: str = URL, link: str = "") -> str:
    """Where this answer to a request for `url` names a further page."""
    headers = {"link": link} if link else {}
    return next_page_in(httpx.URL(url), FetchResponse(status=200, headers=headers, body=body))


@pytest.mark.parametrize(
    "link",
    [
        f'<{URL}?page=2>; rel="next"',
        f'<{URL}?page=9>; rel="last", <{URL}?page=2>; rel="next"',
        f'<{URL}?page=2,3;x>; title="more, of it"; rel="last next"',
        "<?page=2>;rel=next",
        "<items?page=2>; rel=next",
        '</v1/items/?page=2>; REL="Next"',
        '<http://inside.local:8080/v1/items?page=2>; rel="next"',
    ],
)
def test_a_link_header(link: str) -> None:
    """As RFC 8288 writes it, whatever the body is."""
    for body in (ROWS, "id,name\n1,a", {"id": 1}):
        assert found_in(body, link=link) == "`Link` header"


@pytest.mark.parametrize(
    "link",
    [
        f'<{URL}?page=1>; rel="prev"',
        f'<{URL}?page=1>; rel="prev"; title="next"',
        '</v1/articles/2>; rel="next"',
        f'<{URL}>; rel="next"',
        "<https://[broken>; rel=next",
        "next",
    ],
)
def test_a_link_header_that_leads_elsewhere(link: str) -> None:
    """To the page before, to another thing, or to what was just asked for."""
    assert found_in(ROWS, link=link) == ""


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"next": f"{URL}?page=2"}, "next"),
        ({"next": "/v1/items?page=2"}, "next"),
        ({"next": 2}, "next"),
        ({"next": {"href": "?page=2"}}, "next"),
        ({"next_page": 2}, "next_page"),
        ({"nextPageToken": "CAEQ"}, "nextPageToken"),
        ({"next_cursor": "abc"}, "next_cursor"),
        ({"@odata.nextLink": f"{URL}?$skip=10"}, "@odata.nextLink"),
        ({"links": {"next": f"{URL}?page=2"}}, "links.next"),
        ({"_links": {"next": {"href": f"{URL}?page=2"}}}, "_links.next"),
        ({"paging": {"next": {"after": "NTI1"}}}, "paging.next"),
        ({"meta": {"next_token": "b26"}}, "meta.next_token"),
        ({"response_metadata": {"next_cursor": "dXNl"}}, "response_metadata.next_cursor"),
        ({"has_more": True}, "has_more"),
        ({"pageInfo": {"hasNextPage": True}}, "pageInfo.hasNextPage"),
    ],
)
def test_a_field(fields: dict[str, Any], place: str) -> None:
    """Where services have it, beside a list at the top or one level below."""
    assert found_in({"items": ROWS, **fields}) == f"field `{place}`"
    assert found_in({**fields, "data": {"items": ROWS}}) == f"field `{place}`"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"next": None, "next_cursor": "", "nextPageToken": "", "next_page": 0, "links": {}},
        {"links": {"next": None}, "_links": {"next": {"href": None}}, "paging": {"next": {}}},
        {"next": f"{URL}?page=2", "has_more": False},
        {"next_page": {"offset": None, "uri": ""}},
        {"next_page": 4, "end_of_stream": True},
        {"links": {"next": f"{URL}?page=2"}, "meta": {"has_more": False}},
        {"next_cursor": "abc", "isLast": True},
        {"next": "https://api.example.com/v1/lessons/2"},
        {"id": 7, "next": "lesson-8"},
        {"links": ["next"], "meta": "next"},
        {"nextSyncToken": "x", "cursor": "y", "@odata.deltaLink": "?z=1"},
    ],
)
def test_a_field_that_names_none(fields: dict[str, Any]) -> None:
    """It is empty, another field says that this was the last page, or it leads elsewhere."""
    assert found_in({"items": ROWS, **fields}) == ""


def test_what_is_no_list() -> None:
    """A thing may well have a next one; a page without rows is the end for many packs."""
    assert found_in({"title": "Lesson", "next": "lesson-8"}) == ""
    assert found_in({"items": [], "next": f"{URL}?page=2"}) == ""


def test_a_token_that_was_just_used() -> None:
    """Some services repeat the last one when there is nothing more."""
    body = {"items": ROWS, "next_cursor": "abc"}
    assert found_in(body, url=f"{URL}?cursor=abc") == ""
    assert found_in(body, url=f"{URL}?cursor=abb") == "field `next_cursor`"


def left_unread(*answers: tuple[str, Any]) -> str:
    """What a page left unread that got these bodies from these paths."""
    paged = PagedAnswers()
    for path, body in answers:
        url = httpx.URL(f"https://api.example.com{path}")
        paged.add(url, FetchResponse(status=200, body=body))
    return paged.left_unread


def more_of(path: str) -> dict[str, Any]:
    """A list that goes on."""
    return {"items": ROWS, "next": f"{path}?page=2"}


def test_a_list_and_its_details() -> None:
    """The list is what is paged; what is asked for each of its rows is not."""
    me, detail = ("/me", {"login": "x"}), ("/items/1", {"name": "a"})
    nested, comments = ("/items/1/comments", ROWS), ("/items/1/comments", more_of("…"))
    assert left_unread(me, ("/items", more_of("/items")), detail) == "field `next`"
    assert left_unread(("/items", {"items": ROWS, "has_more": True}), detail) == "field `has_more`"
    assert left_unread(me, ("/items", {"items": ROWS}), detail, comments) == ""
    assert left_unread(("/items", {"items": ROWS}), nested, comments) == ""


def test_pages_that_were_read_in_one_call() -> None:
    """In any order, as they come when a pack asks for several at once."""
    pages = [("/items", more_of("/items")), ("/items", {"items": ROWS, "next": None})]
    assert left_unread(*pages) == left_unread(*reversed(pages)) == ""
    assert left_unread(pages[0], pages[0]) == "field `next`"


def test_a_list_that_goes_on_elsewhere() -> None:
    """A token does not tell where it is to be sent: another list may be the rest of this one."""
    begun = ("/list", {"entries": ROWS, "has_more": True, "next_cursor": "x"})
    assert left_unread(begun, ("/list/continue", {"entries": ROWS, "has_more": False})) == ""


def test_each_page_counts_for_itself(server: HttpServer, fetcher: SyncFetcher) -> None:
    """The fetcher looks at what a pack is given, and forgets it when the next page begins."""
    link = {"Link": '<?page=2>; rel="next"'}
    server.answers(Answer(body=b"[1]", headers=link), Answer(status=404, headers=link))
    fetcher.begin_page(10)
    assert fetcher.next_page_unread == ""
    fetcher.send(FetchRequest(url=server.url))
    assert fetcher.next_page_unread == "`Link` header"
    fetcher.begin_page(10)
    assert fetcher.next_page_unread == ""
