"""`packsync discover`: the choices of a parameter, looked up in the service."""

from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from click.testing import Result
from typer.testing import CliRunner

from pack_sdk import Pack, make_parameter
from pack_sync.cli.app import app
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject
from tests.engine.sync_harness import ITEM
from tests.http_server import Answer, HttpServer

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project


class TeamsPack:
    """A pack whose table `Members` has parameters with choices; `asked` keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.pack = Pack()
        self.pack.add_sync_table(
            name="Members",
            identity_name="Member",
            schema=ITEM,
            execute=self.execute,
            parameters=[
                make_parameter(name="team", type="string", autocomplete=self.teams),
                make_parameter(
                    name="roles",
                    type="stringArray",
                    optional=True,
                    autocomplete=[{"display": "Administrator", "value": "admin"}, "guest"],
                ),
                make_parameter(name="limit", type="number", suggested_value=5, optional=True),
                make_parameter(name="since", type="date", optional=True),
                make_parameter(
                    name="status",
                    type="string",
                    optional=True,
                    autocomplete=["open"],
                    supports_incremental_sync=False,
                ),
            ],
        )

    def execute(self, args: Sequence[Any], context: Any) -> Any:
        """Discovery never syncs."""
        raise AssertionError((args, context))

    async def teams(self, context: Any, search: str, parameters: dict[str, Any]) -> Any:
        """The teams that the service finds."""
        self.asked.append((search, parameters))
        response = await context.fetcher.fetch(url=f"{context.endpoint}/teams?search={search}")
        return [{"display": team["name"], "value": team["id"]} for team in response.body]


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def teams() -> TeamsPack:
    """The pack, with nothing asked yet."""
    return TeamsPack()


def switch_on(project: DagsterProject, teams: TeamsPack, url: str, **table: Any) -> None:
    """Switch the pack on, with this configuration of its table."""
    connection = {"endpoint": url, "allow_http_localhost": True}
    project.switch_on_pack(
        "acme", teams.pack, name="acme", connections={"default": connection},
        tables={"Members": table},
    )  # fmt: skip


def discover(parameter: str, *options: str) -> Result:
    """Run the command for a parameter of the table."""
    return CliRunner().invoke(
        app, ["discover", "acme", "members", "--parameter", parameter, *options]
    )


def shown(result: Result) -> list[list[str]]:
    """The lines of the table that it shows: value and choice."""
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stdout.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


@pytest.fixture
def server() -> Generator[HttpServer]:
    """The service, which answers with two teams."""
    server = HttpServer()
    found = [{"id": "t-1", "name": "[b]Sales[/b]"}, {"id": "t-2", "name": "t-2"}]
    server.answers(Answer(body=orjson.dumps(found)))
    yield server
    server.close()


def test_a_function_is_asked_over_the_connection(
    project: DagsterProject, teams: TeamsPack, server: HttpServer
) -> None:
    """With what is searched for and the other parameters, though `team` itself is missing yet."""
    switch_on(project, teams, server.url, parameters={"since": "2025-01-31"})
    result = discover("team", "--search", "sa")
    assert shown(result) == [["t-1", "[b]Sales[/b]"], ["t-2", ""]]
    assert [(request.path, request.query) for request in server.requests] == [
        ("/teams", {"search": ["sa"]})
    ]
    since = datetime(2025, 1, 31, tzinfo=UTC)
    others = {"roles": None, "limit": 5, "since": since, "status": None}
    assert teams.asked == [("sa", others)]


def test_a_value_that_is_configured_can_be_looked_up_again(
    project: DagsterProject, teams: TeamsPack, server: HttpServer
) -> None:
    """Also one that no longer fits: that is why one looks (contract P)."""
    switch_on(project, teams, server.url, parameters={"team": 17})
    assert shown(discover("team"))[0][0] == "t-1"


def test_a_list_is_searched_here(
    project: DagsterProject, teams: TeamsPack, server: HttpServer
) -> None:
    """In what is displayed, and without the network (contract P)."""
    switch_on(project, teams, server.url)
    assert shown(discover("roles")) == [["admin", "Administrator"], ["guest", ""]]
    assert shown(discover("roles", "--search", "ADMIN")) == [["admin", "Administrator"]]
    result = discover("roles", "--search", "owner")
    assert result.stdout == "There are no choices for roles that match 'owner'.\n"
    assert server.requests == []


@pytest.mark.parametrize("team", [{}, {"team": "t-1"}])
def test_choices_are_not_looked_up_when_definitions_load(
    project: DagsterProject, teams: TeamsPack, server: HttpServer, team: dict[str, str]
) -> None:
    """Not when Dagster loads them, nor when they are listed: only on request (contract P)."""
    switch_on(project, teams, server.url, parameters=team)
    if team:
        project.definitions()
    CliRunner().invoke(app, ["list"])
    assert (teams.asked, server.requests) == ([], [])


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("tema", "Members has no parameter 'tema'; choose from team, roles"),
        ("limit", "no choices for 'limit', which takes any number; choose from team, roles"),
        ("status", "'status' cannot be set, because it is not compatible with incremental sync"),
    ],
)
def test_parameters_without_choices(
    project: DagsterProject, teams: TeamsPack, server: HttpServer, parameter: str, message: str
) -> None:
    """The error lists those that have some; a hidden one is not offered (contract C19)."""
    switch_on(project, teams, server.url)
    result = discover(parameter)
    assert result.exit_code == 1
    assert message in result.stderr


def test_another_parameter_that_does_not_fit_is_an_error(
    project: DagsterProject, teams: TeamsPack, server: HttpServer
) -> None:
    """The choices may depend on it, so it must be right (contract P)."""
    switch_on(project, teams, server.url, parameters={"limit": "five"})
    result = discover("team")
    assert result.exit_code == 1
    assert "tables.Members.parameters.limit is 'five'; it must be a number" in result.stderr
    assert teams.asked == []


def test_an_error_of_the_pack_is_one_sentence(
    project: DagsterProject, teams: TeamsPack, server: HttpServer
) -> None:
    """Without a traceback, naming the table."""
    server.answers(Answer(status=403, body=b'{"error": "no"}'))
    switch_on(project, teams, server.url)
    result = discover("team")
    assert result.exit_code == 1
    assert "acme.Members: StatusCodeError: GET" in result.stderr
    assert "answered with status 403" in result.stderr


def test_each_sync_of_a_table_has_its_own_connection(
    project: DagsterProject, teams: TeamsPack, server: HttpServer
) -> None:
    """`--sync` names the one whose account and values are used (contract C18)."""
    local = {"endpoint": server.url, "allow_http_localhost": True}
    project.switch_on_pack(
        "acme",
        teams.pack,
        name="acme",
        connections={"default": {}, "eu": local},
        tables={"Members": {"syncs": {"us": {}, "eu": {"connection": "eu"}}}},
    )
    assert shown(discover("team", "--sync", "eu"))
    assert discover("team", "--sync", "us").exit_code == 1
    assert len(server.requests) == 1
