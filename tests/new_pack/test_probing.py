"""What is found out of a service by asking it: on loopback, through the guarded fetcher."""

import json

import pytest

from pack_sdk.fetching import FetchRequest
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
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.new_pack.draft import AuthenticationDraft, CannotDraftError, PackDraft
from pack_sync.new_pack.from_answers import credential_in, draft_from_url
from pack_sync.new_pack.probing import MOST_REQUESTS
from tests.http_server import Answer, HttpServer
from tests.new_pack.drafted import endpoint, ids_of, run_its_tests, served, synced_from_fake

PAGINGS: list[Paging] = [
    LinkHeader(),
    NextUrl(("links", "next")),
    NextUrl(("next",)),
    NextUrl(("paging", "next", "link")),
    NextUrl(("@odata.nextLink",)),
    NextToken(("nextPageToken",), "pageToken"),
    NextToken(("meta", "next_cursor"), "cursor"),
    NextToken(("next_page",), "page"),
    NextToken(("next",), "start"),
    NextToken(("cursor",), "cursor", ("has_more",)),
    NextToken(("paging", "resume"), "from"),
    NextToken(("pagination", "carry_on"), "carry_on"),
    PageNumber("page"),
    PageNumber("page", 0),
    PageNumber("page", 1, ("total_pages",)),
    PageNumber("page", 1, None, ("has_more",)),
    Offset("offset"),
    Offset("skip", ("total",)),
    Offset("offset", None, 0, ("has_more",)),
    LastId("starting_after", ("has_more",)),
    LastId("after", ("has_more",)),
    OnePage(),
]


def drafted(server: HttpServer, fetcher: SyncFetcher, path: str) -> PackDraft:
    """The draft of the list at a path of the server."""
    url = server.url + path
    return draft_from_url(
        "trial", url, lambda url: fetcher.send(FetchRequest(url=url)), AuthenticationDraft()
    )


