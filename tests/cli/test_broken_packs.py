"""Commands while one pack cannot be synced: others work, and it is said which and why."""

import re
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from pack_sync.cli.app import app
from tests.cli.test_errors import error_of
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of
from tests.dagster.test_broken_packs import (
    BROKEN,
    WITH_LOAD_PACKS,
    Breaking,
    not_built,
    two_of_one_name,
    variable_missing,
    with_a_good_one,
)
from tests.engine.sync_harness import Scripted, last_page

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

stored_project = dagster_project.stored_project
project = dagster_project.project


def unreadable(project: DagsterProject) -> None:
    """A defs.yaml that is no YAML."""
    project.write(f"{project.module}/definitions.py", WITH_LOAD_PACKS)
    project.write(f"{project.module}/defs/acme/defs.yaml", "type: [\n")


ALL = [
    (variable_missing, "ACME_TOKEN"),
    (unreadable, "defs.yaml"),
    *((breaking, message) for breaking, message in BROKEN if breaking is not not_built),
]

OTHERS = [
    ["list"],
    ["status"],
    ["audit"],
    ["audit", "initech"],
    ["held"],
    ["held", "list", "initech"],
    ["rejects"],
    ["rejects", "list", "initech"],
    ["rejects", "replay", "initech.Items"],
    ["preview", "initech", "Items"],
    ["cursor", "show", "initech", "Items"],
    ["cursor", "history", "initech", "Items"],
    ["sync", "initech", "--dry-run"],
]


def invoke(*words: str) -> Result:
    """What a command prints, on one long line each."""
    return CliRunner(env={"COLUMNS": "400"}).invoke(app, words, catch_exceptions=False)


@pytest.mark.parametrize(("breaking", "message"), ALL)
def test_commands_about_other_packs_work(
    stored_project: DagsterProject, breaking: Breaking, message: str
) -> None:
    """A sync, and what is asked of the warehouse; at the end it is said what is broken."""
    breaking(stored_project)
    with_a_good_one(stored_project)
    for words in (["sync", "initech"], ["list"], ["status"], ["held", "list", "initech"]):
        result = invoke(*words)
        assert result.exit_code == 0, result.output
        assert message in result.stderr
        assert re.search(r"(?m)^the pack \S*a.?c.?me\S* cannot be synced: ", result.stderr)
        assert result.stderr.count(" cannot be synced: ") == 1
    assert stored_project.query("SELECT Id FROM initech.Items") == [("a",)]


def test_a_pack_that_is_not_built_is_not_built_for_another(project: DagsterProject) -> None:
    """That may take a minute, and fail: it is left to `build`, and to commands about the pack."""
    not_built(project)
    with_a_good_one(project)
    result = invoke("preview", "initech", "Items")
    assert result.exit_code == 0
    assert result.stderr.startswith("the pack acme cannot be synced: ")
    assert "run `packsync build`" in result.stderr


@pytest.mark.parametrize("words", OTHERS, ids=" ".join)
def test_every_command_works_beside_a_broken_pack(
    project: DagsterProject, words: list[str]
) -> None:
    """Whatever it is about."""
    project.switch_on("acme", pack="acmee", name="acme")
    project.switch_on_pack("initech", pack_of(Items=Scripted(*[{"result": []}] * 3)))
    result = invoke(*words)
    assert result.exit_code == 0, result.output
    if words[-1] not in ("audit", "held", "rejects"):  # those look at no pack
        assert "the pack acme cannot be synced: " in result.stderr
        assert "there is no pack 'acmee'" in result.stderr


COMMANDS = [
    ["sync", "acme"],
    ["sync", "acme.Items", "--dry-run"],
    ["preview", "acme", "Items"],
    ["discover", "acme", "Items"],
    ["held", "discard", "acme.Items"],
    ["rejects", "replay", "acme.Items"],
    ["audit", "acme"],
    ["cursor", "show", "acme", "Items"],
    ["backfill", "acme"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("breaking", [variable_missing, unreadable])
def test_a_command_about_the_broken_pack_fails_with_what_is_wrong(
    project: DagsterProject, words: list[str], breaking: Breaking
) -> None:
    """In one line; not that there is no such pack."""
    breaking(project)
    with_a_good_one(project)
    message = error_of(*words)
    assert message.startswith("the pack acme cannot be synced: ")
    assert "defs.yaml" in message


def test_what_is_known_of_a_pack_without_its_variable_is_listed(project: DagsterProject) -> None:
    """Its tables, beside the reason why they are not synced."""
    variable_missing(project)
    with_a_good_one(project)
    for command in ("list", "status"):
        assert "acme.Items" in invoke(command).stdout


def test_two_packs_of_one_name_stop_no_third(project: DagsterProject) -> None:
    """Both are broken: nobody knows which of them is meant. Every command names both files."""
    two_of_one_name(project)
    with_a_good_one(project)
    for words in (["list"], ["status"], ["sync", "initech"]):
        result = invoke(*words)
        assert result.exit_code == 0, result.output
        assert "defs/acme/defs.yaml and " in result.stderr
        assert "defs/other/defs.yaml both configure a pack named 'acme'" in result.stderr
    for words in (["preview", "acme", "Items"], ["sync", "acme"]):
        assert error_of(*words).startswith("the pack acme cannot be synced: ")


@pytest.mark.parametrize("ending", [last_page(1, a="A"), ValueError("down")])
def test_what_is_broken_is_said_below_all_else(project: DagsterProject, ending: Any) -> None:
    """Not between the log of a sync and its figures."""
    project.switch_on("acme", pack="acmee", name="acme")
    project.switch_on_pack("initech", pack_of(Items=Scripted(ending)))
    lines = invoke("sync", "initech").output.splitlines()
    assert [line for line in lines if " cannot be synced: " in line] == lines[-1:]


def test_two_packs_of_one_name_alone(project: DagsterProject) -> None:
    """One error, without a traceback."""
    two_of_one_name(project)
    for words in (["list"], ["status"], ["sync", "acme"]):
        assert "both configure a pack named 'acme'" in error_of(*words)
