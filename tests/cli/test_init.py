"""`packsync init`: what it makes is a project like this one, and it overwrites nothing."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pack_sync.cli.app import app
from pack_sync.cli.init import TEMPLATE
from tests.dagster.dagster_project import ROOT

SHARED = [
    "dagster.yaml", "resources/__init__.py", "resources/warehouse.py", "sync_assets/__init__.py",
    "sync_assets/definitions.py",
]  # fmt: skip


@pytest.mark.parametrize("file", SHARED)
def test_the_project_is_like_this_one(file: str) -> None:
    """What is here is what somebody else gets: the two do not drift apart."""
    assert (TEMPLATE / file).read_text() == (ROOT / file).read_text()


def test_its_files_have_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no placeholder is left."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["init", "acme-data"])
    assert result.exit_code == 0, result.output
    folder = tmp_path / "acme-data"
    assert 'name = "acme-data"' in (folder / "pyproject.toml").read_text()
    assert (folder / ".gitignore").is_file()
    texts = [path.read_text() for path in folder.rglob("*") if path.is_file()]
    assert not [text for text in texts if "NAME" in text]


@pytest.mark.parametrize("name", ["", "7up", "a/b", "..", "a b"])
def test_a_name_that_cannot_be_one(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is made, and the message says what a name is."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["init", name])
    assert result.exit_code == 1
    assert "cannot be a project's name" in result.stderr
    assert list(tmp_path.iterdir()) == []
