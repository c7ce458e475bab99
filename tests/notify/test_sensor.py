"""The sensor, by real runs of a real instance: each condition is told once, and once when over."""

import json
from collections.abc import Generator
from typing import Any

import dagster as dg
import pytest

from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of
from tests.engine.sync_harness import Scripted, last_page
from tests.http_server import Answer, HttpServer

project = dagster_project.stored_project


@pytest.fixture
def server() -> Generator[HttpServer]:
    """Where notifications arrive."""
    server = HttpServer()
    yield server
    server.close()


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
