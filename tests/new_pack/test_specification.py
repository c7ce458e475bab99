"""What a specification tells: which operations are lists, how they page, who may ask."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

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
from pack_sync.new_pack.draft import CannotDraftError, PackDraft
from pack_sync.new_pack.from_specification import chosen, draft_of, lists_of
from pack_sync.new_pack.pack_code import pack_code
from pack_sync.new_pack.specification import Specification
from tests.new_pack.drafted import ids_of, loaded, run_its_tests, synced_from_fake
from tests.new_pack.specifications import (
    LIST,
    TASK,
    operation,
    query,
    specification,
    tasks_in,
)

URI = {"type": "string", "format": "uri"}
TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
FLAG = {"type": "boolean"}


def drafted(document: dict[str, Any]) -> PackDraft:
    """A pack with all lists of a document."""
    found = Specification(document, "tasks.json")
    return draft_of("trial", found, lists_of(found))


@pytest.mark.parametrize(
    ("answer", "parameters", "paging"),
    [
        (LIST, [], OnePage()),
        (LIST, [query("page", type="integer")], PageNumber("page")),
        (LIST, [query("page", type="integer", default=0)], PageNumber("page", 0)),
        (
            LIST,
            [query("page", type="integer", description="Zero-based index of the page.")],
            PageNumber("page", 0),
        ),
        (
            tasks_in(meta={"type": "object", "properties": {"total_pages": WHOLE}}),
            [query("page[number]", type="integer"), query("page[size]", type="integer")],
            PageNumber("page[number]", 1, ("meta", "total_pages")),
        ),
        (
            tasks_in(has_more=FLAG),
            [query("page", type="integer")],
            PageNumber("page", 1, None, ("has_more",)),
        ),
        (LIST, [query("offset", type="integer"), query("limit", type="integer")], Offset("offset")),
        (
            tasks_in(totalResults=WHOLE),
            [query("startIndex", type="integer"), query("count", type="integer")],
            Offset("startIndex", ("totalResults",), 1),
        ),
        (LIST, [query("start", format="date"), query("limit", type="integer")], LinkHeader()),
        (tasks_in(next=URI), [], NextUrl(("next",))),
        (tasks_in(next=TEXT), [query("limit")], NextUrl(("next",))),
        (
            tasks_in(_links={"type": "object", "properties": {
                "next": {"type": "object", "properties": {"href": TEXT}}}}),
            [query("page", type="integer")],
            NextUrl(("_links", "next", "href")),
        ),
        (
            tasks_in(nextPageToken=TEXT),
            [query("pageToken")],
            NextToken(("nextPageToken",), "pageToken"),
        ),
        (
            tasks_in(paging={"type": "object", "properties": {
                "next": {"type": "object", "properties": {"after": TEXT, "link": TEXT}}}}),
            [query("after"), query("limit", type="integer")],
            NextToken(("paging", "next", "after"), "after"),
        ),
        (
            tasks_in(next_cursor=TEXT, has_more=FLAG),
            [query("start_cursor"), query("page_size", type="integer")],
            NextToken(("next_cursor",), "start_cursor", ("has_more",)),
        ),
        (
            tasks_in(next_page=WHOLE),
            [query("page", type="integer")],
            NextToken(("next_page",), "page"),
        ),
        (tasks_in(), [query("cursor")], NextToken(("next_cursor",), "cursor")),
        (
            tasks_in(),
            [query("offset", description="Offset token, from the answer before.")],
            NextToken(("next_page", "offset"), "offset"),
        ),
        (
            tasks_in(has_more=FLAG),
            [query("starting_after"), query("limit", type="integer")],
            LastId("starting_after", ("has_more",)),
        ),
        (
            tasks_in(paging={"type": "object", "properties": {"carry_on": TEXT, "total": WHOLE}}),
            [query("from"), query("batch", type="integer")],
            NextToken(("paging", "carry_on"), "from"),
        ),
        (
            tasks_in(where={**TEXT, "description": "The cursor of the next page."}, source=TEXT),
            [query("cursor")],
            NextToken(("where",), "cursor"),
        ),
        (
            LIST,
            [query("after", description="A cursor, as given in the Link header.")],
            LinkHeader(),
        ),
    ],
    ids=lambda value: repr(value)[:60] if not isinstance(value, dict) else "",
)  # fmt: skip
def test_paging(
    answer: dict[str, Any],
    parameters: list[dict[str, Any]],
    paging: Paging,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By parameters and what is beside the rows; a fake of it is then read as a whole."""
    draft = drafted(specification({"/tasks": operation(answer, *parameters)}))
    table = draft.tables[0]
    assert table.endpoint.paging == paging
    service, synced = synced_from_fake(draft, table)
    assert synced.ids == ids_of(service)
    assert run_its_tests(draft, monkeypatch) == 1


