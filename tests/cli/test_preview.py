"""`packsync preview` as a person sees it, and as a program reads it."""

import json
from collections.abc import Generator
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner

from pack_sdk import AuthenticationType, Pack, make_object_schema
from pack_sync.cli.app import app
from pack_sync.cli.preview_rows import print_rows, shown
from pack_sync.stage.column_types import Column
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of
from tests.engine.sync_harness import Scripted, items
from tests.http_server import Answer, HttpServer, SeenRequest

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

TOKEN = "k3y-9f8e7d6c"


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("COLUMNS", "120")


def acme() -> Pack:
    """A table whose pages are asked for with a token in the URL."""
    pack = Pack()
    pack.add_network_domain("127.0.0.1")
    pack.set_user_authentication(type=AuthenticationType.QUERY_PARAM_TOKEN, param_name="key")
    properties: dict[str, Any] = {
        "id": {"type": "number", "precision": 0},
        "price": {"type": "number", "hint": "currency"},
        "owner": {"type": "object", "properties": {"name": {"type": "string"}}},
        "made": {"type": "string", "hint": "datetime"},
    }
    schema = make_object_schema(properties=properties, id_property="id", display_property="id")

    @pack.add_sync_table(name="Items", identity_name="Item", schema=schema)
    def sync_items(_args: Any, context: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        page = (context.sync.continuation or {"page": 1})["page"]
        body = context.fetcher.fetch(url=f"/items?page={page}").body
        following = {"continuation": {"page": page + 1}} if page < 3 else {}
        return {"result": body, "deletedRowIds": [99, {"price": 7}], **following}

    return pack


def answer(request: SeenRequest) -> Answer:
    """A page with a good row, and one that is rejected."""
    assert request.query["key"] == [TOKEN]
    page = int(request.query["page"][0])
    row = {"id": page, "price": 7.5, "owner": {"name": "Ada"}, "made": "2024-05-06T07:08:09Z"}
    return Answer(body=json.dumps([row, {"id": 10 + page, "made": "soon"}]).encode())


@pytest.fixture
def server(project: DagsterProject, monkeypatch: pytest.MonkeyPatch) -> Generator[HttpServer]:
    """The service, with its pack switched on."""
    server = HttpServer()
    server.answer = answer
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    connection = {
        "endpoint": server.url,
        "allow_http_localhost": True,
        "credentials": {"token": {"env": "ACME_TOKEN"}},
    }
    project.switch_on_pack("acme", acme(), connections={"default": connection})
    yield server
    server.close()


def preview(*words: str, code: int = 0) -> str:
    """What the command prints."""
    result = CliRunner().invoke(app, ["preview", "acme", "Items", *words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def words_of(text: str) -> list[str]:
    """Its lines, with their spaces reduced."""
    return [" ".join(line.split()) for line in text.splitlines()]


def test_types_stand_above_the_rows(server: HttpServer) -> None:
    """And what is rejected below them, with its page, why, and the row as it came."""
    lines = words_of(preview())
    assert "id price owner made" in lines
    assert 'BIGINT DECIMAL(38,9) STRUCT("name" VAR… TIMESTAMPTZ' in lines
    assert '1 7.5 {"name":"Ada"} 2024-05-06 07:08:09+00:00' in lines
    at = lines.index("rejected rows")
    assert lines[at + 1].startswith("page 1: property 'made': soon is not")
    assert lines[at + 2] == '{"id":11,"made":"soon"}'
    assert server.requests


@pytest.mark.usefixtures("server")
def test_the_requests_are_shown_without_secrets() -> None:
    """Method, status, time, size and URL."""
    told = preview()
    lines = [line for line in words_of(told) if line.startswith("GET 200 ")]
    assert [line.rpartition("/")[2] for line in lines] == [f"items?page={n}" for n in (1, 2, 3)]
    assert all(" ms " in line and " bytes " in line for line in lines)
    assert TOKEN not in told
    assert "3 pages, 6 rows: 3 to store, 3 rejected, 0 repeated ids, 1 deleted id, " in told
    assert "1 deletion by values." in told


def test_the_requests_of_a_preview_that_fails_are_shown(server: HttpServer) -> None:
    """Each try of a request, before the error."""
    server.answers(Answer(status=503, headers={"Retry-After": "0"}), Answer(status=404))
    told = preview(code=1)
    assert [line.split()[1] for line in told.splitlines() if line.startswith("GET")] == [
        "503", "404"
    ]  # fmt: skip
    assert told.index("GET") < told.index("error: acme.Items: StatusCodeError")
    assert TOKEN not in told


@pytest.mark.usefixtures("server")
def test_one_page_is_shown() -> None:
    """Its rows alone, rejected ones too; those before are fetched, those after are not."""
    found = json.loads(preview("--page", "2", "--json"))
    assert [row["id"] for row in found["rows"]] == [2]
    assert [each["page"] for each in found["rejected"]] == [2]
    assert len(found["requests"]) == 2
    assert "Page 2 is shown: 1 row." in preview("--page", "2")


@pytest.mark.usefixtures("server")
def test_a_page_that_there_is_not() -> None:
    """It is said after how many pages the sync ended."""
    assert "there is no page 9: the sync ended after 3 pages" in preview("--page", "9", code=1)


@pytest.mark.usefixtures("server")
def test_json_has_all_of_it() -> None:
    """One object, and nothing else on the output."""
    found = json.loads(preview("--json", "--rows", "1"))
    row = {
        "id": 1,
        "price": 7.5,
        "owner": {"name": "Ada"},
        "made": "2024-05-06 07:08:09+00:00",
    }
    assert found["rows"] == [row]
    assert found["columns"][0] == {"name": "id", "type": "BIGINT"}
    assert found["rejected"][0]["row"] == {"id": 11, "made": "soon"}
    assert found["has_more"] is True
    assert found["counts"]["to_store"] == 1
    (request,) = found["requests"]
    assert (request["method"], request["status"], request["bytes"] > 0) == ("GET", 200, True)
    assert TOKEN not in json.dumps(found)


def test_of_no_rows_the_columns_are_shown(project: DagsterProject) -> None:
    """With their types."""
    project.switch_on_pack("acme", pack_of(Items=Scripted({"result": []})))
    assert "id VARCHAR" in words_of(preview())


def test_many_requests_are_counted(project: DagsterProject, server: HttpServer) -> None:
    """The first twenty are shown."""
    pack = Pack()
    pack.add_network_domain("127.0.0.1")

    def execute(_args: Any, context: Any) -> Any:
        for number in range(23):
            context.fetcher.fetch(url=f"/items?page={number}")
        return {"result": items(a="x")}

    schema = make_object_schema(
        properties={"id": {"type": "string"}}, id_property="id", display_property="id"
    )
    pack.add_sync_table(name="Items", identity_name="Item", schema=schema, execute=execute)
    connection = {"endpoint": server.url, "allow_http_localhost": True}
    server.answer = lambda _: Answer(body=b"[]")
    project.switch_on_pack("acme", pack, connections={"default": connection})
    told = preview()
    assert told.count("GET") == 20
    assert "and 3 further requests" in told


WIDE = [
    Column(name="id", sql_type="BIGINT"),
    Column(name="name", sql_type="VARCHAR"),
    Column(name="text", sql_type="VARCHAR"),
    Column(name="made", sql_type="TIMESTAMP WITH TIME ZONE"),
    Column(name="owner", sql_type='STRUCT("name" VARCHAR, tags VARCHAR[])'),
]
ROWS = [
    [
        1,
        "山田太郎さん",
        "日本語のとても長いテキスト" * 9,
        "2024-05-06",
        {"name": "🚀", "tags": ["a"]},
    ],
    [2, "two\nlines\x1b[31m", "z" * 300, None, None],
]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_nothing_is_wider_than_the_terminal(width: int, count: int) -> None:
    """With wide characters, long values, line breaks, nested values and few columns or many."""
    output = StringIO()
    console = Console(file=output, width=width)
    print_rows(console, WIDE[:count], [row[:count] for row in ROWS])
    lines = output.getvalue().splitlines()
    assert max(cell_len(line) for line in lines) <= width
    assert not {"\x1b", "\r"} & set(output.getvalue())
    assert any(line.split()[:1] == ["1"] or line == "row 1" for line in lines)


def test_a_row_below_the_other_is_whole() -> None:
    """Where a terminal is too narrow for a table, no value is cut."""
    output = StringIO()
    print_rows(Console(file=output, width=60), WIDE, ROWS)
    text = "".join(output.getvalue().split())
    assert text.count("z") == 300
    assert "row1" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "NULL"),
        (True, "true"),
        (Decimal("7.000000000"), "7"),
        (Decimal("0.100000000"), "0.1"),
        (Decimal("1200"), "1200"),
        ({"a": [Decimal("1.50"), None]}, '{"a":[1.5,null]}'),
        ("a\tb\x1b[1m\u202e", r"a\tb\x1b[1m\u202e"),
        (2**70, str(2**70)),
        ([2**70], f"[{2**70}]"),
    ],
)
def test_values_are_shown_on_one_line(value: Any, text: str) -> None:
    """As people write them, and without what would move the cursor."""
    assert shown(value) == text
