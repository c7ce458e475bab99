"""The table of figures that `packsync sync` and the demo print after a run."""

import io
from collections.abc import Generator
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console

from pack_sync.cli.report import report_table
from tests.dagster.dagster_project import DagsterProject, open_project, pack_of
from tests.engine.sync_harness import Scripted, items, last_page

LONG = "InvoicesOfAllCustomersInEurope"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Generator[DagsterProject]:
    """A pack of two tables, and steps for two runs."""
    many = {"result": items(**{f"r{n:04}": "x" for n in range(1_234)})}
    pack = pack_of(
        Items=Scripted(many | {"completion": {"incrementalContinuation": "t1"}}, last_page("t2")),
        **{LONG: Scripted(last_page(None, a="1"), last_page(None, b="2"))},
    )
    with (
        pytest.MonkeyPatch.context() as patch,
        open_project(tmp_path_factory.mktemp("report"), patch) as project,
    ):
        project.switch_on_pack("acme", pack, max_parallel_tables=1)
        yield project


@pytest.fixture(scope="module")
def results(project: DagsterProject) -> list[dg.ExecuteInProcessResult]:
    """Two runs."""
    return [project.run(), project.run()]


def printed(result: dg.ExecuteInProcessResult, width: int = 80) -> list[list[str]]:
    """The words of each line, on a terminal this wide."""
    console = Console(file=io.StringIO(), width=width)
    console.print(report_table(result))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    return [line.split() for line in lines]


MODES = (["full"], ["incr."])


def test_each_table_has_a_line_of_figures(results: list[dg.ExecuteInProcessResult]) -> None:
    """What was written and what was not, with thousands set apart."""
    lines = printed(results[0], width=120)
    headings = ["table", "mode", "pages", "inserted", "updated", "deleted", "unchanged", "rejected"]
    assert lines[1][:8] == headings
    figures = {line[0]: line[1:8] for line in lines if line[1:2] in MODES}
    assert figures["Items"] == ["full", "1", "1,234", "0", "0", "0", "0"]
    assert figures[LONG] == ["full", "1", "1", "0", "0", "0", "0"]


def test_changes_are_figures_too(results: list[dg.ExecuteInProcessResult]) -> None:
    """An incremental sync is "incr.", for 80 columns are few."""
    figures = {line[0]: line[1:8] for line in printed(results[1], width=120) if line[1:2] in MODES}
    assert figures["Items"] == ["incr.", "1", "0", "0", "0", "0", "0"]
    assert figures[LONG] == ["full", "1", "1", "0", "1", "0", "0"]


def test_the_reason_for_each_mode_stands_below(results: list[dg.ExecuteInProcessResult]) -> None:
    """As a sentence, with the mode's full name (design: mode and reason)."""
    sentences = {" ".join(line) for line in printed(results[1], width=120)}
    assert "Items incremental: there is a cursor to continue from" in sentences
    assert f"{LONG} full: its last full sync ended without a cursor" in sentences


def test_no_name_is_cut_off_on_a_narrow_terminal(results: list[dg.ExecuteInProcessResult]) -> None:
    """On 80 columns a long name goes on in the next line: cut off it could be another table's."""
    lines = printed(results[0])
    assert not any("…" in word for line in lines for word in line)
    start = next(n for n, line in enumerate(lines) if line and LONG.startswith(line[0]))
    parts = [lines[start][0]]
    while len("".join(parts)) < len(LONG):
        start += 1
        parts.append(lines[start][0])
    assert "".join(parts) == LONG


def test_a_table_that_failed_has_no_line(project: DagsterProject) -> None:
    """The log has said why; the figures are of what was synced."""
    result = project.run()  # there are no steps left
    assert not result.success
    assert LONG not in {word for line in printed(result, width=120) for word in line}


def test_several_syncs_of_a_table_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line of figures has the name of its sync (contract C18), and so has each reason."""
    with open_project(tmp_path, monkeypatch) as project:
        pack = pack_of(Items=Scripted(last_page("t", a="1"), last_page("t", b="2")))
        project.switch_on_pack("acme", pack, tables={"Items": {"syncs": {"eu": {}, "us": {}}}})
        lines = printed(project.run(), width=120)
    assert {line[0] for line in lines if line[1:2] in MODES} >= {"Items[eu]", "Items[us]"}
    assert {line[0] for line in lines if "because" in line or "full:" in line} == {
        "Items[eu]",
        "Items[us]",
    }
