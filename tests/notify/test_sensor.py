"""The sensor, by real runs of a real instance: each condition is told once, and once when over."""

import json
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from pack_sync.connect.obtained import token_store
from pack_sync.state.tokens import Tokens
from pack_sync.warehouse.database import database_at
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of, served_demo
from tests.engine.sync_harness import Scripted, last_page
from tests.http_server import Answer, HttpServer

project = dagster_project.stored_project


@pytest.fixture
def notified(
    project: DagsterProject, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> DagsterProject:
    """A project whose notifications go to the server's webhook."""
    monkeypatch.setenv("ALERTS_URL", f"{server.url}/alerts")
    project.write(
        f"{project.module}/defs/notify/defs.yaml",
        "type: pack_sync.NotifyComponent\n"
        "attributes:\n"
        "  to: [{webhook: {env: ALERTS_URL}}]\n"
        "  webserver_url: https://dagster.example.com/\n",
    )
    return project


class Sensor:
    """The daemon's part: it evaluates a sensor and keeps its cursor."""

    def __init__(self, project: DagsterProject, name: str = "notify") -> None:
        self._project = project
        self._name = name
        self.cursor: str | None = None

    def tick(self) -> str:
        """Evaluate it once, with definitions that are loaded anew; returns its reason."""
        definitions = self._project.definitions()
        with dg.build_sensor_context(
            instance=self._project.instance,
            cursor=self.cursor,
            definitions=definitions,
            resources=self._project.resources,
            sensor_name=self._name,
        ) as context:
            data = definitions.resolve_sensor_def(self._name).evaluate_tick(context)
        assert not data.run_requests
        self.cursor = data.cursor
        return data.skip_message or ""


def received(server: HttpServer) -> list[dict[str, Any]]:
    """The messages that arrived."""
    return [json.loads(request.body) for request in server.requests]


def told(server: HttpServer) -> tuple[list[str], list[str]]:
    """What was told in all messages: as new, and as over."""
    messages = received(server)
    new = [f"{c['kind']} {c['subject']}" for m in messages for c in m["new"]]
    return new, [f"{c['kind']} {c['subject']}" for m in messages for c in m["over"]]


def test_a_failure_is_told_once_and_once_when_it_is_over(
    notified: DagsterProject, server: HttpServer
) -> None:
    """However often the sensor ticks, and however many runs fail."""
    fails = ValueError("the service is down")
    notified.switch_on_pack("acme", pack_of(Items=Scripted(fails, fails, last_page("1", a="x"))))
    sensor = Sensor(notified)
    result = notified.run("acme_incremental", tags={"sync/pack": "acme"})
    assert sensor.tick() == "told webhook: 1 new, 0 over"
    assert sensor.tick() == "no run has ended since the last look"
    notified.run("acme_incremental", tags={"sync/pack": "acme"})
    assert sensor.tick() == "there is nothing new to tell"
    assert notified.run("acme_incremental", tags={"sync/pack": "acme"}).success
    assert sensor.tick() == "told webhook: 0 new, 1 over"
    assert told(server) == (["failed acme.Items"], ["failed acme.Items"])
    first = received(server)[0]
    assert "the service is down" in first["text"]
    assert first["new"][0]["url"] == f"https://dagster.example.com/runs/{result.run_id}"
    assert first["project"] == "project"


def test_a_notifier_that_is_down_is_told_later(
    notified: DagsterProject, server: HttpServer
) -> None:
    """The next tick tries again, though no run has ended."""
    notified.switch_on_pack("acme", pack_of(Items=Scripted(ValueError("down"))))
    sensor = Sensor(notified)
    notified.run()
    server.answers(Answer(status=500), Answer())
    assert "webhook could not be told" in sensor.tick()
    assert sensor.tick() == "told webhook: 1 new, 0 over"
    assert sensor.tick() == "no run has ended since the last look"
    first, second = received(server)
    assert first["id"] == second["id"]


def test_a_pack_tells_its_own(
    project: DagsterProject, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By `notify` in its defs.yaml: nothing of other packs, and only the kinds in `about`."""
    monkeypatch.setenv("ALERTS_URL", server.url)
    fails = [ValueError("down")] * 2
    notify = {"to": [{"webhook": {"env": "ALERTS_URL"}, "about": ["failed"]}]}
    project.switch_on_pack("acme", pack_of(Items=Scripted(fails[0])), notify=notify)
    project.switch_on_pack("other", pack_of(Items=Scripted(fails[1])))
    project.run()
    assert Sensor(project, "acme_notify").tick() == "told webhook: 1 new, 0 over"
    assert told(server) == (["failed acme.Items"], [])


def test_held_and_rejected_rows_are_told_until_they_are_settled(
    notified: DagsterProject, server: HttpServer
) -> None:
    """Both of one table, in one message."""
    bad: Any = {"result": [{"id": "b", "name": "y"}, {"id": None, "name": "z"}]}
    execute = Scripted(last_page("1", a="x", b="y"), {**bad, "completion": None}, {"result": []})
    notified.switch_on_pack("acme", pack_of(Items=execute, Others=Scripted()))
    sensor = Sensor(notified)
    notified.run("incremental", "acme.Items")
    assert sensor.tick() == "there is nothing new to tell"
    notified.run("full_refresh", "acme.Items")
    sensor.tick()
    notified.run("full_refresh", "acme.Items")
    sensor.tick()
    assert told(server) == (["rejected acme.Items", "held acme.Items"], [])
    execute.then(last_page("2", a="x", b="y"))
    notified.run("full_refresh", "acme.Items")
    sensor.tick()
    assert sorted(told(server)[1]) == ["held acme.Items", "rejected acme.Items"]


def test_a_run_that_fails_before_its_syncs_is_told_of_its_pack(
    notified: DagsterProject, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here because a credential is not set; nothing is in the ledger then."""
    pack = pack_of(Items=Scripted(last_page("1", a="x")))
    pack.set_user_authentication(type="HeaderBearerToken")
    credentials = {"token": {"env": "ACME_TOKEN"}}
    notified.switch_on_pack("acme", pack, connections={"default": {"credentials": credentials}})
    sensor = Sensor(notified)
    notified.run("acme_incremental", tags={"sync/pack": "acme"})
    sensor.tick()
    assert told(server) == (["failed acme"], [])
    monkeypatch.setenv("ACME_TOKEN", "a-token-of-theirs")
    assert notified.run("acme_incremental", tags={"sync/pack": "acme"}).success
    sensor.tick()
    assert told(server) == (["failed acme"], ["failed acme"])


def test_a_pack_that_cannot_be_loaded_is_told_and_forgets_nothing(
    notified: DagsterProject, server: HttpServer
) -> None:
    """A table of it that failed before is neither over nor new again."""
    fails = ValueError("down")
    notified.switch_on_pack("acme", pack_of(Items=Scripted(fails, fails)))
    sensor = Sensor(notified)
    notified.run("acme_incremental", tags={"sync/pack": "acme"})
    sensor.tick()
    good = {"pack": "packs_of_tests.acme", "attempts": 1}
    notified.switch_on("acme", **good, tables={"NoSuchTable": {}})
    notified.run("acme_incremental", tags={"sync/pack": "acme"})
    sensor.tick()
    assert told(server) == (["failed acme.Items", "failed acme"], [])
    notified.switch_on("acme", **good)
    notified.run("acme_incremental", tags={"sync/pack": "acme"})
    sensor.tick()
    assert told(server) == (["failed acme.Items", "failed acme"], ["failed acme"])


def test_a_budget_and_a_warehouse_that_is_taken(
    notified: DagsterProject, server: HttpServer
) -> None:
    """What is used is read where all syncs count it. A warehouse that is busy ends no condition."""
    with served_demo() as demo:
        connection = {"endpoint": demo.url, "allow_http_localhost": True, "rate": "3/day"}
        notified.switch_on("demo", pack="demo", connections={"default": connection})
        notified.run()
    sensor = Sensor(notified)
    sensor.tick()
    assert told(server)[0] == ["budget_short demo (default)"]
    assert "of 3 requests per day used" in received(server)[0]["text"]
    cursor = json.loads(sensor.cursor or "")
    sensor.cursor = json.dumps({**cursor, "looked_at": 0})
    with taken(notified.warehouse):
        assert "nobody can be told: " in sensor.tick()
    sensor.tick()
    assert len(server.requests) == 1


@contextmanager
def taken(file: Path) -> Generator[None]:
    """Another process has the warehouse open."""
    program = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", program, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.communicate()


def test_a_consent_that_ends_is_told(
    notified: DagsterProject, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no token that the store keeps, nor a credential, is in anything that is sent or kept."""
    secrets = ["access-token-Zq81", "refresh-token-Zq81", "client-secret-Zq81", "sign-key-Zq81"]
    pack = pack_of(Items=Scripted(ValueError(f"the service said {' '.join(secrets)}")))
    pack.set_user_authentication(
        type="OAuth2",
        authorization_url="https://example.com/auth",
        token_url="https://example.com/token",
    )
    names = {
        "client_id": "client",
        "client_secret": secrets[2],
        "refresh_token": secrets[1],
    }
    for name, value in names.items():
        monkeypatch.setenv(f"ACME_{name.upper()}", value)
    credentials = {name: {"env": f"ACME_{name.upper()}"} for name in names}
    folder = str(notified.folder / "tokens")
    connection = {"credentials": credentials, "credentials_folder": folder}
    notified.switch_on_pack("acme", pack, connections={"default": connection})
    soon = time.time() + 86_400
    keep_tokens(notified, Tokens(
        access_token=secrets[0], refresh_token=secrets[1], expires_at=soon, refresh_expires_at=soon
    ))  # fmt: skip
    notified.run()
    write_failure(notified, f"a line of before redaction: {secrets}")
    sensor = Sensor(notified)
    lines = sensor.tick()
    assert sorted(told(server)[0]) == ["consent_ending acme (default)", "failed acme.Items"]
    sent = b"".join(request.body + str(request.headers).encode() for request in server.requests)
    for secret in (*secrets[:3], f"{server.url}/alerts"):
        assert secret.encode() not in sent
        assert secret not in f"{lines}{sensor.cursor}"
    assert b"[secret]" in sent


def keep_tokens(project: DagsterProject, tokens: Tokens) -> None:
    """Keep tokens where the account's syncs look for them."""
    repository = project.definitions().get_repository_def()
    resources = repository.get_top_level_resources()
    with dg.build_resources({"acme_pack": resources["acme_pack"]}) as built:
        connection = built.acme_pack.connection("default", database_at("x.duckdb", project.folder))
        store = token_store(connection.settings, connection)
        assert store is not None
        with store.locked(5):
            store.save(tokens)


def write_failure(project: DagsterProject, text: str) -> None:
    """Add a failure to the ledger."""
    with duckdb.connect(project.warehouse) as connection:
        connection.execute(
            "INSERT INTO _sync.runs BY NAME SELECT * REPLACE (? AS error_message, now() AS "
            "finished_at, 'later' AS execution_id) FROM _sync.runs",
            [text],
        )
