"""Crawled tables whose schema is asked for, and parents of such tables (contract C20, C23)."""

from collections.abc import Sequence
from typing import Any

import pytest

from pack_sdk import Pack, make_object_schema
from pack_sdk.dictionaries import ParameterFields
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, values_of

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

CRAWLED: ParameterFields = {
    "name": "team",
    "type": "string",
    "crawlStrategy": {"parentTable": {"tableName": "Teams", "propertyKey": "key"}},
}


def schema_of(*names: str) -> Any:
    """A schema of texts, the first of which is the id."""
    properties: Any = {name: {"type": "string"} for name in names}
    return make_object_schema(
        properties=properties, id_property=names[0], display_property=names[0]
    )


class Teams:
    """A pack with teams, and members crawled from them; both schemas are asked for."""

    def __init__(self) -> None:
        self.team_columns = ["id", "key"]
        self.member_columns = ["id", "name"]
        self.asked: list[Any] = []
        self.fails = False

    def pack(self) -> Pack:
        """The pack."""
        pack = Pack()

        def team_schema(_context: Any) -> Any:
            return schema_of(*self.team_columns)

        def member_schema(_context: Any, parameters: Any) -> Any:
            self.asked.append(parameters)
            if self.fails:
                raise ValueError("no fields today")
            return schema_of(*self.member_columns)

        @pack.add_sync_table(name="Teams", identity_name="Team", get_schema=team_schema)
        def teams(_args: Any, _context: Any) -> Any:
            return {"result": [{"id": team, "key": f"k{team}"} for team in "12"]}

        @pack.add_sync_table(
            name="Members",
            identity_name="Member",
            dynamic_options={"getSchema": member_schema},
            parameters=[CRAWLED],
        )
        def members(args: Sequence[Any], context: Any) -> Any:
            assert list(context.sync.schema.properties) == self.member_columns
            row = dict.fromkeys(self.member_columns, "x") | {"id": args[0]}
            return {"result": [row], "completion": {"incrementalContinuation": "t"}}

        return pack


def members_of(project: DagsterProject) -> list[tuple[Any, ...]]:
    """The members, without the hidden columns."""
    columns = "* EXCLUDE (_sync, _changed_at, _run_id)"
    return project.query(f"SELECT {columns} FROM acme.Members ORDER BY id")


@pytest.fixture
def teams(project: DagsterProject) -> Teams:
    """The pack, switched on."""
    teams = Teams()
    project.switch_on_pack("acme", teams.pack())
    return teams


def test_all_children_share_one_schema(project: DagsterProject, teams: Teams) -> None:
    """It is asked for once a run, when no parent is chosen yet (C20, C23)."""
    assert project.run().success
    assert members_of(project) == [("k1", "x"), ("k2", "x")]
    assert teams.asked == [{"team": None}]


def test_a_changed_schema_makes_all_children_full(project: DagsterProject, teams: Teams) -> None:
    """Each child's cursor described another table (D5, C23)."""
    project.run()
    result = project.run()
    assert values_of(result, "Members")["sync/mode"] == "incremental"
    teams.member_columns = ["id", "name", "city"]
    result = project.run()
    assert values_of(result, "Members")["sync/mode"] == "full"
    assert members_of(project) == [("k1", "x", "x"), ("k2", "x", "x")]


def test_a_schema_that_cannot_be_had_fails_the_crawl(project: DagsterProject, teams: Teams) -> None:
    """Before any child is synced; the ledger has it (C23)."""
    teams.fails = True
    result = project.run()
    problem = "the table's schema could not be asked for: ValueError: no fields today"
    assert f"acme.Members: {problem}" in project.logged(result)
    query = "SELECT error_message FROM _sync.runs WHERE table_name = 'Members'"
    assert project.query(query) == [(problem,)]


def test_a_parent_that_lost_its_property_is_said(project: DagsterProject, teams: Teams) -> None:
    """A schema that is asked for cannot be checked when the pack loads (C20, C23)."""
    teams.team_columns = ["id"]
    result = project.run()
    assert "its parent table Teams has no column 'key'" in project.logged(result)


def test_a_parent_under_another_name(project: DagsterProject) -> None:
    """The child crawls the entry that is the parent's table (C20)."""
    teams = Teams()
    tables = {"Groups": {"table": "Teams"}, "Members": {}}
    project.switch_on_pack("acme", teams.pack(), tables=tables)
    assert project.run().success
    assert members_of(project) == [("k1", "x"), ("k2", "x")]
