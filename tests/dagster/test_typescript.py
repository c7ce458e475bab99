"""A TypeScript pack among the others: switched on, synced by Dagster, in the warehouse."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pack_sync.cli.app import app
from pack_sync.runtimes.typescript import bundle as built_packs
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject
from tests.http_server import Answer, HttpServer, SeenRequest
from tests.runtimes.typescript.packs import one_table

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

EXECUTE = """
    const url = context.continuation ? `/tasks?page=${context.continuation.page}` : "/tasks";
    const since = context.sync.previousCompletion?.incrementalContinuation?.since ?? "";
    const {body} = await context.fetcher.fetch({method: "GET", url: url + "#" + since});
    return {
        result: body.tasks,
        continuation: body.next ? {page: body.next} : undefined,
        completion: {incrementalContinuation: {since: "now"}},
    };
"""


@pytest.fixture
def api() -> Iterator[HttpServer]:
    """Tasks on two pages."""
    server = HttpServer()

    def answer(request: SeenRequest) -> Answer:
        if request.query.get("page"):
            return Answer(body=b'{"tasks": [{"id": 3}, {"task_name": "no id"}]}')
        body = b'{"tasks": [{"id": "1", "task_name": "a"}, {"Id": "2"}], "next": 2}'
        return Answer(body=body)

    server.answer = answer
    yield server
    server.close()


@pytest.fixture
def tracker(
    project: DagsterProject, api: HttpServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Path:
    """The pack, switched on; its build is the test's own."""
    monkeypatch.setattr(built_packs, "builds_folder", lambda: tmp_path / "builds")
    bundle = one_table(EXECUTE).replace("example.com", "127.0.0.1")
    folder = project.write("typescript/tracker/bundle.js", bundle).parent
    connection = {"endpoint": api.url, "allow_http_localhost": True}
    project.switch_on("tracker", pack=str(folder), connections={"default": connection}, attempts=1)
    return folder


def invoke(*words: str) -> str:
    """What a command prints; it must succeed."""
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.usefixtures("tracker")
def test_a_sync_like_any_other(project: DagsterProject, api: HttpServer) -> None:
    """Rows, rejects, cursor: everything above the runtime is the same."""
    invoke("list")
    result = project.run()
    assert result.success
    assert project.query('SELECT "Id", "TaskName" FROM tracker."Tasks" ORDER BY 1') == [
        ("1", "a"), ("2", None), ("3", None),
    ]  # fmt: skip
    assert project.query("SELECT count(*) FROM _sync.rejected_rows") == [(1,)]
    assert project.query("SELECT mode, pages FROM _sync.runs") == [("full", 2)]
    assert project.run().success
    modes = project.query("SELECT mode FROM _sync.runs ORDER BY finished_at")
    assert modes == [("full",), ("incremental",)]
    assert [page.path for page in api.requests] == ["/tasks"] * 4


@pytest.mark.usefixtures("tracker")
def test_the_graph_shows_the_language(project: DagsterProject) -> None:
    """And no link to a source of ours in place of the pack's."""
    invoke("build")
    (spec,) = project.definitions().resolve_all_asset_specs()
    assert spec.kinds == {"duckdb", "typescript"}
    assert "manifest.py" not in str(spec.metadata["dagster/code_references"])


def test_definitions_build_nothing(project: DagsterProject, tracker: Path) -> None:
    """Without a build the pack is broken, and the error names the command."""
    assert "run `packsync build`" in str(project.load_error())
    assert "tracker  Tasks" in invoke("build", str(tracker))
    assert project.definitions()


def test_commands_build_on_demand(tracker: Path) -> None:
    """Whoever asks for a pack's tables gets them, with a build before."""
    shown = invoke("preview", "tracker", "Tasks")
    assert "TaskName" in shown
    assert "rejected" in shown
    assert tracker.exists()


def test_a_change_of_the_pack_is_built(project: DagsterProject, tracker: Path) -> None:
    """The next command builds it again, and so does `packsync build` without a name."""
    assert "tracker  Tasks" in invoke("build")
    bundle = tracker / "bundle.js"
    bundle.write_text(bundle.read_text().replace('"Tasks"', '"Issues"'))
    assert "tracker  Issues" in invoke("build")
    assert "tracker.Issues" in invoke("list")
    assert project.definitions()


def test_whose_accounts_they_are(
    project: DagsterProject, tracker: Path, api: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pack asks the service; one that does not say is told as well (contract A1)."""
    assert "default: the pack does not say" in invoke("list", "--accounts")
    monkeypatch.setenv("TRACKER_TOKEN", "t")
    connection = {
        "endpoint": api.url,
        "allow_http_localhost": True,
        "credentials": {"token": {"env": "TRACKER_TOKEN"}},
    }
    project.switch_on("tracker", pack=str(tracker), connections={"default": connection})
    bundle = tracker / "bundle.js"
    account = "{type: 'HeaderBearerToken', getConnectionName: {execute: async (_, context) => %s}}"
    asked = "(await context.fetcher.fetch({method: 'GET', url: '/me'})).body.tasks[0].id"
    for body, shown in ((asked, "default: 1"), ("null.x", "default: JavaScriptError: TypeError:")):
        declared = f"exports.pack.defaultAuthentication = {account % body};"
        bundle.write_text(bundle.read_text() + declared)
        assert shown in invoke("list", "--accounts")
