"""A pack that cannot be synced is its own failure: the others load and run, and it is seen."""

import importlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import cast

import dagster as dg
import pytest
from dagster.components.definitions import LazyDefinitions
from typer.testing import CliRunner

from pack_sync.cli.app import app
from tests.dagster import dagster_project
from tests.dagster.dagster_project import COMPONENT, DagsterProject, pack_of, synced_tables
from tests.dagster.test_component_errors import token_pack
from tests.engine.sync_harness import Scripted, last_page

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

Breaking = Callable[[DagsterProject], Path]


def variable_missing(project: DagsterProject) -> Path:
    """Its tables are known; only its credential is not."""
    connections = {"default": {"credentials": {"token": {"env": "ACME_TOKEN"}}}}
    return project.switch_on_pack("acme", token_pack(), connections=connections)


def template_variable_missing(project: DagsterProject) -> Path:
    """A template that Dagster resolves when it reads the file."""
    connections = {"default": {"endpoint": "{{ env('ACME_URL') }}"}}
    return project.switch_on_pack("acme", pack_of(Items=Scripted()), connections=connections)


def syntax_error(project: DagsterProject) -> Path:
    """A pack in Python that does not compile."""
    project.write("ours/__init__.py")
    project.write("ours/acme/__init__.py")
    project.write("ours/acme/pack.py", "def execute(:\n")
    return project.switch_on("acme", pack="./ours/acme")


def leaves_python(project: DagsterProject) -> Path:
    """A script that was never meant to be imported."""
    project.write("ours/acme/pack.py", "import sys\nsys.exit('ACME_HOME is not set')\n")
    return project.switch_on("acme", pack="./ours/acme")


def not_built(project: DagsterProject) -> Path:
    """A pack in TypeScript without a build."""
    project.write("ours/acme/pack.ts", "export const pack = 1;\n")
    return project.switch_on("acme", pack="./ours/acme")


def not_there(project: DagsterProject) -> Path:
    """No pack of that name."""
    return project.switch_on("acme", pack="acmee")


def wrong_table(project: DagsterProject) -> Path:
    """A table that the pack does not have."""
    return project.switch_on_pack("acme", pack_of(Items=Scripted()), tables={"Itmes": {}})


def wrong_cron(project: DagsterProject) -> Path:
    """Times that are none: then nothing can be scheduled."""
    return project.switch_on_pack(
        "acme", pack_of(Items=Scripted()), schedule={"incremental": "often"}
    )


def wrong_name(project: DagsterProject) -> Path:
    """A name that is no asset key."""
    return project.switch_on_pack("acme", pack_of(Items=Scripted()), name="a c/me")


def wrong_translation(project: DagsterProject) -> Path:
    """A template of the assets that cannot be resolved."""
    translation = {"group_name": "{{ tabel }}"}
    return project.switch_on_pack("acme", pack_of(Items=Scripted()), translation=translation)


def two_of_one_name(project: DagsterProject) -> Path:
    """The same name in two folders."""
    project.switch_on_pack("other", pack_of(Others=Scripted()), name="acme")
    return project.switch_on_pack("acme", pack_of(Items=Scripted()))


def two_of_nearly_one_name(project: DagsterProject) -> Path:
    """Names that DuckDB takes for one."""
    project.switch_on_pack("other", pack_of(Others=Scripted()), name="acme")
    return project.switch_on_pack("acme", pack_of(Items=Scripted()), name="aCMe")


def two_in_one_file(project: DagsterProject) -> Path:
    """Two documents of YAML in a file."""
    file = project.switch_on_pack("acme", pack_of(Items=Scripted()))
    file.write_text(f"{file.read_text()}---\n{file.read_text()}")
    return file


BROKEN = [
    (template_variable_missing, "ACME_URL"),
    (syntax_error, "SyntaxError"),
    (leaves_python, "ACME_HOME is not set"),
    (not_built, "packsync build"),
    (not_there, "there is no pack 'acmee'"),
    (wrong_table, "there is no table 'Itmes'; choose from Items"),
    (wrong_cron, "'often', which is not a cron string"),
    (wrong_name, "'a c/me' cannot be a pack's name"),
    (wrong_translation, "tabel"),
    (two_of_one_name, "defs/other/defs.yaml both configure a pack named 'acme'"),
    (two_in_one_file, "defs.yaml configures 2 packs named 'acme'"),
]


