"""`packsync new`: what it writes, what it refuses, and that a pack of it syncs."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from pack_sdk.testing.list_endpoint import NextToken, PageNumber
from pack_sync.cli.app import app
from tests.http_server import Answer, HttpServer, SeenRequest
from tests.new_pack.drafted import HOST, endpoint, ids_of, served
from tests.new_pack.specifications import LIST, operation, query, specification, tasks_in

PACK = "trial_pack"
FILES = [
    "__init__.py",
    "pack.py",
    "tests/__init__.py",
    "tests/fake.py",
    "tests/test_pack.py",
    "AGENTS.md",
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project by `packsync init`; what it imports of its packs is forgotten."""
    monkeypatch.chdir(tmp_path)
    assert run("init", "data").exit_code == 0
    monkeypatch.chdir(tmp_path / "data")
    path, modules = list(sys.path), {k: v for k, v in sys.modules.items() if is_of_project(k)}
    for name in modules:
        del sys.modules[name]
    yield tmp_path / "data"
    sys.path[:] = path
    for name in [name for name in sys.modules if is_of_project(name)]:
        del sys.modules[name]
    sys.modules.update(modules)


def is_of_project(module: str) -> bool:
    """Whether a module may be another one in another project."""
    return module.partition(".")[0] in ("packs", "sync_assets", "resources")


def run(*arguments: str) -> Result:
    """The command, in this process."""
    return CliRunner().invoke(app, list(arguments))


