"""Mistakes at the command line: one sentence on stderr, exit code 1, no traceback."""

from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from pack_sync.cli.app import app
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of
from tests.engine.sync_harness import Scripted

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project


def error_of(*words: str) -> str:
    """The one line with which a command ends."""
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("error: ").rstrip("\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sync", "acne"], "no pack 'acne' is configured; choose from acme"),
        (["sync", "acne.Items"], "no pack 'acne' is configured; choose from acme"),
        (["sync", "acme.Itmes"], "acme has no table 'Itmes'; choose from Items, Other"),
        (["preview", "acne", "Items"], "no pack 'acne' is configured; choose from acme"),
        (["preview", "acme", "Itmes"], "acme has no table 'Itmes'; choose from Items, Other"),
        (
            ["preview", "acme", "Items", "--sync", "eu"],
            "acme.Items has no sync 'eu'; choose from default",
        ),
    ],
)
def test_a_wrong_name_is_answered_with_the_choices(
    project: DagsterProject, words: list[str], message: str
) -> None:
    """Whether of a pack, a table or a sync."""
    project.switch_on_pack("acme", pack_of(Items=Scripted(), Other=Scripted()))
    assert error_of(*words) == message


def test_without_any_pack_there_is_no_choice(project: DagsterProject) -> None:
    """The sentence still makes sense."""
    assert project.folder
    assert error_of("sync", "acme") == (
        "no pack 'acme' is configured; none is: write its defs.yaml in a folder below defs/"
    )


@pytest.mark.parametrize("command", [["list"], ["status"], ["sync", "demo"]])
@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"connections": {"default": {}}}, "connections.default: the pack needs an `endpoint`"),
        ({"tables": {"Taks": {}}}, "tables: there is no table 'Taks'; choose from Projects, Tasks"),
        ({"schedule": {"time_zone": "Berlin"}}, "schedule.time_zone: there is no time zone"),
        ({"colour": "red"}, "attributes.colour (line 2): there is no key 'colour'; choose from"),
        ({"attempts": 0}, "attributes.attempts"),
    ],
)
def test_a_mistake_in_a_defs_yaml_is_one_sentence(
    project: DagsterProject, command: list[str], attributes: dict[str, Any], message: str
) -> None:
    """Whatever the command: by file, key and choices, and not by Dagster's stack."""
    connections = {"default": {"endpoint": "http://localhost:1"}}
    project.switch_on("demo", **{"pack": "demo", "connections": connections, **attributes})
    error = error_of(*command)
    assert message in error
    assert "defs.yaml" in error


def test_an_error_names_the_folder_of_its_defs_yaml(project: DagsterProject) -> None:
    """Every pack has a file of that name."""
    project.switch_on_pack("acme", pack_of(Items=Scripted()), tables={"Item": {}})
    where = f"{project.module}/defs/acme/defs.yaml.tables: there is no table 'Item'"
    assert where in error_of("list")


def test_two_packs_of_one_name_are_an_error(project: DagsterProject) -> None:
    """One of them would be invisible; both files are named."""
    project.switch_on_pack("acme", pack_of(Items=Scripted()))
    project.switch_on_pack("other", pack_of(Others=Scripted()), name="acme")
    error = error_of("list")
    assert "defs/acme/defs.yaml and" in error
    assert "defs/other/defs.yaml both configure a pack named 'acme', which is also the" in error


def test_a_defs_yaml_that_is_no_yaml_is_one_sentence(project: DagsterProject) -> None:
    """With file and line, as YAML's parser names them."""
    file = project.write(f"{project.module}/defs/acme/defs.yaml", "type: [\n")
    error = error_of("list")
    assert str(file) in error
    assert "line " in error


def test_brackets_in_an_error_are_shown(project: DagsterProject) -> None:
    """They are text: a terminal library's markup must not swallow them (contract A4's too)."""
    project.switch_on_pack("acme", pack_of(Items=Scripted(ValueError("[secret] [/red] [0]"))))
    assert error_of("preview", "acme", "Items") == "acme.Items: ValueError: [secret] [/red] [0]"


def test_query_says_what_is_wrong_with_the_sql(project: DagsterProject) -> None:
    """DuckDB's own words."""
    assert project.folder
    result = CliRunner().invoke(app, ["query", "FROM acme.Items"], catch_exceptions=False)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: Catalog Error: ")
    assert "Traceback" not in result.output


def test_query_cannot_write(project: DagsterProject) -> None:
    """The warehouse is opened read-only: only syncs change it."""
    with duckdb.connect(project.warehouse) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1 AS n")
    result = CliRunner().invoke(app, ["query", "DELETE FROM mine"], catch_exceptions=False)
    assert result.exit_code == 1
    assert "read-only" in result.stderr
    assert project.query("SELECT n FROM mine") == [(1,)]
