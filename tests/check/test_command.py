"""The command: what it says, as text and as JSON, and how it exits."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from pack_sync.cli.app import app
from tests.check.packs import write_pack

FORGOTTEN = [('if response.body["next"]:', "if False:")]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, in which commands run."""
    (tmp_path / "pyproject.toml").write_text('[tool.dg]\ndirectory_type = "project"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["check", *arguments])


def test_a_clean_pack_exits_with_0(project: Path) -> None:
    """And says so, table by table."""
    write_pack(project / "packs", "pages")
    result = run("pages")
    assert result.exit_code == 0
    assert "✓ Contacts" in result.output
    assert "1 table, no errors" in result.output


def test_open_questions_are_told(project: Path) -> None:
    """A made-up service of the same guesses cannot show that they are wrong."""
    write_pack(
        project / "packs", "pages", [("pack = Pack()\n", "# QUESTION: which?\npack = Pack()\n")]
    )
    result = run("pages")
    assert result.exit_code == 0
    assert "1 QUESTION is open: packs/pages/pack.py:7" in result.output
    assert json.loads(run("pages", "--json").stdout)["questions"] == ["packs/pages/pack.py:7"]


def test_a_finding_exits_with_1_and_leads_to_a_line(project: Path) -> None:
    """With what is wrong, what is right and what to do."""
    write_pack(project / "packs", "tasks", FORGOTTEN)
    result = run("tasks")
    assert result.exit_code == 1
    assert "paging-forgotten packs/tasks/pack.py:" in result.output
    assert "Rule: A full sync reads all pages that the service has." in result.output
    assert "Return a continuation while" in result.output


def test_advice_alone_exits_with_0(project: Path) -> None:
    """The table is marked, and is not called wrong."""
    no_size = [('"limit": 10', '"limit": 5')]
    write_pack(project / "packs", "tasks", no_size)
    result = run("tasks")
    assert result.exit_code == 0
    assert "! Tasks" in result.output
    assert "✗" not in result.output
    assert "no errors, 1 piece of advice" in result.output


def test_json_has_what_the_text_says(project: Path) -> None:
    """One object, with the file and line apart."""
    write_pack(project / "packs", "tasks", FORGOTTEN)
    result = run("tasks", "--json")
    report = json.loads(result.stdout)
    assert (report["format"], report["pack"], report["clean"]) == (1, "tasks", False)
    [table] = report["tables"]
    [finding] = table["findings"]
    assert (finding["code"], finding["level"]) == ("paging-forgotten", "error")
    lines = Path(finding["file"]).read_text().splitlines()
    assert "continuation" in lines[finding["line"] - 1]


def test_a_pack_without_a_service_exits_with_2(project: Path) -> None:
    """The message says how one is made; with --json it is JSON."""
    pack = write_pack(project / "packs", "tasks")
    (pack / "tests" / "fake.py").unlink()
    result = run("tasks")
    assert result.exit_code == 2
    assert "write packs/tasks/tests/fake.py with a function `make_fake(seed)`" in result.output
    as_json = run("tasks", "--json")
    assert as_json.exit_code == 2
    assert "make_fake" in json.loads(as_json.stdout)["unchecked"]


def test_a_request_that_the_service_does_not_know_exits_with_2(project: Path) -> None:
    """It is no fault of the pack that its fake lacks a route."""
    pack = write_pack(project / "packs", "events")
    fake = pack / "tests" / "fake.py"
    fake.write_text(fake.read_text().replace('"/events"', '"/meetings"'))
    result = run("events")
    assert result.exit_code == 2
    assert "no answer to GET https://calendar.example.com/events" in result.output
    assert "add a route to the pack's tests/fake.py" in result.output


def test_a_fake_that_fails_exits_with_2(project: Path) -> None:
    """The pack is not accused; the line of the fake is named."""
    pack = write_pack(project / "packs", "events")
    fake = pack / "tests" / "fake.py"
    fake.write_text(fake.read_text().replace("service.note_page(request, page)", "page.nothing"))
    result = run("events")
    line = 1 + fake.read_text().split("page.nothing")[0].count("\n")
    assert result.exit_code == 2
    place = f"packs/events/tests/fake.py:{line}"
    assert f"the made-up service failed at {place}: AttributeError" in result.output


def test_an_unknown_table_is_told_with_the_choices(project: Path) -> None:
    """As are a broken fake and one that returns something else."""
    pack = write_pack(project / "packs", "pages")
    assert "choose from Contacts" in run("pages", "People").output
    fake = pack / "tests" / "fake.py"
    fake.write_text("def make_fake(seed):\n    return 7\n")
    assert "returned a int, and no FakeService" in run("pages").output
    fake.write_text("import nothing_of_that_name\n")
    assert "cannot be imported: ModuleNotFoundError" in run("pages").output