def in_project(folder: Path, *command: str, **variables: str) -> str:
    """What a command of its own prints in the project."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root), "COLUMNS": "200", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def packsync(folder: Path, *arguments: str) -> str:
    """What `packsync` prints in the project."""
    main = "import sys; sys.argv[0] = 'packsync'; from pack_sync.cli.app import app; app()"
    return in_project(folder, "-c", main, *arguments)


@pytest.fixture
def openapi(project: Path) -> Path:
    """A specification with two lists."""
    document = specification(
        {
            "/tasks": operation(LIST, query("page", type="integer"), operationId="listTasks"),
            "/projects/{id}/tasks": operation(LIST),
        }
    )
    file = project / "tasks.json"
    file.write_text(json.dumps(document))
    return file


@pytest.mark.slow
def test_from_a_url_to_rows(project: Path, server: HttpServer) -> None:
    """The pack syncs as it was written, its test passes, and nobody has been asked anything."""
    service = served(server, endpoint(NextToken(("nextPageToken",), "pageToken")))
    said = packsync(project, "new", PACK, "--from-url", f"{server.url}/tasks")
    assert "sends nextPageToken as pageToken: 3 pages seen" in said
    assert sum(line.startswith("wrote ") for line in said.splitlines()) == len(FILES) + 1
    assert f"{PACK}.Tasks" in packsync(project, "list")
    assert "20 to store, 0 rejected" in packsync(project, "preview", PACK, "Tasks")
    assert "no errors" in packsync(project, "check", PACK)
    packsync(project, "sync", PACK)
    rows = packsync(project, "query", f"SELECT count(*) AS n FROM {PACK}.Tasks")
    assert str(len(ids_of(service))) in rows
    assert "1 passed" in in_project(
        project, "-m", "pytest", f"packs/{PACK}", "-p", "no:cacheprovider"
    )


def test_an_empty_pack(project: Path) -> None:
    """Without a source it is a pack to fill in, which loads."""
    result = run("new", PACK)
    assert result.exit_code == 0, result.output
    assert sorted(each for each in FILES if (project / "packs" / PACK / each).is_file()) == sorted(
        FILES
    )
    assert PACK in (project / "sync_assets/defs" / PACK / "defs.yaml").read_text()
    assert "QUESTION" in (project / "packs" / PACK / "pack.py").read_text()


@pytest.mark.slow
def test_lists_below_others_are_synced(project: Path, server: HttpServer) -> None:
    """All lists of a specification, the ones below others for each of their rows."""
    projects = endpoint(PageNumber("page"), url=f"{HOST}/projects", page_size=2)
    tasks = endpoint(PageNumber("page"), url=f"{HOST}/projects/{{project}}/tasks")
    served(server, projects, tasks)
    document = specification(
        {
            "/projects": operation(tasks_in(), query("page", type="integer")),
            "/projects/{project}/tasks": operation(tasks_in(), query("page", type="integer")),
        },
        servers=[{"url": server.url}],
    )
    (project / "tasks.json").write_text(json.dumps(document))
    packsync(project, "new", PACK, "--from-openapi", "tasks.json", "--all")
    packsync(project, "sync", PACK)
    rows = packsync(project, "query", f"SELECT count(*) AS n FROM {PACK}.Tasks")
    assert "301" in rows  # 43 for each of 7 projects


def test_nothing_is_overwritten(project: Path) -> None:
    """Unless it is said, and then it is told."""
    (project / "packs" / PACK).mkdir()
    mine = project / "packs" / PACK / "pack.py"
    mine.write_text("mine")
    result = run("new", PACK)
    assert result.exit_code == 1
    assert f"there already: packs/{PACK}/pack.py" in result.stderr
    assert mine.read_text() == "mine"
    assert not (mine.parent / "__init__.py").exists()
    result = run("new", PACK, "--overwrite")
    assert result.exit_code == 0, result.output
    assert f"replaced packs/{PACK}/pack.py" in result.stdout


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("name", ["", "A", "7up", "a-b", "class", "a/b", "a.b", ".."])
def test_a_name_that_cannot_be_one(name: str) -> None:
    """Nothing is written."""
    result = run("new", name)
    assert result.exit_code == 1
    assert "cannot be a pack's name" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from-url", "api.example.com/tasks"], "is no URL"),
        (["--from-url", "ftp://api.example.com"], "is no URL"),
        (["--from-url", "https://a.example", "--from-openapi", "a.json"], "take one of"),
        (["--operation", "/tasks"], "go with --from-openapi"),
        (["--from-recording", "nowhere"], "there is no nowhere"),
        (["--from-recording", "packs"], "no recording of a full sync"),
        (["--from-openapi", "nowhere.json"], "nowhere.json cannot be read"),
        (["--from-url", "https://a.example", "--auth", "magic"], "choose bearer, basic"),
        (["--from-url", "https://a.example", "--auth", "header"], "choose bearer, basic"),
        (["--from-url", "http://a.example/tasks"], "only https is allowed"),
    ],
    ids=str,
)
def test_what_makes_no_sense(arguments: list[str], said: str, project: Path) -> None:
    """It is said, and nothing is written."""
    result = run("new", PACK, *arguments)
    assert result.exit_code == 1
    assert said in result.stderr
    assert not (project / "packs" / PACK).exists()


def test_the_lists_of_a_specification_are_shown(project: Path, openapi: Path) -> None:
    """Without a choice nothing is written."""
    result = run("new", PACK, "--from-openapi", str(openapi))
    assert result.exit_code == 2
    assert result.stdout.splitlines()[:2] == ["GET /tasks", "GET /projects/{id}/tasks"]
    assert not (project / "packs" / PACK).exists()


def test_one_list_of_a_specification(openapi: Path) -> None:
    """By its operation id."""
    result = run("new", PACK, "--from-openapi", str(openapi), "--operation", "listTasks")
    assert result.exit_code == 0, result.output
    assert "Tasks: counts pages in page, from 1 on" in result.stdout


def test_all_lists_of_a_specification(project: Path, openapi: Path) -> None:
    """What a table needs to know has its place in the defs.yaml."""
    result = run("new", PACK, "--from-openapi", str(openapi), "--all")
    assert result.exit_code == 0, result.output
    text = (project / "sync_assets/defs" / PACK / "defs.yaml").read_text()
    assert "ProjectTasks:\n      parameters:\n        id: '?'" in text
    assert "fill in the parameters" in result.stdout


def only_with(header: str, value: str) -> tuple[HttpServer, list[str]]:
    """A server that answers only to who sends this header."""
    server = HttpServer()
    served(server, endpoint(PageNumber("page")))
    answer, seen = server.answer, list[str]()

    def guarded(request: SeenRequest) -> Answer:
        seen.append(request.headers.get(header, ""))
        if request.headers.get(header) != value:
            return Answer(status=401, headers={"WWW-Authenticate": "Bearer realm=tasks"})
        return answer(request)

    server.answer = guarded
    return server, seen


def test_credentials_are_of_the_usual_variables(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for by the service's own word; they are written nowhere."""
    server, seen = only_with("authorization", "Bearer s3cret-value")
    try:
        result = run("new", PACK, "--from-url", f"{server.url}/tasks")
        assert result.exit_code == 1
        assert "set TRIAL_PACK_TOKEN" in result.stderr
        assert not (project / "packs" / PACK).exists()
        monkeypatch.setenv("TRIAL_PACK_TOKEN", "s3cret-value")
        result = run("new", PACK, "--from-url", f"{server.url}/tasks")
    finally:
        server.close()
    assert result.exit_code == 0, result.output
    assert "Bearer s3cret-value" in seen
    texts = [path.read_bytes() for path in project.rglob("*.*") if path.is_file()]
    assert not [text for text in [*texts, result.output.encode()] if b"s3cret" in text]
    code = (project / "packs" / PACK / "pack.py").read_text()
    assert "status 401 without credentials, WWW-Authenticate: Bearer" in code
    defs = (project / "sync_assets/defs" / PACK / "defs.yaml").read_text()
    assert connection_of(defs) == {"allow_http_localhost": True}
    assert defs.count("connections:") == 1
    named = re.sub(r"(?m)^( *)# (credentials:|  token: )", r"\1\2", defs)  # else `connect` keeps it
    assert connection_of(named) == {
        "allow_http_localhost": True,
        "credentials": {"token": {"env": "TRIAL_PACK_TOKEN"}},
    }


