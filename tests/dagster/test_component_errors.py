"""What is wrong in a defs.yaml is said by file, key and choices, when the definitions load."""

from typing import Any

import pytest

from pack_sdk import Pack
from pack_sync.runtimes.loader import ready_packs
from tests.dagster import dagster_project
from tests.dagster.dagster_project import COMPONENT, DagsterProject, pack_of
from tests.engine.sync_harness import ITEM, Scripted

project = dagster_project.project

LOCAL = {"default": {"endpoint": "http://localhost:1", "allow_http_localhost": True}}


@pytest.mark.parametrize(
    ("attributes", "key", "rest"),
    [
        (
            {"pack": "dmo"},
            "pack",
            ": there is no pack 'dmo': the folder packs/ has demo, and Pack Sync comes with "
            f"{', '.join(ready_packs())}. Put it in packs/dmo/pack.py, "
            "or pack.ts, or give the path of a module or folder",
        ),
        (
            {"tables": {"Taks": {}}},
            "tables",
            ": there is no table 'Taks'; choose from Projects, Tasks, Events",
        ),
        (
            {"tables": {"Tasks": {"parameters": {"projct": "PROJ-1"}}}},
            "tables.Tasks.parameters",
            ": there is no parameter 'projct'; choose from project",
        ),
        (
            {"tables": {"Tasks": {"parameters": {"status": "open"}}}},
            "tables.Tasks.parameters.status",
            ": this parameter cannot be set, because it is not compatible with incremental sync "
            "(supports_incremental_sync=False); choose from project",
        ),
        (
            {"tables": {"Tasks": {"parameters": {"project": 7}}}},
            "tables.Tasks.parameters.project",
            " is 7; it must be a string. In a defs.yaml write \"'7'\", with both kinds of quotes",
        ),
        (
            {"tables": {"Tasks": {"parameters": {"project": "7"}}}},  # for Dagster a number, too
            "tables.Tasks.parameters.project",
            " is 7; it must be a string. In a defs.yaml write \"'7'\", with both kinds of quotes",
        ),
        (
            {"tables": {"Tasks": {"connection": "eu"}}},
            "tables.Tasks.connection",
            ": there is no connection 'eu'; choose from default",
        ),
        (
            {"connections": {"eu": LOCAL["default"]}},
            "connections",
            ": tables use the connection 'default', and there are only eu. Name the "
            "tables below `tables`, each with its `connection`",
        ),
        (
            {"connections": {"default": {}}},
            "connections.default",
            ": the pack needs an `endpoint`, its API's base URL",
        ),
        (
            {"connections": {}},
            "connections.default",
            ": the pack needs an `endpoint`, its API's base URL",
        ),
        (
            {"connections": {"default": {**LOCAL["default"], "credentials": {"t": {"env": "T"}}}}},
            "connections.default.credentials",
            ": there is no credential 't'; there are none to choose from",
        ),
        (
            {"schedule": {"incremental": "hourly"}},
            "schedule.incremental",
            " is 'hourly', which is not a cron string of five fields such as '0 */4 * * *', "
            "nor one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually: "
            "Wrong number of fields",
        ),
        (
            {"schedule": {"full_refresh": "0 0 3 * * 0"}},
            "schedule.full_refresh",
            " is '0 0 3 * * 0', which is not a cron string of five fields such as '0 */4 * * *', "
            "nor one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually: "
            "Wrong number of fields",
        ),
        (
            {"schedule": {"time_zone": "Berlin"}},
            "schedule.time_zone",
            ": there is no time zone 'Berlin'; write one such as UTC or Europe/Berlin",
        ),
    ],
)
def test_an_error_names_file_key_and_choices(
    project: DagsterProject, attributes: dict[str, Any], key: str, rest: str
) -> None:
    """One sentence says where the mistake is and what may stand there (contract C19, P)."""
    file = project.switch_on("demo", **{"pack": "demo", "connections": LOCAL, **attributes})
    assert project.refusal() == f"{file.relative_to(project.folder)}.{key}{rest}"