def test_a_declared_link_header_goes_first() -> None:
    """Where pages have numbers too, the service says with it which page is the last."""
    number = query("page", type="integer")
    document = specification(
        {"/tasks": operation(LIST, number, headers={"Link": {"schema": TEXT}})}
    )
    assert drafted(document).tables[0].endpoint.paging == LinkHeader()


@pytest.mark.parametrize(
    ("parameter", "size"),
    [
        (query("limit", type="integer", maximum=200), ("limit", 200)),
        (query("per_page", type="integer", description="Results (max 100)."), ("per_page", 100)),
        (query("limit", type="integer", maximum=100_000), ("limit", 1_000)),
        (query("limit", type="integer"), (None, None)),
    ],
    ids=str,
)
def test_pages_are_as_large_as_is_said(parameter: Any, size: Any) -> None:
    """A size that may be too large is not asked for."""
    endpoint = (
        drafted(
            specification({"/tasks": operation(LIST, query("page", type="integer"), parameter)})
        )
        .tables[0]
        .endpoint
    )
    assert (endpoint.size_parameter, endpoint.page_size) == size


@pytest.mark.parametrize(
    ("parameter", "changes"),
    [
        (query("updated_since", format="date-time"), ChangeFilter("updated_since", "iso")),
        (query("modified_after", format="date"), ChangeFilter("modified_after", "date")),
        (query("updatedMin", description="RFC 3339"), ChangeFilter("updatedMin", "iso")),
        (query("last_modified_gte", type="integer"), ChangeFilter("last_modified_gte", "seconds")),
        (query("since", description="Last updated after that"), ChangeFilter("since", "iso")),
        (query("touched_after", format="date-time"), ChangeFilter("touched_after", "iso")),
        (query("since", description="Created after that"), None),
        (query("credited_after", format="date-time"), None),
        (query("updated_before", format="date-time"), None),
        (query("created_since", format="date-time"), None),
        (query("sort", description="updated_at descends"), None),
    ],
    ids=str,
)
def test_a_filter_for_changes(parameter: Any, changes: ChangeFilter | None) -> None:
    """Only one that is surely about changes makes syncs incremental."""
    draft = drafted(specification({"/tasks": operation(LIST, parameter)}))
    assert draft.tables[0].endpoint.changes == changes
    assert ("TimeCursor" in pack_code(draft)) == (changes is not None)


def test_which_operations_are_lists() -> None:
    """Lists of objects; no single thing that has some, no list of texts, none that is retired."""
    thing = {"type": "object", "properties": {"id": TEXT, "members": LIST}}
    document = specification(
        {
            "/tasks": operation(LIST),
            "/tasks/{id}": operation({"$ref": "#/components/schemas/Task"}),
            "/teams/{id}": operation(thing),
            "/names": operation({"type": "array", "items": TEXT}),
            "/old": operation(LIST, deprecated=True),
            "/wrapped": operation({"allOf": [{"type": "object", "properties": {"data": LIST}}]}),
            "/flags": operation({"type": "array", "items": {
                "type": "object", "properties": {"on": FLAG}}}),
            "/broken": operation({"$ref": "#/nowhere"}),
            "/empty": {"responses": {}},
        }
    )  # fmt: skip
    found = lists_of(Specification(document, "tasks.json"))
    assert [each.operation.path for each in found] == ["/tasks", "/wrapped"]


