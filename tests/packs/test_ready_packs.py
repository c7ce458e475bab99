"""Each ready pack: faithful in a short trial, right by all rules, its page up to date."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pack_sync.check.running import check_pack
from pack_sync.cli.app import app
from pack_sync.packs.fidelity import blind_spots, measured
from pack_sync.runtimes.loader import READY_PACKS, load_pack, ready_packs
from tests.packs.fidelity import measure
from tests.packs.pages import FOLDER, index, page

each_pack = pytest.mark.parametrize("name", ready_packs())


@each_pack
def test_no_row_is_wrong(name: str) -> None:
    """After steps, increments, full syncs and troubles that `make fidelity` has many more of."""
    for table, found in measure(name, steps=24, seed=2).items():
        assert not found.found, (table, found.examples)


@each_pack
def test_all_rules_hold(name: str) -> None:
    """`packsync check` finds nothing."""
    report = check_pack(name)
    assert [str(finding) for finding in report.findings if finding.level == "error"] == []
    assert [table.table for table in report.tables if table.unchecked] == []


@each_pack
def test_what_was_measured_is_right(name: str) -> None:
    """The figures that are published are of 1,000 steps, and nothing is wrong in them."""
    figures = measured(name)
    assert figures is not None
    assert set(figures.tables) == set(load_pack(name).sync_tables)
    for table, each in figures.tables.items():
        assert each.steps >= 1_000, table
        assert (each.missed, each.stale, each.undeleted) == (0, 0, 0), table


@each_pack
def test_the_page_is_up_to_date(name: str) -> None:
    """`python -m tests.packs.pages` makes it."""
    assert (FOLDER / f"{name}.md").read_text() == page(name)


def test_the_index_is_up_to_date() -> None:
    """It has all of them."""
    assert (FOLDER / "README.md").read_text() == index()


@each_pack
def test_it_imports_the_sdk_alone(name: str) -> None:
    """So that a copy works in any project; its own modules by relative imports."""
    for file in (READY_PACKS / name).rglob("*.py"):
        assert "pack_sync" not in file.read_text().replace("pack_sync.packs", ""), file
        assert "import pack_sync" not in file.read_text(), file


def test_a_copy_is_the_projects_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`packsync copy` makes it, its own tests pass, and it is used from then on."""
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    assert runner.invoke(app, ["init", "shop"]).exit_code == 0
    monkeypatch.chdir(tmp_path / "shop")
    name = ready_packs()[0]
    before = runner.invoke(app, ["packs"]).output
    figures = runner.invoke(app, ["packs", name]).output
    for text in [text for spots in blind_spots(name).values() for text in spots.values()]:
        assert text in figures
    copied = runner.invoke(app, ["copy", name])
    assert copied.exit_code == 0, copied.output
    assert (tmp_path / "shop" / "packs" / name / "pack.py").is_file()
    assert not (tmp_path / "shop" / "packs" / name / "fidelity.json").exists()
    assert f"{name} " in before
    assert "packs/" in next(
        line for line in runner.invoke(app, ["packs"]).output.splitlines() if name in line
    )
    again = runner.invoke(app, ["copy", name])
    assert again.exit_code == 1
    assert "is there already" in again.output
    assert runner.invoke(app, ["copy", "nonesuch"]).exit_code == 1