def connection_of(defs: str) -> Mapping[str, Any]:
    """The only connection of a `defs.yaml`."""
    return yaml.safe_load(defs)["attributes"]["connections"]["default"]


@pytest.mark.usefixtures("project")
def test_a_wrong_credential_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the status, and without the credential."""
    server, _ = only_with("x-key", "right")
    monkeypatch.setenv("TRIAL_PACK_TOKEN", "wr0ng-value")
    try:
        result = run("new", PACK, "--from-url", f"{server.url}/tasks", "--auth", "header:X-Key")
    finally:
        server.close()
    assert result.exit_code == 1
    assert "401" in result.stderr
    assert "wr0ng" not in result.output + result.stderr


def test_a_credential_in_the_url_is_written_nowhere(project: Path, server: HttpServer) -> None:
    """The pack declares where it goes."""
    served(server, replace(endpoint(PageNumber("page")), query={"api_key": "s3cret-value"}))
    result = run("new", PACK, "--from-url", f"{server.url}/tasks?api_key=s3cret-value")
    assert result.exit_code == 0, result.output
    assert "3 pages seen" in result.stdout
    texts = [path.read_bytes() for path in project.rglob("*.*") if path.is_file()]
    assert not [text for text in [*texts, result.output.encode()] if b"s3cret" in text]
    code = (project / "packs" / PACK / "pack.py").read_text()
    assert 'pack.set_authentication(type="QueryParamToken", param_name="api_key")' in code


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(status=404, body=b"{}"), "404"),
        (Answer(body=b"<html>Sign in</html>", content_type="text/html"), "HTML"),
        (Answer(body=b"[]"), "an empty list"),
        (Answer(body=b"{"), "JSON"),
    ],
    ids=str,
)
def test_an_answer_that_is_no_list(
    answer: Answer, said: str, project: Path, server: HttpServer
) -> None:
    """In a sentence, and nothing is written."""
    server.answers(answer)
    result = run("new", PACK, "--from-url", f"{server.url}/tasks")
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not (project / "packs" / PACK).exists()
