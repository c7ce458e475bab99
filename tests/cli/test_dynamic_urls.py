"""`packsync discover PACK TABLE`: what a dynamic table can be (contract C23)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from pack_sdk import AuthenticationType, Pack, StatusCodeError, make_object_schema
from pack_sync.cli.app import app
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject
from tests.engine.sync_harness import ITEM, last_page
from tests.http_server import Answer, HttpServer, SeenRequest

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

TREE: dict[str, list[dict[str, Any]]] = {
    "/top": [
        {"display": "Büro: survey", "value": "/forms/survey"},
        {"display": "Archive", "value": "/archive", "hasChildren": True},
    ],
    "/archive": [{"display": "Büro survey", "value": "/forms/old"}],
    "/search": [{"display": "Orders", "value": "/forms/orders"}],
}


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """A server of forms in folders."""

    def answer(request: SeenRequest) -> Answer:
        if request.path not in TREE:
            return Answer(status=404, body=b'"none"')
        return Answer(body=json.dumps(TREE[request.path]).encode())

    running = HttpServer()
    running.answer = answer
    yield running
    running.close()


def forms_pack(**functions: Any) -> Pack:
    """A pack with a static table and forms, which are found over HTTP."""
    pack = Pack()
    pack.set_authentication(type=AuthenticationType.HEADER_BEARER_TOKEN)

    @pack.add_sync_table(name="People", identity_name="Person", schema=ITEM)
    def people(_args: Any, _context: Any) -> Any:
        return last_page("t1", a="Ada")

    def list_dynamic_urls(context: Any, parent_url: str | None) -> Any:
        return context.fetcher.fetch(url=parent_url or "/top").body

    async def search_dynamic_urls(context: Any, text: str) -> Any:
        assert text == "ord"
        return (await context.fetcher.fetch(url="/search")).body

    def get_schema(context: Any, parameters: Any) -> Any:
        assert parameters == {}
        properties: Any = {
            "id": {"type": "string"},
            "n": {"type": "number", "description": "How many"},
        }
        assert context.sync.dynamic_url == "/forms/orders"
        return make_object_schema(properties=properties, id_property="id", display_property="id")

    usual: dict[str, Any] = {
        "list_dynamic_urls": list_dynamic_urls,
        "search_dynamic_urls": search_dynamic_urls,
        "get_name": lambda context: f"All {context.sync.dynamic_url[7:]}",  # pyright: ignore
        "get_display_url": lambda context: f"https://example.com{context.sync.dynamic_url}",  # pyright: ignore
        "get_schema": get_schema,
        **functions,
    }

    def forms(_args: Any, _context: Any) -> Any:
        return {"result": [{"id": "1"}]}

    pack.add_dynamic_sync_table(name="Forms", execute=forms, **usual)
    return pack


def switch_on(project: DagsterProject, server: HttpServer, pack: Pack, **attributes: Any) -> None:
    """Switch the pack on, with a secret token."""
    project.monkeypatch.setenv("FORMS_TOKEN", "sesame-open")
    connection = {
        "endpoint": server.url,
        "allow_http_localhost": True,
        "credentials": {"token": {"env": "FORMS_TOKEN"}},
    }
    connections = {"default": connection, "other": connection}
    project.switch_on_pack("acme", pack, connections=connections, **attributes)


def discover(*words: str, exit_code: int = 0) -> Result:
    """Run the command."""
    result = CliRunner().invoke(app, ["discover", *words], catch_exceptions=False)
    assert result.exit_code == exit_code, result.output
    return result


def pasted(result: Result) -> Any:
    """The lines for the defs.yaml, read as YAML."""
    text = result.stdout
    return yaml.safe_load(text[text.index("  tables:") :])["tables"]


def test_the_top_with_its_folders(project: DagsterProject, server: HttpServer) -> None:
    """Name, kind and URL of each, how to open a folder, and what to paste (C23)."""
    switch_on(project, server, forms_pack())
    result = discover("acme", "forms")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert any("Büro: survey │ table │ /forms/survey" in line for line in lines)
    assert any("Archive │ folder │ /archive" in line for line in lines)
    assert "To open a folder: packsync discover acme Forms --folder URL" in lines
    assert pasted(result) == {
        "*": {},  # what is synced now, and would not be once there are `tables`
        "Buro_survey": {"table": "Forms", "dynamic_url": "/forms/survey"},
    }
    assert [request.headers["authorization"] for request in server.requests] == [
        "Bearer sesame-open"
    ]


def test_what_is_pasted_works(project: DagsterProject, server: HttpServer) -> None:
    """The definitions load with it, and the table is there (C23)."""
    switch_on(project, server, forms_pack())
    tables = pasted(discover("acme", "Forms"))
    switch_on(project, server, forms_pack(), tables=tables)
    keys = {spec.key.to_user_string() for spec in project.definitions().resolve_all_asset_specs()}
    assert keys == {"acme/People", "acme/Buro_survey"}


def test_a_folder(project: DagsterProject, server: HttpServer) -> None:
    """Names that are taken get a number; what is configured is not repeated (C23)."""
    tables = {"Buro_Survey": {"table": "Forms", "dynamic_url": "/forms/survey"}}
    switch_on(project, server, forms_pack(), tables=tables)
    result = discover("acme", "Forms", "--folder", "/archive")
    assert pasted(result) == {"Buro_survey_2": {"table": "Forms", "dynamic_url": "/forms/old"}}


def test_a_search(project: DagsterProject, server: HttpServer) -> None:
    """By the pack's own search; another connection is in what to paste (C23)."""
    switch_on(project, server, forms_pack(), tables={"People": {}})
    result = discover("acme", "Forms", "--search", "ord", "--connection", "other")
    entry = {"table": "Forms", "dynamic_url": "/forms/orders", "connection": "other"}
    assert pasted(result) == {"Orders": entry}


