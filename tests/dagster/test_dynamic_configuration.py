"""Dynamic tables in a defs.yaml, and as assets (contract C23)."""

from typing import Any

import pytest
from typer.testing import CliRunner

from pack_sdk import Pack, make_object_schema
from pack_sync.cli.app import app
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, synced_tables, values_of
from tests.engine.sync_harness import ITEM, last_page

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

SURVEY = {"table": "Forms", "dynamic_url": "forms/survey"}
ORDERS = {"table": "Forms", "dynamic_url": "forms/orders"}


def never(*_: object) -> None:
    """A function that must not be called when definitions load."""
    raise AssertionError("discovered something")


def forms_pack(calls: list[Any] | None = None, **functions: Any) -> Pack:
    """A pack with the static table `People` and the dynamic one `Forms`.

    A form has a property named after its URL; `calls` gets the URLs of all schemas asked for.
    """
    pack = Pack()

    @pack.add_sync_table(name="People", identity_name="Person", schema=ITEM)
    def people(_args: Any, _context: Any) -> Any:
        return last_page("t1", a="Ada")

    def get_schema(context: Any) -> Any:
        url = context.sync.dynamic_url
        (calls if calls is not None else []).append(url)
        properties: Any = {"id": {"type": "string"}, url.rpartition("/")[2]: {"type": "string"}}
        return make_object_schema(properties=properties, id_property="id", display_property="id")

    usual: dict[str, Any] = {
        "list_dynamic_urls": never,
        "get_name": never,
        "get_schema": get_schema,
        **functions,
    }

    def forms(_args: Any, context: Any) -> Any:
        name = context.sync.dynamic_url.rpartition("/")[2]
        return {"result": [{"id": "1", name: "yes"}]}

    pack.add_dynamic_sync_table(name="Forms", execute=forms, description="A form.", **usual)
    return pack


def test_each_entry_is_an_asset_and_a_table(project: DagsterProject) -> None:
    """Several URLs of one dynamic table are several entries, each with its own columns (C23)."""
    calls: list[Any] = []
    tables = {"People": {}, "Survey": SURVEY, "Orders": ORDERS}
    project.switch_on_pack("acme", forms_pack(calls), tables=tables)
    result = project.run()
    assert result.success
    assert synced_tables(result) == {"acme.People", "acme.Survey", "acme.Orders"}
    assert sorted(calls) == ["forms/orders", "forms/survey"]
    assert project.query("SELECT id, survey FROM acme.Survey") == [("1", "yes")]
    assert project.query("SELECT id, orders FROM acme.Orders") == [("1", "yes")]
    columns = values_of(result, "Survey")["dagster/column_schema"].columns
    assert [column.name for column in columns][:2] == ["id", "survey"]
    ledger = "SELECT table_name FROM _sync.runs ORDER BY ALL"
    assert project.query(ledger) == [("Orders",), ("People",), ("Survey",)]


def test_nothing_is_asked_when_definitions_load(project: DagsterProject) -> None:
    """Neither the list nor a schema: an asset of a dynamic table has no columns yet (C23)."""
    pack = forms_pack(get_schema=never, search_dynamic_urls=never, get_display_url=never)
    project.switch_on_pack("acme", pack, tables={"People": {}, "Survey": SURVEY})
    specs = {spec.key.path[-1]: spec for spec in project.definitions().resolve_all_asset_specs()}
    assert "dagster/column_schema" in specs["People"].metadata
    assert "dagster/column_schema" not in specs["Survey"].metadata
    assert specs["Survey"].metadata["sync/dynamic_url"] == "forms/survey"
    assert specs["Survey"].description == "A form."
    assert specs["Survey"].code_version is None