def test_a_schema_may_be_told_by_an_example() -> None:
    """Where the specification has no schema of the rows, or no schema at all."""
    example = {"tasks": [{"id": 1, "title": "Paint"}], "next_cursor": None}
    response = {"content": {"application/json": {"examples": {"one": {"value": example}}}}}
    document = specification(
        {"/tasks": {"parameters": [query("cursor")], "responses": {"200": response}}}
    )
    endpoint = drafted(document).tables[0].endpoint
    assert endpoint.rows == ("tasks",)
    assert endpoint.paging == NextToken(("next_cursor",), "cursor")


def test_what_only_the_user_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of the path and required parameters become parameters, unless one value is given."""
    path = {"name": "team-id", "in": "path", "required": True, "schema": WHOLE}
    document = specification(
        {
            "/teams/{team-id}/{class}/tasks": operation(
                LIST,
                path,
                query("from", required=True),
                query("version", required=True, default="2"),
                query("format", required=True, enum=["json"]),
                query("page", required=True, type="integer"),
            )
        }
    )
    draft = drafted(document)
    table = draft.tables[0]
    assert [each.variable for each in table.parameters] == ["team_id", "class_value", "from_value"]
    assert table.endpoint.query == {"version": "2", "format": "json"}
    service, synced = synced_from_fake(draft, table)
    assert synced.ids == ids_of(service)
    assert "/teams/7/a/tasks?" in service.requests[0].url
    assert run_its_tests(draft, monkeypatch) == 1


def test_a_list_below_another_is_read_for_each_of_its_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its parameter takes the ids of the table above, where it is the only parameter."""
    paths = [
        "/teams",
        "/teams/{team}/tasks",
        "/teams/{team}/tasks/{task}/notes",
        "/lone/{id}/tasks",
    ]
    draft = drafted(specification({path: operation(LIST) for path in paths}))
    parents = [[each.parent for each in table.parameters] for table in draft.tables]
    assert parents == [[], [("Teams", "id")], [None, None], [None]]
    taken = loaded(draft).sync_tables["Tasks"].parameters[0]
    assert (taken.crawl_parent_table, taken.crawl_property_key) == ("Teams", "id")
    assert run_its_tests(draft, monkeypatch) == len(paths)


def test_each_table_has_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """By as much of the path as it takes."""
    paths = ["/tasks", "/teams/{id}/tasks", "/v2/teams/{id}/tasks", "/task", "/Tasks/"]
    draft = drafted(specification({path: operation(LIST) for path in paths}))
    assert [table.name for table in draft.tables] == [
        "Tasks", "TeamTasks", "TeamTasks2", "Task2", "Tasks2",
    ]  # fmt: skip
    assert len(loaded(draft).sync_tables) == len(paths)
    assert run_its_tests(draft, monkeypatch) == len(paths)


@pytest.mark.parametrize(
    ("schemes", "expected"),
    [
        ({"a": {"type": "http", "scheme": "bearer"}}, {"type": "HeaderBearerToken"}),
        ({"a": {"type": "http", "scheme": "Basic"}}, {"type": "WebBasic"}),
        (
            {"a": {"type": "apiKey", "in": "header", "name": "X-Key"}},
            {"type": "CustomHeaderToken", "header_name": "X-Key"},
        ),
        (
            {"a": {"type": "apiKey", "in": "query", "name": "key"}},
            {"type": "QueryParamToken", "param_name": "key"},
        ),
        (
            {"a": {"type": "apiKey", "in": "header", "name": "Authorization"}},
            {"type": "HeaderBearerToken"},
        ),
        (
            {"a": {"type": "oauth2", "flows": {"authorizationCode": {
                "tokenUrl": "/token", "authorizationUrl": "https://example.com/consent"}}}},
            {
                "type": "OAuth2",
                "token_url": "https://api.example.com/token",
                "authorization_url": "https://example.com/consent",
            },
        ),
        (
            {"a": {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "https://x.com"}}}},
            {"type": "HeaderBearerToken"},
        ),
        ({"a": {"type": "apiKey", "in": "cookie", "name": "session"}}, {}),
        ({}, {}),
    ],
    ids=str,
)  # fmt: skip
def test_authentication(schemes: dict[str, Any], expected: dict[str, Any]) -> None:
    """As the pack declares it; what is not understood is asked about."""
    components = {"schemas": {"Task": TASK}, "securitySchemes": schemes}
    draft = drafted(specification({"/tasks": operation(LIST)}, components=components))
    assert draft.authentication.arguments == expected
    assert bool(draft.authentication.guess.question) == (not expected)
    assert loaded(draft).authentication.type == expected.get("type", "None")