def test_one_url(project: DagsterProject, server: HttpServer) -> None:
    """Its name, its address for a browser, and its columns (C23)."""
    switch_on(project, server, forms_pack(), tables={"People": {}})
    result = discover("acme", "Forms", "--url", "/forms/orders")
    assert "All orders: https://example.com/forms/orders" in result.stdout
    assert "DOUBLE" in result.stdout
    assert "How many" in result.stdout
    assert pasted(result) == {"All_orders": {"table": "Forms", "dynamic_url": "/forms/orders"}}


def test_an_entry_without_its_url_does_not_stop_it(
    project: DagsterProject, server: HttpServer
) -> None:
    """Somebody who looks for the URL has not written it yet (C23)."""
    switch_on(project, server, forms_pack(), tables={"Forms": {}})
    assert "Buro_survey" in pasted(discover("acme", "Forms"))


def test_nothing_there(project: DagsterProject, server: HttpServer) -> None:
    """Is said, without lines to paste."""
    switch_on(project, server, forms_pack(list_dynamic_urls=lambda _context: []))  # pyright: ignore
    assert "There is nothing to choose." in discover("acme", "Forms").stdout


def test_an_error_is_shown_without_secrets(project: DagsterProject, server: HttpServer) -> None:
    """One sentence with the pack's error (A4)."""

    def list_dynamic_urls(context: Any) -> Any:
        try:
            context.fetcher.fetch(url="/gone")
        except StatusCodeError:
            raise ValueError("no forms with sesame-open") from None

    switch_on(project, server, forms_pack(list_dynamic_urls=list_dynamic_urls))
    result = discover("acme", "Forms", exit_code=1)
    assert "error: acme.Forms: ValueError: no forms with " in result.stderr
    assert "sesame" not in result.output


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["People"], "acme has no dynamic table 'People'; choose from Forms, or say which --param"),
        (["Form"], "acme has no dynamic table 'Form'; choose from Forms"),
        (["Forms", "--search", "x", "--url", "y"], "--search, --folder and --url are three quest"),
        (["Forms", "--connection", "third"], "no connection 'third'; choose from default, other"),
    ],
)
def test_a_wrong_question(
    project: DagsterProject, server: HttpServer, words: list[str], problem: str
) -> None:
    """What there is to choose from is said."""
    switch_on(project, server, forms_pack())
    assert problem in discover("acme", *words, exit_code=1).stderr