@pytest.mark.parametrize("paging", PAGINGS, ids=repr)
def test_paging_is_found_and_said(
    paging: Paging, server: HttpServer, fetcher: SyncFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By as many requests as are allowed; the pack then reads all that the service has."""
    served(server, endpoint(paging, size_parameter="limit", page_size=10))
    draft = drafted(server, fetcher, "/tasks?limit=10")
    table = draft.tables[0]
    assert table.endpoint.paging == paging
    assert (table.endpoint.size_parameter, table.endpoint.page_size) == ("limit", 10)
    assert len(server.requests) <= MOST_REQUESTS
    told = table.guess("paging")
    pages = "nothing that leads to further ones" if paging == OnePage() else "3 pages seen"
    assert pages in told.evidence
    assert bool(told.question) == (paging == OnePage())
    service, synced = synced_from_fake(draft, table, endpoint=server.url)
    assert synced.ids == ids_of(service)
    assert run_its_tests(draft, monkeypatch) == 1


def test_what_the_url_asks_for_stays(server: HttpServer, fetcher: SyncFetcher) -> None:
    """Filters are kept, a page's number is not, and a moment makes the syncs incremental."""
    changes = ChangeFilter("updated_since", "date")
    served(server, endpoint(PageNumber("page"), query={"state": "all"}, changes=changes))
    found = drafted(server, fetcher, "/tasks?state=all&page=1&updated_since=2020-01-01")
    described = found.tables[0].endpoint
    assert described.query == {"state": "all"}
    assert described.paging == PageNumber("page")
    assert described.changes == changes


@pytest.mark.parametrize(
    ("query", "body", "asked"),
    [
        ("limit=3", {}, "There are as many as limit=3 asks for."),
        ("limit=4", {}, "are these all rows, or is there a parameter for further ones?"),
        ("", {"paging": {"carry_on": "Zm9v"}}, "which parameter takes it?"),
    ],
)
def test_what_speaks_for_further_rows_is_told(
    query: str, body: dict[str, object], asked: str, server: HttpServer, fetcher: SyncFetcher
) -> None:
    """Where none were found: that a page is full, or that something may be a token."""
    answer_with(server, {"tasks": [{"id": at} for at in range(3)], **body})
    question = drafted(server, fetcher, f"/tasks?{query}").tables[0].guess("paging").question
    assert question.endswith(asked)


def test_a_moment_that_stays_the_same_is_asked_about(
    server: HttpServer, fetcher: SyncFetcher
) -> None:
    """A filter of an unknown name would keep older rows away in each sync."""
    answer_with(server, [{"id": at} for at in range(3)])
    table = drafted(server, fetcher, "/tasks?grown_until=2020-01-01").tables[0]
    assert table.endpoint.query == {"grown_until": "2020-01-01"}
    assert table.guess("changes").question.startswith("grown_until is the same in each sync")


def answer_with(server: HttpServer, body: object, content_type: str = "application/json") -> None:
    """Whatever is asked, answer with this."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    server.answer = lambda _: Answer(body=content, content_type=content_type)


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ([], "application/json", "an empty list"),
        ({"items": []}, "application/json", "an empty list in items"),
        ({"a": 1, "b": {"c": "d"}}, "application/json", "its keys are: a, b"),
        ([1, 2], "application/json", "no objects"),
        ({"names": ["a", "b"]}, "application/json", "its keys are: names"),
        (b"<html><body>Hello</body></html>", "text/html", "that of its documentation?"),
        (b"a,b\n1,2\n", "text/csv", "a body of type text/csv"),
        (b"3", "application/json", "not with JSON"),
        (b"<tasks><task><id>1</id></task></tasks>", "application/xml", "makes a pack to fill in"),
    ],
    ids=str,
)
def test_what_is_no_list_is_told(
    body: object, kind: str, said: str, server: HttpServer, fetcher: SyncFetcher
) -> None:
    """What came instead, and with which address."""
    answer_with(server, body, kind)
    with pytest.raises(CannotDraftError, match="/tasks answered with") as raised:
        draft_from_url(
            "trial",
            f"{server.url}/tasks",
            lambda url: fetcher.send(FetchRequest(url=url, headers={"Accept": "*/*, text/html"})),
            AuthenticationDraft(),
        )
    assert said in str(raised.value)


def test_the_list_is_chosen_that_the_answer_is_about(
    server: HttpServer, fetcher: SyncFetcher
) -> None:
    """Not the one of errors, nor one that is deeper or empty."""
    tasks = [{"id": at} for at in range(3)]
    body = {"errors": [{"id": 1}] * 9, "meta": {"tags": [{"id": 1}] * 9}, "old": [], "tasks": tasks}
    answer_with(server, body)
    assert drafted(server, fetcher, "/tasks").tables[0].endpoint.rows == ("tasks",)


@pytest.mark.parametrize(
    ("rows", "expected", "asked"),
    [
        ([{"id": 1, "name": "a"}, {"id": 2, "name": "a"}], ("id",), False),
        ([{"id": 1, "name": "a"}], ("id",), True),
        ([{"name": "a", "task_id": 7}, {"name": "b", "task_id": 8}], ("task_id",), False),
        ([{"owner_id": 1, "code": "a"}, {"owner_id": 1, "code": "b"}], ("code",), True),
        ([{"id": None, "key": "a"}, {"id": 1, "key": "b"}], ("key",), False),
        ([{"metadata": {"uid": "a"}}, {"metadata": {"uid": "b"}}], ("metadata", "uid"), False),
        ([{"day": "a", "size": 1}, {"day": "b", "size": 1}], ("day",), True),
        ([{"size": 1}, {"size": 1}], ("size",), True),
    ],
    ids=str,
)
def test_the_id_is_unique(
    rows: object, expected: object, asked: bool, server: HttpServer, fetcher: SyncFetcher
) -> None:
    """By its name and its values; what only one of both speaks for is asked about."""
    answer_with(server, rows)
    table = drafted(server, fetcher, "/tasks").tables[0]
    assert table.endpoint.id_key == expected
    assert bool(table.guess("id").question) == asked


@pytest.mark.parametrize(
    ("path", "table", "identity"),
    [
        ("/api/v2/task-lists", "TaskLists", "TaskList"),
        ("/v1/companies.json", "Companies", "Company"),
        ("/lists/0123456789abcdef0123/news", "News", "NewsRow"),
        ("/", "Rows", "Row"),
        ("/v1", "Rows", "Row"),
        ("/class", "Class", "ClassRow"),
        ("/2024s", "T2024S", "T2024SRow"),
        ("/Größen", "Groen", "GroenRow"),
    ],
)
def test_a_table_is_named_by_its_url(
    path: str,
    table: str,
    identity: str,
    server: HttpServer,
    fetcher: SyncFetcher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last part that is a name, whatever its style."""
    answer_with(server, [{"id": 1}, {"id": 2}])
    draft = drafted(server, fetcher, path)
    assert (draft.tables[0].name, draft.tables[0].identity) == (table, identity)
    assert run_its_tests(draft, monkeypatch) == 1


def test_a_credential_in_the_url_is_seen() -> None:
    """It is taken out, by the parameter's name."""
    url = "https://api.example.com/tasks?api_key=s3cret&state=all"
    assert credential_in(url) == ("api_key", "s3cret", "https://api.example.com/tasks?state=all")
    assert credential_in("https://api.example.com/tasks?keyword=a&page_token=b") is None
