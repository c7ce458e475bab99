"""Recordings of packs in TypeScript: made and replayed by the same command."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pack_sdk.testing import read_recordings
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
    const after = context.sync.continuation?.after ?? "";
    const since = context.sync.previousCompletion?.incrementalContinuation?.since ?? null;
    const {body} = await context.fetcher.fetch({
        method: "POST", url: "/graphql", headers: {"Content-Type": "application/json"},
        body: JSON.stringify({query: "{ tasks }", variables: {after, since}}),
    });
    return {
        result: body.tasks,
        continuation: body.next ? {after: body.next} : undefined,
        completion: {incrementalContinuation: {since: body.now}},
    };
"""


@pytest.fixture
def folder(
    project: DagsterProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Path]:
    """A pack that is switched on, and its service: two pages of GraphQL."""
    server = HttpServer()

    def answer(request: SeenRequest) -> Answer:
        variables = json.loads(request.body)["variables"]
        first = variables["after"] == ""
        tasks = [{"id": f"{variables['after']}{n}", "task_name": "x"} for n in range(9)]
        body = {"tasks": tasks, "now": "2025", "next": "p" if first else None}
        return Answer(body=json.dumps(body).encode())

    server.answer = answer
    monkeypatch.setattr(built_packs, "builds_folder", lambda: tmp_path / "builds")
    bundle = one_table(EXECUTE).replace("example.com", "127.0.0.1")
    place = project.write("typescript/tracker/bundle.js", bundle).parent
    connection = {"endpoint": server.url, "allow_http_localhost": True}
    project.switch_on("tracker", pack=str(place), connections={"default": connection}, attempts=1)
    yield place / "tests" / "recordings"
    server.close()


def test_a_pack_in_typescript_is_recorded_and_replayed(folder: Path) -> None:
    """Bodies that it sends can be read; a change of them is told, key by key."""
    for expected in ("full sync, 2 pages, 4 rows", "incremental sync, 2 pages, 4 rows"):
        result = CliRunner().invoke(
            app, ["record", "tracker", "--rows", "2"], catch_exceptions=False
        )
        assert expected in result.output
        assert "To replay: packsync record tracker --replay" in result.output
    _, changed = read_recordings(folder)
    file = folder / "Tasks" / "002-incremental.json"
    assert json.loads(file.read_text())["exchanges"][1]["request"]["json"] == {
        "query": "{ tasks }",
        "variables": {"after": "p", "since": "2025"},
    }
    assert changed.expected.cursor == {"since": "2025"}
    replayed = CliRunner().invoke(app, ["record", "tracker", "--replay"], catch_exceptions=False)
    assert replayed.output.count("as recorded") == 2
    file.write_text(file.read_text().replace("{ tasks }", "{ jobs }"))
    differs = CliRunner().invoke(app, ["record", "tracker", "--replay"], catch_exceptions=False)
    assert differs.exit_code == 1
    assert "the body's key 'query': asked '{ tasks }', recorded '{ jobs }'" in differs.output
