"""A service with people and their tasks, two pages each, and a pack for it in a project."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from pack_sdk.testing import Recording, read_recordings
from pack_sync.cli.app import app
from tests.dagster.dagster_project import DagsterProject
from tests.http_server import Answer, HttpServer, SeenRequest

TOKEN = "tok/en+9f8e7d6c"

PACK = """
from urllib.parse import urlencode

from pack_sdk import AuthenticationType, Pack, make_object_schema

pack = Pack()
pack.add_network_domain("127.0.0.1")
pack.set_user_authentication(type=AuthenticationType.QUERY_PARAM_TOKEN, param_name="key")


def schema(**properties):
    return make_object_schema(
        properties={"id": {"type": "string"}, **properties},
        id_property="id",
        display_property="id",
        include_unknown_properties=True,
    )


def pages(path):
    def sync(args, context):
        page = (context.sync.continuation or {"page": 1})["page"]
        query = {"page": page}
        if context.sync.previous_completion:
            query["since"] = context.sync.previous_completion.incremental_continuation["since"]
        response = context.fetcher.fetch(url=f"/{path}?" + urlencode(query))
        result = {"result": response.body["items"], "deletedRowIds": response.body.get("gone")}
        if response.body.get("next"):
            return {**result, "continuation": {"page": response.body["next"]}}
        cursor = {"since": response.body["now"]}
        return {**result, "completion": {"incrementalContinuation": cursor}}
    return sync


for name in ("People", "Tasks"):
    pack.add_sync_table(
        name=name, identity_name=name, schema=schema(), execute=pages(name.lower())
    )
"""

TEST = """
from pathlib import Path

from pack_sdk.testing import recording_tests
from pack_sync.runtimes.loader import load_pack

test_recordings = recording_tests(load_pack(str(Path(__file__).parents[1])), __file__)
"""


def page(items: list[Any], now: str, **more: Any) -> dict[str, Any]:
    """A page as the service answers."""
    return {"items": items, "now": now, **more}


@dataclass(kw_only=True)
class Service:
    """The service, and the project that has a pack for it.

    `people` and `tasks` are what it has, `gone` what it says is deleted; `answer` may be replaced.
    """

    project: DagsterProject
    server: HttpServer
    folder: Path
    people: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    tasks: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    gone: list[Any] = field(default_factory=lambda: ["t-0"])
    page_size: int = 20
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def answer(self, request: SeenRequest) -> Answer:
        """A page of what was asked for; after a `since` only what is marked as new."""
        rows = self.people if request.path.endswith("people") else self.tasks
        body: dict[str, Any] = {}
        if "since" in request.query:
            rows = [row for row in rows if row.get("new")]
            body["gone"] = self.gone
        at = (int(request.query["page"][0]) - 1) * self.page_size
        more = {"next": at // self.page_size + 2} if rows[at + self.page_size :] else {}
        body |= page(rows[at : at + self.page_size], "2025-02-03T04:05:06Z", **more)
        return Answer(body=json.dumps(body).encode(), headers=self.headers)

    def run(self, *words: str) -> Result:
        """A command, which may fail."""
        return CliRunner().invoke(app, words, catch_exceptions=False)

    def record(self, *words: str) -> str:
        """`packsync record acme …`, which must succeed; what it prints."""
        result = self.run("record", "acme", *words)
        assert result.exit_code == 0, result.output
        return result.output

    @property
    def recordings_folder(self) -> Path:
        """Where the pack's recordings are."""
        return self.folder / "tests" / "recordings"

    @property
    def recordings(self) -> list[Recording]:
        """What is recorded."""
        return read_recordings(self.recordings_folder)

    def files(self) -> dict[str, str]:
        """All files of the recordings, with what they say."""
        place = self.recordings_folder
        found = sorted(path for path in place.rglob("*") if path.is_file())
        return {str(path.relative_to(place)): path.read_text() for path in found}


@contextmanager
def served(project: DagsterProject, source: str = PACK) -> Generator[Service]:
    """The service, with its pack switched on as `acme`."""
    server = HttpServer()
    folder = project.write("mine/acme/pack.py", source).parent
    project.write("mine/acme/tests/test_recordings.py", TEST)
    project.monkeypatch.setenv("ACME_TOKEN", TOKEN)
    connection = {
        "endpoint": server.url,
        "allow_http_localhost": True,
        "credentials": {"token": {"env": "ACME_TOKEN"}},
    }
    project.switch_on("acme", pack=str(folder), connections={"default": connection}, attempts=1)
    service = Service(project=project, server=server, folder=folder)
    service.people = [person(number) for number in range(25)]
    service.tasks = [
        {"id": f"t-{number}", "assignee_id": f"p-{number}", "title": f"Call Person {number}"}
        for number in range(25)
    ]
    server.answer = lambda request: service.answer(request)
    try:
        yield service
    finally:
        server.close()


def person(number: int) -> dict[str, Any]:
    """A person of the service."""
    return {
        "id": f"p-{number}",
        "name": f"Ada Lovelace {number}",
        "email": f"ada{number}@lovelace.org",
        "status": "active",
        "joined": "2024-05-06",
    }


Check = Callable[[Service], None]
