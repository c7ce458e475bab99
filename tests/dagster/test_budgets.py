"""The budget of an account in a project: declared, kept to, and shown."""

import pytest
from typer.testing import CliRunner

from pack_sync.cli.app import app
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of, served_demo
from tests.engine.sync_harness import Scripted, last_page

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project


def status() -> str:
    """What `packsync status` prints."""
    return CliRunner().invoke(app, ["status"], catch_exceptions=False).stdout


@pytest.mark.parametrize("rate", ["1000/hour", ["1000/hour", "90/s"]])
def test_a_rate_of_the_project(project: DagsterProject, rate: str | list[str]) -> None:
    """What is used is in the metadata and the status, and is kept from run to run."""
    with served_demo() as demo:
        connection = {"endpoint": demo.url, "allow_http_localhost": True, "rate": rate}
        project.switch_on("demo", pack="demo", connections={"default": connection})
        result = project.run()
        assert result.success
        synced = [
            event.step_materialization_data.materialization.metadata
            for event in result.get_asset_materialization_events()
        ]
    asked = sum(int(str(metadata["sync/requests"].value)) for metadata in synced)
    shown = [str(metadata["sync/budget"].value) for metadata in synced]
    assert all(" of 1,000 requests per hour used, " in text for text in shown)
    assert f"demo (default): {asked} of 1,000 requests per hour used" in status()


def test_a_rate_of_the_pack(project: DagsterProject) -> None:
    """It holds where the connection has none."""
    pack = pack_of(Items=Scripted(last_page("t", a="1")))
    pack.set_rate("100/10s", "250000/day")
    project.switch_on_pack("acme", pack)
    assert project.run().success
    assert "acme (default): 0 of 250,000 requests per day used, 250,000 left" in status()


@pytest.mark.parametrize(
    ("rate", "wrong"), [(5, "5"), ("5/fortnight", "5/fortnight"), (["5/s", "many"], "many")]
)
def test_a_rate_that_is_none(project: DagsterProject, rate: object, wrong: str) -> None:
    """The file, the key, the value and how it is written; nothing of the libraries below."""
    pack = pack_of(Items=Scripted())
    project.switch_on_pack("acme", pack, connections={"default": {"rate": rate}})
    told = str(project.load_error())
    assert f"connections.default.rate: {wrong!r} is no rate of requests: write a number" in told
    assert "pydantic" not in told
