"""What a pack declares that its service does not tell is shown as declared, and not accused."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pack_sync.check.checked_table import TableReport
from pack_sync.check.findings import CannotCheckError
from pack_sync.check.running import check_pack
from pack_sync.cli.app import app
from tests.check.faults import NO_DELETIONS
from tests.check.packs import Base, write_pack

Changes = Sequence[tuple[str, str]]

SILENT = [('                deleted_key=("deleted",),\n', "")]
"""The service of tasks, which does not tell of deletions."""

NO_CHANGES = [
    (
        'rows = [event for event in body["items"]',
        'rows = [] if previous else [event for event in body["items"]',
    )
]
"""The pack of events, whose increments bring neither new rows nor changed ones."""

SENTENCE = "Deleted tasks are not told of."


def declares(spots: object, changes: Changes) -> Changes:
    """These changes of a pack, and what it declares."""
    return [*changes, ("pack = Pack()\n", f"pack = Pack()\nBLIND_SPOTS = {spots!r}\n")]


def check(folder: Path, base: Base, changes: Changes, fake_changes: Changes = ()) -> TableReport:
    """Check the only table of a pack."""
    [table] = check_pack(str(write_pack(folder, base, changes, fake_changes))).tables
    return table


def test_what_is_declared_is_not_accused(tmp_path: Path) -> None:
    """It is shown with its sentence and what was seen."""
    changes = declares({"Tasks": {"undeleted": SENTENCE}}, NO_DELETIONS)
    report = check(tmp_path, "tasks", changes, SILENT)
    assert [*map(str, report.findings)] == []
    [spot] = report.declared
    assert (spot.kind, spot.says) == ("undeleted", SENTENCE)
    assert [each.code for each in spot.seen] == ["deletions-not-reported"]


def test_what_is_not_seen_is_shown_too(tmp_path: Path) -> None:
    """The made-up service may never do what the real one does."""
    [spot] = check(tmp_path, "tasks", declares({"Tasks": {"stale": "Late."}}, [])).declared
    assert (spot.kind, spot.says, [*spot.seen]) == ("stale", "Late.", [])


@pytest.mark.parametrize(
    ("kinds", "found"),
    [
        (["undeleted"], ["changes-missed"]),
        (["missed"], ["changes-missed"]),
        (["stale"], ["changes-missed"]),
        (["missed", "stale"], []),
    ],
)
def test_another_kind_is_still_found(kinds: list[str], found: list[str], tmp_path: Path) -> None:
    """Rows that are missing and rows that are stale are two things."""
    changes = declares({"Events": dict.fromkeys(kinds, "So it is.")}, NO_CHANGES)
    report = check(tmp_path, "events", changes)
    assert [each.code for each in report.findings] == found
    assert not {each.kind for each in report.findings} & set(kinds)


@pytest.mark.parametrize(
    ("spots", "says"),
    [
        ({"Task": {"stale": "Late."}}, "names the table 'Task', which the pack does not have"),
        ({"Tasks": {"deleted": "Late."}}, "write a sentence for each of missed, stale, undeleted"),
        ({"Tasks": {"stale": ""}}, "write a sentence for each of missed, stale, undeleted"),
        ({"Tasks": "Late."}, "is a str, where a dictionary belongs"),
        (["Tasks"], "is a list, where a dictionary belongs"),
    ],
)
def test_what_is_misspelt_is_told(spots: object, says: str, tmp_path: Path) -> None:
    """Else a blind spot would be declared in vain."""
    pack = write_pack(tmp_path, "tasks", declares(spots, []))
    with pytest.raises(CannotCheckError, match=says):
        check_pack(str(pack))


def test_the_command_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As text and as JSON, and exits with 0."""
    (tmp_path / "pyproject.toml").write_text('[tool.dg]\ndirectory_type = "project"\n')
    monkeypatch.chdir(tmp_path)
    changes = declares({"Tasks": {"undeleted": SENTENCE}}, NO_DELETIONS)
    write_pack(tmp_path / "packs", "tasks", changes, SILENT)
    text = CliRunner().invoke(app, ["check", "tasks"])
    assert text.exit_code == 0
    assert "✓ Tasks" in text.output
    assert f"declared undeleted: {SENTENCE}" in text.output
    assert "not called wrong: deletions-not-reported packs/tasks/pack.py:" in text.output
    assert "1 table, no errors, 1 declared blind spot, in" in text.output
    [table] = json.loads(CliRunner().invoke(app, ["check", "tasks", "--json"]).stdout)["tables"]
    [spot] = table["declared"]
    assert (spot["kind"], spot["says"]) == ("undeleted", SENTENCE)
    assert [each["code"] for each in spot["seen"]] == ["deletions-not-reported"]
    assert table["findings"] == []
