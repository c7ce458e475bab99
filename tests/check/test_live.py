"""`packsync check --live`: some pages from the real account, and nothing stored."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pack_sync.check.live import PAGES, check_live
from packs.demo.api import serve
from packs.demo.source import DemoSource
from tests.engine.sync_harness import Engine, Scripted, items

ROOT = Path(__file__).resolve().parent.parent.parent


def live(engine: Engine) -> list[str]:
    """The codes of what is found of the engine's table."""
    with engine.prepared() as sync:
        return [finding.code for finding in check_live("packs.demo.pack", sync).findings]


def test_the_demo_pack_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """All its tables, from a real server."""
    run = "from pack_sync.cli.app import app; app()"
    command = [sys.executable, "-c", run, "check", "demo", "--live"]
    with serve(DemoSource(seed=1)) as url:
        monkeypatch.setenv("DEMO_API_URL", url)
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert "3 tables, no errors" in done.stdout


def test_only_some_pages_are_read(tmp_path: Path) -> None:
    """That there are more is no finding."""
    pages = [{"result": items(**{f"a{n}": "A"}), "continuation": n} for n in range(1, 99)]
    execute = Scripted(*pages)
    assert live(Engine(folder=tmp_path, execute=execute)) == []
    assert len(execute.calls) == PAGES


WRONG: list[tuple[str, list[Any]]] = [
    ("endless-paging", [{"result": [], "continuation": 1}, {"result": [], "continuation": 1}]),
    ("sync-fails", [ValueError("no")]),
    ("id-not-unique", [{"result": [*items(a="A"), *items(a="B")]}]),
    ("row-rejected", [{"result": [{"name": "A"}]}]),
    ("continuation-counts-as-none", [{"result": items(a="A"), "continuation": 0}]),
    ("column-always-null", [{"result": [{"id": f"{n}", "Name_": "A"} for n in range(30)]}]),
]


@pytest.mark.parametrize(("code", "pages"), WRONG)
def test_what_is_wrong_is_found(code: str, pages: list[Any], tmp_path: Path) -> None:
    """By the same rules as with a made-up service."""
    assert live(Engine(folder=tmp_path, execute=Scripted(*pages))) == [code]
