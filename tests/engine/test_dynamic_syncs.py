"""Syncs of tables whose schema is asked for before every sync (contract C23, D5)."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import make_object_schema, make_parameter
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.settings import SyncSettings
from tests.engine.sync_harness import ITEM, Engine, Scripted, last_page
from tests.http_server import Answer, HttpServer, SeenRequest

URL = "https://api.example.com/forms/1"


def schema_of(*names: str, **kinds: str) -> Any:
    """A schema with an id, these texts, and properties of these types."""
    properties: Any = {name: {"type": "string"} for name in ("id", *names)}
    properties |= {name: {"type": kind} for name, kind in kinds.items()}
    return make_object_schema(properties=properties, id_property="id", display_property="id")


@dataclass
class Schemas:
    """A `get_schema` that gives these answers in turn, the last again and again."""

    answers: list[Any]
    calls: list[tuple[Any, Any]] = field(default_factory=list[tuple[Any, Any]])

    def __call__(self, context: Any, parameters: Any) -> Any:
        self.calls.append((context, parameters))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def engine_with(
    folder: Path, schemas: Schemas, *steps: Any, **changes: Any
) -> tuple[Engine, Scripted]:
    """An engine of a dynamic table with these schemas and pages."""
    execute = Scripted(*steps)
    usual: dict[str, Any] = {"dynamic_url": URL, "get_schema": schemas}
    return Engine(folder=folder, execute=execute, **{**usual, **changes}), execute


def page(cursor: Any, *rows: dict[str, Any]) -> dict[str, Any]:
    """The last page of a sync."""
    return {"result": list(rows), "completion": {"incrementalContinuation": cursor}}


def test_the_schema_that_is_asked_for_decides_the_columns(tmp_path: Path) -> None:
    """The table has its columns, and so has the outcome, which the asset shows (C23)."""
    schemas = Schemas([schema_of("name", amount="number")])
    rows = [{"id": "a", "name": "x", "amount": 1.5}, {"id": "b", "amount": 2}]
    engine, _ = engine_with(tmp_path, schemas, page("t1", *rows))
    outcome = engine.sync()
    assert engine.rows() == [rows[0], {"id": "b", "name": None, "amount": 2.0}]
    assert [column.name for column in outcome.result.columns] == ["id", "name", "amount"]


def test_url_and_schema_are_in_the_context_of_every_call(tmp_path: Path) -> None:
    """On each page and for validateParameters; getSchema knows the URL and the start (C23, D10)."""
    asked: list[Any] = []

    def validate_parameters(context: Any, _parameters: Any) -> None:
        asked.append(context)

    schemas = Schemas([schema_of("name")])
    first: dict[str, Any] = {"result": [], "continuation": 2}
    engine, execute = engine_with(
        tmp_path, schemas, first, page("t1"), validate_parameters=validate_parameters
    )
    engine.sync()
    contexts = [*asked, *execute.contexts]
    assert len(contexts) == 3
    assert {context.sync.dynamic_url for context in contexts} == {URL}
    assert all(context.sync.schema == schema_of("name") for context in contexts)
    ((context, _),) = schemas.calls
    assert context.sync.dynamic_url == URL
    assert context.sync.previous_completion is None
    starts = {each.sync.started_at for each in (context, *contexts)}
    assert len(starts) == 1


def test_the_schema_is_asked_for_before_every_sync(tmp_path: Path) -> None:
    """As long as it is the same, syncs are incremental (C23)."""
    schemas = Schemas([schema_of("name")])
    engine, execute = engine_with(tmp_path, schemas, page("t1"), page("t2"), page("t3"))
    modes = [engine.sync().record.mode for _ in range(3)]
    assert modes == ["full", "incremental", "incremental"]
    assert len(schemas.calls) == len(execute.calls) == 3


def test_a_changed_schema_makes_the_sync_full(tmp_path: Path) -> None:
    """The cursor no longer describes the table; the reason says so (D5, C23)."""
    schemas = Schemas([schema_of("name"), schema_of("name", amount="number")])
    engine, execute = engine_with(
        tmp_path,
        schemas,
        page("t1", {"id": "a", "name": "x"}),
        page("t2", {"id": "a", "name": "x", "amount": 3}),
    )
    engine.sync()
    outcome = engine.sync()
    assert outcome.record.mode == "full"
    assert outcome.record.mode_reason == "the schema changed since the last sync"
    assert outcome.result.schema_changes == ["added amount DOUBLE"]
    assert execute.contexts[1].previous_completion is None
    assert engine.rows() == [{"id": "a", "name": "x", "amount": 3.0}]
    reason = "full sync, because the schema changed since the last sync"
    assert ("info", f"acme.Items: {reason}") in engine.log


def test_another_url_makes_the_sync_full(tmp_path: Path) -> None:
    """It is another table, even if it has the same columns; the old rows go (D5, C10)."""
    engine, _ = engine_with(
        tmp_path, Schemas([ITEM]), last_page("t1", a="1"), last_page("t2", b="2")
    )
    engine.sync()
    engine.dynamic_url = "https://api.example.com/forms/2"
    outcome = engine.sync()
    assert outcome.record.mode_reason == "the dynamic URL changed since the last sync"
    assert engine.names() == {"b": "2"}


def test_a_schema_that_cannot_be_had_fails_the_sync(tmp_path: Path) -> None:
    """Rows, cursor and columns stay; message and ledger say what failed (C23)."""
    schemas = Schemas([ITEM, ValueError("no fields today"), ITEM])
    engine, execute = engine_with(tmp_path, schemas, last_page("t1", a="1"), last_page("t2"))
    engine.sync()
    before = engine.state()
    with pytest.raises(SyncFailedError) as failure:
        engine.sync()
    what = "the table's schema could not be asked for: ValueError: no fields today"
    assert str(failure.value) == f"acme.Items: {what}"
    assert engine.state() == before
    assert len(execute.calls) == 1
    line = engine.ledger()[-1]
    assert (line["status"], line["error_message"]) == ("failed", what)
    assert engine.sync().record.mode == "incremental"


def test_asking_is_tried_again_like_a_sync(tmp_path: Path) -> None:
    """The next try is told why, and asks anew (C17, C23)."""
    schemas = Schemas([ValueError("no fields yet"), ITEM, schema_of("name", "more")])
    settings = SyncSettings(attempts=3, retry_wait_seconds=0)
    rows = {"id": "a", "name": "1", "more": "2"}
    steps = (RuntimeError("no rows yet"), page("t1", rows))
    engine, _ = engine_with(tmp_path, schemas, *steps, settings=settings)
    engine.sync()
    told = [context.previous_attempt_error for context, _ in schemas.calls]
    assert [error and error.message for error in told] == [
        None,
        "ValueError: no fields yet",
        "RuntimeError: no rows yet",
    ]
    assert engine.rows() == [rows]  # by the schema of the try that succeeded


def test_a_schema_that_is_none_is_not_tried_again(tmp_path: Path) -> None:
    """The error names the table and the URL, and what is wrong (C23, S3)."""
    colliding = {"id": {"type": "string"}, "Cost": {"type": "number"}, "cost": {"type": "number"}}
    schemas = Schemas(
        [{"type": "object", "properties": colliding, "idProperty": "id", "displayProperty": "id"}]
    )
    settings = SyncSettings(attempts=3, retry_wait_seconds=0)
    engine, _ = engine_with(tmp_path, schemas, settings=settings)
    with pytest.raises(SyncFailedError, match=rf"'Items' for {URL}: .*'Cost' and 'cost'"):
        engine.sync()
    assert len(schemas.calls) == 1


def test_an_endless_get_schema_is_a_timeout(tmp_path: Path) -> None:
    """It may take as long as a page (C14, C17, C23)."""

    def get_schema(_context: Any) -> None:
        while True:
            pass

    settings = SyncSettings(attempts=1, page_timeout_seconds=0.2)
    engine, _ = engine_with(tmp_path, Schemas([]), get_schema=get_schema, settings=settings)
    with pytest.raises(SyncFailedError, match=r"get_schema of the table 'Items' took longer"):
        engine.sync()
    assert engine.ledger()[0]["error_type"] == "Timeout"


def test_incomplete_results_keep_the_schema(tmp_path: Path) -> None:
    """The full sync that follows at once is the same sync: it asks no second time (C8, C23)."""
    schemas = Schemas([ITEM])
    incomplete = {"completion": {"hasIncompleteResults": True}}
    engine, execute = engine_with(
        tmp_path, schemas, last_page("t1", a="1"), incomplete, last_page("t2", b="2")
    )
    engine.sync()
    assert engine.sync().record.mode == "full"
    assert len(schemas.calls) == 2
    assert execute.contexts[-1].sync.schema == ITEM
    assert engine.names() == {"b": "2"}


def test_a_table_of_fixed_identity_asks_too(tmp_path: Path) -> None:
    """What it declared does not count, and there is no URL; getSchema has parameters (C23)."""
    schemas = Schemas([schema_of("city")])
    engine, execute = engine_with(
        tmp_path,
        schemas,
        page("t1", {"id": "a", "city": "Bonn"}),
        dynamic_url=None,
        parameters=[make_parameter(name="team", type="string")],
        values={"team": "core"},
    )
    engine.sync()
    assert engine.rows() == [{"id": "a", "city": "Bonn"}]
    assert execute.contexts[0].sync.dynamic_url is None
    assert [parameters for _, parameters in schemas.calls] == [{"team": "core"}]


def test_a_static_table_is_asked_nothing(tmp_path: Path) -> None:
    """One session, the fingerprint of before, no word of URLs (C23)."""
    engine = Engine(folder=tmp_path, execute=Scripted(last_page("t1", a="1")))
    with engine.prepared() as sync:
        assert not sync.awaits_schema
        assert list(sync.fingerprint) == ["schema", "parameters", "connection"]
    assert engine.sync().record.mode == "full"


def forms(server: HttpServer, folder: Path) -> Engine:
    """The form at the server's /forms/1: fields at /fields, rows at /rows."""

    def get_schema(context: Any) -> Any:
        fields = context.fetcher.fetch(url=context.sync.dynamic_url + "/fields").body
        return schema_of(*fields)

    async def execute(_args: Any, context: Any) -> Any:
        response = await context.fetcher.fetch(url=context.sync.dynamic_url + "/rows")
        return page("t1", *response.body)

    url = f"{server.url}/forms/1"
    return Engine(folder=folder, execute=execute, get_schema=get_schema, dynamic_url=url)


def test_fields_and_rows_come_over_http(server: HttpServer, tmp_path: Path) -> None:
    """By the connection's fetcher; the ledger counts the requests for the schema too (C23)."""
    bodies = {"/forms/1/fields": ["city"], "/forms/1/rows": [{"id": "a", "city": "Bonn"}]}

    def answer(request: SeenRequest) -> Answer:
        return Answer(body=json.dumps(bodies[request.path]).encode())

    server.answer = answer
    engine = forms(server, tmp_path)
    record = engine.sync().record
    assert engine.rows() == [{"id": "a", "city": "Bonn"}]
    assert [request.path for request in server.requests] == list(bodies)
    assert record.requests == 2


def test_a_failing_request_is_in_the_ledger(server: HttpServer, tmp_path: Path) -> None:
    """With its status, as one of `execute` is (C17, C23)."""
    server.answers(Answer(status=403, body=b'"no"'))
    engine = forms(server, tmp_path)
    with pytest.raises(SyncFailedError, match=r"could not be asked for: StatusCodeError: .* 403"):
        engine.sync()
    (line,) = engine.ledger()
    assert (line["error_type"], line["error_status_code"]) == ("HttpStatusError", 403)
    assert line["requests"] == 1