@pytest.mark.parametrize(
    ("attributes", "place"),
    [
        ({"colour": "red"}, "attributes.colour"),
        ({"connections": {"default": {"url": "x"}}}, "default.url"),
        ({"tables": {"Tasks": {"params": {}}}}, "Tasks.params"),
        ({"schedule": {"hourly": "0 * * * *"}}, "attributes.schedule"),
    ],
)
def test_an_unknown_key_is_refused_with_its_file_and_line(
    project: DagsterProject, attributes: dict[str, Any], place: str
) -> None:
    """A misspelt key must not be ignored: its setting would silently be the default."""
    file = project.switch_on("demo", **{"pack": "demo", "connections": LOCAL, **attributes})
    message = str(project.load_error())
    assert place in message
    assert f"at {file}:" in message


@pytest.mark.parametrize(("key", "value"), [("attempts", 0), ("max_parallel_tables", 0)])
def test_numbers_that_make_no_sense_are_refused(
    project: DagsterProject, key: str, value: int
) -> None:
    """Nothing would ever be tried, or nothing run: better said when the file is read."""
    project.switch_on("demo", **{"pack": "demo", "connections": LOCAL, key: value})
    message = str(project.load_error())
    assert f"attributes.{key}" in message
    assert "greater than or equal to 1" in message


def token_pack() -> Pack:
    """A pack that wants a bearer token."""
    pack = pack_of(Items=Scripted())
    pack.set_authentication(type="HeaderBearerToken")
    return pack


def test_an_unknown_credential_is_refused(project: DagsterProject) -> None:
    """With those that the pack asks for (contract A1)."""
    connections = {"default": {"credentials": {"password": {"env": "ACME"}}}}
    project.switch_on_pack("acme", token_pack(), connections=connections)
    assert project.refusal().endswith(
        "connections.default.credentials: there is no credential 'password'; choose from token"
    )


@pytest.mark.parametrize("value", [None, ""])
def test_an_environment_variable_that_is_not_set_is_named(
    project: DagsterProject, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """When the definitions load, not when the first schedule runs at night."""
    if value is not None:
        monkeypatch.setenv("ACME_TOKEN", value)
    connections = {"default": {"credentials": {"token": {"env": "ACME_TOKEN"}}}}
    project.switch_on_pack("acme", token_pack(), connections=connections)
    message = project.refusal()
    assert "connections.default.credentials.token: " in message
    assert "the environment variable ACME_TOKEN is not set" in message


def test_a_credential_cannot_be_written_into_the_file(project: DagsterProject) -> None:
    """Only the name of an environment variable may stand there (contract A4)."""
    connections = {"default": {"credentials": {"token": "tok-in-the-file"}}}
    project.switch_on_pack("acme", token_pack(), connections=connections)
    assert "credentials" in str(project.load_error())


def test_a_required_parameter_must_be_given(project: DagsterProject) -> None:
    """Its type and description say what to write (contract P)."""
    pack = Pack()
    team: Any = {"name": "team", "type": "string", "description": "Whose items."}
    pack.add_sync_table(
        name="Items", identity_name="I", schema=ITEM, execute=Scripted(), parameters=[team]
    )
    project.switch_on_pack("acme", pack)
    assert project.refusal().endswith(
        "defs.yaml.tables.Items.parameters: the parameter 'team' (string) is required: Whose items."
    )


def test_a_pack_that_cannot_be_imported_is_named_with_the_reason(project: DagsterProject) -> None:
    """The author sees the module and the exception, not a bare stack of Dagster's."""
    project.write("acme_pack.py", "import nothing_of_that_name\n")
    project.switch_on("acme", pack="acme_pack.missing")
    project.switch_on("initech", pack="demo", connections=LOCAL)
    message = project.refusal()
    assert message.startswith(f"{project.module}/defs/acme/defs.yaml.pack: acme_pack.missing")
    assert "nothing_of_that_name" in message


def test_a_file_of_another_type_is_left_to_dagster(project: DagsterProject) -> None:
    """An unknown component type is Dagster's own error, which names the module."""
    project.write(f"{project.module}/defs/acme/defs.yaml", "type: acme.Missing\n")
    with pytest.raises(Exception, match="acme"):
        project.definitions()
    project.write(f"{project.module}/defs/acme/defs.yaml", f"type: {COMPONENT}\nattributes: {{}}\n")
    assert "pack\n  Field required" in str(project.load_error())
