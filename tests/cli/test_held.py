"""`packsync held`: what it lists, and what approving and discarding say and do (D8)."""

from typing import Any

import pytest

from tests.cli.test_rejects import error_of, packsync
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of
from tests.engine.sync_harness import Scripted, last_page

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

NONE: dict[str, Any] = {"result": [], "completion": {"incrementalContinuation": "t2"}}


@pytest.fixture
def held(project: DagsterProject, monkeypatch: pytest.MonkeyPatch) -> DagsterProject:
    """A project whose only table is held: both of its rows would go."""
    monkeypatch.setenv("COLUMNS", "300")
    execute = Scripted(last_page("t1", a="[red]1", b="2"), NONE)
    project.switch_on_pack("acme", pack_of(Items=execute))
    project.run("incremental")
    project.run("full_refresh")
    return project


def count(project: DagsterProject) -> int:
    """The stored rows."""
    return project.query('SELECT count(*) FROM acme."Items"')[0][0]


def test_nothing_is_held(project: DagsterProject) -> None:
    """Before the first sync as well (D8)."""
    project.switch_on_pack("acme", pack_of(Items=Scripted()))
    assert packsync("held").stdout.strip() == "Nothing is held."
    assert "nothing is held of acme.Items" in error_of("held", "approve", "acme.Items")


@pytest.mark.parametrize("words", [(), ("list",), ("acme",), ("list", "acme.items")])
def test_the_list_shows_counts_and_samples(words: tuple[str, ...], held: DagsterProject) -> None:
    """What would be deleted, and what to do (D8)."""
    shown = packsync("held", *words).stdout
    assert "2 (100%)" in shown
    assert '{"id":"a","name":"[red]1"}' in shown
    assert "packsync held approve acme.Items" in shown
    assert count(held) == 2


@pytest.mark.usefixtures("held")
def test_status_names_it() -> None:
    """Until it is decided (D8)."""
    assert "acme.Items: a full sync is held since" in packsync("status").stdout
    packsync("held", "discard", "acme.Items")
    assert "is held" not in packsync("status").stdout


def test_approving(held: DagsterProject) -> None:
    """The rows go, and nothing is held any more (D8)."""
    assert "2 rows deleted" in packsync("held", "approve", "acme.Items").stdout
    assert count(held) == 0
    assert packsync("held").stdout.strip() == "Nothing is held."
    error_of("held", "approve", "acme.Items")


def test_discarding(held: DagsterProject) -> None:
    """The rows stay, and nothing is held any more (D8)."""
    assert "no row was deleted" in packsync("held", "discard", "acme.Items").stdout
    assert count(held) == 2
    assert packsync("held").stdout.strip() == "Nothing is held."


@pytest.mark.parametrize("command", ["approve", "discard"])
def test_it_must_be_said_which(command: str, held: DagsterProject) -> None:
    """A pack alone, and names that there are not, are refused with the choices (D8)."""
    assert "names no table" in error_of("held", command, "acme")
    assert "choose from Items" in error_of("held", command, "acme.Nothing")
    assert "of 'default' is" in error_of("held", command, "acme.Items", "--sync", "east")
    assert count(held) == 2


def test_of_several_one_is_chosen(project: DagsterProject) -> None:
    """Approving is for one sync (C18, D8)."""
    execute = Scripted(*[last_page("t1", a="1")] * 2, NONE, NONE)
    tables: dict[str, Any] = {"Items": {"syncs": {"east": {}, "west": {}}}}
    project.switch_on_pack("acme", pack_of(Items=execute), tables=tables)
    project.run("incremental")
    project.run("full_refresh")
    choices = error_of("held", "approve", "acme.Items").rpartition("--sync: ")[2]
    assert set(choices.split(", ")) == {"'east'", "'west'"}  # in the order of their ends
    packsync("held", "approve", "acme.Items", "--sync", "west")
    assert project.query('SELECT _sync FROM acme."Items"') == [("east",)]
