"""`*` in `tables` of a defs.yaml: all tables without an entry of their own; and those left out."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from typer.testing import CliRunner

from pack_sdk import Pack
from pack_sync.cli.app import app
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of
from tests.engine.sync_harness import ITEM, Scripted, items

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

LEFT_OUT = (
    '2 tables of acme are not synced: Plain, Teams; to sync all, add `"*": {}` to `tables` in'
)


def of_region(args: Sequence[Any], _context: Any) -> dict[str, Any]:
    """One row, named as the region."""
    return {"result": [{"id": "1", "name": args[0]}]}


def unused(*_: object) -> None:
    """What a dynamic table must have."""


def three_tables() -> Pack:
    """`Items` and `Teams` take a region, which is what a row of theirs is named; `Plain` does not.

    And the dynamic table `Forms`.
    """
    pack = pack_of(Plain=lambda _args, _context: {"result": items(p="plain")})
    region: Any = [{"name": "region", "type": "string", "suggestedValue": "all"}]
    for name in ("Items", "Teams"):
        pack.add_sync_table(
            name=name,
            identity_name=name,
            schema=ITEM,
            parameters=region,
            execute=of_region,
        )
    pack.add_dynamic_sync_table(
        name="Forms",
        execute=Scripted(),
        list_dynamic_urls=unused,
        get_name=unused,
        get_schema=unused,
    )
    return pack


def switch_on(project: DagsterProject, tables: Mapping[str, Any] | None) -> None:
    """Switch the pack on."""
    project.switch_on_pack("acme", three_tables(), tables=tables)


def names(project: DagsterProject) -> dict[str, str]:
    """What is in the tables that were synced."""
    assert project.run().success
    tables = project.query("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'acme'")
    return {name: project.query(f"SELECT name FROM acme.{name}")[0][0] for (name,) in tables}


def test_all_others_are_synced_with_their_defaults(project: DagsterProject) -> None:
    """One table's parameter does not switch the others off."""
    switch_on(project, {"Items": {"parameters": {"region": "eu"}}, "*": {}})
    assert names(project) == {"Items": "eu", "Teams": "all", "Plain": "plain"}


def test_a_parameter_for_all_reaches_those_that_have_it(project: DagsterProject) -> None:
    """An entry of its own is not mixed with what is said of the others."""
    switch_on(project, {"Items": {}, "*": {"parameters": {"region": "eu"}}})
    assert names(project) == {"Items": "all", "Teams": "eu", "Plain": "plain"}


def test_settings_and_syncs_for_all(project: DagsterProject) -> None:
    """Also of several syncs, each with the parameters that the table has."""
    syncs = {"one": {"parameters": {"region": "x"}}, "two": {"parameters": {"region": "y"}}}
    switch_on(project, {"Items": {}, "*": {"syncs": syncs, "confirm_deletes": 2}})
    assert project.run().success
    rows = "SELECT _sync, name FROM acme.{} ORDER BY ALL"
    assert project.query(rows.format("Teams")) == [("one", "x"), ("two", "y")]
    assert project.query(rows.format("Plain")) == [("one", "plain"), ("two", "plain")]
    assert project.query(rows.format("Items")) == [("default", "all")]


def test_a_table_under_another_name_is_not_synced_twice(project: DagsterProject) -> None:
    """The entry is the pack's table that it says."""
    switch_on(project, {"Things": {"table": "Items"}, "*": {}})
    assert names(project) == {"Things": "all", "Teams": "all", "Plain": "plain"}


@pytest.mark.parametrize(
    ("tables", "problem"),
    [
        ({"*": {"parameters": {"regoin": "eu"}}}, ".*.parameters: there is no parameter 'regoin'"),
        ({"*": {"parameters": {"region": 7}}}, ".*.parameters.region"),
        (
            {"*": {"syncs": {"a": {"parameters": {"regoin": "eu"}}}}},
            ".*.syncs.a.parameters: there is no parameter 'regoin'; choose from region",
        ),
        ({"*": {"table": "Items"}}, ".*.table: '*' stands for all tables without an entry"),
        ({"*": {"dynamic_url": "forms/7"}}, ".*.dynamic_url: '*' stands for all tables"),
        ({"*": {"connection": "eu"}}, ".*.connection: there is no connection 'eu'"),
        ({"Plain": {"table": "Items"}, "*": {}}, ".Plain: the pack's table 'Plain' is one of '*'"),
        ({"teams": {"table": "Items"}, "*": {}}, "'teams' and 'Teams' would be one table"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    project: DagsterProject, tables: dict[str, Any], problem: str
) -> None:
    """By file, key and choices, when the definitions load."""
    switch_on(project, tables)
    assert problem in project.refusal()


def test_what_is_left_out_is_said(
    project: DagsterProject, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """When definitions load, by `packsync list` and by `packsync status`."""
    monkeypatch.setenv("COLUMNS", "200")
    switch_on(project, {"Items": {"parameters": {"region": "eu"}}})
    project.definitions()
    said = [record for record in caplog.records if LEFT_OUT in record.getMessage()]
    assert [record.levelno for record in said] == [logging.WARNING]
    listed = CliRunner().invoke(app, ["list"], catch_exceptions=False).stdout
    assert LEFT_OUT in listed
    assert "acme.Forms is dynamic and not included" in listed
    assert LEFT_OUT in CliRunner().invoke(app, ["status"], catch_exceptions=False).stdout


@pytest.mark.parametrize(
    "tables",
    [
        None,
        {"*": {}},
        {"Items": {}, "*": {}},
        {"Items": {}, "Teams": {}, "Plain": {}},
        {"A": {"table": "Items"}, "Teams": {}, "Plain": {}},
    ],
)
def test_nothing_is_said_where_nothing_is_left_out(
    project: DagsterProject, tables: dict[str, Any] | None, caplog: pytest.LogCaptureFixture
) -> None:
    """A table counts as synced under any name."""
    switch_on(project, tables)
    project.definitions()
    assert "not synced" not in caplog.text


def test_of_many_only_some_are_named(project: DagsterProject) -> None:
    """The sentence stays one."""
    pack = pack_of(**{f"T{number:02}": Scripted() for number in range(20)})
    project.switch_on_pack("acme", pack, tables={"T00": {}})
    said = CliRunner().invoke(app, ["list"], catch_exceptions=False).stdout
    assert "19 tables of acme are not synced: T01, T02, " in said
    assert "T12 and 7 more; to sync all" in said
