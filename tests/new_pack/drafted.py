"""What drafted packs do: their code is run as it would be written."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

from pack_sdk import Pack
from pack_sdk.fetching import FetchRequest
from pack_sdk.testing import ListService, SyncedRows, execute_sync_table
from pack_sdk.testing.list_endpoint import ListEndpoint, Paging
from pack_sync.new_pack.draft import Guess, PackDraft, TableDraft
from pack_sync.new_pack.pack_code import pack_code
from pack_sync.new_pack.tests_code import origin_of, tests_code
from tests.http_server import Answer, HttpServer, SeenRequest

HOST = "https://api.example.com"
ROW = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "title": {"type": "string"},
        "updated_at": {"type": "string", "format": "date-time"},
    },
}


def endpoint(paging: Paging, **fields: Any) -> ListEndpoint:
    """A list of tasks that is paged in this way."""
    found = ListEndpoint(
        url=f"{HOST}/tasks", rows=("tasks",), row_schema=ROW, id_key=("id",), paging=paging
    )
    return replace(found, **fields)


def draft_of(*endpoints: ListEndpoint, needs_endpoint: bool = False) -> PackDraft:
    """A pack with a table for each, called Tasks, Tasks2 and so on."""
    tables = [
        TableDraft(
            name=f"Tasks{number if number > 1 else ''}",
            identity=f"Task{number if number > 1 else ''}",
            endpoint=each,
            guesses={"display": Guess(evidence="title")},
        )
        for number, each in enumerate(endpoints, start=1)
    ]
    return PackDraft(
        name="trial",
        source="a test",
        domains=["api.example.com"],
        tables=tables,
        needs_endpoint=needs_endpoint,
    )


def loaded(draft: PackDraft) -> Pack:
    """The pack that the draft's code makes."""
    module = ModuleType("trial")
    exec(compile(pack_code(draft), "pack.py", "exec"), module.__dict__)  # noqa: S102 - ours
    return module.__dict__["pack"]


def run_its_tests(draft: PackDraft, monkeypatch: Any) -> int:
    """Run the tests that are written with the pack; how many there are."""
    module = ModuleType(f"packs.{draft.name}.pack")
    module.__dict__["pack"] = loaded(draft)
    monkeypatch.setitem(sys.modules, f"packs.{draft.name}", ModuleType(f"packs.{draft.name}"))
    monkeypatch.setitem(sys.modules, f"packs.{draft.name}.pack", module)
    names: dict[str, Any] = {}
    exec(compile(tests_code(draft, sdk_beside=True), "tests.py", "exec"), names)  # noqa: S102
    functions = [value for name, value in names.items() if name.startswith("test_")]
    for function in functions:
        function()
    return len(functions)


def synced_from_fake(
    draft: PackDraft, table: TableDraft, **options: Any
) -> tuple[ListService, SyncedRows]:
    """All rows of a table, from a fake that is made of the same endpoint."""
    service = ListService([table.endpoint], seed=3)
    service.endpoint = origin_of(table.endpoint.url)
    values = {each.variable: 7 if each.numeric else "a" for each in table.parameters}
    if draft.needs_endpoint:
        options["endpoint"] = service.endpoint
    rows = execute_sync_table(loaded(draft), table.name, values or None, fetcher=service, **options)
    return service, rows


def ids_of(service: ListService) -> list[Any]:
    """The ids of all rows that the fake has."""
    return [item.id for item in service.lists[0].collection.items()]


def served(server: HttpServer, *endpoints: ListEndpoint) -> ListService:
    """The endpoints, served on loopback; their URLs' host is the server's."""
    lists = [replace(each, url=server.url + each.url.removeprefix(HOST)) for each in endpoints]
    service = ListService(lists, seed=3)
    server.answer = _answers(server, service)
    return service


def _answers(server: HttpServer, service: ListService) -> Callable[[SeenRequest], Answer]:
    def answer(seen: SeenRequest) -> Answer:
        query = "&".join(
            f"{name}={value}" for name, values in seen.query.items() for value in values
        )
        response = service.respond(FetchRequest(url=f"{server.url}{seen.path}?{query}"))
        return Answer(
            status=response.status,
            body=json.dumps(response.body).encode(),
            headers={name.title(): value for name, value in response.headers.items()},
        )

    return answer
