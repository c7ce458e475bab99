"""`packsync notify`, and what configuration may say of notifications."""

from typing import Any

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from pack_sync.cli.app import app
from pack_sync.notify_settings import NotifierSettings
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of
from tests.engine.sync_harness import Scripted
from tests.http_server import Answer, HttpServer

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.stored_project


def notify(*options: str, code: int = 0) -> str:
    """What the command says."""
    result = CliRunner().invoke(app, ["notify", *options], env={"COLUMNS": "300"})
    assert result.exit_code == code, result.output
    return result.output


def switch_on(project: DagsterProject, *to: dict[str, Any], step: Any = None) -> None:
    """A pack with notifiers of its own."""
    pack = pack_of(Items=Scripted(step or ValueError("down")))
    project.switch_on_pack("acme", pack, notify={"to": list(to)})


def test_a_test_reaches_all_and_says_whom_it_did_not(
    project: DagsterProject, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit status is for scripts; the address, a secret, is not shown."""
    monkeypatch.setenv("SLACK", f"{server.url}/secret-path")
    switch_on(project, {"slack": {"env": "SLACK"}}, {"command": ["true"]})
    assert notify("--test") == "acme: slack: sent\nacme: command true: sent\n"
    assert b"a test of notifications; nothing is wrong" in server.requests[0].body
    server.answers(Answer(status=403))
    said = notify("--test", code=1)
    assert said == "acme: slack: not sent: it answered 403\nacme: command true: sent\n"


def test_a_variable_that_is_not_set_is_named(project: DagsterProject) -> None:
    """With its place in the file."""
    switch_on(project, {"slack": {"env": "NO_SUCH_VARIABLE"}})
    assert "acme.to[0].slack: the environment variable NO_SUCH_VARIABLE is not set" in notify(
        "--test", code=1
    )


def test_nobody_is_told_without_configuration(project: DagsterProject) -> None:
    """That is a failure of a test, and said."""
    project.switch_on_pack("acme", pack_of(Items=Scripted()))
    assert "Nobody is told of anything" in notify("--test", code=1)


def test_what_is_wrong_now_is_shown(project: DagsterProject) -> None:
    """Also what has been told already."""
    switch_on(project, {"command": ["true"]})
    assert notify() == "Nothing is wrong.\nacme: command true is told\n"
    project.run()
    said = notify()
    assert "acme.Items: sync failed, since " in said
    assert "1 run failed, the last with: ValueError: down" in said


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "exactly one of slack, webhook, mail and command"),
        ({"slack": "x", "mail": ["a@example.com"]}, "exactly one of"),
        ({"mail": ["a@example.com"], "about": ["nothing"]}, "Input should be"),
        (
            {"mail": ["a@example.com"], "smtp_password": "x", "smtp_security": "none"},
            "a password is sent by `starttls` or `tls` only",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], why: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ValidationError, match=why):
        NotifierSettings(**given)


def test_a_mistake_in_the_file_is_named(project: DagsterProject) -> None:
    """Where definitions are checked."""
    switch_on(project, {"slack": {"env": "X"}, "about": ["no_such_kind"]})
    assert "no_such_kind" in str(project.load_error())


def test_a_secret_in_the_file_is_refused_and_not_repeated(project: DagsterProject) -> None:
    """It belongs into the environment."""
    switch_on(project, {"slack": "https://hooks.example.com/its-secret"})
    result = CliRunner().invoke(app, ["notify"], env={"COLUMNS": "300"})
    assert "write the name of an environment variable, as {env: NAME}" in result.output
    assert "its-secret" not in result.output