@pytest.mark.parametrize(
    ("server", "domain", "needs_endpoint"),
    [
        ("https://api.example.com/v1", "api.example.com", False),
        ("http://api.example.com", "api.example.com", False),
        ("https://{account}.example.com", "example.com", True),
        ("https://{host}/api", "api.example.com", True),
        ("/api/v1", "api.example.com", True),
    ],
)
def test_hosts(
    server: str, domain: str, needs_endpoint: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where each account has a host of its own, the connection has the endpoint."""
    document = specification({"/tasks": operation(LIST)}, servers=[{"url": server}])
    draft = drafted(document)
    assert (draft.domains, draft.needs_endpoint) == ([domain], needs_endpoint)
    service, synced = synced_from_fake(draft, draft.tables[0])
    assert synced.ids == ids_of(service)
    assert run_its_tests(draft, monkeypatch) == 1


def test_swagger_2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its host, schemas, parameters and security are elsewhere."""
    rows = {"type": "array", "items": {"$ref": "#/definitions/Task"}}
    document = {
        "swagger": "2.0",
        "info": {"title": "Tasks"},
        "host": "api.example.com",
        "basePath": "/v1",
        "definitions": {"Task": {"type": "object", "properties": {"id": TEXT}}},
        "securityDefinitions": {"key": {"type": "basic"}},
        "paths": {
            "/tasks": {
                "get": {
                    "parameters": [{"name": "page", "in": "query", "type": "integer"}],
                    "responses": {200: {"schema": rows}},
                }
            }
        },
    }
    draft = drafted(document)
    assert draft.tables[0].endpoint.url == "https://api.example.com/v1/tasks"
    assert draft.tables[0].endpoint.paging == PageNumber("page")
    assert draft.authentication.arguments == {"type": "WebBasic"}
    assert run_its_tests(draft, monkeypatch) == 1


@pytest.mark.parametrize("write", [json.dumps, yaml.safe_dump])
def test_a_file_may_be_json_or_yaml(write: Any, tmp_path: Path) -> None:
    """Whatever its name."""
    file = tmp_path / "specification"
    file.write_text(write(specification({"/tasks": operation(LIST)})))
    assert len(lists_of(Specification.read(file))) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "has no `paths`"),
        ("[1, 2]", "has no `paths`"),
        ('{"paths": {}}', "has no `paths`"),
        ("a: b: c", "neither JSON nor YAML"),
        ("!!python/object/apply:os.system ['true']", "neither JSON nor YAML"),
        ("<html>", "has no `paths`"),
        ('{"paths": {"/a": {"get": {"responses": {}}}}}', "no operation"),
        ("[" * 5000, "neither JSON nor YAML"),
    ],
)
def test_what_is_no_specification(content: str, said: str, tmp_path: Path) -> None:
    """The message says what was looked for."""
    file = tmp_path / "file.yaml"
    file.write_text(content)
    with pytest.raises(CannotDraftError, match=said):
        lists_of(Specification.read(file))
    with pytest.raises(CannotDraftError, match="cannot be read"):
        Specification.read(tmp_path)


def test_an_operation_is_chosen_by_id_or_path() -> None:
    """A near one is shown for one that is not there."""
    document = specification({"/tasks": operation(LIST, operationId="listTasks")})
    lists = lists_of(Specification(document, "tasks.json"))
    assert chosen(lists, "listTasks") == chosen(lists, "/tasks") == chosen(lists, "GET /tasks")
    with pytest.raises(CannotDraftError, match="near: GET /tasks"):
        chosen(lists, "task")
