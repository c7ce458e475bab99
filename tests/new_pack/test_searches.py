"""Lists that are asked for by POST, and specifications of several files."""

import json
from pathlib import Path
from typing import Any

import pytest

from pack_sdk.testing.list_endpoint import NextToken, Offset, PageNumber, Paging
from pack_sync.new_pack.draft import CannotDraftError, PackDraft
from pack_sync.new_pack.from_specification import chosen, draft_of, lists_of
from pack_sync.new_pack.specification import Specification
from tests.new_pack.drafted import ids_of, loaded, run_its_tests, synced_from_fake
from tests.new_pack.specifications import LIST, operation, specification, tasks_in

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}


def search(answer: Any, required: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    """An operation that takes these fields in its body."""
    body = {"type": "object", "properties": fields, "required": list(required)}
    return operation(answer, requestBody={"content": {"application/json": {"schema": body}}})


def drafted(path: str, posted: dict[str, Any], **paths: Any) -> PackDraft:
    """A pack with the lists of a document that has this POST."""
    document = specification(paths)
    document["paths"][path] = {**document["paths"].get(path, {}), "post": posted}
    found = Specification(document, "tasks.json")
    return draft_of("trial", found, lists_of(found))


@pytest.mark.parametrize(
    ("path", "posted", "paging"),
    [
        ("/tasks/search", search(tasks_in(next_cursor=TEXT), cursor=TEXT, limit=WHOLE),
         NextToken(("next_cursor",), "cursor")),
        ("/tasks/query", search(tasks_in(total=WHOLE), offset=WHOLE, limit=WHOLE),
         Offset("offset", ("total",))),
        ("/searchTasks", search(LIST, page=WHOLE), PageNumber("page")),
        ("/tasks/list", search(
            tasks_in(nextPageToken=TEXT), required=("kind", "size"), pageToken=TEXT,
            kind={"type": "string", "default": "open"}, size={"type": "integer", "default": 5},
            deep={"type": "boolean", "default": True},
         ), NextToken(("nextPageToken",), "pageToken")),
    ],
)  # fmt: skip
def test_a_search_by_post(
    path: str, posted: dict[str, Any], paging: Paging, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pages are asked for in the body, and the pack brings all rows."""
    draft = drafted(path, posted)
    table = draft.tables[0]
    assert (table.endpoint.method, table.endpoint.paging) == ("POST", paging)
    service, synced = synced_from_fake(draft, table)
    assert synced.ids == ids_of(service)
    assert {request.method for request in service.requests} == {"POST"}
    assert all(value is not None for value in json.loads(str(service.requests[0].body)).values())
    assert run_its_tests(draft, monkeypatch) > 0


def test_values_of_a_body_keep_their_types() -> None:
    """A number that is required is sent as a number."""
    posted = search(
        tasks_in(next_cursor=TEXT), ("size", "deep"), cursor=TEXT,
        size={"type": "integer", "default": 5}, deep={"type": "boolean", "default": True},
    )  # fmt: skip
    service, _ = synced_from_fake(draft := drafted("/tasks/search", posted), draft.tables[0])
    assert json.loads(str(service.requests[0].body)) == {"size": 5, "deep": True}


def test_a_table_is_called_as_what_is_searched() -> None:
    """Not after the word that says so."""
    draft = drafted("/tasks/search", search(tasks_in(next_cursor=TEXT), cursor=TEXT))
    assert [table.name for table in draft.tables] == ["Tasks"]
    assert list(loaded(draft).sync_tables) == ["Tasks"]


@pytest.mark.parametrize(
    ("path", "posted"),
    [
        ("/tasks", search(LIST, cursor=TEXT)),  # makes tasks
        ("/tasks/search", search(LIST, text=TEXT)),  # has no pages
        ("/tasks/search", search(tasks_in(next_cursor=TEXT), ("where",), cursor=TEXT,
                                 where={"type": "object"})),
    ],
)  # fmt: skip
def test_what_is_no_list(path: str, posted: dict[str, Any]) -> None:
    """A POST that may write, has no pages, or wants what only a person knows."""
    with pytest.raises(CannotDraftError, match="no operation that answers with a list"):
        drafted(path, posted)


def test_a_list_by_get_is_preferred() -> None:
    """It is the same list, and the search is left out; it can be chosen no more."""
    posted = search(tasks_in(next_cursor=TEXT), cursor=TEXT)
    draft = drafted("/tasks/search", posted, **{"/tasks": operation(LIST)})
    assert [table.endpoint.method for table in draft.tables] == ["GET"]


def test_references_to_other_files(tmp_path: Path) -> None:
    """They are relative to the file that they are in; one may lead on to a third, and back."""
    (tmp_path / "schemas").mkdir()
    document = specification({"/tasks": {"$ref": "paths.json#/tasks/get"}})
    document["paths"]["/tasks"] = {"$ref": "paths.json#/tasks"}
    (tmp_path / "api.json").write_text(json.dumps(document))
    answer = {"type": "array", "items": {"$ref": "./schemas/task.yaml#/Task"}}
    (tmp_path / "paths.json").write_text(json.dumps({"tasks": {"get": operation(answer)}}))
    (tmp_path / "schemas" / "task.yaml").write_text(
        "Task: {type: object, properties: {id: {$ref: '#/Id'}, owner: {$ref: owner.json}}}\n"
        "Id: {type: string}\n"
    )
    owner = {"type": "object", "properties": {"name": TEXT, "task": {"$ref": "task.yaml#/Task"}}}
    (tmp_path / "schemas" / "owner.json").write_text(json.dumps(owner))
    found = Specification.read(tmp_path / "api.json")
    row = chosen(lists_of(found), "/tasks")[0].row
    assert row["properties"]["id"] == {"type": "string"}
    assert row["properties"]["owner"]["properties"]["name"] == TEXT


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("https://example.com/task.json", "it is a URL, and nothing is fetched"),
        ("gone.json#/Task", "cannot be read: No such file"),
        ("task.txt", "it is none of .json, .yaml, .yml"),
    ],
)
def test_references_that_are_not_followed(tmp_path: Path, reference: str, why: str) -> None:
    """The error names them, and what to do."""
    document = specification({"/tasks": operation({"$ref": reference})})
    (tmp_path / "api.json").write_text(json.dumps(document))
    with pytest.raises(CannotDraftError) as caught:
        lists_of(Specification.read(tmp_path / "api.json"))
    assert reference.partition("#")[0] in str(caught.value)
    assert why in str(caught.value)