def test_dynamic_tables_are_left_out_by_default(
    project: DagsterProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `tables` the static ones are synced; `packsync list` says how to have others."""
    project.switch_on_pack("acme", forms_pack())
    keys = [spec.key.to_user_string() for spec in project.definitions().resolve_all_asset_specs()]
    assert keys == ["acme/People"]
    monkeypatch.setenv("COLUMNS", "200")
    result = CliRunner().invoke(app, ["list"], catch_exceptions=False)
    assert "acme.Forms is dynamic and not included: `packsync discover acme Forms`" in result.stdout


def test_list_shows_the_entries(project: DagsterProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """By their own names, with the description of the pack's table."""
    project.switch_on_pack("acme", forms_pack(), tables={"Survey": SURVEY})
    monkeypatch.setenv("COLUMNS", "200")
    result = CliRunner().invoke(app, ["list"], catch_exceptions=False)
    (line,) = [line for line in result.stdout.splitlines() if "acme.Survey" in line]
    assert "A form." in line
    assert "not included" not in result.stdout


def test_a_static_table_may_have_another_name(project: DagsterProject) -> None:
    """`table` is not for dynamic tables alone."""
    tables = {"People": {}, "Persons": {"table": "People"}}
    project.switch_on_pack("acme", forms_pack(), tables=tables)
    assert project.run().success
    assert project.query("SELECT name FROM acme.Persons") == [("Ada",)]
    assert project.query("SELECT name FROM acme.People") == [("Ada",)]


@pytest.mark.parametrize(
    ("tables", "key", "problem"),
    [
        ({"Forms": {}}, ".Forms", "'Forms' is a dynamic table, so it needs a `dynamic_url`"),
        ({"Forms": {}}, ".Forms", "`packsync discover acme Forms` lists what there is"),
        ({"Survey": {"table": "Forms"}}, ".Survey", "'Forms' is a dynamic table"),
        ({"Survey": {**SURVEY, "dynamic_url": ""}}, ".Survey", "needs a `dynamic_url`"),
        (
            {"People": {"dynamic_url": "x"}},
            ".People.dynamic_url",
            "'People' is not a dynamic table; those of the pack are: Forms",
        ),
        ({"Survey": {}}, "", "there is no table 'Survey'; choose from People, Forms"),
        (
            {"Survey": {"table": "Form", "dynamic_url": "x"}},
            ".Survey.table",
            "there is no table 'Form'; choose from People, Forms",
        ),
        ({"A survey": SURVEY}, ".A survey", "'A survey' cannot be a table's name; use letters"),
        ({"Survey": SURVEY, "survey": ORDERS}, ".survey", "'Survey' and 'survey' would be one"),
        (
            {"Survey": {**SURVEY, "syncs": {"a": {}, "b": {}}}},
            ".Survey.syncs",
            "several syncs of one table would have to agree on it; write an entry with `table: F",
        ),
    ],
)
def test_a_wrong_entry_is_refused(
    project: DagsterProject, tables: dict[str, Any], key: str, problem: str
) -> None:
    """When the definitions load, by file, key and choices (C23)."""
    file = project.switch_on_pack("acme", forms_pack(), tables=tables)
    message = project.refusal()
    assert message.startswith(f"{file.relative_to(project.folder)}.tables{key}: ")
    assert problem in message


def test_a_schema_that_cannot_be_had_fails_one_table(project: DagsterProject) -> None:
    """The others are synced; the step's failure names the table and why (C23)."""

    def get_schema(context: Any) -> Any:
        raise ValueError(f"no {context.sync.dynamic_url}")

    pack = forms_pack(get_schema=get_schema)
    project.switch_on_pack("acme", pack, tables={"People": {}, "Survey": SURVEY})
    result = project.run()
    assert not result.success
    assert synced_tables(result) == {"acme.People"}
    problem = "acme.Survey: the table's schema could not be asked for: ValueError: no forms/survey"
    assert problem in project.logged(result)


def test_preview_asks_for_the_schema(
    project: DagsterProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And shows its columns (C23)."""
    monkeypatch.setenv("COLUMNS", "200")
    project.switch_on_pack("acme", forms_pack(), tables={"Survey": SURVEY})
    result = CliRunner().invoke(app, ["preview", "acme", "survey"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "survey" in result.stdout
    assert "1 row: 1 to store" in result.stdout
