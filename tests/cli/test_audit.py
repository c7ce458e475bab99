"""`packsync audit`: what the full syncs found, table by table (contract C13)."""

from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from pack_sync.cli.app import app
from pack_sync.cli.audit import percentage
from pack_sync.commit import full_sync_audit
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of
from tests.engine.sync_harness import Scripted, last_page

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

NONE_YET = "No audit yet: the first is the first full sync of a table that has a cursor.\n"


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("COLUMNS", "200")


def packsync(*words: str) -> Result:
    """Run a command that succeeds."""
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def cells(result: Result) -> list[list[str]]:
    """The rows of all tables, without the time."""
    lines = [line.split() for line in result.stdout.splitlines() if line.startswith(" 20")]
    return [words[2:] for words in lines]


def two_tables(project: DagsterProject, **more: Any) -> None:
    """`Items` loses a row that no increment deletes, then changes one; `Quiet` stays as it is."""
    rows = [{f"r{n}": "x" for n in range(4)} for _ in range(3)]
    del rows[1]["r3"]
    rows[2] = {**rows[1], "r0": "y"}
    items = Scripted(*(last_page("t", **these) for these in rows))
    quiet = Scripted(*(last_page("t", a="x") for _ in rows))
    project.switch_on_pack("acme", pack_of(Items=items, Quiet=quiet), **more)


def test_the_history_is_shown_table_by_table(project: DagsterProject) -> None:
    """Newest first, with counts and the share of rows at fault."""
    two_tables(project)
    assert packsync("audit").stdout == NONE_YET
    for _ in range(3):
        assert project.run("full_refresh").success
    result = packsync("audit")
    items = [
        ["3", "0", "1", "0", "0", "33.33%"],
        ["3", "0", "0", "1", "0", "25.00%"],
    ]
    quiet = ["1", "0", "0", "0", "0", "0.00%"]
    assert cells(result) == [*items, quiet, quiet]
    titles = [line for line in result.stdout.splitlines() if line.startswith("acme.")]
    assert [title.strip() for title in titles] == ["acme.Items", "acme.Quiet"]
    assert cells(packsync("audit", "acme", "items")) == items
    assert cells(packsync("audit", "acme")) == cells(result)
    shortened = packsync("audit", "acme", "Items", "--limit", "1")
    assert cells(shortened) == items[:1]
    assert "The newest 1 of 2 are shown; --limit shows more." in shortened.stdout


def test_the_rows_of_the_last_audit_are_named(
    project: DagsterProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By kind and id, as many as are asked for; it is said how many more there are, or were."""
    monkeypatch.setattr(full_sync_audit, "IDS_KEPT", 4)
    first = {f"r{n}": "x" for n in range(10)}
    second = {**{f"r{n}": "y" for n in range(6)}, **{f"r{n}": "x" for n in range(6, 9)}}
    pages = [last_page("t", **rows) for rows in (first, second, second)]
    project.switch_on_pack("acme", pack_of(Items=Scripted(*pages)))
    for _ in range(2):
        assert project.run("full_refresh").success
    shown = packsync("audit", "acme", "Items", "--ids").stdout
    words = [line.split() for line in shown.splitlines()]
    named = [*(["stale", f"r{n}"] for n in range(4)), ["undeleted", "r9"]]
    assert [each for each in words if len(each) == 2 and each[1].startswith("r")] == named
    assert "The audit found 7 rows; the ids of 5 were kept." in shown
    assert "more" not in shown
    shown = packsync("audit", "acme", "--ids", "--limit", "1").stdout
    assert "1 of 5 ids are shown; --limit shows more." in shown
    assert project.run("full_refresh").success
    assert packsync("audit", "--ids").stdout == "acme.Items: the last audit found no such rows.\n"


def test_names_of_several_syncs_fit_a_narrow_terminal(
    project: DagsterProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line for each audit, however many figures stand beside the name."""
    monkeypatch.setenv("COLUMNS", "80")
    tables: dict[str, Any] = {"Items": {"syncs": {"europe": {}, "asia": {}}}}
    pages = [last_page("t", a="x") for _ in range(4)]
    project.switch_on_pack("acme", pack_of(Items=Scripted(*pages)), tables=tables)
    for _ in range(2):
        project.run("full_refresh")
    assert sorted(line[0] for line in cells(packsync("audit"))) == ["asia", "europe"]


def test_tables_without_a_cursor_have_none(project: DagsterProject) -> None:
    """They have no increments to audit, and a warehouse that is not there has no history."""
    project.switch_on_pack("acme", pack_of(Items=Scripted({"result": []}, {"result": []})))
    assert packsync("audit").stdout == NONE_YET
    assert not project.warehouse.exists()
    project.run()
    project.run()
    assert packsync("audit", "acme", "Items").stdout == NONE_YET


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("acmee",), "no pack 'acmee' is configured; choose from acme"),
        (("acme", "Itms"), "acme has no table 'Itms'; choose from Items"),
    ],
)
def test_a_wrong_name_is_told_with_the_choices(
    project: DagsterProject, words: tuple[str, ...], message: str
) -> None:
    """As one sentence."""
    project.switch_on_pack("acme", pack_of(Items=Scripted()))
    result = CliRunner().invoke(app, ["audit", *words], catch_exceptions=False)
    assert (result.exit_code, result.stderr) == (1, f"error: {message}\n")


def test_a_small_share_does_not_look_like_none() -> None:
    """One row in a hundred thousand is a fault all the same."""
    assert [percentage(share) for share in (0.0, 0.00001, 0.00016, 1.0)] == [
        "0.00%", "<0.01%", "0.02%", "100.00%",
    ]  # fmt: skip