def with_a_good_one(project: DagsterProject) -> None:
    """Another pack beside it, whose sync brings one row."""
    project.switch_on_pack("initech", pack_of(Items=Scripted(*[last_page(1, a="A")] * 3)))


@pytest.mark.parametrize(("breaking", "message"), BROKEN)
def test_the_others_load_and_run(project: DagsterProject, breaking: Breaking, message: str) -> None:
    """Alone, and in a job over all packs, in which the broken one is what fails."""
    breaking(project)
    with_a_good_one(project)
    assert project.run("initech_incremental").success
    result = project.run("incremental")
    assert not result.success
    assert synced_tables(result) == {"initech.Items"}
    assert message in project.logged(result)


def as_dagster_loads(project: DagsterProject) -> dg.Definitions:
    """The definitions, not loaded for a command, which would say itself what is broken."""
    module = importlib.import_module(f"{project.module}.definitions")
    return cast("LazyDefinitions[dg.Definitions]", module.defs)()


@pytest.mark.parametrize(("breaking", "message"), BROKEN)
def test_what_is_broken_is_an_asset_that_says_why(
    project: DagsterProject,
    breaking: Breaking,
    message: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In the graph, in the log of loading, and when it is materialized; with its file."""
    breaking(project)
    with_a_good_one(project)
    with caplog.at_level(logging.WARNING):
        definitions = as_dagster_loads(project)
    warned = [record.getMessage() for record in caplog.records]
    assert [text for text in warned if message in text and "defs.yaml" in text]
    (node,) = [
        spec
        for spec in definitions.resolve_all_asset_specs()
        if "initech" not in spec.key.path and message in (spec.description or "")
    ]
    assert len(node.key.path) == 1
    assert "acme" in node.key.path[0] or node.key.path == ["a_c_me"]
    name = node.key.path[0]
    result = project.run(f"{name}_incremental")
    assert not result.success
    assert message in project.logged(result)


def test_the_schedules_of_a_broken_pack_fail_where_they_are_seen(project: DagsterProject) -> None:
    """They do not just stop: a tick makes a run, which fails and says why."""
    project.switch_on("acme", pack="acmee", name="acme", schedule={"enabled": True})
    with_a_good_one(project)
    schedule = project.definitions().resolve_schedule_def("acme_incremental")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert {s.name for s in project.definitions().schedules or []} >= {"acme_full_refresh"}


def test_a_missing_variable_leaves_the_tables_in_the_graph(
    project: DagsterProject, caplog: pytest.LogCaptureFixture
) -> None:
    """They are known; what fails is their sync, which names the variable."""
    variable_missing(project)
    with_a_good_one(project)
    message = "the environment variable ACME_TOKEN is not set; set it where Dagster runs"
    with caplog.at_level(logging.WARNING):
        specs = as_dagster_loads(project).resolve_all_asset_specs()
    assert {"acme/Items", "initech/Items"} <= {spec.key.to_user_string() for spec in specs}
    assert message in caplog.text
    result = project.run("incremental")
    assert synced_tables(result) == {"initech.Items"}
    assert message in project.logged(result)
    assert "Traceback" not in project.logged(result)


def test_only_the_tables_of_a_connection_without_its_variable_fail(
    project: DagsterProject,
) -> None:
    """The others of the pack are synced."""
    pack = token_pack()
    pack.add_sync_table(
        name="More",
        identity_name="More",
        schema=next(iter(pack.sync_tables.values())).schema,
        execute=Scripted(last_page(1, a="A")),
    )
    project.monkeypatch.setenv("GOOD_TOKEN", "tok-1234567890")
    connections = {
        "default": {"credentials": {"token": {"env": "GOOD_TOKEN"}}},
        "eu": {"credentials": {"token": {"env": "EU_TOKEN"}}},
    }
    tables = {"Items": {"connection": "eu"}, "More": {}}
    project.switch_on_pack("acme", pack, connections=connections, tables=tables)
    result = project.run("incremental")
    assert synced_tables(result) == {"acme.More"}
    assert "connections.eu.credentials.token: the environment variable EU_TOKEN" in project.logged(
        result
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("type: [\n", "line "),
        (
            f"type: {COMPONENT}\nattributes: {{}}\n",
            "Field required",
        ),
        (
            f"type: {COMPONENT}\nattributes: {{pack: acme, colour: red}}\n",
            "attributes.colour (line 2)",
        ),
        (f"type: {COMPONENT}\nattribute: {{pack: acme}}\n", "attribute"),
        (
            f"type: {COMPONENT}\ntemplate_vars_module: nowhere.at\nattributes: {{pack: acme}}\n",
            "nowhere",
        ),
    ],
)
def test_a_file_that_cannot_be_read_stops_no_other(
    project: DagsterProject, text: str, message: str
) -> None:
    """With `load_packs` in place of Dagster's own function, which stops at the first such file."""
    project.write(f"{project.module}/definitions.py", WITH_LOAD_PACKS)
    project.write(f"{project.module}/defs/acme/defs.yaml", text)
    project.write(f"{project.module}/defs/reports/reports.py", REPORTS)
    project.write(f"{project.module}/defs/summary.py", REPORTS.replace("reports", "summary"))
    with_a_good_one(project)
    specs = {s.key.to_user_string(): s for s in project.definitions().resolve_all_asset_specs()}
    assert set(specs) == {"acme", "initech/Items", "reports", "summary"}
    assert message in (specs["acme"].description or "")
    result = project.run("incremental")
    assert synced_tables(result) == {"initech.Items"}
    assert message in project.logged(result)


WITH_LOAD_PACKS = dagster_project.DEFINITIONS.replace(
    "dg.load_from_defs_folder", "load_packs"
).replace("build_sync_jobs\n", "build_sync_jobs, load_packs\n", 1)

REPORTS = """
import dagster as dg

@dg.asset
def reports() -> None: ...
"""


@pytest.mark.parametrize(
    "breaking",
    [two_of_one_name, two_of_nearly_one_name, two_in_one_file, template_variable_missing],
)
def test_names_are_told_apart_beside_a_file_that_cannot_be_read(
    project: DagsterProject, breaking: Breaking
) -> None:
    """Also if what that file seems to be called is a name that another pack has."""
    breaking(project)
    with_a_good_one(project)
    project.write(f"{project.module}/definitions.py", WITH_LOAD_PACKS)
    text = f"type: {COMPONENT}\nattributes: {{pack: acme, colour: red}}\n"
    project.write(f"{project.module}/defs/unreadable/defs.yaml", text)
    project.write(f"{project.module}/defs/unreadable2/defs.yaml", text)
    result = project.run("incremental")
    assert synced_tables(result) == {"initech.Items"}
    names = set(result.get_failed_step_keys())
    assert len(names) == 3
    assert {name.rstrip("_").lower() for name in names} == {"acme"}


def test_what_is_not_a_pack_is_left_to_dagster(project: DagsterProject) -> None:
    """A mistake in somebody's module is an error of the definitions, as without packs."""
    project.write(f"{project.module}/definitions.py", WITH_LOAD_PACKS)
    project.write(f"{project.module}/defs/reports/reports.py", "import nothing_of_that_name\n")
    with_a_good_one(project)
    with pytest.raises(Exception, match=r"nothing_of_that_name|reports"):
        project.definitions()


@pytest.mark.parametrize(("breaking", "message"), [(variable_missing, "ACME_TOKEN"), *BROKEN])
def test_checking_the_definitions_fails(
    project: DagsterProject, breaking: Breaking, message: str
) -> None:
    """`dg check defs` sets a variable by which we know."""
    breaking(project)
    with_a_good_one(project)
    assert message in str(project.load_error())


def test_a_wrong_setting_is_said_without_a_traceback(project: DagsterProject) -> None:
    """With file, line, key and choices, and nothing of ours or of Dagster's code."""
    tables = {"Items": {"bad_values": "nul"}}
    project.switch_on_pack("acme", pack_of(Items=Scripted(last_page("t"))), tables=tables)
    result = CliRunner().invoke(app, ["list"])
    shown = " ".join(result.output.split())
    assert "defs.yaml:" in shown
    assert "bad_values" in shown
    assert "Input should be 'reject' or 'null'" in shown
    assert "Traceback" not in shown
    assert "site-packages" not in shown
    assert "errors.pydantic.dev" not in shown
